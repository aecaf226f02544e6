"""The table's model: texts are made for the cells that are seen; sorting and filtering are arrays of row numbers."""

import csv
import io

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from inspector.core.measures import MEASURES, SELF_TIME, WORDS, Measure, WordMeasure
from inspector.gui.measures_panel.rows import Rows
from inspector.gui.parts import cell_side, plain_tip

Index = QModelIndex | QPersistentModelIndex
_TIME = next(place for place, measure in enumerate(MEASURES) if measure.key == "time")
NUMBER_COLUMNS: tuple[Measure, ...] = (*MEASURES[: _TIME + 1], SELF_TIME, *MEASURES[_TIME + 1 :])
COLUMNS: tuple[Measure | WordMeasure, ...] = (*NUMBER_COLUMNS, *WORDS)
# (what it is called, what it is, how many modules are around it) of the first column's cell
NAME_ROLE = Qt.ItemDataRole.UserRole
# the cell's share of the greatest in its column, 0…1
BAR_ROLE = Qt.ItemDataRole.UserRole + 1
SAMPLED = 40


class MeasuresModel(QAbstractTableModel):
    """A name, then a column a measure."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows = Rows()
        self._order = np.zeros(0, np.int64)
        self._text = ""
        self._sorted: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.DescendingOrder)
        self._greatest: dict[str, float] = {}

    def show_rows(self, rows: Rows) -> None:
        """Other rows, sorted and filtered as before."""
        self.rows = rows
        self._greatest = {
            measure.key: float(np.nanmax(values))
            for measure in NUMBER_COLUMNS
            if measure.total == "sum" and np.isfinite(values := self._numbers(measure.key)).any()
        }
        self._arrange()

    def filter(self, text: str) -> None:
        """Only rows whose name or kind has the text in it."""
        self._text = text.casefold()
        self._arrange()

    def row_at(self, row: int) -> int:
        """The place in `rows` of what stands in a row of the table."""
        return int(self._order[row])

    def row_of(self, node: int | None, fqn: str | None) -> int:
        """Where a node, or in a table of modules a module, stands; −1 when it does not."""
        if self.rows.are_modules:
            at = self.rows.fqns.index(fqn) if fqn in self.rows.fqns else -1
        else:
            at = -1 if node is None else node
        found = np.flatnonzero(self._order == at).tolist()
        return int(found[0]) if found else -1

    def is_tree(self) -> bool:
        """Whether modules stand in their tree; sorted or filtered they stand alone, with their whole names."""
        return self.rows.are_modules and self._sorted[0] < 0 and not self._text

    def has_values(self, column: int) -> bool:
        """Whether any row has a value in that column."""
        if column == 0:
            return True
        key = COLUMNS[column - 1].key
        return any(self.rows.words.get(key, ())) or bool((~np.isnan(self._numbers(key))).any())

    def widest_texts(self, column: int) -> list[str]:
        """Some texts of a column of measures, the longest likely among them."""
        measure = COLUMNS[column - 1]
        if isinstance(measure, WordMeasure):
            return list(set(self.rows.words.get(measure.key, ())))
        values = self._numbers(measure.key)
        values = np.sort(values[~np.isnan(values)])
        some = values[:: max(1, len(values) // SAMPLED)].tolist()
        return [measure.text(value) for value in (*some, *values[-1:].tolist())]

    def csv_text(self) -> str:
        """What is shown, as CSV with plain numbers in base units."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["class" if self.rows.are_modules else "op", "fqn", *(column.key for column in COLUMNS)])
        for at in self._order.tolist():
            cells = (self._plain(at, column.key) for column in COLUMNS)
            writer.writerow([self.rows.kinds[at], self.rows.fqns[at], *cells])
        return text.getvalue()

    def _numbers(self, key: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        found = self.rows.numbers.get(key)
        return np.full(len(self.rows.fqns), np.nan) if found is None else found

    def _plain(self, at: int, key: str) -> str:
        if key in self.rows.numbers:
            value = self.rows.numbers[key][at]
            return "" if np.isnan(value) else f"{value:.9g}"
        return self.rows.words[key][at] if key in self.rows.words else ""

    def _named(self, at: int) -> tuple[str, str, int]:
        """Modules go by their names, operations by what they do."""
        kind, fqn = self.rows.kinds[at], self.rows.fqns[at]
        if not self.rows.are_modules:
            return kind, fqn, 0
        return (self.rows.names[at], kind, self.rows.depths[at]) if self.is_tree() else (fqn or "model", kind, 0)

    # Qt's

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Rows that pass the filter."""
        return 0 if parent is not None and parent.isValid() else len(self._order)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """The name and the measures."""
        return 0 if parent is not None and parent.isValid() else 1 + len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # noqa: N802
        """The measures' names, on the side of their cells."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole if section == 0:
                return "Module" if self.rows.are_modules else "Operation"
            case Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section - 1].name
            case Qt.ItemDataRole.TextAlignmentRole:
                return cell_side(is_number=0 < section <= len(NUMBER_COLUMNS))
            case Qt.ItemDataRole.ToolTipRole if section and COLUMNS[section - 1] is SELF_TIME:
                return "Without the modules inside: its own functions, and what is no operation"
            case _:
                return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell's text, its side, its bar, and as a tool tip its share of the whole."""
        at = int(self._order[index.row()])
        if index.column() == 0:
            return self._name_data(at, role)
        column = COLUMNS[index.column() - 1]
        is_number = isinstance(column, Measure)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._told(at, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                return cell_side(is_number=is_number)
            case Qt.ItemDataRole.ToolTipRole if is_number:
                return self._share(at, column.key)
            case _ if role == BAR_ROLE and self._greatest.get(column.key):
                value = float(self._numbers(column.key)[at])
                return None if np.isnan(value) else value / self._greatest[column.key]
            case _:
                return None

    def _name_data(self, at: int, role: int) -> object:
        name, kind, depth = self._named(at)
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{name}  {kind}".rstrip()
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(f"{self.rows.fqns[at] or 'model'}\n{self.rows.kinds[at]}")
        return (name, kind, depth) if role == NAME_ROLE else None

    def _told(self, at: int, column: Measure | WordMeasure) -> str:
        if isinstance(column, WordMeasure):
            words = self.rows.words.get(column.key)
            return words[at] if words else ""
        value = float(self._numbers(column.key)[at])
        return "–" if np.isnan(value) else column.text(value)

    def _share(self, at: int, key: str) -> str | None:
        value, whole = float(self._numbers(key)[at]), self.rows.wholes.get(key)
        return None if np.isnan(value) or not whole else f"{100 * value / whole:.3g} % of all"

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By any column; rows without a value come last. −1 is the order in which they ran."""
        self._sorted = (column, order)
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        count = len(self.rows.fqns)
        order = np.arange(count)
        column, way = self._sorted
        descending = way is Qt.SortOrder.DescendingOrder
        if 0 < column <= len(NUMBER_COLUMNS):
            keys = self._numbers(NUMBER_COLUMNS[column - 1].key)
            order = np.argsort(-keys if descending else keys, kind="stable")
        elif column >= 0:
            texts = self._texts(column)
            order = np.array(sorted(range(count), key=lambda at: texts[at], reverse=descending), np.int64)
        if self._text:
            names = zip(self.rows.kinds, self.rows.fqns, strict=True)
            kept = np.array([self._text in f"{kind} {fqn}".casefold() for kind, fqn in names], np.bool_)
            order = order[kept[order]]
        self._order = order.astype(np.int64)
        self.endResetModel()

    def _texts(self, column: int) -> tuple[str, ...]:
        if column:
            return self.rows.words.get(COLUMNS[column - 1].key, ("",) * len(self.rows.fqns))
        return self.rows.fqns if self.rows.are_modules else self.rows.kinds
