"""Chooses what a source file builds, and fills its arguments; what is wrong is said beside the field."""

import ast
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from inspector.gui.parts import PushButton, Sentence, named
from inspector.gui.theme import GRID, theme, theme_source
from inspector.protocol.events import EntryNeeded
from inspector.protocol.files import Entry, EntryParameter


def what_is_wrong(parameter: EntryParameter, text: str) -> str:
    """Say why this can't be given for the argument; "" when it can."""
    if not text:
        return "needed" if parameter.required else ""
    if text == parameter.default:
        return ""
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return "write a Python value: 10, 0.5, True, (3, 3) or 'text' in quotes"
    return ""


def given_arguments(entry: Entry, texts: Sequence[str]) -> dict[str, str]:
    """The arguments to pass: those that were filled, and are not the default anyway."""
    return {
        parameter.name: text
        for parameter, text in zip(entry.parameters, texts, strict=True)
        if text and (text != parameter.default or parameter.required)
    }


def _what(entry: Entry) -> str:
    """What stands behind a name: of a library's constructor how well it fits, which is why it is offered."""
    return entry.why if entry.kind == "library" else entry.kind


class EntryForm(QFrame):
    """The choice and its arguments.

    Signals:
        entry_chosen: the entry's name, and its arguments as Python literals in text.
        closed: never mind (only where a model is open already).
    """

    entry_chosen = Signal(str, object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "entry_form", "What to build")
        self._needed: EntryNeeded | None = None
        self._given: dict[str, str] = {}
        self.fields: list[QLineEdit] = []
        self._errors: list[Sentence] = []
        self._sentence = Sentence("entry_sentence", "What is missing")
        self.choice = named(QComboBox(), "entry_choice", "The class or function to build")
        self.choice.currentIndexChanged.connect(self._show_entry)
        self._why = Sentence("entry_why", "Why this one", "dimmed", small=True)
        self._rows = QWidget()
        self.build = PushButton("Build and open", "entry_build", "Build and open", primary=True)
        self.build.clicked.connect(self._build)
        self.cancel = PushButton("Cancel", "entry_cancel", "Cancel")
        self.cancel.clicked.connect(self.closed)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID * 2)
        buttons.addWidget(self.build)
        buttons.addWidget(self.cancel)
        buttons.addStretch(1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(GRID * 4, GRID * 4, GRID * 4, GRID * 4)
        self._column.setSpacing(GRID * 2)
        for widget in (self._sentence, self.choice, self._why, self._rows):
            self._column.addWidget(widget)
        self._column.addLayout(buttons)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def show_entries(self, needed: EntryNeeded, given: dict[str, str], *, can_cancel: bool) -> None:
        """Offer these; `given` are the arguments tried before."""
        self.cancel.setVisible(can_cancel)
        if needed is self._needed:
            return
        self._needed = needed
        self._given = given
        self._sentence.say(needed.sentence)
        self.choice.blockSignals(True)
        self.choice.clear()
        for entry in needed.entries:
            self.choice.addItem(f"{entry.name}  ({_what(entry)})", entry.name)
        names = [entry.name for entry in needed.entries]
        self.choice.setCurrentIndex(names.index(needed.chosen) if needed.chosen in names else 0)
        self.choice.blockSignals(False)
        self.choice.setVisible(len(names) > 1)
        self._show_entry(self.choice.currentIndex())

    def _show_entry(self, place: int) -> None:
        if self._needed is None or not 0 <= place < len(self._needed.entries):
            return
        entry = self._needed.entries[place]
        self._why.say(entry.why)
        rows = QWidget()
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, GRID, 0, GRID)
        grid.setHorizontalSpacing(GRID * 3)
        grid.setVerticalSpacing(GRID)
        grid.setColumnStretch(1, 1)
        self.fields, self._errors = [], []
        for row, parameter in enumerate(entry.parameters):
            self._add_field(grid, row, parameter)
        self._column.replaceWidget(self._rows, rows)
        self._rows.hide()
        self._rows.deleteLater()
        self._rows = rows

    def _add_field(self, grid: QGridLayout, row: int, parameter: EntryParameter) -> None:
        kind = f": {parameter.annotation}" if parameter.annotation else ""
        name = Sentence(f"argument_name_{parameter.name}", parameter.name, "text")
        name.setSizePolicy(name.sizePolicy().Policy.Preferred, name.sizePolicy().Policy.Fixed)
        name.setWordWrap(False)
        name.say(f"{parameter.name}{kind}" + (" *" if parameter.required else ""))
        field = named(QLineEdit(), f"argument_{parameter.name}", f"Argument {parameter.name}")
        field.setText(self._given.get(parameter.name) or parameter.proposed or parameter.default)
        field.setPlaceholderText("needed" if parameter.required else "optional")
        if parameter.proposed:
            field.setToolTip(f"{parameter.proposed} is read from the weights.")
        field.returnPressed.connect(self._build)
        error = Sentence(f"argument_error_{parameter.name}", "What is wrong", "failure", small=True)
        field.textChanged.connect(lambda _text: error.say(""))
        grid.addWidget(name, row * 2, 0)
        grid.addWidget(field, row * 2, 1)
        grid.addWidget(error, row * 2 + 1, 1)
        self.fields.append(field)
        self._errors.append(error)

    def _build(self) -> None:
        if self._needed is None or not self._needed.entries:
            return
        entry = self._needed.entries[max(0, self.choice.currentIndex())]
        texts = [field.text().strip() for field in self.fields]
        wrong = [what_is_wrong(one, text) for one, text in zip(entry.parameters, texts, strict=True)]
        for error, sentence in zip(self._errors, wrong, strict=True):
            error.say(sentence)
        if any(wrong):
            next(field for field, sentence in zip(self.fields, wrong, strict=True) if sentence).setFocus()
            return
        self.entry_chosen.emit(entry.name, given_arguments(entry, texts))

    def _restyle(self) -> None:
        colours = theme()
        self.setStyleSheet(
            f"EntryForm {{ background: {colours.panel}; border: 1px solid {colours.border}; border-radius: 6px; }}"
        )
