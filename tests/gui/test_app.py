"""Starting."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from inspector.gui.app import demo_sample, find_icon, lacks_display, show_window
from inspector.gui.panels import ORDER
from inspector.places import Sample, resources_folder


@pytest.mark.parametrize(
    ("environment", "platform", "lacking"),
    [
        ({}, "linux", True),
        ({"DISPLAY": ""}, "linux", True),
        ({"DISPLAY": ":0"}, "linux", False),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", False),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", False),
        ({}, "darwin", False),
        ({}, "win32", False),
    ],
)
def test_a_missing_display_is_noticed_before_qt_aborts(environment, platform, lacking):
    assert lacks_display(environment, platform) is lacking


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux starts programs without a display")
def test_without_a_display_the_app_says_how_to_see_it():
    code = "import sys; from inspector.gui.app import run_app; sys.exit(run_app([]))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert "There is no display" in done.stderr
    assert "xvfb-run" in done.stderr
    assert "ssh -X" in done.stderr


def test_the_window_process_never_imports_torch_nor_plots_before_they_show():
    code = "import inspector.gui.app, sys; print('torch' in sys.modules, 'pyqtgraph' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_application_has_an_icon():
    icon = find_icon(resources_folder())
    assert icon is not None
    assert icon.is_file()


def test_the_demo_is_the_sample_with_a_test_folder():
    plain = Sample("a", "A", "", Path("a.pth"))
    other = Sample("b", "B", "", Path("b.pth"), test_folder=Path("t"))
    digits = Sample("digits", "Digits", "", Path("d.pth"), test_folder=Path("t"))
    assert demo_sample([plain, other, digits]) is digits
    assert demo_sample([plain, other]) is other
    assert demo_sample([plain]) is None


@pytest.fixture
def start(qapp, engines, settings_file):
    """Shows the window as the app does; it is closed whatever becomes of the test."""
    made = []

    def begin():
        made.append(show_window(qapp, engines, settings_file))
        return made[-1]

    yield begin
    for window in made:
        window.close()
        window.deleteLater()


def test_the_first_picture_stands_before_its_panels_and_the_engine(qtbot, start, engines):
    window = start()
    told = []
    window.first_painted.connect(lambda: told.append(window.panels.made()))
    assert engines.made == []
    with qtbot.waitSignal(window.completed):
        pass
    assert told == [()]
    assert len(engines.made) == 1
    assert window.panels.made() == ORDER
    assert not window.panels.make_next()


def test_a_window_that_is_never_painted_starts_its_engine_all_the_same(start, engines):
    window = start()
    window.hide()
    window.tell_first_painted()
    window.tell_first_painted()
    assert len(engines.made) == 1


class TopLevels(QObject):
    """Notes which widgets show as windows of their own."""

    def __init__(self):
        super().__init__()
        self.shown: list[str] = []

    def eventFilter(self, watched, event):  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.shown.append(watched.objectName())
        return False


def test_nothing_but_the_window_is_shown_on_the_screen_while_it_starts(qapp, qtbot, start):
    watch = TopLevels()
    qapp.installEventFilter(watch)
    try:
        with qtbot.waitSignal(start().completed):
            pass
    finally:
        qapp.removeEventFilter(watch)
    assert watch.shown == ["main_window"]


def test_a_window_closed_while_its_panels_are_made_makes_no_more_of_them(qapp, start):
    window = start()
    window.tell_first_painted()
    window.close()
    made = window.panels.made()
    assert len(made) < len(ORDER)
    for _ in range(20):
        qapp.processEvents()
    assert window.panels.made() == made


@pytest.mark.parametrize("moment", ["window shown", "opening"])
def test_a_window_told_to_end_while_it_starts_ends(moment, tmp_path):
    """A window of any kind that shows while Qt is about to quit calls that off: the process would stay."""
    with subprocess.Popen(
        [sys.executable, "-c", MEANWHILE, moment, str(tmp_path / "settings.json")],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.wait(30) == 0
        finally:
            process.kill()


# a stray window shows just after the one of the app was closed
MEANWHILE = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel
from inspector.client.fake import FakeEngine
import inspector.gui.app as app

def show(*given):
    window = made(*given)
    def close():
        window.close()
        stray = QLabel("for a moment")
        stray.show()
        stray.hide()
    window.first_painted.connect(close if sys.argv[1] == "window shown" else lambda: QTimer.singleShot(0, close))
    return window

made, app.show_window = app.show_window, show
sys.exit(app.run_app([], engine_factory=FakeEngine, settings_path=Path(sys.argv[2])))
"""
