"""The cells of a table of any size: only blocks that show are asked for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QColor

from inspector.gui.parts import cell_side
from inspector.gui.theme import mixed, theme
from inspector.protocol.tensors import CellWindow

BLOCK_ROWS, BLOCK_COLUMNS = 256, 64
# A header of Qt's keeps some bytes for each row, shown or not.
MOST_ROWS = 1_000_000

AnyIndex = QModelIndex | QPersistentModelIndex
Blocks = Mapping[CellWindow, NDArray[np.generic]]


class ValuesModel(QAbstractTableModel):
    """Two axes of a tensor. Of an axis with over a million places a part shows, from `first_row` on.

    Signals:
        wanted: a CellWindow that is not there.
    """

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.shape: tuple[int, ...] = ()
        self.axes = (-1, -1)
        self.index_: tuple[int, ...] = ()
        self.first_row = self.first_column = 0
        self.form = "short"
        self._shown = False
        self._blocks: Blocks = {}
        self._asked: set[CellWindow] = set()
        self._missing: list[CellWindow] = []
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._ask)

    def show_slice(
        self, shape: tuple[int, ...], axes: tuple[int, int], index: tuple[int, ...], first: tuple[int, int]
    ) -> None:
        """Show another part: rows and columns are these axes (-1 for none), at these places of the others."""
        self.beginResetModel()
        self.shape, self.axes, self.index_ = shape, axes, index
        self.first_row, self.first_column = first
        self._asked = set()
        self._shown = True
        self.endResetModel()

    def show_blocks(self, blocks: Blocks) -> None:
        """These are there."""
        if blocks is self._blocks:
            return
        self._blocks = blocks
        self._asked -= set(blocks)
        if self.rowCount() and self.columnCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))

    def set_form(self, form: str) -> None:
        """How numbers are written: `short`, `full` or `scientific`."""
        self.form = form
        if self.rowCount() and self.columnCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name and default
        """Places along the rows' axis, a million at most."""
        return 0 if parent.isValid() else self._length(self.axes[0], self.first_row)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name and default
        """Places along the columns' axis."""
        return 0 if parent.isValid() else self._length(self.axes[1], self.first_column)

    def value(self, row: int, column: int) -> np.generic | None:
        """The value of a cell; None when it is not there yet, and then it is asked for."""
        row, column = row + self.first_row, column + self.first_column
        window = self._window(row - row % BLOCK_ROWS, column - column % BLOCK_COLUMNS)
        block = self._blocks.get(window)
        if block is None:
            if window not in self._asked:
                self._asked.add(window)
                self._missing.append(window)
                self._later.start()
            return None
        place = (row - window.row, column - window.column)
        return block[place] if place[0] < block.shape[0] and place[1] < block.shape[1] else None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 - Qt's
        """Text, alignment, and a ground for what is no finite number."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_side(is_number=True)
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.BackgroundRole, Qt.ItemDataRole.ToolTipRole):
            return None
        value = self.value(index.row(), index.column())
        if value is None:
            return "…" if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.BackgroundRole:
            strange = np.issubdtype(value.dtype, np.inexact) and not np.isfinite(value)
            return QColor(mixed(theme().panel, theme().failure, 0.3)) if strange else None
        return cell_text(value, "full" if role == Qt.ItemDataRole.ToolTipRole else self.form)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802, ANN401 - Qt's
        """The place along the axis."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return str(section + (self.first_row if orientation == Qt.Orientation.Vertical else self.first_column))

    def _window(self, row: int, column: int) -> CellWindow:
        index = tuple(0 if axis in self.axes else place for axis, place in enumerate(self.index_))
        return CellWindow(
            row_axis=self.axes[0],
            column_axis=self.axes[1],
            index=index,
            row=row,
            column=column,
            num_rows=BLOCK_ROWS,
            num_columns=BLOCK_COLUMNS,
        )

    def _length(self, axis: int, first: int) -> int:
        if not self._shown:
            return 0
        return 1 if axis < 0 else max(0, min(MOST_ROWS, self.shape[axis] - first))

    def _ask(self) -> None:
        missing, self._missing = self._missing, []
        for window in missing:
            self.wanted.emit(window)


def cell_text(value: np.generic, form: str) -> str:
    """One value, written `short` (four digits), `full` (all that tell it apart) or `scientific`."""
    if not np.issubdtype(value.dtype, np.inexact) or form == "full":
        return str(value)
    if np.issubdtype(value.dtype, np.complexfloating):
        return f"{value:.3g}"
    return f"{float(value):.3e}" if form == "scientific" else f"{float(value):.4g}"
