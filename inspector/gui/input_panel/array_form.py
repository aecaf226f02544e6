"""A tensor from a file."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from inspector.gui.input_panel.fields import choice
from inspector.gui.parts import PushButton, Sentence, named
from inspector.protocol.inputs import ArrayInput

_OWN = "its own type"


class ArrayForm(QWidget):
    """The path, typed or chosen, and the type to turn it into.

    Signals:
        path_typed: the path of what comes next, where a person wrote it here.
        changed: an ArrayInput.
        open_requested: the user wants to choose a file.
    """

    path_typed = Signal(str)
    changed = Signal(object)
    open_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "input_array", "Array from a file")
        self._source = ArrayInput(path="")
        self.path = named(QLineEdit(), "input_array_path", "Path of the array")
        self.path.setPlaceholderText("a .npy or .pt file")
        self.open_button = PushButton("Choose…", "input_open_array", "Choose an array file")
        self.dtype = choice(
            "input_array_dtype", "Type", (_OWN, "float32", "float64", "float16", "int64", "int32", "uint8", "bool")
        )
        self.hint = Sentence("input_array_hint", "What files are read", "dimmed", small=True)
        self.hint.say("A .npy array or a .pt tensor, read without running anything.")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.path, 1)
        row.addWidget(self.open_button)
        column.addLayout(row)
        column.addWidget(self.dtype)
        column.addWidget(self.hint)
        column.addStretch(1)
        self.path.editingFinished.connect(self._read)
        self.dtype.activated.connect(self._read)
        self.open_button.clicked.connect(self.open_requested)

    def show_source(self, source: ArrayInput) -> None:
        """Show an array; a path that is being typed stays."""
        if source != self._source and not self.path.isModified():
            self._source = source
            self.path.setText(source.path)
            self.dtype.setCurrentText(source.dtype or _OWN)

    def source(self) -> ArrayInput:
        """The array last shown or asked for."""
        return self._source

    def _read(self) -> None:
        typed = self.path.isModified()
        self.path.setModified(False)
        dtype = self.dtype.currentText()
        source = ArrayInput(path=self.path.text().strip(), dtype="" if dtype == _OWN else dtype)
        if source != self._source and source.path:
            self._source = source
            if typed:
                self.path_typed.emit(source.path)
            self.changed.emit(source)
