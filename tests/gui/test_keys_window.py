"""The window of keys lists what the tables and the graph really take."""

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMainWindow

from inspector.gui.actions import ACTIONS, DEPTHS
from inspector.gui.keys_window import KeysWindow, key_rows


def test_every_shortcut_of_the_menus_is_listed_once_and_no_two_are_alike():
    listed = [keys for where, _, keys in key_rows() if where != "Graph"]
    wanted = [_native(row.shortcut) for row in ACTIONS if row.shortcut and row not in DEPTHS]
    wanted.append(f"{_native('Ctrl+1')} … {_native('Ctrl+9')}")
    assert sorted(listed) == sorted(wanted)
    assert len(set(listed)) == len(listed)
    assert all(what and "&" not in what for _, what, _ in key_rows())


def test_the_window_shows_the_rows_and_the_graphs_own_keys(qtbot):
    parent = QMainWindow()
    qtbot.addWidget(parent)
    window = KeysWindow(parent)
    window.show()
    model = window.table.model()
    rows = {tuple(model.index(row, column).data() for column in range(3)) for row in range(model.rowCount())}
    assert rows == set(key_rows())
    assert ("Graph", "Fold or unfold what is chosen", "Space") in rows
    assert ("View", "Fold to Depth 1 … 9", f"{_native('Ctrl+1')} … {_native('Ctrl+9')}") in rows
    assert not window.isModal()
    window.close()


def _native(shortcut: str) -> str:
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
