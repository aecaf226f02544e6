"""The figures of each class, and the files that were not counted."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHeaderView

from inspector.gui.parts import PlainTable, cell_side, plain_tip
from inspector.gui.theme import theme
from inspector.protocol.evaluation import ClassMetrics, Skipped

AnyIndex = QModelIndex | QPersistentModelIndex
_FIGURES = ("class", "precision", "recall", "F1", "images")
UNDEFINED = "—"


def figure_text(value: float | None) -> str:
    """Four decimals; a dash where there is nothing to divide by."""
    return UNDEFINED if value is None else f"{value:.4f}"


class ClassModel(QAbstractTableModel):
    """One row a class."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[ClassMetrics, ...] = ()

    def show_classes(self, rows: Sequence[ClassMetrics]) -> None:
        """Show these figures."""
        ordered = tuple(rows)
        if ordered == self._rows:
            return
        same = len(ordered) == len(self._rows)
        if not same:
            self.beginResetModel()
        self._rows = ordered
        if same and ordered:
            self.dataChanged.emit(self.index(0, 0), self.index(len(ordered) - 1, len(_FIGURES) - 1))
        elif not same:
            self.endResetModel()

    def rowCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """One row a class."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """Name and figures."""
        return len(_FIGURES)

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:  # noqa: ANN401 - Qt's
        """A figure."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            cells = (row.name, figure_text(row.precision), figure_text(row.recall), figure_text(row.f1))
            return (*cells, f"{row.support:,}")[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_side(is_number=index.column() != 0)
        if role == Qt.ItemDataRole.ToolTipRole:
            undefined = index.column() in (1, 2, 3) and index.data() == UNDEFINED
            return "Not defined: there is nothing to divide by." if undefined else plain_tip(row.name)
        return None

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:  # noqa: ANN401 - Qt's
        """The columns' names."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _FIGURES[section]
        return cell_side(is_number=section != 0) if role == Qt.ItemDataRole.TextAlignmentRole else None


class ClassTable(PlainTable):
    """Figures in columns of one width, the name in the rest."""

    def __init__(self) -> None:
        super().__init__("confusion_classes", "Figures of each class")
        self.figures = ClassModel()
        self.figures.setParent(self)
        self.setModel(self.figures)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(36)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, len(_FIGURES)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self.resized.connect(self._fit)
        self._fit()

    def _fit(self) -> None:
        room = self.viewport().width()
        width = 60 if room >= 290 else 54
        self.setColumnHidden(_FIGURES.index("F1"), room < 270)
        for column in range(1, len(_FIGURES)):
            self.setColumnWidth(column, width)


class SkippedModel(QAbstractTableModel):
    """One row a file: its name, and why it was not counted."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[Skipped, ...] = ()

    def show_skipped(self, rows: Sequence[Skipped]) -> None:
        """Show these files."""
        if tuple(rows) != self._rows:
            self.beginResetModel()
            self._rows = tuple(rows)
            self.endResetModel()

    def rowCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """One row a file."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """File and reason."""
        return 2

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:  # noqa: ANN401 - Qt's
        """The file's name, or the reason."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return PurePath(row.path).name if index.column() == 0 else row.reason
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(f"{row.path}\n{row.reason}")
            case Qt.ItemDataRole.ForegroundRole if index.column() == 1:
                return QColor(theme().dimmed)
        return None

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> Any:  # noqa: ANN401 - Qt's
        """The columns' names."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return ("file", "why it was not counted")[section]
        return cell_side(is_number=False) if role == Qt.ItemDataRole.TextAlignmentRole else None


class SkippedTable(PlainTable):
    """The files and the reasons."""

    def __init__(self) -> None:
        super().__init__("confusion_skipped", "Files that were not counted, and why")
        self.files = SkippedModel()
        self.files.setParent(self)
        self.setModel(self.files)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.horizontalHeader().setStretchLastSection(True)
        self.resized.connect(lambda: self.setColumnWidth(0, int(self.viewport().width() * 0.4)))
