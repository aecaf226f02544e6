"""The strip over the outputs: the changes in force, each with its undo, what they did, and both outputs."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QSizePolicy, QVBoxLayout, QWidget

from inspector.core.changes import change_text, outputs_sentence
from inspector.gui.outputs_panel.before_after import BeforeAfterModel
from inspector.gui.parts import ElidedLabel, IconButton, PlainTable, PushButton, SegmentedButtons, Sentence, named
from inspector.gui.parts.table import ROW_HEIGHT
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID
from inspector.protocol.changes import Change

_READINGS = (("raw", "Raw"), ("softmax", "Softmax"), ("sigmoid", "Sigmoid"), ("off", "After only"))
MAX_ROWS = 4  # of changes, before the strip says how many more there are


class ChangesStrip(QWidget):
    """Hidden without changes.

    Signals:
        undo_requested: the Change to take back.
        undo_all_requested: all of them.
        compared: whether before and after stand side by side, in place of the output alone.
    """

    undo_requested = Signal(object)
    undo_all_requested = Signal()
    compared = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "changes_strip", "Changes in force")
        self._drawn: tuple[object, ...] = ()
        self.title = ElidedLabel("changes_title", "How many changes are in force", "accent")
        self.undo_all = PushButton("Undo all", "changes_undo_all", "Undo all changes")
        self.undo_all.clicked.connect(self.undo_all_requested)
        self.sentence = Sentence("changes_sentence", "What the changes did", small=True)
        self.reading = SegmentedButtons(_READINGS, "changes_reading", "Show before and after, read as")
        self.reading.set_compact(True)
        self.reading.chosen.connect(lambda _key: self._show_lines())
        self.model = BeforeAfterModel()
        self.model.setParent(self)
        self.table = PlainTable("changes_table", "Output before and after the changes")
        self.table.setModel(self.model)
        self.table.setMinimumHeight(3 * ROW_HEIGHT)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.rows: list[QWidget] = []
        self._lines: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._names: tuple[str, ...] = ()
        self._place()

    def _place(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.undo_all)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(head)
        column.addLayout(self._list)
        column.addWidget(self.sentence)
        column.addWidget(self.reading)
        column.addWidget(self.table, 1)

    @property
    def shows_both(self) -> bool:
        """Whether before and after stand side by side."""
        return self._lines is not None and self.reading.current() != "off"

    def draw(self, state: WindowState, names: tuple[str, ...]) -> None:
        """Show the changes in force, and what they did in the last run."""
        run = state.run
        drawn = (state.settings.changes, run.comparison, run.outputs, run.outputs_before, run.running, names)
        if len(drawn) == len(self._drawn) and all(new is old for new, old in zip(drawn, self._drawn, strict=True)):
            return
        self._drawn, self._names = drawn, names
        changes = state.settings.changes
        self.setVisible(bool(changes))
        count = f"{len(changes)} changes" if len(changes) != 1 else "1 change"
        self.title.say(f"{count} in force, for runs only: the model is as it was")
        self._show_changes(changes, state)
        self.sentence.say(_told(state, names))
        self._lines = _lines(state)
        self.reading.setVisible(self._lines is not None)
        self._show_lines()

    def _show_changes(self, changes: tuple[Change, ...], state: WindowState) -> None:
        for row in self.rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        comparison = state.run.comparison
        refused = {
            outcome.change: outcome.sentence
            for outcome in (comparison.outcomes if comparison is not None else ())
            if not outcome.applied
        }
        self.rows = [self._row(change, refused.get(change, "")) for change in changes[:MAX_ROWS]]
        more = len(changes) - MAX_ROWS
        if more > 0:
            rest = ElidedLabel("changes_more", "More changes", "dimmed", small=True)
            rest.say(f"… and {more} more: {'; '.join(change_text(change) for change in changes[MAX_ROWS:])}")
            self.rows.append(rest)
        for row in self.rows:
            self._list.addWidget(row)

    def _row(self, change: Change, refusal: str) -> QWidget:
        text = change_text(change)
        row = named(QWidget(), "change_row", text)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        label = ElidedLabel("change_text", "A change in force", "warning" if refusal else "text", small=True)
        label.say(f"{text}. {refusal}" if refusal else text)
        undo = IconButton("mdi6.close", "change_undo", f"Undo: {text}")
        undo.clicked.connect(lambda _checked=False: self.undo_requested.emit(change))
        layout.addWidget(label, 1)
        layout.addWidget(undo)
        return row

    def _show_lines(self) -> None:
        both = self.shows_both
        self.table.setVisible(both)
        compact = self._lines is not None and not both  # the output itself needs the room
        self.sentence.limit_lines(1 if compact else None)
        for row in self.rows:
            row.setVisible(not compact)
        height = QSizePolicy.Policy.Preferred if both else QSizePolicy.Policy.Fixed
        self.setSizePolicy(QSizePolicy.Policy.Preferred, height)
        if both and self._lines is not None:
            self.model.show_lines(*self._lines, self.reading.current(), self._names)
            self.table.setColumnHidden(1, not self.model.has_names)
        self.compared.emit(both)


def _told(state: WindowState, names: tuple[str, ...]) -> str:
    """What the changes did, in sentences: to the output, then on the way."""
    run = state.run
    if not state.settings.changes:
        return ""
    if run.running:
        return "Running …"
    if run.comparison is None or state.settings.changes != tuple(o.change for o in run.comparison.outcomes):
        return "Run the model to see what they do."
    told = []
    if run.outputs and run.outputs_before:
        before, after = run.outputs_before[0], run.outputs[0]
        told.append(outputs_sentence(before.values, after.values, before.tensor.head, names))
    return " ".join([*told, run.comparison.sentence])


def _lines(state: WindowState) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """The first row of the first output before and after; None where they can't stand side by side."""
    run = state.run
    if not (state.settings.changes and run.outputs and run.outputs_before):
        return None
    before, after = run.outputs_before[0].values, run.outputs[0].values
    if before.shape != after.shape or not before.size or before.dtype.kind not in "fiu":
        return None
    width = before.shape[-1] if before.ndim else 1
    return before.reshape(-1)[:width].astype(np.float64), after.reshape(-1)[:width].astype(np.float64)
