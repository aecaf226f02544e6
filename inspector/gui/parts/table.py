"""A table in the panels' look: no grid, small header, rows of one height."""

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from inspector.gui.parts.fonts import number_font
from inspector.gui.parts.naming import named
from inspector.gui.theme import SMALL, theme, theme_source

ROW_HEIGHT = 22


def cell_side(*, is_number: bool) -> Qt.AlignmentFlag:
    """Where a cell's text stands, and its heading above it: figures end at the right, words begin at the left."""
    side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class PlainTable(QTableView):
    """Rows are of one height, so that a hundred thousand of them cost nothing; Ctrl+C copies the selected ones.

    Signals:
        resized: the room for columns changed.
    """

    resized = Signal()

    def __init__(self, object_name: str, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, object_name, accessible_name)
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setMinimumSectionSize(ROW_HEIGHT)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        self.setFont(number_font(self.font(), SMALL + 1))
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setFixedHeight(ROW_HEIGHT)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def rows_text(self) -> str:
        """The selected rows, or all of them, with the headers, as tab-separated text."""
        model = self.model()
        chosen = sorted({index.row() for index in self.selectionModel().selectedRows()}) or range(model.rowCount())
        columns = range(model.columnCount())
        header = [str(model.headerData(column, Qt.Orientation.Horizontal) or "") for column in columns]
        lines = [header] + [[str(model.index(row, column).data() or "") for column in columns] for row in chosen]
        return "\n".join("\t".join(line) for line in lines)

    def copy_rows(self) -> None:
        """Put the rows on the clipboard."""
        QGuiApplication.clipboard().setText(self.rows_text())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Tell that there is more or less room."""
        super().resizeEvent(event)
        self.resized.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Ctrl+C copies; Return activates the current row."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex() != QModelIndex():
            self.activated.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _restyle(self) -> None:
        colours = theme()
        self.setStyleSheet(
            f"QTableView {{ background: {colours.panel}; color: {colours.text}; border: none; outline: none;"
            f" selection-background-color: {colours.selection}; selection-color: {colours.text}; }}"
            f"QHeaderView, QTableCornerButton::section {{ background: {colours.panel}; border: none; }}"
            f"QHeaderView::section {{ background: {colours.panel}; color: {colours.dimmed}; border: none;"
            f" border-bottom: 1px solid {colours.border}; padding: 0 4px; font-size: {SMALL}px; font-weight: normal; }}"
        )
