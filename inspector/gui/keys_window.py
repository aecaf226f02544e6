"""A window that lists every key: those of the menus, as their table has them, and those of the graph."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QDialog, QHeaderView, QVBoxLayout, QWidget

from inspector.gui.actions import ACTIONS, DEPTHS, MENUS, ActionRow
from inspector.gui.graph_view.keys import GRAPH_KEYS
from inspector.gui.parts import PlainTable, named
from inspector.gui.theme import GRID

ELSEWHERE = "View"  # where what stands in a submenu or nowhere is


def key_rows() -> tuple[tuple[str, str, str], ...]:
    """Where, what, and the keys for it, in the order of the menus; the depths, which differ by a digit, are one row."""
    order = list(MENUS)
    menu_of = {name: title for title, names in MENUS.items() for name in names}
    menu_of |= {row.name: "&File" for row in ACTIONS if row.name.startswith("export_")}
    places = {row.name: menu_of.get(row.name, f"&{ELSEWHERE}") for row in ACTIONS}
    told = sorted((row for row in ACTIONS if row.shortcut), key=lambda row: order.index(places[row.name]))
    menus = [(_plain(places[row.name]), *_row(row)) for row in told if row not in DEPTHS[1:]]
    return (*menus, *(("Graph", what, keys) for what, keys in GRAPH_KEYS))


class KeysWindow(QDialog):
    """Where, what, keys: a table, not modal."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        named(self, "keys_window", "Keys")
        self.setWindowTitle("Keys")
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        model = QStandardItemModel(0, 3, self)
        model.setHorizontalHeaderLabels(["Where", "What it does", "Keys"])
        for row in key_rows():
            model.appendRow([QStandardItem(text) for text in row])
        for column in range(3):
            model.setHeaderData(column, Qt.Orientation.Horizontal, Qt.AlignmentFlag.AlignLeft, _ALIGNMENT)
        self.table = PlainTable("keys_table", "Every key, and what it does")
        self.table.setModel(model)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        frame = QVBoxLayout(self)
        frame.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 3)
        frame.addWidget(self.table)
        self.resize(680, 560)


_ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)


def _row(row: ActionRow) -> tuple[str, str]:
    """What it does, and its keys."""
    if row is not DEPTHS[0]:
        return _plain(row.text), _keys(row.shortcut)
    last = DEPTHS[-1]
    return f"{_plain(row.text)} … {last.value}", f"{_keys(row.shortcut)} … {_keys(last.shortcut)}"


def _plain(text: str) -> str:
    return text.replace("&", "").rstrip("…")


def _keys(shortcut: str) -> str:
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
