"""Names that tests and screen readers find widgets by."""

from typing import TypeVar

from PySide6.QtWidgets import QWidget

AnyWidget = TypeVar("AnyWidget", bound=QWidget)


def named(widget: AnyWidget, object_name: str, accessible_name: str, tool_tip: str = "") -> AnyWidget:
    """Give a widget its object name, its accessible name and, where given, its tool tip."""
    widget.setObjectName(object_name)
    widget.setAccessibleName(accessible_name)
    if tool_tip:
        widget.setToolTip(tool_tip)
    return widget
