"""The strip over the outputs: the changes in force, each with its undo, what they did, and how both are read."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from inspector.core.changes import change_text, outputs_sentence
from inspector.gui.outputs_panel.before_after import values_before
from inspector.gui.parts import ElidedLabel, IconButton, PushButton, SegmentedButtons, Sentence, named
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID
from inspector.protocol.changes import Change

_READINGS = (("raw", "Raw"), ("softmax", "Softmax"), ("sigmoid", "Sigmoid"), ("off", "After only"))
MAX_ROWS = 4  # of changes, before the strip says how many more there are
FOLDER = "The test folder is evaluated without changes."


class ChangesStrip(QWidget):
    """Hidden without changes.

    Signals:
        undo_requested: the Change to take back.
        undo_all_requested: all of them.
        reading_chosen: before and after are to be read otherwise, or not to be shown.
    """

    undo_requested = Signal(object)
    undo_all_requested = Signal()
    reading_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "changes_strip", "Changes in force")
        self._drawn: tuple[object, ...] = ()
        self._low = False
        self.title = ElidedLabel("changes_title", "The change in force, or how many there are", "accent")
        self.undo_all = PushButton("Undo all", "changes_undo_all", "Undo all changes")
        self.undo_all.clicked.connect(self.undo_all_requested)
        self.sentence = Sentence("changes_sentence", "What the changes did", small=True)
        self.folder = Sentence("changes_folder", "What the changes leave alone", "dimmed", small=True)
        self.reading = SegmentedButtons(_READINGS, "changes_reading", "Show before and after, read as")
        self.reading.set_compact(True)
        self.reading.chosen.connect(lambda _key: self._choose_reading())
        self.rows: list[QWidget] = []
        self._comparable = False
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
        for part in (self.sentence, self.folder, self.reading):
            column.addWidget(part)

    @property
    def shows_both(self) -> bool:
        """Whether before and after stand side by side, in place of the output alone."""
        return self._comparable and self.reading.current() != "off"

    def set_low(self, low: bool) -> None:
        """Whether there is little room: then what was done is said in one line, with all of it in the tool tip."""
        self._low = low
        self._give_room()

    def draw(self, state: WindowState, names: tuple[str, ...], output: int) -> None:
        """Show the changes in force, and what they did to this output in the last run."""
        run, changes = state.run, state.settings.changes
        has_folder = bool(state.evaluation.folder)
        drawn = (changes, run.comparison, run.outputs, run.outputs_before, run.running, names, output, has_folder)
        if len(drawn) == len(self._drawn) and all(new is old for new, old in zip(drawn, self._drawn, strict=True)):
            return
        self._drawn = drawn
        self.setVisible(bool(changes))
        single = len(changes) == 1
        one = f"For runs only: {change_text(changes[0])}" if single else ""
        self.title.say(one or f"{len(changes)} changes in force, for runs only: the model is as it was")
        self.undo_all.setText("Undo" if single else "Undo all")
        self._show_changes(() if single else changes, state)
        self.sentence.say(_told(state, names, output))
        self.folder.say(FOLDER if has_folder else "")
        self._comparable = bool(changes) and values_before(run, output) is not None
        self.reading.setVisible(self._comparable)
        self._give_room()

    def _show_changes(self, changes: tuple[Change, ...], state: WindowState) -> None:
        for row in self.rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        refused = _refused(state)
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

    def _choose_reading(self) -> None:
        self._give_room()
        self.reading_chosen.emit()

    def _give_room(self) -> None:
        """The table below needs the room: of the output alone all of it, of both what the sentence leaves."""
        alone = self._comparable and not self.shows_both
        self.sentence.limit_lines(1 if alone or self._low else None)
        for row in self.rows:
            row.setVisible(not alone)


def _refused(state: WindowState) -> dict[Change, str]:
    comparison = state.run.comparison
    outcomes = comparison.outcomes if comparison is not None else ()
    return {outcome.change: outcome.sentence for outcome in outcomes if not outcome.applied}


def _told(state: WindowState, names: tuple[str, ...], output: int) -> str:
    """What the changes did, in sentences: to the output, then on the way."""
    run, changes = state.run, state.settings.changes
    if not changes:
        return ""
    if run.running:
        return "Running …"
    if run.comparison is None or changes != tuple(o.change for o in run.comparison.outcomes):
        return "Run the model to see what they do."
    told = [_refused(state).get(changes[0], "")] if len(changes) == 1 else []
    if output < min(len(run.outputs), len(run.outputs_before)):
        before, after = run.outputs_before[output], run.outputs[output]
        told.append(outputs_sentence(before.values, after.values, before.tensor.head, names))
    return " ".join(filter(None, [*told, run.comparison.sentence]))
