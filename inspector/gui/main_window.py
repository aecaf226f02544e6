"""The main window: places the panels, connects their intents with the session, and nothing else."""

from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import (
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from inspector.core.measures import CHOICES
from inspector.gui import menus
from inspector.gui.actions import enable, make_actions, set_icons
from inspector.gui.appearance import apply_theme
from inspector.gui.deeds import do_deed, follow_plan
from inspector.gui.dialogs import Dialogs
from inspector.gui.docks import make_docks, place_docks, tell_count
from inspector.gui.drop_overlay import DropOverlay
from inspector.gui.drops import DropPlan, plan_drop
from inspector.gui.engine_link import EngineFactory
from inspector.gui.file_panel import BannerStack, FilePanel
from inspector.gui.lessons import GROUPS, Tour
from inspector.gui.panels import Panels
from inspector.gui.part_by_part import PartByPart
from inspector.gui.parts import named
from inspector.gui.run_bar import RunBar
from inspector.gui.session import WindowSession
from inspector.gui.settings import SettingsFile, ThemeChoice
from inspector.gui.state import WindowState
from inspector.gui.status_line import StatusLine
from inspector.gui.style_sheet import on_accent
from inspector.gui.theme import theme, theme_source
from inspector.gui.words import TITLE
from inspector.places import Sample

LAYOUT_VERSION = 1
FIRST_SIZE = (1440, 900)
LOWEST_GRAPH = 140  # pixels


class MainWindow(QMainWindow):
    """The window.

    Signals:
        first_painted: the window can be seen; what is slow may begin.
        completed: every panel is there.
    """

    first_painted = Signal()
    completed = Signal()

    def __init__(self, factory: EngineFactory, settings: SettingsFile, samples: tuple[Sample, ...] = ()) -> None:
        super().__init__()
        named(self, "main_window", TITLE)
        self.session = WindowSession(factory, settings, self)
        self._painted = False
        self._closed = False
        self.drawing = PartByPart(self)
        self.file_panel = FilePanel(samples)
        self.banners = BannerStack()
        self.actions_by_name = make_actions(self)
        self.run_bar = RunBar(self.actions_by_name, self)  # before the docks, as Tab goes
        self.status_line = StatusLine()
        self.overlay = DropOverlay(self, lambda paths: plan_drop(paths, self.session.state))
        self.centre = named(QStackedWidget(), "centre", "The graph, or the file")
        self.docks = make_docks(self)
        self.dialogs = Dialogs(
            self, self.session, self.open_paths, lambda: self.panels.graph.drawing, self._compare_files
        )
        self.panels = Panels(
            self.session,
            self.docks,
            self.centre,
            open_images=self.dialogs.open_images,
            open_array=self.dialogs.open_array,
            export_graph=self.dialogs.export_graph,
            compare_with=self.dialogs.compare_with,
        )
        self.tour = Tour(
            self,
            self.session,
            samples,
            docks=self.docks,
            graph=self.centre,
            centre_on_node=lambda node: self.panels.graph.centre_on_node(node),  # noqa: PLW0108 - made when needed
        )
        self._place()
        self._make_menus(samples)
        self._connect()
        self._restore_layout()
        self.first_painted.connect(lambda: QTimer.singleShot(0, self, self._complete))
        self.draw()
        self.centre.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.centre.setFocus()  # else the first button of the toolbar stands there with a frame around it

    # What the user sees

    def draw(self) -> None:
        """Draw the session's snapshot: every part takes what concerns it, when its turn comes."""
        session = self.session
        self.drawing.draw(
            {
                "banners": lambda: self.banners.draw(session.state),  # first: what went wrong is not to wait
                "file_panel": lambda: self.file_panel.draw(session.state),
                "frame": self._draw_frame,
                "run_bar": lambda: self.run_bar.draw(session.state),
                **self.panels.drawers(),
                "status_line": lambda: self.status_line.draw(session.state),
            }
        )

    @property
    def is_drawn(self) -> bool:
        """Whether all that is known can be seen."""
        return not self.drawing.busy and not self.session.has_news

    def _draw_frame(self) -> None:
        state = self.session.state
        asks = state.consent is not None or state.entry_needed is not None
        graph_shown = state.run.graph is not None and not asks and not state.listed
        self.centre.setCurrentWidget(self.panels.graph if graph_shown else self.file_panel)
        enable(self.actions_by_name, state)
        self._check_actions(state)
        tell_count(self.docks["findings"], "findings", state.num_findings)
        self.setWindowTitle(f"{Path(state.path).name} — {TITLE}" if state.path else TITLE)

    def open_paths(self, paths: list[str]) -> None:
        """Open files as if they were dropped: weights with their `.py`, or one file."""
        if paths:
            self._follow_plan(plan_drop(paths, self.session.state))

    def open_sample(self, sample: Sample) -> None:
        """Open a sample with its source; its test folder is listed."""
        self.session.files.open_sample(sample)

    # Small deeds of actions

    def change_run_when_opened(self, on: bool) -> None:
        """Whether a model that was opened runs at once."""
        self.session.settings.change(run_when_opened=on)

    def change_reload_when_changed(self, on: bool) -> None:
        """Whether a file that changed on disk is reloaded without asking."""
        self.session.settings.change(reload_when_changed=on)

    def compare_with_itself(self) -> None:
        """Compare the model with itself: with its changes in force, or in the other mode."""
        self.session.comparison.with_itself()
        self.show_comparison()

    def show_comparison(self) -> None:
        """Bring its dock to the front."""
        self.docks["comparison"].show()
        self.docks["comparison"].raise_()

    def bypass_selected(self) -> None:
        """Bypass what is chosen, in runs from now on."""
        self.session.change_selected("bypass")

    def zero_selected(self) -> None:
        """Zero the output of what is chosen, in runs from now on."""
        self.session.change_selected("zero")

    def add_noise_to_selected(self) -> None:
        """Add noise to the output of what is chosen, in runs from now on."""
        self.session.change_selected("noise")

    def change_direction(self, to_the_right: bool) -> None:
        """Let the graph flow down or to the right."""
        self.panels.graph.set_direction("right" if to_the_right else "down")

    def change_wrapped(self, on: bool) -> None:
        """Whether a graph that is too long for the view runs on in further columns."""
        self.session.settings.change(wrap_long_graphs=on)
        self.panels.graph.set_wrapped(on)

    def focus_search(self) -> None:
        """Go to the search field."""
        self.run_bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.run_bar.search.selectAll()

    def choose_system_theme(self, _on: bool = True) -> None:
        """Light or dark, as the system has it."""
        self._choose_theme("system")

    def choose_light_theme(self, _on: bool = True) -> None:
        """Light."""
        self._choose_theme("light")

    def choose_dark_theme(self, _on: bool = True) -> None:
        """Dark."""
        self._choose_theme("dark")

    def reset_layout(self) -> None:
        """Put every panel where it stood at first."""
        place_docks(self, self.docks)

    # Qt's own events

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Files dragged over the window's surface are taken before any field can take their names as text."""
        super().showEvent(event)
        surface = self.windowHandle()
        if surface is not None:
            surface.installEventFilter(self.overlay)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Tell once that the window can be seen."""
        super().paintEvent(event)
        if not self._painted:
            QTimer.singleShot(0, self, self.tell_first_painted)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Remember the layout, and end the engine."""
        self.session.settings.change(
            geometry=_text_of(self.saveGeometry()), layout=_text_of(self.saveState(LAYOUT_VERSION))
        )
        self.session.close()
        self.drawing.stop()
        self._closed = True
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Say what the drop would do."""
        self.overlay.take(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802 - Qt's name
        """The same anywhere on the window."""
        self.overlay.take(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 - Qt's name
        """Nothing is dragged any more."""
        self.overlay.take(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Do it."""
        self.overlay.take(event)

    # Placing and connecting

    def _place(self) -> None:
        self.setAcceptDrops(True)
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AnimatedDocks
        )
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.run_bar)
        self.setStatusBar(self.status_line)
        self.centre.addWidget(self.file_panel)
        middle = named(QWidget(), "middle", "The graph, with notices")
        # Sentences that wrap ask for the height of a narrow column: notices would squeeze the docks below, for good.
        middle.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        middle.setMinimumHeight(LOWEST_GRAPH)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tour.card)
        column.addWidget(self.banners)
        column.addWidget(self.centre, 1)
        self.setCentralWidget(middle)

    def _make_menus(self, samples: tuple[Sample, ...]) -> None:
        self.recent_menu = QMenu("Open &Recent", self)
        self.recent_menu.aboutToShow.connect(self._fill_recent)
        submenus = {
            "recent:": self.recent_menu,
            "samples:": menus.samples_menu(self, samples, self.open_sample),
            "exports:": menus.exports_menu(self, self.actions_by_name),
            "depths:": menus.depths_menu(self, self.actions_by_name),
            "colours:": self._colours_menu(),
            "panels:": menus.panels_menu(self, [dock.toggleViewAction() for dock in self.docks.values()]),
            "appearance:": self._appearance_menu(),
            **menus.lesson_menus(self, GROUPS, self.tour.start, enabled=bool(samples)),
        }
        menus.fill_menu_bar(self.menuBar(), self.actions_by_name, submenus)

    def _colours_menu(self) -> QMenu:
        self.colours_menu = menus.choice_menu(
            self, "&Colour By", "menu_colours", CHOICES, self.session.change_colour_by
        )
        return self.colours_menu

    def _appearance_menu(self) -> QMenu:
        menu = QMenu("App&earance", self)
        self._themes = QActionGroup(self)
        for name in ("system", "light", "dark"):
            action = self.actions_by_name[f"theme_{name}"]
            self._themes.addAction(action)
            menu.addAction(action)
        return menu

    def _fill_recent(self) -> None:
        menus.fill_recent(
            self.recent_menu,
            self.session.state.recent_files,
            self.session.files.open,
            self.session.files.forget_recent,
        )

    def _connect(self) -> None:
        session = self.session
        session.changed.connect(self.draw)
        self.overlay.dropped.connect(self._follow_plan)
        self.status_line.cancel_requested.connect(session.cancel)
        self.run_bar.device_requested.connect(session.change_device)
        self.run_bar.dtype_requested.connect(session.change_dtype)
        self.run_bar.colour_requested.connect(session.change_colour_by)
        self.run_bar.mode_requested.connect(session.change_mode)
        self.run_bar.search_requested.connect(self._search)
        self.run_bar.step_requested.connect(self._step_match)
        self.banners.deed_requested.connect(self._follow_deed)
        theme_source().changed.connect(self._restyle)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)
        self._connect_file_panel()

    def _connect_file_panel(self) -> None:
        panel, session = self.file_panel, self.session
        panel.trust_requested.connect(lambda always: session.files.trust(always=always))
        panel.weights_only_requested.connect(session.files.open_weights_only)
        panel.source_requested.connect(self.dialogs.attach_source)
        panel.declined.connect(session.files.decline)
        panel.entry_chosen.connect(session.files.choose_entry)
        panel.entry_closed.connect(session.files.close_entries)
        panel.run_requested.connect(session.run)
        panel.open_requested.connect(self.dialogs.open_model)
        panel.path_requested.connect(session.files.open)
        panel.sample_requested.connect(self.open_sample)
        panel.lesson_requested.connect(self.tour.start)

    def _compare_files(self, paths: list[str]) -> None:
        plan = plan_drop(paths, self.session.state)
        name = Path(paths[0]).name
        refused = DropPlan("refuse", f"{name} can't be compared with: it is no model, or another file is being opened.")
        self._follow_plan(plan.beside or refused)

    def _search(self, text: str) -> None:
        self.panels.graph.search(text)

    def _step_match(self, step: int) -> None:
        self.panels.graph.next_match(step)

    def _follow_plan(self, plan: DropPlan) -> None:
        follow_plan(plan, self.session)
        if plan.kind == "compare":
            self.show_comparison()

    def _follow_deed(self, deed: str) -> None:
        centre = lambda node: self.panels.graph.centre_on_node(node)  # noqa: E731, PLW0108 - made when needed
        do_deed(deed, self.session, self.dialogs, centre)

    def _check_actions(self, state: WindowState) -> None:
        actions = self.actions_by_name
        menus.choose(self.colours_menu, state.colour_by)
        actions["live"].setChecked(state.settings.live)
        actions["timed"].setChecked(state.settings.timed)
        actions["wrap"].setChecked(self.session.settings.current.wrap_long_graphs)
        actions["run_when_opened"].setChecked(self.session.settings.current.run_when_opened)
        actions["reload_when_changed"].setChecked(self.session.settings.current.reload_when_changed)
        actions[f"theme_{self.session.settings.current.theme}"].setChecked(True)

    def _choose_theme(self, choice: ThemeChoice) -> None:
        self.session.settings.change(theme=choice)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, choice)

    def _follow_system(self) -> None:
        app = QApplication.instance()
        if self.session.settings.current.theme == "system" and isinstance(app, QApplication):
            apply_theme(app, "system")

    def tell_first_painted(self) -> None:
        """Begin what waits for the first picture, once."""
        if not self._painted:
            self._painted = True
            self.first_painted.emit()

    def _complete(self) -> None:
        """Make what the first picture did without, a panel a turn of the event loop, so that clicks come through."""
        if self._closed:
            return
        if self.panels.make_next():
            QTimer.singleShot(0, self, self._complete)
        else:
            self._restyle()
            self.completed.emit()

    def _restyle(self) -> None:
        if not self._painted:  # icons come after the first picture: their font takes a while
            return
        colours = theme()
        set_icons(self.actions_by_name, colours.dimmed, colours.faint, on_accent(colours))

    def _restore_layout(self) -> None:
        remembered = self.session.settings.current
        self.resize(*FIRST_SIZE)
        screen = QGuiApplication.primaryScreen()
        if screen is not None:
            room = screen.availableSize()
            self.resize(min(FIRST_SIZE[0], room.width()), min(FIRST_SIZE[1], room.height()))
        if remembered.geometry:
            self.restoreGeometry(_bytes_of(remembered.geometry))
        place_docks(self, self.docks)
        if remembered.layout:
            self.restoreState(_bytes_of(remembered.layout), LAYOUT_VERSION)


def _text_of(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode("ascii")


def _bytes_of(text: str) -> QByteArray:
    return QByteArray.fromBase64(QByteArray(text.encode("ascii", "ignore")))
