"""Which output, which axis, and where on the others: the choosers above the table."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QHBoxLayout, QSpinBox, QWidget

from inspector.gui.outputs_panel.lines import axis_names, choosable_axes, default_axis
from inspector.gui.parts import NumberBox, named

_WIDE = 470


class PlaceRow(QWidget):
    """Shows only what there is to choose: nothing for one output of shape (1, K).

    Signals:
        changed: something was chosen.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "outputs_places", "Which values are shown")
        self._shape: tuple[int, ...] | None = None
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(6)
        which = QHBoxLayout()
        which.setSpacing(6)
        self.output = named(QComboBox(), "outputs_output", "Output")
        self.axis = named(QComboBox(), "outputs_axis", "Axis that runs down the table")
        which.addWidget(self.output)
        which.addWidget(self.axis)
        self._box.addLayout(which)
        self._spins: dict[int, QSpinBox] = {}
        self._spin_row = named(QWidget(), "outputs_spins", "Places on the other axes")
        self._spin_layout = QHBoxLayout(self._spin_row)
        self._spin_layout.setContentsMargins(0, 0, 0, 0)
        self._spin_layout.setSpacing(6)
        self._box.addWidget(self._spin_row)
        self._box.addStretch(1)
        self.output.activated.connect(self.changed)
        self.axis.activated.connect(self._choose_axis)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Two rows where one is too long."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE
        self._box.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def show_outputs(self, names: Sequence[str]) -> None:
        """Offer these outputs, keeping the choice where its name is still there."""
        if [self.output.itemText(place) for place in range(self.output.count())] == list(names):
            return
        before = self.output.currentText()
        self.output.clear()
        self.output.addItems(list(names))
        self.output.setCurrentIndex(max(0, self.output.findText(before)))
        self.output.setVisible(len(names) > 1)

    def show_shape(self, shape: tuple[int, ...]) -> None:
        """Offer the axes and places of a tensor of that shape."""
        if shape == self._shape:
            return
        same_rank = self._shape is not None and len(self._shape) == len(shape)
        axis = self.current_axis() if same_rank else default_axis(shape)
        self._shape = shape
        self.axis.clear()
        for name, size in zip(axis_names(shape), shape, strict=True):
            self.axis.addItem(f"along {name} ({size:,})")
        self.axis.setCurrentIndex(axis)
        self.axis.setVisible(sum(size > 1 for size in shape) > 1 and len(shape) != 2)
        self._make_spins()

    def current_output(self) -> int:
        """The chosen output."""
        return max(0, self.output.currentIndex())

    def current_axis(self) -> int:
        """The axis that runs down the table."""
        return max(0, self.axis.currentIndex())

    def places(self) -> dict[int, int]:
        """Where the other axes stand."""
        return {axis: spin.value() for axis, spin in self._spins.items()}

    def spin(self, axis: int) -> QSpinBox:
        """The chooser of a place on an axis."""
        return self._spins[axis]

    def _choose_axis(self) -> None:
        self._make_spins()
        self.changed.emit()

    def _make_spins(self) -> None:
        shape = self._shape or ()
        wanted = choosable_axes(shape, self.current_axis())
        kept = self.places()
        for spin in self._spins.values():
            self._spin_layout.removeWidget(spin)
            spin.deleteLater()
        self._spins = {}
        names = axis_names(shape)
        for axis in wanted:
            what = "item" if axis == 0 else names[axis]
            spin = named(NumberBox(), f"outputs_place_{axis}", f"Place on {what}")
            spin.setRange(0, shape[axis] - 1)
            spin.setPrefix(f"{what} ")
            spin.setSuffix(f" / {shape[axis]:,}")
            spin.setValue(min(kept.get(axis, 0), shape[axis] - 1))
            spin.valueChanged.connect(self.changed)
            self._spin_layout.addWidget(spin)
            self._spins[axis] = spin
        self._spin_row.setVisible(bool(self._spins))
        self.setVisible(self.output.count() > 1 or self.axis.isVisibleTo(self) or bool(self._spins))
