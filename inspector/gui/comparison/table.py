"""A sortable table whose texts are made for the cells that are seen, of what differs or of all; a row may be marked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QHeaderView, QVBoxLayout, QWidget

from inspector.gui.parts import ROW_HEIGHT, PlainTable, SegmentedButtons, Sentence, cell_side, plain_tip
from inspector.gui.theme import GRID, theme

FIRST_LEAST = 132  # px: a name of three parts
AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """Its heading, a row's text, and what it is sorted by (None comes last)."""

    name: str
    text: Callable[[Any], str]
    key: Callable[[Any], Any]
    is_number: bool = False
    tip: str = ""


class RowsModel(QAbstractTableModel):
    """Rows of any kind under columns."""

    def __init__(self, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: tuple[Any, ...] = ()
        self._all: tuple[Any, ...] = ()
        self.marked: Any = None
        self._sorted: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.AscendingOrder)

    def show_rows(self, rows: Sequence[Any], marked: Any = None) -> None:  # noqa: ANN401 - one of the rows
        """Show others, sorted as before."""
        self._all, self.marked = tuple(rows), marked
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column; −1 is the order in which they were given."""
        self._sorted = (column, order)
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        column, order = self._sorted
        if column < 0:
            self.rows = self._all
        else:
            key = self.columns[column].key
            known = [row for row in self._all if key(row) is not None]
            known.sort(key=key, reverse=order is Qt.SortOrder.DescendingOrder)
            self.rows = (*known, *(row for row in self._all if key(row) is None))
        self.endResetModel()

    def rowCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """One each."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802 - Qt's name and signature
        """As given."""
        return len(self.columns)

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:  # noqa: ANN401 - Qt's
        """A cell's text, side and colour."""
        row, column = self.rows[index.row()], self.columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.text(row)
            case Qt.ItemDataRole.ToolTipRole if not column.is_number:
                return plain_tip(column.text(row))
            case Qt.ItemDataRole.TextAlignmentRole:
                return cell_side(is_number=column.is_number)
            case Qt.ItemDataRole.ForegroundRole if row is self.marked:
                return QColor(theme().warning)
            case Qt.ItemDataRole.FontRole if row is self.marked:
                font = QFont()
                font.setBold(True)
                return font
            case _:
                return None

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:  # noqa: ANN401 - Qt's
        """The columns' names, and what they mean."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.name
            case Qt.ItemDataRole.ToolTipRole:
                return column.tip or None
            case Qt.ItemDataRole.TextAlignmentRole:
                return cell_side(is_number=column.is_number)
            case _:
                return None


class RowsTable(PlainTable):
    """The table; the first column takes the room that the others leave, and enough to be read where they leave none.

    The third click on a heading unsorts it.
    """

    def __init__(
        self, object_name: str, accessible_name: str, columns: Sequence[Column], widths: Sequence[int]
    ) -> None:
        super().__init__(object_name, accessible_name)
        self.both = RowsModel(columns, self)
        self.setModel(self.both)
        self.setMinimumHeight(2 * ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setSortIndicatorClearable(True)
        header.setMinimumSectionSize(36)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for place, width in enumerate(widths, 1):
            header.resizeSection(place, width)
        self._others = sum(widths)
        self.resized.connect(self._fit_first)
        self._fit_first()
        self.setSortingEnabled(True)
        header.setSortIndicator(-1, Qt.SortOrder.DescendingOrder)

    def _fit_first(self) -> None:
        room = self.viewport().width() - self._others
        self.horizontalHeader().resizeSection(0, max(room, FIRST_LEAST))


class DifferingOrAll(QWidget):
    """A table under the choice of which rows it shows, or a sentence where there are none.

    Signals:
        changed: the other rows are wished.
    """

    changed = Signal()

    def __init__(self, what: str, table: RowsTable) -> None:
        """`what` its rows are: nodes, weights."""
        super().__init__()
        choices = (("differing", "Differing"), ("all", "All"))
        self.which = SegmentedButtons(choices, f"comparison_which_{what}", f"Show differing {what}, or all")
        self.which.chosen.connect(lambda _key: self.changed.emit())
        self.empty = Sentence(f"comparison_no_{what}", f"Why no {what} are listed", "dimmed")
        self.table = table
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(self.which)
        column.addWidget(self.empty)
        column.addWidget(self.table, 1)

    def wants_all(self) -> bool:
        """Whether those that are the same are wished too."""
        return self.which.current() == "all"

    def show_rows(self, rows: Sequence[Any], why_none: str, marked: Any = None) -> None:  # noqa: ANN401 - one of the rows
        """Show these, or why there are none."""
        self.table.both.show_rows(rows, marked)
        self.table.setVisible(bool(rows))
        self.empty.say("" if rows else why_none)
