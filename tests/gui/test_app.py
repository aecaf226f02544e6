"""Starting."""

import subprocess
import sys
from pathlib import Path

import pytest

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
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "There is no display" in done.stderr
    assert "xvfb-run" in done.stderr
    assert "ssh -X" in done.stderr


def test_the_window_process_never_imports_torch_nor_plots_before_they_show():
    code = "import inspector.gui.app, sys; print('torch' in sys.modules, 'pyqtgraph' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
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


def test_the_first_picture_stands_before_its_panels_and_the_engine(qtbot, qapp, engines, settings_file):
    window = show_window(qapp, engines, settings_file)
    told = []
    window.first_painted.connect(lambda: told.append(window.panels.made()))
    assert engines.made == []
    with qtbot.waitSignal(window.completed):
        pass
    assert told == [()]
    assert len(engines.made) == 1
    assert window.panels.made() == ORDER
    assert not window.panels.make_next()
    window.close()
    window.deleteLater()


def test_a_window_that_is_never_painted_starts_its_engine_all_the_same(qtbot, qapp, engines, settings_file):
    window = show_window(qapp, engines, settings_file)
    window.hide()
    window.tell_first_painted()
    window.tell_first_painted()
    assert len(engines.made) == 1
    window.close()
    window.deleteLater()
