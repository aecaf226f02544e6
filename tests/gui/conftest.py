"""What the window's tests share: a window with a fake engine, and a check that no widget outlives its test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from inspector.client.fake import Behaviour, FakeEngine
from inspector.gui.settings import SettingsFile


def delete_at_once() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(autouse=True)
def no_leaked_widgets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Top-level widgets that were made in a test, shown or not, are gone after it."""
    if "qtbot" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("qapp")
    before = {id(widget) for widget in QApplication.topLevelWidgets()}
    yield
    delete_at_once()
    left = [widget for widget in QApplication.topLevelWidgets() if id(widget) not in before]
    unowned = [widget for widget in left if widget.isVisible()]
    assert not unowned, f"left behind: {unowned}"


class FakeEngines:
    """Makes fake engines as a window asks for them; `latest` is the one that runs."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.made: list[FakeEngine] = []

    def __call__(self) -> FakeEngine:
        engine = FakeEngine(self.behaviour)
        self.made.append(engine)
        return engine

    @property
    def latest(self) -> FakeEngine:
        return self.made[-1]


@pytest.fixture
def engines() -> FakeEngines:
    return FakeEngines()


@pytest.fixture
def model_files(tmp_path: Path) -> tuple[str, str]:
    """Weights and the `.py` beside them; the fake engine reads neither."""
    weights, source = tmp_path / "digits.pth", tmp_path / "digits_cnn.py"
    weights.write_bytes(b"weights")
    source.write_text("")
    return str(weights), str(source)


@pytest.fixture
def settings_file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "config" / "settings.json")


@pytest.fixture
def make_window(qtbot: QtBot, engines: FakeEngines, settings_file: SettingsFile) -> Iterator[Callable]:
    """Makes the main window, shown, with its engine started; all are closed afterwards."""
    from inspector.gui.main_window import MainWindow

    made = []

    def make(**settings):
        settings_file.change(**settings)
        window = MainWindow(engines, settings_file)
        made.append(window)
        window.session.start()
        window.show()
        qtbot.waitUntil(lambda: window.session.state.engine.phase == "ready")
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()
    delete_at_once()


@pytest.fixture
def window(make_window):
    return make_window()


@pytest.fixture
def opened(window, qtbot: QtBot, model_files: tuple[str, str]):
    """The window with a model open and run."""
    window.open_paths(list(model_files))
    qtbot.waitUntil(lambda: is_settled(window) and bool(window.session.state.run.outputs))
    return window


def is_settled(window) -> bool:
    """Nothing is under way, and what is known is drawn."""
    state = window.session.state
    return not state.pending and window.is_drawn
