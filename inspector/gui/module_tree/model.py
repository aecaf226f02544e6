"""The rows of the module tree: a Qt model over the loaded model's modules and the shapes of the last run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap

from inspector.core.formatting import bytes_text, count_text, counted, shape_text
from inspector.gui.parts import cell_side, plain_tip
from inspector.gui.theme import KIND_COLOURS, theme
from inspector.protocol.files import ModuleRow
from inspector.protocol.graph import Category, Graph

COLUMNS = ("Module", "Output", "Params")
NAME, OUTPUT, PARAMS = range(3)
FQN_ROLE = Qt.ItemDataRole.UserRole
CLASS_ROLE = Qt.ItemDataRole.UserRole + 1
ROOT = 0

Index = QModelIndex | QPersistentModelIndex


@dataclass
class Entry:
    """A module in the tree. `parent` is an entry's place in the list, -1 above the root."""

    row: ModuleRow
    name: str
    parent: int
    place: int = 0
    children: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Seen:
    """What a run told of a module: the shape that left it, and what kind of operation it is."""

    output: str = ""
    category: Category | None = None


def tree_of(rows: Sequence[ModuleRow]) -> list[Entry]:
    """The rows as a tree; a module whose parent is not listed hangs under the nearest one that is."""
    entries: list[Entry] = []
    by_fqn: dict[str, int] = {}
    for row in rows:
        parent = _parent_of(row.fqn, by_fqn)
        above = entries[parent].row.fqn if parent >= 0 else ""
        name = row.fqn.removeprefix(f"{above}.") if above else row.fqn
        entry = Entry(row, name or "model", parent)
        if parent >= 0:
            entry.place = len(entries[parent].children)
            entries[parent].children.append(len(entries))
        by_fqn[row.fqn] = len(entries)
        entries.append(entry)
    return entries


def _parent_of(fqn: str, by_fqn: dict[str, int]) -> int:
    while fqn:
        fqn = fqn.rpartition(".")[0]
        if fqn in by_fqn:
            return by_fqn[fqn]
    return -1


def matching(rows: Sequence[ModuleRow], text: str) -> list[ModuleRow]:
    """The rows whose name or class holds every word of `text`, with all that they lie in."""
    words = text.casefold().split()
    if not words:
        return list(rows)
    kept = {""}
    for row in rows:
        told = f"{row.fqn} {row.class_name}".casefold()
        if all(word in told for word in words):
            parts = row.fqn.split(".")
            kept.update(".".join(parts[:count]) for count in range(1, len(parts) + 1))
    return [row for row in rows if row.fqn in kept]


def seen_in(graph: Graph | None) -> dict[str, Seen]:
    """What the run told of each module, by its fqn; the last call of one called twice."""
    if graph is None:
        return {}
    seen: dict[str, Seen] = {}
    for group in graph.groups:
        seen[group.fqn] = Seen(_shape(group.outputs))
    for node in graph.nodes:
        if node.kind == "module":
            seen[node.fqn] = Seen(_shape(node.outputs), node.category)
        elif node.kind == "output" and not seen.get("", Seen()).output:
            seen[""] = Seen(_shape(node.outputs))
    return seen


def _shape(specs: Sequence[Any]) -> str:
    if not specs:
        return ""
    more = f" +{len(specs) - 1}" if len(specs) > 1 else ""
    return shape_text(specs[0].shape) + more


