"""Which shapes the model takes: a button that has them searched, the answer in a sentence, and chips to choose one."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.gui.parts import PushButton, Sentence, named
from inspector.gui.parts.flow import FlowLayout
from inspector.gui.state import WindowState
from inspector.protocol.shapes import AcceptedShapes, ShapeChoice

ASK = "All shapes it takes"
SEARCHING = "Trying shapes … stop it in the status bar."


class AcceptedView(QWidget):
    """What was found of the shapes.

    Signals:
        search_requested: all sizes are to be tried.
        choice_requested: a ShapeChoice to be fed.
    """

    search_requested = Signal()
    choice_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        named(self, "input_accepted", "Shapes that the model takes")
        self._shown: AcceptedShapes | None = None
        self._chips: list[PushButton] = []
        self.button = PushButton(ASK, "find_shapes", "Try which shapes the model takes")
        self.button.setToolTip("Tries every size without the model's weights, for some seconds")
        self.sentence = Sentence("input_accepted_sentence", "Which shapes the model takes, and why", small=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.sentence)
        self._row = FlowLayout(4)
        column.addLayout(self._row)
        self.button.clicked.connect(self.search_requested)

    def draw(self, state: WindowState) -> None:
        """Show the answer, or that it is being searched."""
        searching = "shapes" in state.pending.values()
        accepted = state.accepted
        self.button.setVisible(accepted is None and not searching)
        self.button.setEnabled(state.model is not None)
        if searching:
            self.sentence.say(SEARCHING, "dimmed")
        else:
            self.sentence.say(_told(accepted), "failure" if accepted and not _takes_any(accepted) else "text")
        if accepted is not self._shown:
            self._shown = accepted
            self._make_chips(accepted.choices if accepted is not None else ())

    def chips(self) -> tuple[PushButton, ...]:
        """The buttons to choose from."""
        return tuple(self._chips)

    def _make_chips(self, choices: tuple[ShapeChoice, ...]) -> None:
        for chip in self._chips:
            self._row.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self._chips = [self._chip(choice) for choice in choices]
        for chip in self._chips:
            self._row.addWidget(chip)
            chip.show()  # a layout takes them in with the next event; the height is asked for at once
        self._row.invalidate()
        self.updateGeometry()

    def _chip(self, choice: ShapeChoice) -> PushButton:
        chip = PushButton(choice.label, f"choose_{choice.label}", f"Feed {choice.label} and run")
        chip.clicked.connect(lambda: self.choice_requested.emit(choice))
        return chip


def _takes_any(accepted: AcceptedShapes) -> bool:
    return accepted.runs or bool(accepted.choices)


def _told(accepted: AcceptedShapes | None) -> str:
    if accepted is None:
        return ""
    takes = "Takes " if _takes_any(accepted) else ""
    sentence = accepted.sentence
    first = sentence[:1].lower() + sentence[1:] if takes and not sentence[:2].isupper() else sentence
    return f"{takes}{first} {accepted.fix}".rstrip()
