"""What is compared with what: A and B by name and way of running, and what B may be instead."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from inspector.gui.parts import ElidedLabel, IconButton, PushButton, named
from inspector.gui.state import ComparisonState, WindowState
from inspector.gui.theme import GRID
from inspector.protocol.comparison import Side

_DTYPES = (("", "own dtype"), *((name, name) for name in ("float32", "float16", "bfloat16", "float64")))
_MODES = (("eval", "eval"), ("train", "train"))


class Head(QWidget):
    """One line for the sides, one for B's way of running.

    Signals:
        side_changed: a field of B's Side, and its value.
        again_requested: compare once more.
        file_requested: choose another file.
        end_requested: compare no more.
    """

    side_changed = Signal(str, str)
    again_requested = Signal()
    file_requested = Signal()
    end_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "comparison_head", "What is compared with what")
        self.sides = ElidedLabel("comparison_sides", "A and B")
        self.close_button = IconButton("ph.x", "comparison_end", "End the comparison")
        self.mode = _choice("comparison_mode_b", "Mode of B", _MODES)
        self.dtype = _choice("comparison_dtype_b", "Dtype of B", _DTYPES)
        self.device = _choice("comparison_device_b", "Device of B", ())
        self.again = PushButton("Compare again", "comparison_again", "Compare again, with the input that is fed now")
        self.file = PushButton("Other file…", "comparison_file", "Compare with another file")
        for box, field in ((self.mode, "mode"), (self.dtype, "dtype"), (self.device, "device")):
            box.activated.connect(lambda _index, box=box, field=field: self._choose(field, box))
        self.again.clicked.connect(self.again_requested)
        self.file.clicked.connect(self.file_requested)
        self.close_button.clicked.connect(self.end_requested)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.sides, 1)
        first.addWidget(self.close_button)
        for widget in (self.mode, self.dtype, self.device):
            second.addWidget(widget)
        second.addStretch(1)
        second.addWidget(self.again)
        second.addWidget(self.file)
        for row in (first, second):
            row.setSpacing(GRID * 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(first)
        column.addLayout(second)

    def draw(self, state: WindowState) -> None:
        """Show the sides."""
        comparison = state.comparison
        self.sides.say(sides_text(state))
        for box, value in ((self.mode, comparison.b.mode), (self.dtype, comparison.b.dtype)):
            box.setCurrentIndex(max(0, box.findData(value)))
            box.setVisible(not comparison.alone)
        devices = [device.name for device in state.engine.devices]
        if [self.device.itemData(at) for at in range(self.device.count())] != devices:
            self.device.clear()
            for name in devices:
                self.device.addItem(name, name)
        self.device.setCurrentIndex(max(0, self.device.findData(comparison.b.device)))
        self.device.setVisible(len(devices) > 1 and not comparison.alone)
        for widget in (self.mode, self.dtype, self.device, self.again):
            widget.setEnabled(not comparison.running)
        self.again.set_primary(_is_outdated(state))

    def _choose(self, field: str, box: QComboBox) -> None:
        self.side_changed.emit(field, box.currentData())


def sides_text(state: WindowState) -> str:
    """`A digits.pt (eval) · B the same (train)`."""
    comparison = state.comparison
    b = Path(comparison.path).name if comparison.path else "the same"
    if comparison.alone:
        return f"A {Path(state.path).name} · B {b}: weights as stored"
    return f"A {Path(state.path).name} ({_way(comparison.a)}) · B {b} ({_way(comparison.b)})"


def _way(side: Side) -> str:
    changes = len(side.changes)
    told = [side.mode, side.dtype, side.device if side.device != "cpu" else ""]
    told.append(f"{changes} change{'' if changes == 1 else 's'}" if changes else "")
    return ", ".join(part for part in told if part)


def _is_outdated(state: WindowState) -> bool:
    """Whether there is nothing yet, or another input is fed now than was compared."""
    comparison: ComparisonState = state.comparison
    if comparison.running:
        return False
    return comparison.weights is None or (comparison.runs is not None and comparison.inputs != state.settings.inputs)


def _choice(object_name: str, accessible_name: str, choices: tuple[tuple[str, str], ...]) -> QComboBox:
    box = named(QComboBox(), object_name, accessible_name)
    for key, text in choices:
        box.addItem(text, key)
    return box
