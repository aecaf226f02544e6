"""A model in the real, closed engine reads what the user chose, and nothing else of the user's."""

import sys
import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from speaking import Speaker

from inspector.cli.engine import CommandError
from inspector.protocol.inputs import ArrayInput
from inspector.protocol.requests import DescribeFile, LoadModel, PreviewInput, RunForward, ScanFolder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads are limited by Linux's Landlock")

READING = """
import os
from torch import nn
from blocks.parts import Part

class Reading(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part()

    def forward(self, x):
        {lines}
        return self.part(x)
"""


PART = """
from torch import nn

class Part(nn.Linear):
    def __init__(self):
        super().__init__(4, 2)
"""


def project(folder: Path, lines: str = "pass") -> Path:
    (folder / "project/blocks").mkdir(parents=True)
    (folder / "project/blocks/__init__.py").touch()
    (folder / "project/blocks/parts.py").write_text(PART)
    source = folder / "project/net.py"
    source.write_text(READING.format(lines=lines))
    (folder / "secret.txt").write_text("the user's own")
    (folder / "project/notes.txt").write_text("the user's notes")
    return source


def choose(engine: Speaker, *paths: Path) -> None:
    engine.engine._engine.lend([str(path) for path in paths], anew=True)


def tried(engine: Speaker, source: Path) -> str:
    """What the forward came to, where only the source was chosen."""
    choose(engine, source)
    list(engine.engine.ask(LoadModel(path=str(source), trust_everything=True)))
    failure = next(reply.event.failure for reply in engine.engine.ask(RunForward()) if hasattr(reply.event, "failure"))
    return "" if failure is None else f"{failure.error_class}: {failure.message}"


def test_siblings_and_packages_of_a_chosen_source_are_imported(shared_engine: Speaker, tmp_path: Path) -> None:
    assert tried(shared_engine, project(tmp_path)) == ""


@pytest.mark.parametrize(
    "lines",
    [
        "open({secret!r}).read()",
        "os.open({secret!r}, os.O_RDONLY)",
        "os.listdir({folder!r})",
        "list(os.scandir({folder!r}))",
        "open({notes!r}).read()",
        "__import__('numpy').fromfile({secret!r})",
        "__import__('shutil').copy({secret!r}, os.environ['TMPDIR'])",
        "[os.symlink({secret!r}, f'{{os.environ[\"TMPDIR\"]}}/{{id(x)}}{{n}}.py') or "
        "open(f'{{os.environ[\"TMPDIR\"]}}/{{id(x)}}{{n}}.py').read() for n in [os.urandom(4).hex()]]",
        "open('/proc/' + str(os.getppid()) + '/environ').read()",
        "open('/proc/self/root' + {secret!r}).read()",
    ],
)
def test_a_model_can_not_read_what_was_not_chosen(shared_engine: Speaker, tmp_path: Path, lines: str) -> None:
    notes = tmp_path / "project/notes.txt"
    names = {"secret": str(tmp_path / "secret.txt"), "folder": str(tmp_path), "notes": str(notes)}
    told = tried(shared_engine, project(tmp_path, lines.format(**names)))
    assert told.startswith(("PermissionError", "NotChosenError")), told


def test_a_file_that_was_not_chosen_is_said_to_be_so(shared_engine: Speaker, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    torch.save(torch.rand(2), tmp_path / "b/input.pt")
    choose(shared_engine, tmp_path / "a")
    for request in (
        DescribeFile(path=str(tmp_path / "b/input.pt")),
        ScanFolder(folder=str(tmp_path / "b")),
        PreviewInput(source=ArrayInput(path=str(tmp_path / "b/input.pt"))),
    ):
        with pytest.raises(CommandError, match="outside"):
            list(shared_engine.engine.ask(request))


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".ts", ".pt2", ".legacy"])
def test_each_format_loads_from_a_file_that_is_lent(shared_engine: Speaker, tmp_path: Path, suffix: str) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
    path = tmp_path / f"net{suffix}"
    (tmp_path / "net.py").write_text("from torch import nn\nclass Net(nn.Sequential):\n    def __init__(self):\n"
                                     "        super().__init__(nn.Linear(4, 3), nn.ReLU())\n")  # fmt: skip
    match suffix:
        case ".safetensors":
            save_file(model.state_dict(), path)
        case ".ts":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch calls its own TorchScript old
                torch.jit.trace(model, torch.rand(1, 4)).save(path)
        case ".pt2":
            torch.export.save(torch.export.export(model, (torch.rand(1, 4),)), path)
        case _:
            torch.save(model.state_dict(), path, _use_new_zipfile_serialization=suffix == ".pt")
    choose(shared_engine, path)
    replies = [reply.event for reply in shared_engine.engine.ask(LoadModel(path=str(path), trust_everything=True))]
    loaded = replies[-1]
    assert loaded.info.num_params == 15
    ran = shared_engine.run((1, 4))
    assert ran.values.shape == (1, 3)
