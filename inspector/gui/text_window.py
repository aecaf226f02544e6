"""Text in a window of its own, beside the main one and never in its way."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from inspector.gui.parts import named
from inspector.gui.theme import GRID, SMALL


class TextWindow(QDialog):
    """A title and text that can be selected; not modal."""

    def __init__(self, object_name: str, title: str, text: str, *, fixed: bool, parent: QWidget) -> None:
        super().__init__(parent)
        named(self, object_name, title)
        self.setWindowTitle(title)
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = named(QPlainTextEdit(), f"{object_name}_text", title)
        self.text.setReadOnly(True)
        if fixed:
            font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
            font.setPixelSize(SMALL + 1)
            self.text.setFont(font)
        self.text.setPlainText(text)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 3)
        column.addWidget(self.text)
        self.resize(640, 420 if fixed else 260)
