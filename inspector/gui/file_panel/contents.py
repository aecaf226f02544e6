"""What a file holds, as read without running anything: tensors, modules, names it would import, metadata, warnings."""

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QTabWidget, QVBoxLayout, QWidget

from inspector.core.formatting import shape_text
from inspector.gui.parts import Sentence, cell_side, named, number_font, plain_tip
from inspector.gui.theme import GRID, SMALL
from inspector.protocol.files import FileDescription

Index = QModelIndex | QPersistentModelIndex
LOWEST_LISTS = 180  # pixels
NARROWEST, BROADEST = 72, 180
Cells = tuple[tuple[str, ...], ...]


class CellModel(QAbstractTableModel):
    """Rows of text; thousands cost nothing until they are scrolled to."""

    def __init__(self, titles: Sequence[str], cells: Cells, font: QFont, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._titles = titles
        self._cells = cells
        self._font = font

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's own
        """A row each."""
        return 0 if parent.isValid() else len(self._cells)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's own
        """A column a title."""
        return len(self._titles)

    def headerData(  # noqa: N802 - Qt's own
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """The titles."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_side(is_number=False)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The text of a cell, which its tool tip has whole."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            text = self._cells[index.row()][index.column()]
            return text if role == Qt.ItemDataRole.DisplayRole else plain_tip(text)
        return self._font if role == Qt.ItemDataRole.FontRole and index.column() else None


class ContentsView(QWidget):
    """The lists, a tab each; only those that hold something."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "file_contents", "What the file holds")
        self._description: FileDescription | None = None
        self._tables: dict[str, QTableView] = {}
        self.says_something = False
        self.warnings = Sentence("file_warnings", "Warnings", "warning")
        self.tabs = named(QTabWidget(), "file_tabs", "What the file holds")
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumHeight(LOWEST_LISTS)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID * 2)
        column.addWidget(self.warnings)
        column.addWidget(self.tabs, 1)

    def draw(self, description: FileDescription) -> None:
        """Show another file."""
        if description == self._description:
            return
        self._description = description
        self.warnings.say("\n".join(one for one in description.warnings if one not in description.summary))
        lists = lists_of(description)
        for place, (title, headers, cells) in enumerate(lists):
            if title not in self._tables:
                self._tables[title] = self._table(title)
                self.tabs.addTab(self._tables[title], title)
            self._fill(self._tables[title], headers, cells)
            self.tabs.setTabText(place, f"{title} ({len(cells):,})")
            self.tabs.setTabVisible(place, bool(cells))
        held = [place for place, (_, _, cells) in enumerate(lists) if cells]
        self.tabs.setCurrentIndex(held[0] if held else 0)
        self.tabs.setVisible(bool(held))
        self.says_something = bool(held or self.warnings.text())

    def _fill(self, table: QTableView, headers: Sequence[str], cells: Cells) -> None:
        old = table.model()
        table.setModel(CellModel(headers, cells, number_font(self.font(), SMALL + 1), table))
        if old is not None:
            old.deleteLater()
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._share_width(table)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's own
        """Names keep the most room."""
        super().resizeEvent(event)
        for table in self._tables.values():
            self._share_width(table)

    def _share_width(self, table: QTableView) -> None:
        model = table.model()
        columns = model.columnCount() if model is not None else 0
        for column in range(1, columns):
            table.setColumnWidth(column, max(NARROWEST, min(BROADEST, self.width() // (columns + 1))))

    def _table(self, title: str) -> QTableView:
        table = named(QTableView(), f"file_{title.casefold()}", title)
        table.setShowGrid(False)
        table.setAlternatingRowColors(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(24)
        table.horizontalHeader().setHighlightSections(False)
        return table


def lists_of(description: FileDescription) -> tuple[tuple[str, tuple[str, ...], Cells], ...]:
    """The lists: title, column titles, rows."""
    tensors = tuple((one.name, shape_text(one.shape), one.dtype) for one in description.tensors)
    modules = tuple(
        (one.fqn or "(root)", one.class_name + (" (guessed)" if one.guessed else "")) for one in description.modules
    )
    uses = {use.name: use for use in description.uses}
    imports = tuple(
        (name, uses[name].risk, uses[name].why, uses[name].where) if name in uses else (name, "", "", "")
        for name in description.globals
    )
    return (
        ("Tensors", ("Name", "Shape", "dtype"), tensors),
        ("Modules", ("Name", "Class"), modules),
        ("Imports", ("Name", "Risk", "Why", "Where"), imports),
        ("Metadata", ("Key", "Value"), tuple(description.metadata.items())),
    )
