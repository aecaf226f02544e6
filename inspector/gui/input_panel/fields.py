"""Small labelled fields that the forms are made of."""

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QSizePolicy, QWidget

from inspector.gui.parts import named
from inspector.gui.theme import SMALL, theme, theme_source


class FieldLabel(QLabel):
    """The name of a field, small and dimmed."""

    def __init__(self, text: str, buddy: QWidget) -> None:
        super().__init__(text)
        named(self, f"{buddy.objectName()}_label", text)
        self.setBuddy(buddy)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def _restyle(self) -> None:
        self.setStyleSheet(f"color: {theme().dimmed}; font-size: {SMALL}px; background: transparent;")


def choice(object_name: str, accessible_name: str, items: Sequence[str], tool_tip: str = "") -> QComboBox:
    """A list to choose from, that shrinks where there is little room."""
    box = named(QComboBox(), object_name, accessible_name, tool_tip)
    box.addItems(list(items))
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(5)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return box


def number(object_name: str, accessible_name: str, low: float, high: float, decimals: int) -> QDoubleSpinBox:
    """A number without more digits than it needs."""
    box = named(_PlainNumber(), object_name, accessible_name)
    box.setRange(low, high)
    box.setDecimals(decimals)
    box.setKeyboardTracking(True)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    box.setMinimumWidth(56)
    return box


def set_quietly(widget: QWidget, write: str, value: object) -> None:
    """Write into a field without telling that it changed."""
    blocked = widget.blockSignals(True)
    getattr(widget, write)(value)
    widget.blockSignals(blocked)


class _PlainNumber(QDoubleSpinBox):
    """`0.5` instead of `0.500000`."""

    def __init__(self) -> None:
        super().__init__()
        self.lineEdit().setTextMargins(4, 0, 0, 0)

    def textFromValue(self, value: float) -> str:  # noqa: N802 - Qt's name
        """Without trailing zeros."""
        return f"{value:.{self.decimals()}f}".rstrip("0").rstrip(".") if self.decimals() else f"{value:.0f}"
