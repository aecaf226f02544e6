"""The toolbar: open, run, live, device, dtype, train or eval, search, the graph's own.

Where it is narrow, words go first, then room in its fields; what is last on it comes under its arrow.
"""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QWidget,
)

from inspector.core.measures import CHOICES
from inspector.gui.actions import ICON_SIZE
from inspector.gui.parts import SegmentedButtons, named
from inspector.gui.state import WindowState
from inspector.protocol.events import Device

DTYPES = (
    ("", "dtype as is"),
    ("float32", "float32"),
    ("float16", "float16"),
    ("bfloat16", "bfloat16"),
    ("float64", "float64"),
)


WORDED = ("open", "live", "run")  # buttons with words; where it is narrow, the first two lose theirs first
NO_LIMIT = 16_777_215  # Qt's own
NARROW_DEVICE, NARROW_DTYPE, NARROW_COLOURS = 76, 104, 112
SEARCH, NARROW_SEARCH = 128, 88  # the least that the search takes

SEARCH_TIP = (
    "Words of a name or an operation, part of a shape (64x56x56, 1,*,56,56), or comparisons:\n"
    "params > 1M, macs > 1G, time > 2ms, bytes > 10MB, nan > 0, zeros > 50%, std < 1e-6, out[1] >= 256,\n"
    "op = Conv2d, name = layer1.*, dtype = float16, class ~ block; joined by and, or, not and parentheses.\n"
    "Return goes to the next match, Shift+Return to the one before, Escape ends the search."
)

PADDING, SPACING = 24, 4  # of the style sheet, left and right in all, with some to spare, and between two
_WORDS, _ICON = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly


