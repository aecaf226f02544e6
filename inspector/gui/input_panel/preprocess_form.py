"""How a picture becomes a tensor: every step, for those who want to change one."""

from typing import Any

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QWidget

from inspector.gui.input_panel.fields import FieldLabel, choice, number, set_quietly
from inspector.gui.input_panel.numbers import figures_text, parse_figures
from inspector.gui.parts import NumberBox, Sentence, named
from inspector.gui.theme import SMALL
from inspector.protocol.inputs import Preprocess

TYPING_MS = 250
_CHANNELS = {"grey": 1, "RGB": 3, "RGBA": 4}
_SCALES = {"[0, 1]": "unit", "0…255": "byte"}


class PreprocessForm(QWidget):
    """Two fields a row, in the order in which the steps happen.

    Signals:
        changed: a Preprocess.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        named(self, "input_preprocess", "Preprocessing")
        self._preprocess = Preprocess()
        self._make_fields()
        self._place_fields()
        self._timer = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._timer.timeout.connect(self._read)
        for box in (self.channels, self.resize_choice, self.interpolation, self.scale, self.order, self.layout_choice):
            box.activated.connect(self._read)
        self.background.activated.connect(self._read)
        for spin in (self.height_field, self.width_field, self.crop):
            spin.valueChanged.connect(self._typed)
        for field in (self.mean, self.std):
            field.textEdited.connect(self._typed)
            field.returnPressed.connect(self._read)
        self._write()

    def show_preprocess(self, preprocess: Preprocess) -> None:
        """Show the steps in force; what is being typed stays."""
        if preprocess != self._preprocess and not self._timer.isActive():
            self._preprocess = preprocess
            self._write()
            self.sentence.say("")

    def _make_fields(self) -> None:
        self.height_field, self.width_field = (
            named(NumberBox(), f"input_{side}", side.capitalize()) for side in ("height", "width")
        )
        for spin in (self.height_field, self.width_field):
            spin.setRange(0, 16384)
            spin.setSpecialValueText("own")
        self.channels = choice("input_channels", "Channels", tuple(_CHANNELS))
        self.resize_choice = choice(
            "input_resize", "Resize", ("crop", "stretch", "pad", "none"), "crop: the shorter side, then the centre"
        )
        self.crop = number("input_crop", "Crop fraction", 0.1, 1.0, 4)
        self.crop.setSingleStep(0.025)
        self.interpolation = choice(
            "input_interpolation", "Interpolation", ("nearest", "bilinear", "bicubic", "lanczos")
        )
        self.scale = choice("input_scale", "Scale", tuple(_SCALES))
        self.order = choice("input_order", "Channel order", ("RGB", "BGR"))
        self.layout_choice = choice("input_layout", "Layout", ("NCHW", "NHWC"))
        self.background = choice("input_background", "Behind transparent pixels", ("black", "white"))
        self.mean = named(QLineEdit(), "input_mean", "Mean", "Subtracted from each channel")
        self.std = named(QLineEdit(), "input_std", "Std", "Each channel is divided by it")
        self.mean.setPlaceholderText("none")
        self.std.setPlaceholderText("none")
        self.sentence = Sentence("input_preprocess_problem", "What can't be read", "warning", small=True)

    def _place_fields(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        pairs: tuple[tuple[str, QWidget, str, QWidget], ...] = (
            ("height", self.height_field, "width", self.width_field),
            ("resize", self.resize_choice, "crop", self.crop),
            ("filter", self.interpolation, "channels", self.channels),
            ("scale", self.scale, "order", self.order),
            ("layout", self.layout_choice, "under", self.background),
        )
        for row, (left_name, left, right_name, right) in enumerate(pairs):
            for column, (name, field) in enumerate(((left_name, left), (right_name, right))):
                grid.addWidget(FieldLabel(name, field), row, 2 * column)
                grid.addWidget(field, row, 2 * column + 1)
                field.setMinimumWidth(60)
        for row, (name, field) in enumerate((("mean", self.mean), ("std", self.std)), start=len(pairs)):
            grid.addWidget(FieldLabel(name, field), row, 0)
            grid.addWidget(field, row, 1, 1, 3)
        grid.addWidget(self.sentence, len(pairs) + 2, 0, 1, 4)
        self.setStyleSheet(  # two fields a row in a narrow dock
            "QComboBox, QSpinBox, QDoubleSpinBox, QLineEdit"
            f" {{ font-size: {SMALL}px; padding: 1px 4px; min-height: 18px; }}"
            "QComboBox { padding-right: 14px; } QComboBox::drop-down { width: 14px; }"
        )
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)

    def _write(self) -> None:
        now = self._preprocess
        set_quietly(self.height_field, "setValue", now.height or 0)
        set_quietly(self.width_field, "setValue", now.width or 0)
        set_quietly(self.crop, "setValue", now.crop_fraction)
        _choose(self.channels, _CHANNELS, now.channels)
        _choose(self.scale, _SCALES, now.scale)
        self.resize_choice.setCurrentText(now.resize)
        self.interpolation.setCurrentText(now.interpolation)
        self.order.setCurrentText(now.channel_order)
        self.layout_choice.setCurrentText(now.layout)
        self.background.setCurrentText(now.background)
        self.mean.setText(figures_text(now.mean))
        self.std.setText(figures_text(now.std))

    def _typed(self) -> None:
        self._timer.start()

    def _read(self) -> None:
        self._timer.stop()
        try:
            preprocess = self._parsed()
        except ValueError as error:
            self.sentence.say(str(error))
            return
        self.sentence.say("")
        if preprocess != self._preprocess:
            self._preprocess = preprocess
            self.changed.emit(preprocess)

    def _parsed(self) -> Preprocess:
        channels = _CHANNELS[self.channels.currentText()]
        changes: dict[str, Any] = {
            "height": self.height_field.value() or None,
            "width": self.width_field.value() or None,
            "channels": channels,
            "resize": self.resize_choice.currentText(),
            "crop_fraction": round(self.crop.value(), 4),
            "interpolation": self.interpolation.currentText(),
            "channel_order": self.order.currentText(),
            "layout": self.layout_choice.currentText(),
            "scale": _SCALES[self.scale.currentText()],
            "mean": parse_figures(self.mean.text(), channels, "mean"),
            "std": parse_figures(self.std.text(), channels, "std"),
            "background": self.background.currentText(),
        }
        # The fields show fewer digits than a configuration may have: what still reads the same is kept as it was.
        now = self._preprocess
        if abs(now.crop_fraction - changes["crop_fraction"]) < 1e-4:
            changes["crop_fraction"] = now.crop_fraction
        for name in ("mean", "std"):
            if figures_text(getattr(now, name)) == figures_text(changes[name]):
                changes[name] = getattr(now, name)
        return msgspec.structs.replace(now, **changes)


def _choose(box: QComboBox, words: dict[str, Any], value: object) -> None:
    box.setCurrentText(next(word for word, meant in words.items() if meant == value))
