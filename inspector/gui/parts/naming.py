"""Names that tests and screen readers find widgets by."""

from typing import TypeVar

from PySide6.QtWidgets import QWidget

from inspector.gui.parts.tip import plain_tip

AnyWidget = TypeVar("AnyWidget", bound=QWidget)


def named(widget: AnyWidget, object_name: str, accessible_name: str, tool_tip: str = "") -> AnyWidget:
    """Give a widget its object name, its accessible name and, where given, its tool tip."""
    widget.setObjectName(object_name)
    widget.setAccessibleName(accessible_name)
    if tool_tip:
        widget.setToolTip(plain_tip(tool_tip))
    return widget
