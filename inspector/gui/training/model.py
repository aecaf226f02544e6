"""The table of gradients, a row a parameter."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from inspector.core.formatting import percent_text, shape_text, value_text
from inspector.gui.parts import cell_side, plain_tip
from inspector.gui.theme import theme
from inspector.protocol.gradients import ParameterGradient

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Parameter", "Shape", "Gradient", "Norm", "Largest", "Zeros", "/ weight")
NORM, LARGEST, ZEROS, RATIO = 3, 4, 5, 6
_TONES = {"cut off": "failure", "zero": "failure", "not reached": "failure", "frozen": "faint", "unused": "faint"}
_TIPS = {
    2: "reached, exactly zero, cut off by an operation, frozen (requires_grad is False), or unused in this run",
    3: "Euclidean norm of the gradient",
    4: "The largest absolute value in the gradient",
    5: "The share of exact zeros in the gradient",
    6: "Norm of the gradient over the norm of the parameter itself",
}


class GradientsModel(QAbstractTableModel):
    """Rows in the model's order until a column is clicked; a third click brings that order back."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ParameterGradient, ...] = ()
        self._order: NDArray[np.int64] = np.zeros(0, np.int64)
        self._sorted = (-1, Qt.SortOrder.DescendingOrder)

    def show_rows(self, rows: tuple[ParameterGradient, ...]) -> None:
        """Show these."""
        self._rows = rows
        self.sort(*self._sorted)

    def parameter(self, row: int) -> ParameterGradient:
        """What a row of the table shows."""
        return self._rows[int(self._order[row])]

    def row_of(self, place: int) -> int:
        """The row that shows the parameter at that place of the model."""
        found = np.flatnonzero(self._order == place)
        return int(found[0]) if len(found) else -1

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """All parameters."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Of the table."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # noqa: N802
        """Names on the side of their cells."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section]
            case Qt.ItemDataRole.TextAlignmentRole:
                return cell_side(is_number=section >= NORM)
            case Qt.ItemDataRole.ToolTipRole:
                return _TIPS.get(section)
            case _:
                return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell's text, side and tone."""
        row = self.parameter(index.row())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _text(row, index.column())
            case Qt.ItemDataRole.TextAlignmentRole:
                return cell_side(is_number=index.column() >= NORM)
            case Qt.ItemDataRole.ForegroundRole if index.column() == 2 and row.reached in _TONES:
                return QColor(getattr(theme(), _TONES[row.reached]))
            case Qt.ItemDataRole.ToolTipRole if index.column() == 0:
                return plain_tip(row.fqn)
            case _:
                return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By any column; rows without a figure come last. −1 is the model's order."""
        self._sorted = (column, order)
        self.beginResetModel()
        count = len(self._rows)
        descending = order is Qt.SortOrder.DescendingOrder
        if column >= NORM:
            keys = np.array([_figure(row, column) for row in self._rows], np.float64)
            self._order = np.argsort(-keys if descending else keys, kind="stable")
        elif column >= 0:
            texts = [_text(row, column) for row in self._rows]
            self._order = np.array(sorted(range(count), key=texts.__getitem__, reverse=descending), np.int64)
        else:
            self._order = np.arange(count)
        self.endResetModel()


def _figure(row: ParameterGradient, column: int) -> float:
    value = {NORM: row.norm, LARGEST: row.max_abs, ZEROS: row.zeros, RATIO: _ratio(row)}[column]
    return math.nan if value is None else value


def _ratio(row: ParameterGradient) -> float | None:
    return row.norm / row.weight_norm if row.norm is not None and row.weight_norm else None


def _text(row: ParameterGradient, column: int) -> str:
    match column:
        case 0:
            return row.fqn
        case 1:
            return shape_text(row.shape)
        case 2:
            return row.reached
        case _:
            value = _figure(row, column)
            if math.isnan(value):
                return "–" if row.norm is None or column == RATIO else "NaN"
            return percent_text(value) if column == ZEROS else value_text(value)
