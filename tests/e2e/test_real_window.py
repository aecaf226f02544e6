"""The app as a person meets it: a real process, a real window on an X screen, a real mouse. Linux with Xvfb only."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from real_window import (
    DEADLINE_S,
    GONE_WITHIN_S,
    TITLE,
    RealWindow,
    children_of,
    is_gone,
    real_window,
    trust,
    until,
    xdotool,
)

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "sample_models" / "digits"
PICTURE = ROOT / "out" / "real-window.png"
# What a model prints while inputs are tried is kept from the log: by that it can tell a try from a run.
DOING = """import os
import sys
import time
import torch
from torch import nn

class Doing(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 10)
    def forward(self, x):
        {body}
        return self.fc(x.flatten(1))
"""

pytestmark = pytest.mark.window


@pytest.fixture
def environment(screen: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The screen, with settings and temporary files of the test's own."""
    (tmp_path / "tmp").mkdir()
    return screen | {"XDG_CONFIG_HOME": str(tmp_path / "config"), "TMPDIR": str(tmp_path / "tmp")}


@contextmanager
def desk(environment: dict[str, str], file: Path, x: int, y: int) -> Iterator[subprocess.Popen[str]]:
    """A small window beside ours, from which `file` can be dragged."""
    command = [sys.executable, str(Path(__file__).with_name("desk.py")), str(file), str(x), str(y)]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "here\n"
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(DEADLINE_S)


def look(seer: subprocess.Popen[str], path: Path) -> tuple[int, str]:
    """Save what the screen shows; how many colours there are, and a digest."""
    assert seer.stdin is not None
    assert seer.stdout is not None
    seer.stdin.write(f"look {path}\n")
    seer.stdin.flush()
    colours, digest = seer.stdout.readline().split()
    return int(colours), digest


