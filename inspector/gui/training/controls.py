"""Which loss, what goes before it, and what it is compared with; and the button that runs it."""

from collections.abc import Sequence
from typing import cast

from msgspec import structs
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from inspector.core.expectation import parse_expectation
from inspector.core.formatting import shape_text
from inspector.core.losses import LOSSES, TRANSFORMS
from inspector.gui.parts import PushButton, Sentence, named
from inspector.gui.state import TrainingChoice
from inspector.gui.theme import GRID
from inspector.protocol.gradients import LossName, OutputTransform, TransformKind
from inspector.protocol.outputs import Expectation, OutputTensor

TYPING_MS = 250
FITTING = "the fitting loss"
FIRST = "the first output with a gradient"
LINE_HINT = "y = torch.sigmoid(x) * 2"
LINE_CONSENT = "This line is code. It runs only when you press Run this line, in the sandbox; x is the model's output."


class TrainingControls(QWidget):
    """The output where there are several; transform and its numbers; loss and target.

    Signals:
        change_requested: another TrainingChoice.
        run_requested: the button was pressed.
        line_requested: the button that runs the line of code was pressed; with the line as it stands there.
        cancel_requested: the button was pressed while a backward is under way.
    """

    change_requested = Signal(object)
    run_requested = Signal()
    line_requested = Signal(str)
    cancel_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "training_controls", "Loss, transform and target")
        self._choice = TrainingChoice()
        self._busy = False
        self._num_classes: int | None = None
        self._names: tuple[str, ...] = ()
        self._outputs: list[str] = []
        self.output = _chooser("training_output", "Output", "Which of the model's outputs is trained")
        self.loss = _chooser("training_loss", "Loss", "The loss whose gradient is traced")
        self.loss.addItem(FITTING, "")
        for name, loss in LOSSES.items():
            self.loss.addItem(loss.title, name)
            self.loss.setItemData(self.loss.count() - 1, loss.torch_class, Qt.ItemDataRole.ToolTipRole)
        self.transform = _chooser("training_transform", "Transform", "What is done to the output before the loss")
        for kind, transform in TRANSFORMS.items():
            self.transform.addItem(transform.title if kind != "none" else "no transform", kind)
        self.target = _field("training_target", "Target", "target: made up")
        self.target.setToolTip("What the output is compared with: a class (index or name), a one-hot row, or values")
        self.scale = _field("training_scale", "Scale", "scale")
        self.shift = _field("training_shift", "Shift", "shift")
        self.threshold = _field("training_threshold", "Threshold", "threshold")
        self.line = _field("training_line", "Line of code", LINE_HINT)
        self.run = PushButton("Run backward", "training_run", "Run forward and backward once", primary=True)
        self.mistake = Sentence("training_mistake", "What can't be read", "warning", small=True)
        self._timer = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._lay_out()
        self._connect()
        self._show_fields()

    def show_choice(self, choice: TrainingChoice, num_classes: int | None, names: tuple[str, ...]) -> None:
        """Show what is chosen, where it is not what was chosen here; targets are read with the classes' names."""
        self._num_classes, self._names = num_classes, names
        if choice == self._choice:
            return
        self._choice = choice
        self._timer.stop()
        for box, value in ((self.loss, choice.loss or ""), (self.transform, choice.transform.kind)):
            blocked = box.blockSignals(True)
            box.setCurrentIndex(max(0, box.findData(value)))
            box.blockSignals(blocked)
        transform = choice.transform
        for field, text in (
            (self.scale, f"{transform.scale:g}"),
            (self.shift, f"{transform.shift:g}"),
            (self.threshold, f"{transform.threshold:g}"),
            (self.line, transform.line),
            (self.target, "" if choice.target is None else " ".join(f"{value:g}" for value in choice.target.values)),
        ):
            if not field.hasFocus():
                field.setText(text)
        self._show_fields()

    def show_outputs(self, outputs: Sequence[OutputTensor], chosen: int) -> None:
        """Offer these outputs of the last run, where there are several; −1 is the first with a gradient."""
        told = [f"{output.name} {shape_text(output.shape)}" for output in outputs]
        if told != self._outputs:
            self._outputs = told
            self.output.clear()
            for place, text in enumerate((FIRST, *told), -1):
                self.output.addItem(text, place)
            self.output.setVisible(len(told) > 1)
        self.output.setCurrentIndex(chosen + 1)

    def show_busy(self, *, busy: bool, can_run: bool) -> None:
        """The button stops what is under way."""
        self._busy = busy
        is_line = self.transform.currentData() == "line"
        self.run.setText("Stop" if busy else "Run this line" if is_line else "Run backward")
        self.run.setAccessibleName("Stop the backward" if busy else self.run.text())
        self.run.set_primary(not busy)
        self.run.setEnabled(busy or (can_run and not (is_line and not self.line.text().strip())))

    def _pressed(self) -> None:
        if self._busy:
            self.cancel_requested.emit()
            return
        if not self._read():
            return
        if self._choice.transform.kind == "line":
            self.line_requested.emit(self._choice.transform.line)
        else:
            self.run_requested.emit()

    def _read(self) -> bool:
        """Tell what is chosen; False where a field can't be read, which is then said."""
        self._timer.stop()
        try:
            choice = TrainingChoice(
                loss=cast("LossName | None", self.loss.currentData() or None),
                transform=self._transform(),
                target=self._target(),
                output=-1 if self.output.currentData() is None else self.output.currentData(),
            )
        except ValueError as error:
            self.mistake.say(str(error), "warning")
            return False
        self._say_what_a_line_is()
        if choice != self._choice:
            self._choice = choice
            self.change_requested.emit(choice)
        return True

    def _transform(self) -> OutputTransform:
        transform = OutputTransform(kind=cast("TransformKind", self.transform.currentData()))
        if transform.kind == "scale_shift":
            scale, shift = _number(self.scale, "scale"), _number(self.shift, "shift")
            return structs.replace(transform, scale=scale, shift=shift)
        if transform.kind == "threshold":
            return structs.replace(transform, threshold=_number(self.threshold, "threshold"))
        if transform.kind == "line":
            return structs.replace(transform, line=self.line.text().strip())
        return transform

    def _target(self) -> Expectation | None:
        text = self.target.text().strip()
        return parse_expectation(text, self._num_classes, self._names) if text else None

    def _show_fields(self) -> None:
        kind = self.transform.currentData()
        for field, wanted in (
            (self.scale, "scale_shift"),
            (self.shift, "scale_shift"),
            (self.threshold, "threshold"),
            (self.line, "line"),
        ):
            field.setVisible(kind == wanted)
        self._rest.setVisible(kind not in ("scale_shift", "threshold"))
        self._say_what_a_line_is()
        self.show_busy(busy=self._busy, can_run=self.run.isEnabled() or kind == "line")

    def _say_what_a_line_is(self) -> None:
        self.mistake.say(LINE_CONSENT if self.transform.currentData() == "line" else "", "warning")

    def _lay_out(self) -> None:
        self._rest = named(QWidget(), "training_rest", "")
        fields = QHBoxLayout()
        fields.setContentsMargins(0, 0, 0, 0)
        fields.setSpacing(GRID * 2)
        for field in (self.scale, self.shift, self.threshold, self._rest):
            fields.addWidget(field, 1)
        grid = QGridLayout(self)
        grid.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID)
        grid.setHorizontalSpacing(GRID * 2)
        grid.setVerticalSpacing(GRID)
        self.output.hide()
        grid.addWidget(self.output, 0, 0, 1, 3)
        grid.addWidget(self.transform, 1, 0)
        grid.addLayout(fields, 1, 1)
        grid.addWidget(self.run, 1, 2)
        grid.addWidget(self.line, 2, 0, 1, 3)
        grid.addWidget(self.mistake, 3, 0, 1, 3)
        grid.addWidget(self.loss, 4, 0)
        grid.addWidget(self.target, 4, 1, 1, 2)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)

    def _connect(self) -> None:
        self.output.activated.connect(lambda _at: self._read())
        self.loss.activated.connect(lambda _at: self._read())
        self.transform.activated.connect(lambda _at: self._transform_chosen())
        self.run.clicked.connect(self._pressed)
        self._timer.timeout.connect(self._read)
        for field in (self.target, self.scale, self.shift, self.threshold, self.line):
            field.textEdited.connect(lambda _text: self._timer.start())
        for field in (self.target, self.scale, self.shift, self.threshold):  # a line of code wants its button pressed
            field.returnPressed.connect(self._pressed)

    def _transform_chosen(self) -> None:
        if self.transform.currentData() == "scale_shift" and not self.scale.text():
            self.scale.setText("2")
            self.shift.setText("-1")
        if self.transform.currentData() == "threshold" and not self.threshold.text():
            self.threshold.setText("0.5")
        self._show_fields()
        self._read()


def _chooser(object_name: str, accessible_name: str, tool_tip: str) -> QComboBox:
    box = named(QComboBox(), object_name, accessible_name, tool_tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(10)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return box


def _field(object_name: str, accessible_name: str, hint: str) -> QLineEdit:
    field = named(QLineEdit(), object_name, accessible_name)
    field.setPlaceholderText(hint)
    return field


def _number(field: QLineEdit, what: str) -> float:
    try:
        return float(field.text().replace("−", "-").replace(",", "."))
    except ValueError as error:
        raise ValueError(f"The {what} must be a number, such as 0.5.") from error
