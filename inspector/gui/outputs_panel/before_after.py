"""One output before and after, side by side, in the reading that is chosen."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QHeaderView

from inspector.core.readings import sigmoid, softmax
from inspector.gui.outputs_panel.table import raw_text
from inspector.gui.parts import ROW_HEIGHT, PlainTable, cell_side
from inspector.gui.state import RunState

COLUMNS = ("#", "class", "before", "after", "difference")
BEFORE_AFTER = ("before", "after")
AnyIndex = QModelIndex | QPersistentModelIndex


class BeforeAfterModel(QAbstractTableModel):
    """Rows are classes, the highest of before or after first; the values are those of one reading."""

    def __init__(self, sides: tuple[str, str] = BEFORE_AFTER) -> None:
        super().__init__()
        self._columns = (*COLUMNS[:2], *sides, COLUMNS[4])
        self._names: tuple[str, ...] = ()
        self.before = self.after = np.zeros(0)
        self.order: NDArray[np.intp] = np.zeros(0, np.intp)

    def show_lines(
        self, before: NDArray[np.float64], after: NDArray[np.float64], reading: str, names: tuple[str, ...]
    ) -> None:
        """Show two lines (K,) of raw values, read as `raw`, `softmax` or `sigmoid`."""
        if reading == "softmax":
            before, after = softmax(before), softmax(after)
        elif reading == "sigmoid":
            before, after = sigmoid(before), sigmoid(after)
        self.beginResetModel()
        self.before, self.after = before, after
        self._names = names if len(names) == len(before) else ()
        self.order = np.argsort(-np.nan_to_num(np.fmax(self.before, self.after), nan=-np.inf), kind="stable")
        self.endResetModel()

    @property
    def has_names(self) -> bool:
        """Whether the column of classes says anything."""
        return bool(self._names)

    def rowCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """One row a class."""
        return 0 if parent is not None and parent.isValid() else len(self.order)

    def columnCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802 - Qt's name and signature
        """Index, class, before, after, difference."""
        return len(COLUMNS)

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:  # noqa: ANN401 - Qt's
        """A cell's text and alignment."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_side(is_number=index.column() != 1)
        if role != Qt.ItemDataRole.DisplayRole or not index.isValid():
            return None
        place = int(self.order[index.row()])
        if index.column() < 2:
            return str(place) if index.column() == 0 else (self._names[place] if self._names else "")
        old, new = float(self.before[place]), float(self.after[place])
        if index.column() == 4:
            difference = new - old
            text = raw_text(difference, self._greatest())
            return f"+{text}" if difference > 0 else text
        return raw_text(old if index.column() == 2 else new, self._greatest())

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:  # noqa: ANN401 - Qt's
        """The columns' names."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_side(is_number=section != 1)
        return self._columns[section] if role == Qt.ItemDataRole.DisplayRole else None

    def _greatest(self) -> float:
        both = np.concatenate([self.before, self.after])
        finite = np.abs(both[np.isfinite(both)])
        return float(finite.max()) if len(finite) else 0.0


class BeforeAfterTable(PlainTable):
    """The two lines, a row a class; it takes the place of the table of readings."""

    def __init__(
        self,
        object_name: str = "changes_table",
        accessible_name: str = "Output before and after the changes",
        sides: tuple[str, str] = BEFORE_AFTER,
    ) -> None:
        super().__init__(object_name, accessible_name)
        self.both = BeforeAfterModel(sides)
        self.both.setParent(self)
        self.setModel(self.both)
        self.setMinimumHeight(2 * ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(28)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)

    def show_lines(
        self, before: NDArray[np.float64], after: NDArray[np.float64], reading: str, names: tuple[str, ...]
    ) -> None:
        """Show two lines (K,) of raw values, read as `raw`, `softmax` or `sigmoid`."""
        self.both.show_lines(before, after, reading, names)
        self.setColumnHidden(1, not self.both.has_names)
        digits = len(str(max(0, len(before) - 1)))
        self.setColumnWidth(0, max(28, self.fontMetrics().horizontalAdvance("0") * digits + 14))


def values_before(run: RunState, output: int) -> NDArray[np.generic] | None:
    """An output as it was without the changes; None where the two can't stand side by side."""
    if not (output < len(run.outputs) and output < len(run.outputs_before)):
        return None
    before, after = run.outputs_before[output].values, run.outputs[output].values
    alike = before.shape == after.shape and before.size > 0 and before.dtype.kind in "fiubc"
    return before if alike else None
