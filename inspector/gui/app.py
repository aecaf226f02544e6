"""Starts the window: the application, its look, the main window, the engine. Nothing heavy before the first picture."""

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from inspector.client.process import ProcessEngine
from inspector.gui.appearance import load_fonts, prepare_theme, ui_font
from inspector.gui.closing import CloseOnSignals
from inspector.gui.engine_link import EngineFactory
from inspector.gui.main_window import MainWindow
from inspector.gui.settings import APP_ID, SettingsFile
from inspector.gui.style_sheet import style_sheet
from inspector.gui.words import no_display_text
from inspector.places import Sample, resources_folder, samples

LATEST_START_MS = 1500  # a window that starts minimised is never painted


def run_app(
    files: Sequence[str],
    *,
    engine_factory: EngineFactory = ProcessEngine,
    demo: bool = False,
    settings_path: Path | None = None,
    log: bool = False,
) -> int:
    """Open the window on these files, and stay until it is closed; gives the exit status.

    Args:
        files: what to open, as if it were dropped: a model, weights with their `.py`, or nothing.
        engine_factory: makes the engine; a real process by default.
        demo: open the digits sample, run it, and evaluate its test folder.
        settings_path: where the settings lie; the user's own by default.
        log: print a line on stderr for each thing that happens.
    """
    if lacks_display(os.environ, sys.platform):
        sys.stderr.write(no_display_text() + "\n")
        return 1
    app = make_application()
    window = show_window(app, engine_factory, SettingsFile(settings_path))
    if log:
        _print_log(window)
    absolute = [str(Path(path).absolute()) for path in files]
    window.first_painted.connect(lambda: _begin(window, absolute, demo=demo))
    # Qt's own quitting is called off by any window that shows meanwhile, and the process would stay for ever
    app.lastWindowClosed.connect(lambda: app.exit(0))
    signals = CloseOnSignals(app)
    status = app.exec()
    signals.restore()
    window.session.close()
    window.deleteLater()  # its graph ends the process that lays it out
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return status


def show_window(app: QApplication, engine_factory: EngineFactory, settings: SettingsFile) -> MainWindow:
    """The main window, dressed and shown; its engine starts behind its first picture, for which it would compete."""
    colours = prepare_theme(app, settings.current.theme)
    window = MainWindow(engine_factory, settings, samples())
    app.setStyleSheet(style_sheet(colours))
    window.first_painted.connect(window.session.start)
    window.completed.connect(gc.freeze)  # all that stays for good; to go through it again takes longer than a frame
    window.show()
    QTimer.singleShot(LATEST_START_MS, window, window.tell_first_painted)
    return window


def make_application() -> QApplication:
    """The QApplication, with its name, icon and fonts."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName(APP_ID)
    app.setApplicationDisplayName("")  # the title has the name already
    app.setDesktopFileName(APP_ID)
    icon = find_icon(resources_folder())
    if icon is not None:
        app.setWindowIcon(QIcon(str(icon)))
    load_fonts(resources_folder() / "fonts")
    app.setFont(ui_font())  # before any widget: many keep a font made from the one they find
    return app


def find_icon(resources: Path) -> Path | None:
    """The application's icon: the drawing where there is one, else the largest picture."""
    for pattern in (f"icons/**/{APP_ID}.svg", f"**/{APP_ID}.svg", f"**/{APP_ID}*.png"):
        found = sorted(resources.glob(pattern), key=lambda path: path.stat().st_size)
        if found:
            return found[-1]
    return None


def lacks_display(environment: Mapping[str, str], platform: str) -> bool:
    """Whether Qt would abort for want of a display: X11 and Wayland are told by the environment, on Linux only."""
    if not platform.startswith("linux"):
        return False
    return not any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def demo_sample(there: Sequence[Sample]) -> Sample | None:
    """The sample that shows the whole job: the digits, with a test folder."""
    with_folder = [sample for sample in there if sample.test_folder is not None]
    return next((sample for sample in with_folder if sample.name == "digits"), with_folder[0] if with_folder else None)


def _print_log(window: MainWindow) -> None:
    from inspector.gui.event_log import EventLog  # noqa: PLC0415 - most windows have none

    log = EventLog(window.session, window)
    window.first_painted.connect(lambda: log.tell("window shown"))
    window.completed.connect(lambda: log.tell("all panels there"))


def _begin(window: MainWindow, files: list[str], *, demo: bool) -> None:
    sample = demo_sample(samples()) if demo and not files else None
    if sample is not None:
        window.session.files.open_sample(sample, evaluate=True)
    else:
        window.open_paths(files)
