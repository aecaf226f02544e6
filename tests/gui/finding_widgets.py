"""How the window's tests find and press widgets."""

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

Found = TypeVar("Found", bound=QWidget)


def child(parent: QWidget, name: str, kind: type[Found] = QWidget) -> Found:
    """The widget of this name that is not on its way out."""
    found = [widget for widget in parent.findChildren(kind, name) if not widget.isHidden()] or parent.findChildren(
        kind, name
    )
    assert found, f"no {name} in {parent.objectName()}"
    return found[-1]


def press(qtbot: QtBot, widget: QWidget) -> None:
    """A click with the left button."""
    assert widget.isEnabled(), f"{widget.objectName()} is disabled"
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)
