"""The table as Qt asks for it: cell by cell, so that only what is seen is made into text."""

from typing import Any, cast

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from inspector.gui.outputs_panel.table import COLUMNS, DEFAULT_THRESHOLD, Column, ReadingTable
from inspector.gui.parts import cell_side, plain_tip
from inspector.gui.theme import SMALL, theme

BAR_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""(start, end, fits, dimmed, threshold or None, passes) of a cell's bar."""

INDEX, NAME, FIRST_READING = 0, 1, 2
AnyIndex = QModelIndex | QPersistentModelIndex


class ReadingModel(QAbstractTableModel):
    """Rows are classes in the order shown; columns are index, class, raw, softmax, sigmoid."""

    def __init__(self) -> None:
        super().__init__()
        self._table: ReadingTable | None = None

    def table(self) -> ReadingTable | None:
        """What is shown."""
        return self._table

    def show_table(self, table: ReadingTable | None) -> None:
        """Show other numbers. The same number of rows keeps the scroll position and the selection."""
        same = self._table is not None and table is not None and len(table.order) == len(self._table.order)
        if same:
            self._table = table
            if self.rowCount():
                self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)
        else:
            self.beginResetModel()
            self._table = table
            self.endResetModel()

    def rowCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """One row a class shown."""
        return 0 if self._table is None or (parent is not None and parent.isValid()) else len(self._table.order)

    def columnCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """Index, class, and the readings."""
        return FIRST_READING + len(COLUMNS)

    def class_index(self, row: int) -> int:
        """The place in the output of what stands in a row."""
        return int(cast("ReadingTable", self._table).order[row])

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:  # noqa: ANN401 - Qt's
        """A cell's text, alignment, bar or tool tip."""
        table = self._table
        if table is None or not index.isValid():
            return None
        place, column = self.class_index(index.row()), index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(table, place, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                return cell_side(is_number=column != NAME)
            case Qt.ItemDataRole.ToolTipRole:
                return self._tool_tip(table, place, column)
            case _ if role == BAR_ROLE and column >= FIRST_READING:
                return _bar(table, place, COLUMNS[column - FIRST_READING])
        return None

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:  # noqa: ANN401 - Qt's
        """The columns' names; the one that fits the head is marked."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section - FIRST_READING] if section >= FIRST_READING else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_side(is_number=section != NAME)
        if column is None:
            return ("#", "class")[section] if role == Qt.ItemDataRole.DisplayRole else None
        if self._table is not None and column == self._table.fitting:
            return _fitting_header(column, self._table.head.evidence, role)
        if role == Qt.ItemDataRole.ToolTipRole and self._table is not None:
            return self._table.notes[column] or None
        return column if role == Qt.ItemDataRole.DisplayRole else None

    def _text(self, table: ReadingTable, place: int, column: int) -> str:
        if column == INDEX:
            return str(place)
        if column == NAME:
            return table.name(place)
        return table.text(COLUMNS[column - FIRST_READING], place)

    def _tool_tip(self, table: ReadingTable, place: int, column: int) -> str | None:
        if column < FIRST_READING:
            return plain_tip(table.name(place)) or None
        reading = COLUMNS[column - FIRST_READING]
        return table.notes[reading] or f"{float(table.values(reading)[place])!r}"


def _fitting_header(column: Column, evidence: str, role: int) -> str | QColor | QFont | None:
    """The header of the column that fits: ticked, bold, in the accent colour, with the evidence as its tool tip."""
    match role:
        case Qt.ItemDataRole.DisplayRole:
            return f"✓ {column}"
        case Qt.ItemDataRole.ForegroundRole:
            return QColor(theme().accent)
        case Qt.ItemDataRole.FontRole:
            font = QFont()
            font.setPixelSize(SMALL)
            font.setBold(True)
            return font
        case Qt.ItemDataRole.ToolTipRole:
            return plain_tip(f"Fits this head. {evidence}")
    return None


def _bar(table: ReadingTable, place: int, column: Column) -> tuple[float, float, bool, bool, float | None, bool]:
    start, end = table.bar(column, place)
    asked = table.threshold != DEFAULT_THRESHOLD or column == table.fitting
    has_threshold = asked and column == table.threshold_column() and not table.notes[column]
    passes = has_threshold and bool(table.values(column)[place] > table.threshold)
    return (
        start,
        end,
        column == table.fitting,
        bool(table.notes[column]),
        table.threshold if has_threshold else None,
        passes,
    )
