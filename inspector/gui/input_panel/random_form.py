"""A random tensor: its shape, type, distribution and seed."""

import random
from typing import get_args

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from inspector.gui.input_panel.fields import FieldLabel, choice, number, set_quietly
from inspector.gui.input_panel.numbers import parse_shape, shape_field_text
from inspector.gui.parts import IconButton, NumberBox, Sentence, named
from inspector.protocol.inputs import Distribution, RandomInput

TYPING_MS = 250
_FLOATS = ("float32", "float64", "float16", "bfloat16", "complex64")
_INTEGERS = ("int64", "int32", "int16", "int8", "uint8", "bool")
_MAX_SEED = 2**31 - 1


class RandomForm(QWidget):
    """Emits only what can be made; what can't is said beneath the field.

    Signals:
        changed: a RandomInput.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        named(self, "input_random", "Random tensor")
        self._source = RandomInput(shape=(1,))
        self._make_fields()
        self._place_fields()
        self._timer = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._timer.timeout.connect(self._read)
        self.shape_field.textEdited.connect(self._typed)
        self.low.valueChanged.connect(self._typed)
        self.high.valueChanged.connect(self._typed)
        self.seed.valueChanged.connect(self._typed)
        self.shape_field.returnPressed.connect(self._read)
        self.dtype.activated.connect(self._read)
        self.distribution.activated.connect(self._choose_distribution)
        self.dice.clicked.connect(self._roll)
        self.show_source(self._source)

    def show_source(self, source: RandomInput) -> None:
        """Show a tensor; what is being typed stays."""
        if self._timer.isActive():
            return
        if source != self._source or not self.shape_field.text():
            self._source = source
            self.shape_field.setText(shape_field_text(source.shape))
            set_quietly(self.low, "setValue", source.low)
            set_quietly(self.high, "setValue", source.high)
            set_quietly(self.seed, "setValue", source.seed)
            self.dtype.setCurrentText(source.dtype)
            self.distribution.setCurrentText(source.distribution)
            self.sentence.say("")
        self._fit_fields()

    def source(self) -> RandomInput:
        """The tensor last shown or asked for."""
        return self._source

    def _make_fields(self) -> None:
        self.shape_field = named(
            QLineEdit(), "input_shape", "Shape", "The sizes, batch first, such as 1,3,224,224. Press Return to apply."
        )
        self.shape_field.setPlaceholderText("1,3,224,224")
        self.dtype = choice("input_dtype", "Type", (*_FLOATS, *_INTEGERS))
        self.distribution = choice("input_distribution", "Distribution", get_args(Distribution))
        self.seed = named(NumberBox(), "input_seed", "Seed", "The same seed gives the same values on every device")
        self.seed.setRange(0, _MAX_SEED)
        self.seed.setPrefix("seed ")
        self.seed.setMinimumWidth(64)
        self.dice = IconButton("mdi6.dice-multiple-outline", "input_dice", "Another seed", "Another seed")
        self.low = number("input_low", "Lowest value", -1e9, 1e9, 6)
        self.high = number("input_high", "Upper end, not included", -1e9, 1e9, 6)
        self.sentence = Sentence("input_random_problem", "What can't be read", "warning", small=True)

    def _place_fields(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        first, second, third = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for row in (first, second, third):
            row.setSpacing(4)
        first.addWidget(self.shape_field, 3)
        first.addWidget(self.dtype, 2)
        second.addWidget(self.distribution, 3)
        second.addWidget(self.seed, 2)
        second.addWidget(self.dice)
        self._range = named(QWidget(), "input_range", "Range of the values")
        third.setContentsMargins(0, 0, 0, 0)
        third.addWidget(FieldLabel("from", self.low))
        third.addWidget(self.low, 1)
        third.addWidget(FieldLabel("up to", self.high))
        third.addWidget(self.high, 1)
        self._range.setLayout(third)
        column.addLayout(first)
        column.addWidget(self.sentence)
        column.addLayout(second)
        column.addWidget(self._range)
        column.addStretch(1)

    def _typed(self) -> None:
        self._timer.start()

    def _choose_distribution(self) -> None:
        """Whole numbers go with a whole type and a range that holds some; the others with floats."""
        whole = self.distribution.currentText() == "integers"
        if whole and self.dtype.currentText() in _FLOATS:
            self.dtype.setCurrentText("int64")
        random_floats = self.distribution.currentText() in ("normal", "uniform")
        if random_floats and self.dtype.currentText() in _INTEGERS:
            self.dtype.setCurrentText("float32")
        if whole and self.high.value() - self.low.value() <= 1:
            set_quietly(self.high, "setValue", self.low.value() + 10)
        self._fit_fields()
        self._read()

    def _roll(self) -> None:
        self.seed.setValue(random.randrange(10_000))
        self._read()

    def _fit_fields(self) -> None:
        self._range.setVisible(self.distribution.currentText() in ("uniform", "integers"))
        random_values = self.distribution.currentText() not in ("zeros", "ones")
        self.seed.setEnabled(random_values)
        self.dice.setEnabled(random_values)

    def _read(self) -> None:
        self._timer.stop()
        try:
            source = self._parsed()
        except ValueError as error:
            self.sentence.say(str(error))
            return
        self.sentence.say("")
        if source != self._source:
            self._source = source
            self.changed.emit(source)

    def _parsed(self) -> RandomInput:
        shape = parse_shape(self.shape_field.text())
        distribution = self.distribution.currentText()
        low, high = self.low.value(), self.high.value()
        if distribution in ("uniform", "integers") and not low < high:
            raise ValueError(f"The range from {low:g} up to {high:g} is empty.")
        return RandomInput(
            shape=shape,
            dtype=self.dtype.currentText(),
            distribution=distribution,  # type: ignore[arg-type]  # the list holds Distribution's own words
            low=low,
            high=high,
            seed=self.seed.value(),
        )