class ModuleModel(QAbstractItemModel):
    """Thousands of modules: rows are made when the view asks for them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ModuleRow, ...] = ()
        self._entries: list[Entry] = []
        self._by_fqn: dict[str, int] = {}
        self._seen: dict[str, Seen] = {}
        self._uncalled: frozenset[str] = frozenset()
        self._text = ""
        self._number_font = QFont()
        self._dots: dict[tuple[str, bool], QIcon] = {}

    def set_rows(self, rows: tuple[ModuleRow, ...]) -> None:
        """Show another model."""
        self._rows = rows
        self._rebuild()

    def set_text(self, text: str) -> None:
        """Show only what matches."""
        if text != self._text:
            self._text = text
            self._rebuild()

    def set_run(self, graph: Graph | None) -> None:
        """Show the shapes of another run."""
        self._seen = seen_in(graph)
        self._uncalled = frozenset(graph.uncalled_modules) if graph is not None else frozenset()
        self.repaint_all()

    def longest_output(self) -> str:
        """The longest of the shapes shown."""
        return max((seen.output for seen in self._seen.values()), key=len, default="")

    def set_number_font(self, font: QFont) -> None:
        """The font of shapes and counts."""
        self._number_font = font

    def repaint_all(self) -> None:
        """Colours or shapes are others now."""
        for index in self._branches():
            count = self.rowCount(index)
            if count:
                self.dataChanged.emit(self.index(0, 0, index), self.index(count - 1, PARAMS, index))

    def index_of(self, fqn: str) -> QModelIndex:
        """The index of a module, or of the nearest one that it lies in; invalid when the tree is empty."""
        while fqn not in self._by_fqn:
            if not fqn:
                return QModelIndex()
            fqn = fqn.rpartition(".")[0]
        place = self._by_fqn[fqn]
        return self.createIndex(self._entries[place].place, NAME, place)

    def num_shown(self) -> int:
        """How many modules are shown."""
        return len(self._entries)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008 - Qt's own
        """The index of a row."""
        if not parent.isValid():
            return self.createIndex(row, column, ROOT) if row == 0 and self._entries else QModelIndex()
        children = self._entries[parent.internalId()].children
        return self.createIndex(row, column, children[row]) if 0 <= row < len(children) else QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]  # QObject.parent() is another one
        """The index of the enclosing module."""
        place = self._entries[index.internalId()].parent if index.isValid() and self._entries else -1
        return QModelIndex() if place < 0 else self.createIndex(self._entries[place].place, 0, place)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's own
        """How many modules lie in this one."""
        if not parent.isValid():
            return 1 if self._entries else 0
        return len(self._entries[parent.internalId()].children) if parent.column() == NAME else 0

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's own
        """Name with class, output shape, parameters."""
        return len(COLUMNS)

    def headerData(  # noqa: N802 - Qt's own
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """The columns' names."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section == PARAMS:
            return cell_side(is_number=True)
        return None

    def data(  # noqa: PLR0911 - a return a role
        self, index: Index, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """What a cell shows."""
        if not index.isValid() or index.internalId() >= len(self._entries):
            return None
        entry, column = self._entries[index.internalId()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._cell(entry, column)
            case Qt.ItemDataRole.ForegroundRole:
                dimmed = entry.row.fqn in self._uncalled or column != NAME
                return QColor(theme().faint if entry.row.fqn in self._uncalled else theme().dimmed) if dimmed else None
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._tool_tip(entry))
            case Qt.ItemDataRole.FontRole if column in (OUTPUT, PARAMS):
                return self._number_font
            case Qt.ItemDataRole.TextAlignmentRole if column == PARAMS:
                return cell_side(is_number=True)
            case Qt.ItemDataRole.DecorationRole if column == NAME:
                return self._dot(entry.row.fqn)
            case _:
                return {int(FQN_ROLE): entry.row.fqn, CLASS_ROLE: entry.row.class_name}.get(int(role))

    def _cell(self, entry: Entry, column: int) -> str:
        row = entry.row
        if column == OUTPUT:
            return "not called" if row.fqn in self._uncalled else self._seen.get(row.fqn, Seen()).output
        if column == PARAMS:
            return count_text(row.num_params) if row.num_params else ""
        return entry.name

    def _tool_tip(self, entry: Entry) -> str:
        row = entry.row
        lines = [row.fqn or "the whole model", f"{row.class_name}({row.details})"]
        if self._seen.get(row.fqn, Seen()).output:
            lines.append(f"gives {self._seen[row.fqn].output}")
        if row.num_params:
            lines.append(f"{counted(row.num_params, 'parameter')}, {bytes_text(row.size_bytes)}")
        if row.fqn in self._uncalled:
            lines.append("Not called in this run.")
        return "\n".join(lines)

    def _dot(self, fqn: str) -> QIcon | None:
        category = self._seen.get(fqn, Seen()).category
        if category is None:
            return None
        key = (category, theme().dark)
        if key not in self._dots:
            self._dots[key] = _dot_icon(KIND_COLOURS[category])
        return self._dots[key]

    def _branches(self) -> list[QModelIndex]:
        parents = [
            self.createIndex(entry.place, NAME, place) for place, entry in enumerate(self._entries) if entry.children
        ]
        return [QModelIndex(), *parents]

    def _rebuild(self) -> None:
        self.beginResetModel()
        self._entries = tree_of(matching(self._rows, self._text))
        self._by_fqn = {entry.row.fqn: place for place, entry in enumerate(self._entries)}
        self.endResetModel()


def _dot_icon(colour: str) -> QIcon:
    pixmap = QPixmap(20, 20)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(1, 1, 8, 8, 2.5, 2.5)
    painter.end()
    return QIcon(pixmap)
