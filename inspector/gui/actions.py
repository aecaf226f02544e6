"""Menus, shortcuts and the toolbar: one table of actions. The window only connects them.

A slot is named by its path from the window: `session.run`, `panels.graph.fit`, `dialogs.open_model`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QIcon, QKeySequence, QPixmap
from PySide6.QtWidgets import QWidget

from inspector.gui.changes.target import place_of
from inspector.gui.lessons.table import GROUPS
from inspector.gui.parts.icons import IconColours, draw_icon
from inspector.gui.state import WindowState

ICON_SIZE = 18
Predicate = Callable[[WindowState], bool]


def always(_state: WindowState) -> bool:
    """Nothing stands in its way."""
    return True


def has_file(state: WindowState) -> bool:
    """A file is open, loaded or not."""
    return bool(state.path)


def has_model(state: WindowState) -> bool:
    """A model is loaded."""
    return state.model is not None


def has_entries(state: WindowState) -> bool:
    """There is something to choose from what the source builds."""
    return state.model is not None and bool(state.model.entries)


def has_graph(state: WindowState) -> bool:
    """A run has drawn a graph."""
    return state.run.graph is not None


def can_run(state: WindowState) -> bool:
    """A model is loaded and is not running."""
    return state.model is not None and not state.run.running and not state.loading


def can_profile(state: WindowState) -> bool:
    """A whole run has drawn a graph, and nothing is under way."""
    return can_run(state) and state.run.graph is not None and state.run.failure is None and state.progress is None


def is_busy(state: WindowState) -> bool:
    """Something is under way that can be stopped."""
    return state.progress is not None


def has_changeable(state: WindowState) -> bool:
    """Something is chosen that a run may change."""
    return can_run(state) and place_of(state) is not None


def has_changes(state: WindowState) -> bool:
    """Changes are in force."""
    return bool(state.settings.changes)


@dataclass(frozen=True)
class ActionRow:
    """A line of the table. `icon` is its name for `draw_icon`.

    A checkable action calls its slot with a bool, one with a `value` with that.
    """

    name: str
    text: str
    slot: str
    icon: str = ""
    shortcut: str = ""
    enabled: Predicate = always
    checkable: bool = False
    tool_tip: str = ""
    value: int | str | None = None


DEPTHS = tuple(
    ActionRow(
        f"fold_depth_{depth}",
        f"Fold to Depth &{depth}",
        "panels.graph.fold_to_depth",
        "",
        f"Ctrl+{depth}",
        has_graph,
        value=depth,
    )
    for depth in range(1, 10)
)

EXPORTS = tuple(
    ActionRow(f"export_{kind}", f"{text}…", "dialogs.export_graph", "", shortcut, has_graph, value=kind)
    for kind, text, shortcut in (
        ("svg", "Picture as &SVG", "Ctrl+E"),
        ("png", "Picture as &PNG", ""),
        ("pdf", "Picture as P&DF", ""),
        ("dot", "Graph as D&OT", ""),
        ("json", "Graph as &JSON", ""),
    )
)

ACTIONS = (
    ActionRow("open", "&Open…", "dialogs.open_model", "ph.folder-open", "Ctrl+O", tool_tip="Open a model file"),
    ActionRow("attach_source", "Attach .p&y…", "dialogs.attach_source", "ph.file-plus", "Ctrl+Shift+S", has_file),
    ActionRow("choose_entry", "Choose What to &Build…", "session.files.show_entries", "ph.cube", "", has_entries),
    ActionRow("reload", "Reloa&d", "session.files.reload", "ph.arrow-clockwise", "Ctrl+R", has_file),
    ActionRow("reload_when_changed", "Reload When &Changed on Disk", "change_reload_when_changed", checkable=True),
    ActionRow(
        "compare_with",
        "Compare &With…",
        "dialogs.compare_with",
        "",
        "Ctrl+Shift+C",
        has_file,
        tool_tip="Compare the open model with that of another file",
    ),
    ActionRow("compare_itself", "Compare With Itse&lf", "compare_with_itself", enabled=has_model),
    ActionRow("open_images", "Open &Images as Input…", "dialogs.open_images", "ph.image", "Ctrl+I", has_model),
    ActionRow("open_folder", "Open &Test Folder…", "dialogs.open_folder", "ph.folders", "Ctrl+Shift+O", has_model),
    ActionRow("quit", "&Quit", "close", "", "Ctrl+Q"),
    ActionRow("run", "&Run", "session.run", "ph.play-fill", "F5", can_run, tool_tip="Run the model once"),
    ActionRow("stop", "Sto&p", "session.cancel", "ph.stop", "Shift+F5", is_busy, tool_tip="Stop what is under way"),
    ActionRow(
        "live",
        "&Live",
        "session.change_live",
        "ph.lightning",
        "Ctrl+L",
        checkable=True,
        tool_tip="Run again whenever the input or a setting changes",
    ),
    ActionRow("run_when_opened", "Run When &Opened", "change_run_when_opened", checkable=True),
    ActionRow(
        "profile",
        "Pro&file",
        "session.profile",
        "ph.timer",
        "F6",
        can_profile,
        tool_tip="Time each node over several runs, and watch the memory",
    ),
    ActionRow(
        "backward",
        "Run &Backward",
        "session.training.trace",
        "ph.arrow-bend-up-left",
        "F7",
        can_run,
        tool_tip="Run forward and backward once, with the loss of the Training panel",
    ),
    ActionRow("timed", "&Time Each Node", "session.change_timed", checkable=True),
    ActionRow("bypass_node", "&Bypass the Chosen Node", "bypass_selected", "", "Ctrl+Shift+B", has_changeable),
    ActionRow("zero_node", "&Zero the Chosen Node", "zero_selected", "", "Ctrl+Shift+Z", has_changeable),
    ActionRow("noise_node", "Add &Noise to the Chosen Node", "add_noise_to_selected", enabled=has_changeable),
    ActionRow("undo_changes", "&Undo All Changes", "session.undo_changes", "", "Ctrl+Shift+U", has_changes),
    ActionRow("restart", "Restart &Engine", "session.restart", "ph.power", "Ctrl+Shift+R"),
    ActionRow(
        "fit", "&Fit Graph", "panels.graph.fit", "ph.corners-out", "Ctrl+0", has_graph, tool_tip="Fit the whole graph"
    ),
    ActionRow(
        "fold_all",
        "Fold &All",
        "panels.graph.fold_all",
        "ph.arrows-in-line-vertical",
        "Ctrl+[",
        has_graph,
        tool_tip="Fold all",
    ),
    ActionRow(
        "unfold_all",
        "&Unfold All",
        "panels.graph.unfold_all",
        "ph.arrows-out-line-vertical",
        "Ctrl+]",
        has_graph,
        tool_tip="Unfold all",
    ),
    ActionRow(
        "direction",
        "Flow to the &Right",
        "change_direction",
        "ph.arrow-right",
        "Ctrl+D",
        checkable=True,
        tool_tip="Let the graph flow to the right instead of down",
    ),
    ActionRow(
        "wrap",
        "&Wrap Long Graphs",
        "change_wrapped",
        "",
        "Ctrl+Shift+W",
        checkable=True,
        tool_tip="Let a graph that is too long for the view run on in further columns",
    ),
    *DEPTHS,
    *EXPORTS,
    ActionRow("leave_group", "&Back Out of the Group", "panels.graph.leave", "", "Ctrl+Backspace", has_graph),
    ActionRow("search", "&Search the Graph", "focus_search", "ph.magnifying-glass", "Ctrl+F", has_graph),
    ActionRow("find_next", "Find &Next", "panels.graph.next_match", "", "F3", has_graph),
    ActionRow("find_previous", "Find Pre&vious", "panels.graph.previous_match", "", "Shift+F3", has_graph),
    ActionRow("reset_layout", "Reset &Layout", "reset_layout"),
    ActionRow("theme_system", "&System", "choose_system_theme", checkable=True),
    ActionRow("theme_light", "&Light", "choose_light_theme", checkable=True),
    ActionRow("theme_dark", "&Dark", "choose_dark_theme", checkable=True),
    ActionRow("keys", "&Keys", "dialogs.show_keys", "", "F1"),
    ActionRow("engine_log", "Engine &Log", "dialogs.show_log", "ph.terminal"),
    ActionRow("trusted_files", "&Trusted Files…", "dialogs.show_trusted_files", "ph.fingerprint"),
    ActionRow("sandbox", "&Sandbox", "dialogs.show_sandbox", "ph.shield-check"),
    ActionRow("about", "&About Model Inspector", "dialogs.show_about", "ph.info"),
)

# "-" is a line; a name with ":" is a place where the window puts a submenu of its own.
MENUS: dict[str, tuple[str, ...]] = {
    "&File": (
        "open",
        "recent:",
        "samples:",
        "-",
        "attach_source",
        "choose_entry",
        "reload",
        "reload_when_changed",
        "-",
        "compare_with",
        "compare_itself",
        "-",
        "open_images",
        "open_folder",
        "-",
        "exports:",
        "-",
        "quit",
    ),
    "&View": (
        "fit",
        "fold_all",
        "unfold_all",
        "depths:",
        "leave_group",
        "direction",
        "wrap",
        "-",
        "search",
        "find_next",
        "find_previous",
        "-",
        "colours:",
        "panels:",
        "appearance:",
        "-",
        "reset_layout",
    ),
    "&Change": ("bypass_node", "zero_node", "noise_node", "-", "undo_changes"),
    "&Run": ("run", "stop", "-", "live", "run_when_opened", "timed", "profile", "backward", "-", "restart"),
    "&Learn": tuple(f"lessons_{number}:" for number in range(len(GROUPS))),
    "&Help": ("keys", "-", "engine_log", "sandbox", "trusted_files", "-", "about"),
}


def make_actions(window: QWidget) -> dict[str, QAction]:
    """The actions of the table, connected to the window's slots; icons come later, by `set_icons`."""
    made: dict[str, QAction] = {}
    blank = _blank_icon()
    for row in ACTIONS:
        action = QAction(row.text, window)
        action.setObjectName(f"action_{row.name}")
        action.setCheckable(row.checkable)
        plain = row.tool_tip or row.text.replace("&", "")
        action.setToolTip(f"{plain} ({row.shortcut})" if row.shortcut else plain)
        if row.icon:
            action.setIcon(blank)
            action.setIconVisibleInMenu(row.name != "run")  # white, for its blue button
        if row.shortcut:
            action.setShortcut(QKeySequence(row.shortcut))
        _connect(action, window, row)
        window.addAction(action)
        made[row.name] = action
    return made


def enable(actions: Mapping[str, QAction], state: WindowState) -> None:
    """Enable what can be done now."""
    for row in ACTIONS:
        actions[row.name].setEnabled(row.enabled(state))


def set_icons(actions: Mapping[str, QAction], colour: str, disabled: str, accent: str) -> None:
    """Give the actions their icons, in these colours."""
    for row in ACTIONS:
        if row.icon:
            normal = accent if row.name == "run" else colour
            actions[row.name].setIcon(draw_icon(row.icon, IconColours(normal, disabled)))


def _blank_icon() -> QIcon:
    """Holds an icon's room until it comes, so that nothing moves then."""
    picture = QPixmap(ICON_SIZE, ICON_SIZE)
    picture.fill(Qt.GlobalColor.transparent)
    return QIcon(picture)


def _connect(action: QAction, window: QWidget, row: ActionRow) -> None:
    """The slot is looked up when it is needed: what it belongs to is made late."""
    find = attrgetter(row.slot)
    given = () if row.value is None else (row.value,)
    if action.isCheckable():
        action.triggered.connect(lambda checked: find(window)(checked))  # noqa: PLW0108 - see above
    else:  # Qt would hand over whether it is checked
        action.triggered.connect(lambda _checked=False: find(window)(*given))
