"""The main window with a real engine in these tests' own process, and what a person does with it."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from inspector.client.process import ProcessEngine
from inspector.gui.main_window import MainWindow
from inspector.gui.settings import SettingsFile, Trusted
from inspector.places import Sample

DEADLINE_MS = 60_000
MEMORY_BYTES = 2 * 1024**3
MIDDLE, RIGHT_EDGE = QPoint(300, 300), QPoint(1300, 400)  # of the window: a model dropped at the right is compared


def small_engine() -> ProcessEngine:
    """A real engine that may take 2 GB, so that a test of its limit is no strain on the machine."""
    return ProcessEngine([sys.executable, "-P", "-m", "inspector.engine", "--memory-bytes", str(MEMORY_BYTES)])


class Person:
    """Does what people do with a window, and waits until it has done its part."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window = window
        self.qtbot = qtbot

    @property
    def state(self):
        return self.window.session.state

    def wait(self, holds: Callable[[], object]) -> None:
        """Until it holds, and all that is known is drawn."""
        self.qtbot.waitUntil(lambda: bool(holds()) and self.window.is_drawn, timeout=DEADLINE_MS)

    def settle(self) -> None:
        """Until nothing is under way."""
        self.wait(lambda: not self.state.pending)

    def drop(self, *paths: object, at: QPoint = MIDDLE) -> None:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        buttons, keys, copy = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
        surface = self.window.windowHandle()
        entered = QDragEnterEvent(at, copy, mime, buttons, keys)
        QApplication.sendEvent(surface, entered)
        assert entered.isAccepted(), self.window.overlay.plan
        QApplication.sendEvent(surface, QDropEvent(QPointF(at), copy, mime, buttons, keys))

    def widget(self, name: str) -> QWidget:
        found = self.window.findChild(QWidget, name)
        assert isinstance(found, QWidget), name
        return found

    def click(self, name: str) -> None:
        """Click a button that can be seen."""
        button = self.widget(name)
        assert isinstance(button, QAbstractButton)
        assert button.isVisible(), name
        assert button.isEnabled(), name
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def click_at(self, widget: QWidget, where: QPoint) -> None:
        self.qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=where)

    def told(self) -> str:
        """What the strip above the picture says went wrong; what is only good to know is left out."""
        wrong = [banner for banner in self.window.banners.banners if banner.notice.tone != "accent"]
        return "\n".join(banner.accessibleName() for banner in wrong)


@contextmanager
def person_at_window(
    qtbot: QtBot,
    folder: Path,
    *trusted: Path,
    engine: Callable[[], ProcessEngine] = ProcessEngine,
    samples: tuple[Sample, ...] = (),
) -> Iterator[Person]:
    """A window that is complete, on a screen of 1440×900, with settings in `folder`; closed afterwards."""
    settings = SettingsFile(folder / "settings.json")
    settings.change(trusted={hashlib.sha256(file.read_bytes()).hexdigest(): Trusted(file.name) for file in trusted})
    window = MainWindow(engine, settings, samples)
    try:
        with qtbot.waitSignal(window.completed, timeout=DEADLINE_MS):
            window.session.start()
            window.show()
            window.resize(1440, 900)
        yield Person(window, qtbot)
    finally:
        window.close()
        window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
