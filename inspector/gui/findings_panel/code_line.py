"""The line of code that mends a fault, in type of one width, with a button that copies it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from inspector.gui.parts import IconButton, named
from inspector.gui.theme import GRID, SMALL, theme, theme_source


class CodeLine(QFrame):
    """One line, which wraps where the panel is narrow; it can be selected."""

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "finding_code_line", f"Code: {code}")
        self._code = code
        self.label = named(QLabel(code), "finding_code", "The line of code to change")
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(SMALL + 1)
        self.label.setFont(font)
        copy = IconButton("ph.copy", "copy_code", "Copy this line of code")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._code))
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID * 2, 0, GRID, 0)
        row.setSpacing(GRID)
        row.addWidget(self.label, 1)
        row.addWidget(copy)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def _restyle(self) -> None:
        colours = theme()
        self.setStyleSheet(f"#finding_code_line {{ background: {colours.panel}; border-radius: 4px; }}")
        family = self.label.font().family()
        self.label.setStyleSheet(f"font-family: '{family}'; font-size: {SMALL + 1}px; color: {colours.text};")
