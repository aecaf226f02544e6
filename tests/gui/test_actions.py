"""The table of actions."""

from dataclasses import replace
from operator import attrgetter

from PySide6.QtGui import QIcon

from inspector.client import fake_messages as said
from inspector.gui.actions import ACTIONS, MENUS
from inspector.gui.state import Progress, RunState, WindowState

BY_NAME = {row.name: row for row in ACTIONS}


def test_names_and_shortcuts_are_given_once():
    assert len(BY_NAME) == len(ACTIONS)
    shortcuts = [row.shortcut for row in ACTIONS if row.shortcut]
    assert len(set(shortcuts)) == len(shortcuts)


def test_every_menu_row_is_an_action_a_line_or_a_submenu():
    for rows in MENUS.values():
        for row in rows:
            assert row == "-" or row.endswith(":") or row in BY_NAME, row


def test_mnemonics_of_a_menu_differ():
    for title, rows in MENUS.items():
        letters = [
            BY_NAME[row].text.partition("&")[2][:1].casefold()
            for row in rows
            if row in BY_NAME and "&" in BY_NAME[row].text
        ]
        assert len(set(letters)) == len(letters), title


def test_what_can_be_done_follows_from_the_state():
    def enabled(state: WindowState) -> set[str]:
        return {row.name for row in ACTIONS if row.enabled(state)}

    empty = enabled(WindowState())
    assert "open" in empty
    assert not {"run", "stop", "fit", "open_images", "choose_entry", "reload"} & empty
    loaded = WindowState(path="/m.pth", model=said.model("/m.pth", "", ""))
    assert {"run", "open_images", "open_folder", "reload", "choose_entry"} <= enabled(loaded)
    running = replace(loaded, run=RunState(running=True), progress=Progress(1, "Running"))
    assert "run" not in enabled(running)
    assert "stop" in enabled(running)
    ran = replace(loaded, run=RunState(graph=said.graph()))
    assert {"fit", "fold_all", "search"} <= enabled(ran)


def test_every_action_reaches_a_slot_of_the_window(window, qtbot):
    for row in ACTIONS:
        action = window.actions_by_name[row.name]
        assert action.objectName() == f"action_{row.name}"
        assert action.isCheckable() == row.checkable
        assert callable(attrgetter(row.slot)(window))
    assert window.actions_by_name["run"].shortcut().toString() == "F5"
    qtbot.waitUntil(lambda: has_drawing(window.actions_by_name["open"].icon()))


def has_drawing(icon: QIcon) -> bool:
    picture = icon.pixmap(18, 18).toImage()
    return any(picture.pixelColor(x, 9).alpha() > 0 for x in range(picture.width()))


def test_no_two_entries_of_a_menu_have_the_same_letter(window):
    for entry in window.menuBar().actions():
        texts = [action.text().replace("&&", "") for action in entry.menu().actions()]
        letters = [text[text.index("&") + 1].casefold() for text in texts if "&" in text]
        assert len(letters) == len(set(letters)), texts
