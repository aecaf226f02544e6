"""What every test stands on: a home of its own, Qt without a screen, and Xvfb for the tests of a real window."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(tempfile.mkdtemp(prefix="inspector-"))  # short: the socket of a QLocalServer lies in it
WINDOW_PROGRAMS = ("Xvfb", "xdotool")


def _use_own_home() -> None:
    """No test reads or writes the settings, recent files, menus or file types of the person who runs it."""
    os.environ["HOME"] = str(HOME)
    for name, folder in {
        "XDG_DATA_HOME": "data",
        "XDG_CONFIG_HOME": "config",
        "XDG_CACHE_HOME": "cache",
        "XDG_STATE_HOME": "state",
        "XDG_RUNTIME_DIR": "run",
    }.items():
        (HOME / folder).mkdir(mode=0o700)
        os.environ[name] = str(HOME / folder)


def _use_no_screen() -> None:
    """Set before Qt is imported; children inherit it. One thread for torch: the tests run side by side."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ.pop("DISPLAY", None)
    os.environ.pop("WAYLAND_DISPLAY", None)
    os.environ.setdefault("OMP_NUM_THREADS", "1")


_use_own_home()
_use_no_screen()


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests of a real window where its programs are missing, and say how to have them."""
    missing = [program for program in WINDOW_PROGRAMS if shutil.which(program) is None]
    if not missing:
        return
    reason = f"needs {' and '.join(missing)}; on Debian or Ubuntu: sudo apt-get install xvfb xdotool"
    for item in items:
        if item.get_closest_marker("window"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def screen() -> Iterator[dict[str, str]]:
    """A screen of 1600×1000 that nobody sees; gives the environment for a program that opens a window on it."""
    read_end, write_end = os.pipe()
    arguments = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(
        arguments, pass_fds=(write_end,), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as server:
        os.close(write_end)
        with os.fdopen(read_end) as answer:
            number = answer.readline().strip()  # written once the screen takes connections
        if not number:
            pytest.fail(f"Xvfb did not start: {server.stderr.read().decode() if server.stderr else ''}")
        environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
        yield environment | {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        server.terminate()
