"""Pairs of a name and a value, in two columns; values can be selected and copied."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from inspector.gui.parts import named, number_font
from inspector.gui.theme import GRID, SMALL, theme, theme_source


class FieldGrid(QWidget):
    """Rows of text; labels are kept and filled anew, so that choosing one node after another costs little."""

    def __init__(self, object_name: str, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, object_name, accessible_name)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GRID * 3)
        self._grid.setVerticalSpacing(GRID)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnMinimumWidth(0, 80)  # the longest name: the values of all sections stand below each other
        self._labels: list[tuple[QLabel, QLabel]] = []
        self._rows: tuple[tuple[str, str], ...] = ()
        theme_source().changed.connect(self._restyle)

    def show_rows(self, rows: tuple[tuple[str, str], ...]) -> None:
        """Show these."""
        self.setVisible(bool(rows))
        if rows == self._rows:
            return
        self._rows = rows
        while len(self._labels) < len(rows):
            self._add_row()
        for place, (name, value) in enumerate(self._labels):
            shown = place < len(rows)
            name.setVisible(shown)
            value.setVisible(shown)
            if shown:
                name.setText(rows[place][0])
                value.setText(rows[place][1])
                value.setAccessibleName(rows[place][0])

    def rows(self) -> tuple[tuple[str, str], ...]:
        """What is shown."""
        return self._rows

    def _add_row(self) -> None:
        name, value = QLabel(), QLabel()
        for label in (name, value):
            label.setTextFormat(Qt.TextFormat.PlainText)
        value.setWordWrap(True)
        value.setFont(number_font(self.font()))
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        place = len(self._labels)
        self._grid.addWidget(name, place, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, place, 1)
        self._labels.append((name, value))
        self._restyle()

    def _restyle(self) -> None:
        for name, value in self._labels:
            name.setStyleSheet(f"color: {theme().dimmed}; font-size: {SMALL + 1}px;")
            value.setStyleSheet(f"color: {theme().text}; font-size: {SMALL + 1}px;")
