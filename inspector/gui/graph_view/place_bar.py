"""The strip above the graph: where one is in it, how deep it is unfolded, and what the search found."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from inspector.core.scope import Crumb
from inspector.core.search import SearchError
from inspector.gui.graph_view.breadcrumbs import Breadcrumbs
from inspector.gui.parts import IconButton, Sentence, named
from inspector.gui.theme import GRID, SMALL, theme, theme_source

DEEPEST_SHOWN = 9


class PlaceBar(QWidget):
    """One line, and a second one for what is wrong with a search.

    Signals:
        step_requested: 1 for the next match, −1 for the one before.
        back_requested: leave the group that was entered.
        depth_requested: fold to this depth; −1 unfolds all.
    """

    step_requested = Signal(int)
    back_requested = Signal()
    depth_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "place_bar", "Place in the graph, depth and search")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.back = IconButton("ph.arrow-left", "leave_group", "Back to where the group was entered (Esc)")
        self.crumbs = Breadcrumbs()
        self.depths = named(QToolButton(), "depth_choice", "Depth", "Fold to a depth of modules (Ctrl+1 … Ctrl+9)")
        self.depths.setText("depth")
        self.depths.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.depths.setMenu(named(QMenu(self.depths), "depth_menu", "Depth"))
        self.depths.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.found = Sentence("search_count", "What the search found", "dimmed", small=True)
        self.found.setWordWrap(False)
        self.found.setSizePolicy(self.depths.sizePolicy())
        self.previous = IconButton("ph.caret-up", "search_before", "Match before (Shift+F3)")
        self.next = IconButton("ph.caret-down", "search_next", "Next match (F3)")
        self.wrong = Sentence("search_wrong", "What is wrong with the search", "warning", small=True)
        self.back.clicked.connect(self.back_requested)
        self.previous.clicked.connect(lambda: self.step_requested.emit(-1))
        self.next.clicked.connect(lambda: self.step_requested.emit(1))
        self._place()
        self.show_found("", (), -1)
        self.show_place((), entered=False)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def show_place(self, crumbs: Sequence[Crumb], *, entered: bool) -> None:
        """Where one is."""
        self.crumbs.show_crumbs(crumbs)
        self.back.setVisible(entered)

    def show_depth(self, most: int) -> None:
        """Offer the depths that there are."""
        menu = self.depths.menu()
        menu.clear()
        for depth in range(min(most, DEEPEST_SHOWN)):
            text = "Fold all" if depth == 0 else f"Depth {depth}"
            action = menu.addAction(text)
            action.triggered.connect(lambda _checked=False, depth=depth: self.depth_requested.emit(depth))
        menu.addAction("Unfold all").triggered.connect(lambda _checked=False: self.depth_requested.emit(-1))

    def show_found(self, text: str, matches: Sequence[int], at: int) -> None:
        """`3 of 17`, `17 found`, or that there is nothing."""
        self.wrong.say("")
        count = len(matches)
        if not text.strip():
            self.found.say("")
        elif not count:
            self.found.say("nothing found")
        else:
            self.found.say(f"{at + 1:,} of {count:,}" if at >= 0 else f"{count:,} found")
        for button in (self.previous, self.next):
            button.setVisible(count > 0)

    def show_wrong(self, text: str, error: SearchError) -> None:
        """Say what can't be read, and where."""
        self.show_found("", (), -1)
        about = text[error.start : error.end].strip()
        shown = about if len(about) <= 40 else f"{about[:40]}…"
        self.wrong.say(error.message if not shown or shown in error.message else f"{shown} — {error.message}")

    def _place(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self.back)
        row.addWidget(self.crumbs, 1)
        for widget in (self.found, self.previous, self.next, self.depths):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID, 2, 2 * GRID, 2)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.wrong)

    def _restyle(self) -> None:
        colours = theme()
        self.setStyleSheet(
            f"#place_bar {{ background: {colours.panel}; border-bottom: 1px solid {colours.border}; }}"
            f"#depth_choice {{ color: {colours.dimmed}; font-size: {SMALL}px; padding: 1px 16px 1px {GRID}px; }}"
        )
