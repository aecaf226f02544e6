"""The docks: panels that can be moved, closed and restored, with quiet title bars, and where they stand at first."""

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QMainWindow, QSizePolicy, QTabBar, QTabWidget, QWidget

from inspector.gui.parts import IconButton, named
from inspector.gui.theme import GRID, SMALL, theme, theme_source

# name → title, in the order of the View menu
TITLES = {
    "modules": "Modules",
    "findings": "Findings",
    "node": "Node",
    "input": "Input",
    "outputs": "Outputs",
    "confusion": "Confusion matrix",
    "measures": "Measures",
    "training": "Training",
    "comparison": "Compare",
}
BELOW = ("input", "outputs", "confusion", "measures", "training", "comparison")
NARROW, LOW = 1280, 780


class DockTitle(QWidget):
    """The title bar of a dock: its name, and a button that closes it; it is dragged like any other."""

    def __init__(self, dock: QDockWidget, title: str) -> None:
        super().__init__(dock)
        named(self, f"{dock.objectName()}_title", title)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._dock = dock
        self._tabbed = False
        self._label = QLabel(title)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        close = IconButton(
            "ph.x", f"{dock.objectName()}_close", f"Close {title}", "Close (restore it in the View menu)"
        )
        close.setFixedSize(20, 20)
        close.setIconSize(QSize(12, 12))
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # else Tab met nine of these; the View menu closes panels too
        close.clicked.connect(dock.close)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID * 2, GRID, GRID, GRID)
        row.addWidget(self._label, 1)
        row.addWidget(close)
        self._restyle()
        theme_source().changed.connect(self._restyle)
        dock.windowTitleChanged.connect(self._label.setText)
        dock.visibilityChanged.connect(self.look_for_tabs)
        dock.topLevelChanged.connect(self.look_for_tabs)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """One small line; none where the dock's tab says the name already."""
        return QSize(80, 0 if self._tabbed else 28)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As small as it may get beside others."""
        return QSize(60, 0 if self._tabbed else 28)

    def look_for_tabs(self) -> None:
        """Give the line's room away while tabs say the name."""
        window = self._dock.parentWidget()
        beside = window.tabifiedDockWidgets(self._dock) if isinstance(window, QMainWindow) else []
        tabbed = not self._dock.isFloating() and any(not other.isHidden() for other in beside)
        if tabbed != self._tabbed:
            self._tabbed = tabbed
            self.updateGeometry()

    def _restyle(self) -> None:
        colours = theme()
        self.setStyleSheet(f"DockTitle {{ background: {colours.panel}; }}")
        self._label.setStyleSheet(f"color: {colours.dimmed}; font-size: {SMALL}px; font-weight: 600;")


def make_docks(window: QMainWindow) -> dict[str, QDockWidget]:
    """A dock for every panel, with an empty field where the panel will be."""
    docks: dict[str, QDockWidget] = {}
    for name, title in TITLES.items():
        dock = named(QDockWidget(title, window), f"dock_{name}", title)
        empty = QWidget()
        empty.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        dock.setWidget(empty)
        dock.setTitleBarWidget(DockTitle(dock, title))
        dock.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)
        docks[name] = dock
    return docks


def place_docks(window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
    """Where they stand at first: modules and findings left, node right, the rest below; tabs where it is narrow."""
    size = window.size()
    left, right, below = (
        Qt.DockWidgetArea.LeftDockWidgetArea,
        Qt.DockWidgetArea.RightDockWidgetArea,
        Qt.DockWidgetArea.BottomDockWidgetArea,
    )
    window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
    window.setCorner(Qt.Corner.BottomLeftCorner, below)
    window.setCorner(Qt.Corner.BottomRightCorner, below)
    for name, area in (
        ("modules", left),
        ("node", right),
        ("input", below),
        ("outputs", below),
        ("confusion", below),
        ("measures", below),
        ("training", below),
        ("comparison", below),
    ):
        docks[name].setFloating(False)
        window.addDockWidget(area, docks[name])
    docks["findings"].setFloating(False)
    window.addDockWidget(left, docks["findings"])
    window.splitDockWidget(docks["modules"], docks["findings"], Qt.Orientation.Vertical)
    window.tabifyDockWidget(docks["confusion"], docks["measures"])
    window.tabifyDockWidget(docks["measures"], docks["training"])
    window.tabifyDockWidget(docks["training"], docks["comparison"])
    docks["confusion"].raise_()
    narrow = size.width() < NARROW
    if narrow:
        window.tabifyDockWidget(docks["outputs"], docks["input"])
        docks["outputs"].raise_()
    if size.height() < LOW:
        window.tabifyDockWidget(docks["modules"], docks["findings"])
        docks["modules"].raise_()
    for dock in docks.values():
        dock.show()
    window.resize(size)  # side by side, before they were tabs, they asked for more
    _give_sizes(window, docks, narrow=narrow)
    for title in window.findChildren(DockTitle):
        title.look_for_tabs()
    for bar in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
        named(bar, "dock_tabs", "Panels in this place")
        bar.setElideMode(Qt.TextElideMode.ElideNone)


def tell_count(dock: QDockWidget, name: str, count: int) -> None:
    """Put into a dock's title how many things it holds: behind another tab they would not be noticed."""
    title = f"{TITLES[name]} ({count})" if count else TITLES[name]
    if dock.windowTitle() != title:
        dock.setWindowTitle(title)


def _give_sizes(window: QMainWindow, docks: Mapping[str, QDockWidget], *, narrow: bool) -> None:
    width, height = window.width(), window.height()
    horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    below = round(height * (0.36 if narrow else 0.38))
    window.resizeDocks(
        [docks["modules"], docks["node"]], [max(250, round(width * 0.22)), round(width * 0.2)], horizontal
    )
    window.resizeDocks([docks["modules"], docks["findings"]], [round(height * 0.34), round(height * 0.22)], vertical)
    window.resizeDocks([docks["outputs"]], [below], vertical)
    if narrow:
        window.resizeDocks([docks["outputs"], docks["confusion"]], [width // 2, width // 2], horizontal)
    else:
        shares = [round(width * share) for share in (0.27, 0.35, 0.38)]
        window.resizeDocks([docks["input"], docks["outputs"], docks["confusion"]], shares, horizontal)