def drag(window: RealWindow, says: str) -> None:
    """Press on the desk's file, move to the window in ten steps, let go once it has said what it would do.

    While a window answers, what is dragged keeps its last steps to itself; a hand that is never quite still sends more.
    """
    start, end = window.middle_of("desk"), window.middle_of(TITLE)
    window.xdotool("mousemove", *start, "mousedown", 1)
    for step in range(1, 11):
        x, y = (a + (b - a) * step // 10 for a, b in zip(start, end, strict=True))
        window.xdotool("mousemove", "--sync", x, y)
    shake = itertools.cycle((-3, 3))

    def told() -> bool:
        step = next(shake)
        window.xdotool("mousemove_relative", "--sync", "--", step, step)
        return window.has_said(says)

    until(told, f"the window says {says!r}")
    window.xdotool("mouseup", 1)


@contextmanager
def window_manager(environment: dict[str, str], name: str) -> Iterator[None]:
    """With `name` running, where it is installed; "" for the bare screen."""
    if name and shutil.which(name) is None:
        pytest.skip(f"needs {name}; on Debian or Ubuntu: sudo apt-get install {name}")
    if not name:
        yield
        return
    with subprocess.Popen([name], env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


@pytest.mark.parametrize("manager", ["", "openbox"], ids=["bare screen", "openbox"])
def test_a_file_dropped_on_the_real_window_is_opened_run_and_drawn(environment, manager: str) -> None:
    dropped = DIGITS / "digits_torchscript.pt"
    with window_manager(environment, manager), real_window(environment, DIGITS / "digits_module.pth") as window:
        window.wait_for("window shown")
        window.wait_for("all panels there")
        window.wait_for("opened digits_module.pth: Sequential")
        window.wait_for("graph drawn")
        surface = window.find()
        assert window.xdotool("getwindowname", surface) == "digits_module.pth — Model Inspector"
        with desk(environment, dropped, 1500, 930) as seer:
            drag(window, "dragged over the window: Open digits_torchscript.pt")
            window.wait_for("opened digits_torchscript.pt")
            window.wait_for("ran ")
            window.wait_for("graph drawn")
            assert window.xdotool("getwindowname", surface) == "digits_torchscript.pt — Model Inspector"
            PICTURE.parent.mkdir(exist_ok=True)
            seen: list[tuple[int, str]] = []

            def rests() -> bool:
                seen.append(look(seer, PICTURE))
                return len(seen) > 1 and seen[-1] == seen[-2]

            until(rests, "the window comes to rest")
        assert seen[-1][0] > 200, "cards, bars and text have many colours"
        assert PICTURE.stat().st_size > 20_000


def test_a_native_abort_leaves_the_window_and_restart_opens_the_file_again(environment, tmp_path: Path) -> None:
    model = tmp_path / "doing.py"
    model.write_text(DOING.format(body="os.abort()"))
    trust(environment, model)
    with real_window(environment, model) as window:
        window.wait_for("engine ended: The engine ended with SIGABRT: native code aborted.")
        window.press("ctrl+shift+r")
        window.wait_for("engine starting")
        window.wait_for(f"opening {model}")
        window.wait_for("opened doing.py: Doing")
        window.press("ctrl+q")
        assert window.process.wait(DEADLINE_S) == 0


def test_an_engine_killed_during_an_evaluation_is_told_and_started_again(environment) -> None:
    with real_window(environment, "--demo") as window:
        window.wait_for("evaluated ")  # the first images: the run before is over, of which the last part may be long
        killed = window.engine()
        os.kill(killed, signal.SIGKILL)
        told = window.wait_for("The engine was killed by the system, most likely because memory ran out.")
        assert is_gone(killed)
        if "while idle" not in told:  # on a busy machine the last images may have come by then
            window.press("ctrl+shift+r")
        window.wait_for("opened digits_state_dict.pth")
        window.wait_for("ran ")
        assert window.engine() != killed
        window.press("ctrl+q")
        assert window.process.wait(DEADLINE_S) == 0
    assert list(Path(environment["TMPDIR"]).glob("model-inspector-*")) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_the_engine_ends_with_its_window(environment, tmp_path: Path, how: signal.Signals) -> None:
    model = tmp_path / "doing.py"
    model.write_text(DOING.format(body="while sys.stdout is sys.__stdout__: print('on and on'), time.sleep(0.1)"))
    trust(environment, model)
    with real_window(environment, model) as window:
        window.wait_for("printed: on and on")
        left = [window.engine(), *children_of(window.process.pid)]
        window.process.send_signal(how)
        until(lambda: all(is_gone(pid) for pid in left), "all its processes are gone", GONE_WITHIN_S)
        window.process.wait(DEADLINE_S)
    if how != signal.SIGKILL:  # then the next start removes the folder: see test_temporary_folder.py
        assert window.process.returncode == 0
        assert list(Path(environment["TMPDIR"]).glob("model-inspector-*")) == []


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_run_without_a_display_says_so_and_fails(environment) -> None:
    unseen = {name: value for name, value in environment.items() if name not in {"DISPLAY", "QT_QPA_PLATFORM"}}
    done = subprocess.run(
        ["make", "run"], cwd=ROOT, env=unseen, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert done.returncode != 0
    assert "There is no display, so the window can't be shown." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(
    shutil.which("gio") is None or shutil.which("update-mime-database") is None,
    reason="needs gio and update-mime-database; on Debian: sudo apt-get install libglib2.0-bin shared-mime-info",
)
def test_after_install_desktop_a_double_click_on_a_model_opens_the_window(environment, tmp_path: Path) -> None:
    environment |= {"XDG_DATA_HOME": str(tmp_path / "data")}
    subprocess.run([sys.executable, "-m", "inspector", "install-desktop"], env=environment, timeout=300, check=True)
    model = tmp_path / "ein schönes netz.pth"
    shutil.copy(DIGITS / "digits_module.pth", model)
    told = subprocess.run(
        ["gio", "info", "-a", "standard::content-type", str(model)],
        env=environment, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert "application/x-pytorch" in told.stdout
    subprocess.run(["gio", "open", str(model)], env=environment, timeout=300, check=True)
    surface = xdotool(environment, "search", "--sync", "--onlyvisible", "--name", f"{model.name} — {TITLE}")
    window = int(xdotool(environment, "getwindowpid", surface))
    started = [window, *children_of(window)]
    os.kill(window, signal.SIGTERM)
    until(lambda: all(is_gone(pid) for pid in started), "the window and its processes are gone")
