"""The table's model: texts are made for the cells that are seen; sorting and filtering are arrays of row numbers."""

import csv
import io

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from inspector.core.measures import MEASURES, WORDS, Measure, WordMeasure
from inspector.gui.measures_panel.rows import Rows

Index = QModelIndex | QPersistentModelIndex
COLUMNS: tuple[Measure | WordMeasure, ...] = (*MEASURES, *WORDS)
NONE = Rows((), (), (), {}, {}, {})


class MeasuresModel(QAbstractTableModel):
    """A name, then a column a measure."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows = NONE
        self._order = np.zeros(0, np.int64)
        self._text = ""
        self._sorted: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.DescendingOrder)

    def show_rows(self, rows: Rows) -> None:
        """Other rows, sorted and filtered as before."""
        self.rows = rows
        self._arrange()

    def filter(self, text: str) -> None:
        """Only rows whose name has the text in it."""
        self._text = text.casefold()
        self._arrange()

    def row_at(self, row: int) -> int:
        """The place in `rows` of what stands in a row of the table."""
        return int(self._order[row])

    def row_of_node(self, node: int) -> int:
        """Where a node stands in the table; −1 when it does not."""
        by_node = self.rows.nodes != (-1,) * len(self.rows.nodes)
        found = np.flatnonzero(self._order == node).tolist() if node >= 0 and by_node else []
        return int(found[0]) if found else -1

    def csv_text(self) -> str:
        """What is shown, as CSV with plain numbers in base units."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["name", *(f"{c.key}" for c in COLUMNS)])
        for at in self._order.tolist():
            writer.writerow([self.rows.names[at], *(self._plain(at, column.key) for column in COLUMNS)])
        return text.getvalue()

    def _plain(self, at: int, key: str) -> str:
        if key in self.rows.numbers:
            value = self.rows.numbers[key][at]
            return "" if np.isnan(value) else f"{value:.9g}"
        return self.rows.words[key][at] if key in self.rows.words else ""

    # Qt's

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Rows that pass the filter."""
        return 0 if parent is not None and parent.isValid() else len(self._order)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """The name and the measures."""
        return 0 if parent is not None and parent.isValid() else 1 + len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # noqa: N802
        """The measures' names."""
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return "Name" if section == 0 else COLUMNS[section - 1].name

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell's text, its side, and as a tool tip its share of the whole."""
        at = int(self._order[index.row()])
        if index.column() == 0:
            return self.rows.names[at] if role == Qt.ItemDataRole.DisplayRole else None
        column = COLUMNS[index.column() - 1]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._told(at, index.column() - 1)
            case Qt.ItemDataRole.TextAlignmentRole if column.key in self.rows.numbers:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.ToolTipRole if self.rows.wholes.get(column.key):
                value = self.rows.numbers[column.key][at]
                return None if np.isnan(value) else f"{100 * value / self.rows.wholes[column.key]:.1f} % of all nodes"
            case _:
                return None

    def _told(self, at: int, column: int) -> str:
        if column >= len(MEASURES):
            words = self.rows.words.get(COLUMNS[column].key)
            return words[at] if words else ""
        value = self.rows.numbers[MEASURES[column].key][at]
        return "–" if np.isnan(value) else MEASURES[column].text(float(value))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By any column; rows without a value come last. −1 is the order in which they ran."""
        self._sorted = (column, order)
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        count = len(self.rows.names)
        order = np.arange(count)
        column, way = self._sorted
        descending = way is Qt.SortOrder.DescendingOrder
        if 0 < column <= len(MEASURES):
            keys = self.rows.numbers.get(MEASURES[column - 1].key, np.full(count, np.nan))
            order = np.argsort(-keys if descending else keys, kind="stable")
        elif column >= 0:
            texts = self.rows.names if column == 0 else self.rows.words.get(COLUMNS[column - 1].key, ("",) * count)
            order = np.array(sorted(range(count), key=lambda at: texts[at], reverse=descending), np.int64)
        if self._text:
            kept = np.array([self._text in name.casefold() for name in self.rows.names], np.bool_)
            order = order[kept[order]]
        self._order = order.astype(np.int64)
        self.endResetModel()
