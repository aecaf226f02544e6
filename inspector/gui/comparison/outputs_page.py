"""One output of both sides in the reading that is chosen, a row a class."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from inspector.core.readings import as_real, class_axis
from inspector.gui.comparison.updates import why_no_runs
from inspector.gui.outputs_panel.before_after import BeforeAfterTable
from inspector.gui.parts import SegmentedButtons, Sentence, named
from inspector.gui.state import ComparisonState
from inspector.gui.theme import GRID
from inspector.protocol.comparison import OutputPair

_READINGS = (("raw", "Raw"), ("softmax", "Softmax"), ("sigmoid", "Sigmoid"))


class OutputsPage(QWidget):
    """The chosen output: what is said of it, and the first row of both sides."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "comparison_outputs", "Outputs side by side")
        self._drawn: tuple[object, ...] = ()
        self._comparison = ComparisonState()
        self._names: tuple[str, ...] = ()
        self.choice = named(QComboBox(), "comparison_output", "Which output")
        self.choice.currentIndexChanged.connect(lambda _index: self._show())
        self.reading = SegmentedButtons(_READINGS, "comparison_reading", "Read both as")
        self.reading.chosen.connect(lambda _key: self._show())
        self.sentence = Sentence("comparison_output_sentence", "How far the outputs are apart")
        self.heads = Sentence("comparison_heads", "How each output is read", "dimmed", small=True)
        self.table = BeforeAfterTable("comparison_outputs_table", "Output of A and of B", ("A", "B"))
        row = QHBoxLayout()
        row.addWidget(self.choice)
        row.addWidget(self.reading)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(row)
        column.addWidget(self.sentence)
        column.addWidget(self.heads)
        column.addWidget(self.table, 1)

    def draw(self, comparison: ComparisonState, names: tuple[str, ...]) -> None:
        """Show the outputs."""
        drawn = (comparison.runs, comparison.outputs, names, comparison.running)
        if len(self._drawn) == len(drawn) and all(new is old for new, old in zip(drawn, self._drawn, strict=True)):
            return
        self._drawn, self._comparison, self._names = drawn, comparison, names
        runs = comparison.runs
        titles = [_title(pair) for pair in runs.outputs] if runs is not None else []
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems(titles)
        self.choice.blockSignals(False)
        self.choice.setVisible(len(titles) > 1)
        self._show()

    def _show(self) -> None:
        comparison, at = self._comparison, self.choice.currentIndex()
        runs = comparison.runs
        pair = runs.outputs[at] if runs is not None and 0 <= at < len(runs.outputs) else None
        values = comparison.outputs[at] if 0 <= at < len(comparison.outputs) else (None, None)
        lines = tuple(None if side is None else _first_line(side.values) for side in values)
        a, b = lines
        both = a is not None and b is not None and a.shape == b.shape and a.size > 0
        self.table.setVisible(both)
        self.reading.setVisible(both)
        if both and a is not None and b is not None:
            self.table.show_lines(a, b, self.reading.current(), self._names)
        self.sentence.say(_said(pair) if runs is not None else why_no_runs(comparison))
        self.heads.say(_heads(pair, several=values[0] is not None and _rows(values[0].values) > 1))


def _title(pair: OutputPair) -> str:
    tensor = pair.a or pair.b
    return tensor.name if tensor is not None else "output"


def _said(pair: OutputPair | None) -> str:
    if pair is None:
        return "Neither side gave an output."
    return pair.sentence or f"Only {'A' if pair.b is None else 'B'} gave this output: the other side failed."


def _heads(pair: OutputPair | None, *, several: bool) -> str:
    if pair is None or pair.a is None or pair.b is None:
        return ""
    kinds = [tensor.head.kind.replace("_", " ") for tensor in (pair.a, pair.b)]
    read = f"Both read as {kinds[0]}." if kinds[0] == kinds[1] else f"A reads as {kinds[0]}, B as {kinds[1]}."
    return f"{read} The first row is shown." if several else read


def _rows(values: NDArray[np.generic]) -> int:
    axis = class_axis(values.shape)
    return 1 if axis is None or not values.size else values.size // values.shape[axis]


def _first_line(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """The classes of the first item (K,), or the first value."""
    real = as_real(values)
    axis = class_axis(real.shape)
    if axis is None or not real.size:
        return real.reshape(-1)[:1]
    line: NDArray[np.float64] = np.moveaxis(real, axis, -1).reshape(-1, real.shape[axis])[0]
    return line
