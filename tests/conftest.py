"""What every test stands on: a home of its own, Qt without a screen, and Xvfb for the tests of a real window."""

import contextlib
import gc
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HOME = Path(tempfile.mkdtemp(prefix="inspector-"))  # short: the socket of a QLocalServer lies in it
GRACE_S = 30.0  # for threads and processes that were told to end, on a busy machine
PATIENCE_MS = 60_000  # to wait for a signal there: pytest-qt's own 5 s go by while others have the processor
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


def _use_no_clock() -> None:
    """How long an example takes depends on what else the machine does; all else stays, as hypothesis' own for CI."""
    settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")


_use_own_home()
_use_no_screen()
_use_no_clock()


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


@pytest.fixture(scope="session")
def qapp(qapp):
    """The app with the style and fonts that it starts with, whichever test comes first: widths depend on them."""
    from inspector.gui.app import make_application
    from inspector.gui.appearance import prepare_theme

    prepare_theme(make_application(), "light")
    return qapp


@pytest.fixture
def qtbot(qapp, request: pytest.FixtureRequest):
    """pytest-qt's own, with more patience: what a test waits for is late on a busy machine, and not missing."""
    from pytestqt.qtbot import QtBot

    class PatientBot(QtBot):
        def waitUntil(self, callback, *, timeout=PATIENCE_MS):  # noqa: N802 - pytest-qt's names
            super().waitUntil(callback, timeout=timeout)

        def waitSignal(self, signal, *, timeout=PATIENCE_MS, **more):  # noqa: N802
            return super().waitSignal(signal, timeout=timeout, **more)

        def waitExposed(self, widget, *, timeout=PATIENCE_MS):  # noqa: N802
            return super().waitExposed(widget, timeout=timeout)

    return PatientBot(request)


@pytest.fixture(autouse=True)
def garbage_collected_here(request: pytest.FixtureRequest) -> Iterator[None]:
    """Qt's objects that hang together in circles are destroyed on this thread, as soon as their test is over.

    Python collects them on whichever thread asks for memory next; a timer that is destroyed on another than its own
    ends the process, at some later test.
    """
    if "qapp" not in request.fixturenames:
        yield
        return
    gc.freeze()  # what was there before is not looked through after every test
    gc.disable()
    yield
    gc.collect()
    gc.enable()
    gc.unfreeze()


@pytest.fixture(autouse=True)
def same_look(request: pytest.FixtureRequest) -> Iterator[None]:
    """A style sheet that a test gave to the app ends with it: without one, windows are made faster."""
    yield
    app = request.getfixturevalue("qapp") if "qapp" in request.fixturenames else None
    if app is not None and app.styleSheet():
        app.setStyleSheet("")


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """A test that leaves a window, a thread or a process fails; what its module still needs is not counted."""
    threads, children, windows = set(threading.enumerate()), _children(), _visible_windows()
    yield
    left = [f"the window {told}" for window, told in _visible_windows().items() if window not in windows]
    for thread in set(threading.enumerate()) - threads:
        if thread.name == "tqdm_monitor":  # torch draws progress bars where tqdm is installed; a daemon for good
            continue
        thread.join(GRACE_S)
        if thread.is_alive():
            left.append(f"the thread {thread.name}")
    left += [f"the process {pid} ({_command(pid)})" for pid in _children() - children if not _ends_soon(pid)]
    if left:
        pytest.fail(f"left behind: {', '.join(left)}")


def _visible_windows() -> dict[int, str]:
    """Shown top-level widgets by their id; pytest-qt has closed those that a test gave to it."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return {}
    tops = [top for top in widgets.QApplication.topLevelWidgets() if top.isVisible()]
    return {id(top): f"{type(top).__name__} {top.objectName()}" for top in tops}


def _children() -> set[int]:
    """The processes that this one started; Linux tells, elsewhere they are not watched."""
    found: set[int] = set()
    for path in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            found.update(int(pid) for pid in path.read_text().split())
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "gone"


def _ends_soon(pid: int) -> bool:
    """Wait until it has ended, a while at most; nobody need have asked for its status yet."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return True
    try:
        return bool(select.select([handle], [], [], GRACE_S)[0])
    finally:
        os.close(handle)