class RunBar(QToolBar):
    """What is used all the time.

    Signals:
        device_requested: torch's name of a device.
        dtype_requested: torch's name of a dtype, "" for the model's own.
        mode_requested: "eval" or "train".
        colour_requested: the key of the measure to colour the graph by.
        search_requested: text to find in the graph.
        step_requested: 1 for the next match, −1 for the one before.
    """

    device_requested = Signal(str)
    dtype_requested = Signal(str)
    mode_requested = Signal(str)
    search_requested = Signal(str)
    colour_requested = Signal(str)
    step_requested = Signal(int)

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__("Toolbar", parent)
        named(self, "run_bar", "Toolbar")
        self.setMovable(False)
        self.setFloatable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self._devices: tuple[Device, ...] = ()
        self._stage = 0
        self._suited = (-1, -1)  # for which width, with what it took then
        self.device = named(QComboBox(), "device_choice", "Device", "The device that the model runs on")
        self.dtype = named(QComboBox(), "dtype_choice", "dtype", "The dtype of the model and its input")
        for key, text in DTYPES:
            self.dtype.addItem(text, key)
        self.mode = SegmentedButtons(
            (("eval", "eval"), ("train", "train")),
            "mode_choice",
            "Mode",
            {"eval": "Dropout off, running statistics used", "train": "Dropout on, statistics of the batch used"},
        )
        self.colours = named(QComboBox(), "colour_choice", "Colour by", "Colour the graph by this")
        for key, text in CHOICES:
            self.colours.addItem(f"Colour: {text}", key)
        self.colours.activated.connect(lambda row: self.colour_requested.emit(self.colours.itemData(row)))
        for box in (self.device, self.dtype, self.colours):  # else a box keeps the width of the words it had first
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.search = named(QLineEdit(), "graph_search", "Search the graph")
        self.search.setPlaceholderText("Search the graph")
        self.search.setToolTip(SEARCH_TIP)
        self.search.installEventFilter(self)
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(SEARCH)
        self.search.setMaximumWidth(220)
        self._fill(actions)
        self.device.activated.connect(lambda row: self.device_requested.emit(self.device.itemData(row)))
        self.dtype.activated.connect(lambda row: self.dtype_requested.emit(self.dtype.itemData(row)))
        self.mode.chosen.connect(self.mode_requested)
        self.search.textChanged.connect(self.search_requested)

    def draw(self, state: WindowState) -> None:
        """Show the devices that are there, and what is chosen."""
        if state.engine.devices != self._devices:
            self._devices = state.engine.devices
            self.device.clear()
            for device in self._devices:
                self.device.addItem(device.label, device.name)
        self._choose(self.device, state.settings.device)
        self._choose(self.dtype, state.settings.dtype)
        self._choose(self.colours, state.colour_by)
        self.mode.choose(state.settings.mode)
        self.search.setEnabled(state.run.graph is not None)
        self._suit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Return and Escape in the search field."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.step_requested.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
                return True
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Find room for all of it."""
        super().resizeEvent(event)
        self._suit()

    def _suit(self) -> None:
        """Take from words, then from fields, no more than the width asks for; nothing where that was done already."""
        if self._suited == (self.width(), self._wanted()):
            return
        for stage in range(4):
            self._shrink(stage)
            if self._wanted() <= self.width():
                break
        self._suited = (self.width(), self._wanted())

    def _shrink(self, stage: int) -> None:
        """0: as it is; 1: Open and Live without words; 2: Run too; 3: narrow fields, as well."""
        if stage == self._stage:
            return
        self._stage = stage
        for name, least in zip(WORDED, (1, 1, 2), strict=True):
            button = self.findChild(QToolButton, f"{name}_button")
            if button is not None:
                button.setToolButtonStyle(_ICON if stage >= least else _WORDS)
        narrow = stage >= 3
        self.device.setMaximumWidth(NARROW_DEVICE if narrow else NO_LIMIT)
        self.dtype.setMaximumWidth(NARROW_DTYPE if narrow else NO_LIMIT)
        self.dtype.setItemText(0, "as is" if narrow else DTYPES[0][1])
        self.mode.set_compact(narrow)
        self.colours.setMaximumWidth(NARROW_COLOURS if narrow else NO_LIMIT)
        for row, (_, text) in enumerate(CHOICES):
            self.colours.setItemText(row, text if narrow else f"Colour: {text}")
        self.search.setMinimumWidth(NARROW_SEARCH if narrow else SEARCH)

    def _wanted(self) -> int:
        """What all of it takes, with the search at its least."""
        shown = [self.widgetForAction(action) for action in self.actions()]
        widths = [_width(widget) for widget in shown if widget is not None]
        return sum(widths) + SPACING * (len(widths) - 1) + PADDING

    def _choose(self, box: QComboBox, key: str) -> None:
        row = box.findData(key)
        if row >= 0 and row != box.currentIndex():
            box.setCurrentIndex(row)

    def _fill(self, actions: Mapping[str, QAction]) -> None:
        self._add(actions["open"], words=True)
        self.addSeparator()
        self._add(actions["run"], words=True)
        self._add(actions["stop"])
        self._add(actions["live"], words=True)
        self.addSeparator()
        for widget in (self.device, self.dtype, self.mode):
            self.addWidget(widget)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(space)
        self.addWidget(self.search)
        self.addWidget(self.colours)
        self.addSeparator()
        for name in ("fit", "fold_all", "unfold_all", "direction"):
            self._add(actions[name])

    def _add(self, action: QAction, *, words: bool = False) -> None:
        self.addAction(action)
        button = self.widgetForAction(action)
        if isinstance(button, QToolButton):
            name = action.objectName().removeprefix("action_")
            named(button, f"{name}_button", action.text().replace("&", ""))
            button.setToolButtonStyle(_WORDS if words else _ICON)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)


def _width(widget: QWidget) -> int:
    """The least that shows a widget uncut: the search shrinks, a field up to its limit."""
    if isinstance(widget, QLineEdit):
        return widget.minimumWidth()
    return min(max(widget.sizeHint().width(), widget.minimumSizeHint().width()), widget.maximumWidth())
