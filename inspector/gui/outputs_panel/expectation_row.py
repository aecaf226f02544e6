"""What the user expected, typed, and how it compares."""

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QBoxLayout, QLineEdit, QWidget

from inspector.core.expectation import parse_expectation
from inspector.gui.parts import Sentence, named
from inspector.protocol.outputs import Expectation, Verdict

TYPING_MS = 250


class ExpectationRow(QWidget):
    """A field and the verdict beneath it.

    Signals:
        change_requested: an Expectation, or None when the field was emptied.
    """

    change_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        named(self, "outputs_expectation", "Expected output")
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(3)
        self.field = named(
            QLineEdit(),
            "outputs_expected",
            "Expected output",
            "A class (its index or name), a one-hot row such as 0 1 0, or values such as 0.2, 0.7, 0.1",
        )
        self.field.setPlaceholderText("expected: a class, a one-hot row or values")
        self.field.setClearButtonEnabled(True)
        self.sentence = Sentence("outputs_verdict", "How the output compares with what was expected", small=True)
        self._box.addWidget(self.field, 2)
        self._box.addWidget(self.sentence, 3)
        self._num_classes: int | None = None
        self._names: tuple[str, ...] = ()
        self._verdict: Verdict | None = None
        self._mistake = ""
        self._in_force: Expectation | None = None
        self._timer = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._timer.timeout.connect(self._read)
        self.field.textEdited.connect(lambda _text: self._timer.start())
        self.field.textChanged.connect(self._cleared)
        self.field.returnPressed.connect(self._read)

    def show_verdict(self, verdict: Verdict | None, num_classes: int | None, names: Sequence[str]) -> None:
        """Show how the last run compared; `num_classes` and `names` are what typed text is read with."""
        self._verdict, self._num_classes, self._names = verdict, num_classes, tuple(names)
        self._say()

    def show_expectation(self, expectation: Expectation | None) -> None:
        """Write the expectation in force, where it is not what was typed here; none where another file was opened."""
        if expectation != self._in_force and not self.field.hasFocus():
            self._in_force = expectation
            self._mistake = ""
            self.field.setText("" if expectation is None else " ".join(f"{value:g}" for value in expectation.values))

    def set_wide(self, wide: bool) -> None:
        """Lay the verdict beside the field, where there is room."""
        across = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        self._box.setDirection(across)
        self._box.setSpacing(8 if wide else 3)

    def _cleared(self, text: str) -> None:
        if not text and self.field.hasFocus():  # the clear button edits without textEdited
            self._timer.start()

    def _read(self) -> None:
        self._timer.stop()
        text = self.field.text().strip()
        expectation, self._mistake = None, ""
        try:
            expectation = parse_expectation(text, self._num_classes, self._names) if text else None
        except ValueError as error:
            self._mistake = str(error)
        self._say()
        if not self._mistake:
            self._in_force = expectation
            self.change_requested.emit(expectation)

    def _say(self) -> None:
        if self._mistake:
            self.sentence.say(self._mistake, "warning")
        elif self._verdict is None or not self.field.text():
            self.sentence.say("")
        else:
            mark, tone = {True: ("✓ ", "good"), False: ("✗ ", "failure"), None: ("", "warning")}[self._verdict.agrees]
            lines = [mark + self._verdict.sentence, *(f"⚠ {warning}" for warning in self._verdict.warnings)]
            self.sentence.say("\n".join(lines), tone)  # type: ignore[arg-type]  # the literals above are tones
