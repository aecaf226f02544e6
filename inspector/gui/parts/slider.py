"""A slider with its name and its value, for a number that is turned to see what changes."""

import math

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QWidget

from inspector.gui.parts.fonts import number_font
from inspector.gui.parts.naming import named
from inspector.gui.theme import SMALL, theme, theme_source

_STEPS = 200


class NumberSlider(QWidget):
    """A number from `low` to `high`, in even steps or (`logarithmic`) in even ratios. A double click resets it.

    Signals:
        changed: the new value.
    """

    changed = Signal(float)

    def __init__(
        self,
        label: str,
        object_name: str,
        accessible_name: str,
        *,
        low: float,
        high: float,
        value: float,
        logarithmic: bool = False,
        short_label: str = "",
        tool_tip: str = "",
    ) -> None:
        super().__init__()
        named(self, f"{object_name}_field", accessible_name, tool_tip)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._low, self._high, self._default, self._logarithmic = low, high, value, logarithmic
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self._labels = (label, short_label or label)
        self._label = named(QLabel(label), f"{object_name}_label", label)
        self.slider = named(QSlider(Qt.Orientation.Horizontal), object_name, accessible_name)
        self.slider.setRange(0, _STEPS)
        self.slider.setPageStep(10)
        self.slider.setMinimumWidth(48)
        self.slider.installEventFilter(self)
        self._number = named(QLabel(), f"{object_name}_value", f"{accessible_name}: value")
        self._number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._number.setFixedWidth(34)
        row.addWidget(self._label)
        row.addWidget(self.slider, 1)
        row.addWidget(self._number)
        self.set_value(value)
        self.slider.valueChanged.connect(self._moved)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def value(self) -> float:
        """The number."""
        share = self.slider.value() / _STEPS
        if not self._logarithmic:
            return self._low + share * (self._high - self._low)
        if self.slider.value() == self._step_of(self._default):
            return self._default
        return float(math.exp(math.log(self._low) + share * math.log(self._high / self._low)))

    def set_value(self, value: float) -> None:
        """Set the number, and tell if it changed."""
        self.slider.setValue(self._step_of(value))
        self._say()

    def set_compact(self, compact: bool) -> None:
        """Use the short label, where there is little room."""
        self._label.setText(self._labels[1] if compact else self._labels[0])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """A double click resets."""
        if watched is self.slider and event.type() == QEvent.Type.MouseButtonDblClick:
            self.set_value(self._default)
            return True
        return super().eventFilter(watched, event)

    def _step_of(self, value: float) -> int:
        if self._logarithmic:
            return round(math.log(value / self._low) / math.log(self._high / self._low) * _STEPS)
        return round((value - self._low) / (self._high - self._low) * _STEPS)

    def _moved(self) -> None:
        self._say()
        self.changed.emit(self.value())

    def _say(self) -> None:
        self._number.setText(f"{self.value():.2f}")

    def _restyle(self) -> None:
        self._label.setStyleSheet(f"color: {theme().dimmed}; font-size: {SMALL}px;")
        self._number.setStyleSheet(f"color: {theme().text}; font-size: {SMALL}px;")
        self._number.setFont(number_font(self.font(), SMALL))
