"""A heading that folds what is beneath it.

superqt has one, but importing superqt imports qtpy and all of Qt's modules with it, a good part of the start.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from inspector.gui.parts.naming import named
from inspector.gui.theme import SMALL, theme, theme_source


class Fold(QWidget):
    """Folded at first."""

    def __init__(self, title: str, content: QWidget, object_name: str, accessible_name: str) -> None:
        super().__init__()
        named(self, object_name, accessible_name)
        self.toggle = named(_FoldButton(), f"{object_name}_toggle", f"Show: {accessible_name}")
        self.toggle.setText(title)
        self._content = content
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.toggle)
        column.addWidget(content)
        self.toggle.toggled.connect(self.set_open)
        self.set_open(False)

    def set_open(self, opened: bool) -> None:
        """Fold or unfold."""
        self.toggle.setChecked(opened)
        self.toggle.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self._content.setVisible(opened)


class _FoldButton(QToolButton):
    """An arrow and a word."""

    def __init__(self) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def _restyle(self) -> None:
        colours = theme()
        self.setStyleSheet(
            f"QToolButton {{ color: {colours.dimmed}; font-size: {SMALL}px; border: none; padding: 0;"
            " background: transparent; min-height: 18px; }"
            f"QToolButton:hover, QToolButton:focus {{ color: {colours.accent}; }}"
        )
