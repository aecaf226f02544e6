"""Every command that opens a model asks before its code runs, and opens without that code; through the real engine.

A new command that opens a model or a test folder adds a row here.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from inspector import cli


class Runs:
    """Unpickles to a folder being made in the one place where the engine may write, and prints."""

    def __reduce__(self):
        return eval, ("print('CANARY')",)


def hostile(path: Path) -> Path:
    model = nn.Sequential(nn.Linear(4, 2))
    model.extra = Runs()
    torch.save(model, path)
    return path


def honest(path: Path) -> Path:
    torch.save(nn.Sequential(nn.Linear(4, 2)), path)
    return path


def pictures(path: Path) -> Path:
    from PIL import Image

    for label in ("a", "b"):
        (path / label).mkdir(parents=True)
        Image.new("L", (2, 2)).save(path / label / "one.png")
    return path


def inspector(*words: object) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "inspector", *map(str, words)],
        capture_output=True, text=True, timeout=200, check=False, env={**os.environ},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


# What a person types; F is a folder with hostile.pt, honest.pt and set.
COMMANDS = {
    "run": ("run", "F/hostile.pt"),
    "evaluate": ("evaluate", "F/hostile.pt", "F/set"),
    "compare": ("compare", "F/honest.pt", "F/hostile.pt"),
    "compare, the first": ("compare", "F/hostile.pt", "F/honest.pt"),
    "report": ("report", "F/hostile.pt", "-o", "F/report.html"),
    "gradients": ("gradients", "F/hostile.pt"),
    "shapes": ("shapes", "F/hostile.pt"),
}
# These ask nothing, as they need no code.
INERT = {
    "describe": ("describe", "F/hostile.pt"),
    "compare --weights": ("compare", "--weights", "F/hostile.pt", "F/honest.pt"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("doors")
    hostile(made / "hostile.pt")
    honest(made / "honest.pt")
    pictures(made / "set")
    return made


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_asks_and_runs_nothing(folder: Path, command: str) -> None:
    words = [word.replace("F/", f"{folder}/") for word in COMMANDS[command]]
    status, out, err = inspector(*words)
    assert "CANARY" not in out + err
    assert "Traceback" not in err
    assert status == 3, err
    assert "builtins.eval" in err


@pytest.mark.parametrize("command", INERT)
def test_a_command_that_needs_no_code_asks_nothing_and_runs_nothing(folder: Path, command: str) -> None:
    status, out, err = inspector(*(word.replace("F/", f"{folder}/") for word in INERT[command]))
    assert status == 0, err
    assert out
    assert "CANARY" not in out + err


def test_no_command_is_left_out() -> None:
    known = {words[0] for words in (*COMMANDS.values(), *INERT.values())}
    assert known == set(cli.COMMANDS) - {"install-desktop"}, "a command opens files, and has no row above"


def test_weights_only_opens_it_without_the_code(folder: Path) -> None:
    status, out, err = inspector("run", folder / "hostile.pt", "--weights-only", "--shape", "1,4", "--format", "json")
    assert status == 0, err
    assert "CANARY" not in out + err
    assert json.loads(out)["model"]["num_params"] == 10


def test_trust_runs_the_code(folder: Path) -> None:
    """So that the canary means something."""
    status, out, err = inspector("run", folder / "hostile.pt", "--trust", "--shape", "1,4")
    assert status == 0, err
    assert "CANARY" in out + err
