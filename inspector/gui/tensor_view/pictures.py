"""The page of pictures: which axes, which sample, in which order and colours, and the grid."""

from msgspec import structs
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from inspector.gui.parts import IconButton, NumberSlider, PushButton, SegmentedButtons, Sentence, named
from inspector.gui.state import MapPictures, TensorState, WindowState
from inspector.gui.tensor_view.choices import SCORES, LayoutChoice, is_fed_images, layout_choices, patches_side
from inspector.gui.tensor_view.map_grid import MapGrid, MapLook
from inspector.gui.theme import GRID
from inspector.protocol.events import MapsRead, TensorFetched
from inspector.protocol.graph import Node
from inspector.protocol.requests import ReadMaps
from inspector.protocol.tensors import MapOrder, MapWindow, Reduction

PAGE = 24
ORDERS: tuple[tuple[MapOrder, str], ...] = (
    ("index", "by number"),
    ("mean_abs", "by mean |x|"),
    ("max", "by maximum"),
    ("zeros", "by share of zeros"),
)
REDUCTIONS: tuple[tuple[Reduction, str], ...] = (("max_abs", "greatest |x|"), ("mean", "mean"))


class PicturesPage(QWidget):
    """Signals.

    Signals:
        part_requested: a ReadMaps.
    """

    part_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        named(self, "tensor_pictures", "The values as pictures")
        self._fetched: TensorFetched | None = None
        self._choices: tuple[LayoutChoice, ...] = ()
        self._window = MapWindow(layout="plane")
        self._asked: set[MapWindow] = set()
        self._large: int | None = None
        self._state: WindowState | None = None
        self.layouts = named(QComboBox(), "tensor_layout", "How the axes are read as pictures")
        self.orders = named(QComboBox(), "tensor_order", "In which order")
        for key, text in ORDERS:
            self.orders.addItem(text, key)
        self.blocks = named(QComboBox(), "tensor_blocks", "What a pixel shows of its block of values")
        self.blocks.setToolTip("What a pixel shows of its block of values")
        for reduction, text in REDUCTIONS:
            self.blocks.addItem(text, reduction)
        self.sample = named(QSpinBox(), "tensor_sample", "Which sample of the batch")
        self.query = named(QSpinBox(), "tensor_query", "Which query token")
        self.sample.setPrefix("sample ")
        self.query.setPrefix("query ")
        self.scale = SegmentedButtons(
            (("shared", "One scale"), ("each", "Each its own")), "tensor_scale", "Scale of the colours"
        )
        self.two_way = named(QCheckBox("zero in the middle"), "tensor_two_way", "Zero in the middle of the colours")
        self.under = NumberSlider(
            "input under it", "tensor_under", "Opacity of the input picture", low=0, high=1, value=0
        )
        self.back = PushButton("Back to all", "tensor_back", "Back to all pictures")
        self.earlier = IconButton("ph.arrow-left", "tensor_earlier", "Earlier pictures")
        self.later = IconButton("ph.arrow-right", "tensor_later", "Later pictures")
        self.range = named(QLabel(), "tensor_range", "Which pictures are shown")
        self.range.setTextFormat(Qt.TextFormat.PlainText)
        self.told = Sentence("tensor_maps_told", "How the pictures were made", "dimmed", small=True)
        self.hover = Sentence("tensor_hover", "The value under the mouse", small=True)
        self.grid = MapGrid()
        self._pairs: list[QBoxLayout] = []
        self._lay_out()
        self._connect()

    def set_narrow(self, narrow: bool) -> None:
        """Put choices that stand side by side below each other."""
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        for row in self._pairs:
            row.setDirection(way)

    def draw(self, state: WindowState) -> None:
        """Show what there is of the pictures, and ask for what there is not."""
        self._state = state
        fetched = state.tensor.fetched
        if fetched is not None and fetched is not self._fetched:
            self._begin(fetched, state)
        if fetched is not None:
            self._show(state.tensor, state)

    def _begin(self, fetched: TensorFetched, state: WindowState) -> None:
        """Another tensor: the likeliest layout, or the one that was chosen where it fits."""
        self._fetched, self._asked, self._large = fetched, set(), None
        node = _chosen_node(state)
        category = "" if node is None else node.category
        choices = layout_choices(fetched.place, fetched.shape, category, images=is_fed_images(state.run.graph))
        if choices != self._choices:
            self._choices = choices
            self.layouts.clear()
            for choice in choices:
                self.layouts.addItem(choice.label, choice.layout)
        self._chosen()

    def _chosen(self) -> None:
        """The window of what the controls say, from its first page on."""
        fetched, place = self._fetched, self.layouts.currentIndex()
        if fetched is None or place < 0:
            return
        self.hover.say("")
        layout, shape = self._choices[place].layout, fetched.shape
        batched = layout in ("maps", "strips", "tokens", "query", "slices")
        self.sample.setRange(0, max(0, shape[0] - 1) if batched else 0)
        self.sample.setVisible(batched and shape[0] > 1)
        counted = {"query": 2, "slices": 1}.get(layout, -1)  # the axis that the second number goes along
        self.query.setRange(0, max(0, shape[counted] - 1) if counted >= 0 else 0)
        self.query.setPrefix("channel " if layout == "slices" else "query ")
        self.query.setVisible(counted >= 0 and shape[counted] > 1)
        single = layout == "plane"
        self._large = None
        self._window = MapWindow(
            layout=layout,
            sample=self.sample.value() if batched else 0,
            query=self.query.value() if counted >= 0 else 0,
            count=1 if single else PAGE,
            order=self.orders.currentData(),
            max_side=512 if single else 96,
            reduction=self.blocks.currentData(),
        )
        self._redraw()

    def _wanted(self) -> MapWindow:
        if self._large is None:
            return self._window
        return structs.replace(self._window, start=self._window.start + self._large, count=1, max_side=512)

    def _show(self, tensor: TensorState, state: WindowState) -> None:
        wanted = self._wanted()
        pictures = tensor.large if wanted.count == 1 else tensor.maps
        if pictures is not None and pictures.page.window != wanted:
            pictures = None
        if (
            pictures is None
            and wanted not in self._asked
            and self._fetched is not None
            and 0 not in self._fetched.shape
        ):
            self._asked = {wanted}
            self.part_requested.emit(ReadMaps(place=self._fetched.place, window=wanted))
        choice = self._choices[self.layouts.currentIndex()]
        single = wanted.count == 1
        for widget in (self.orders, self.scale, self.earlier, self.later, self.range):
            widget.setVisible(not single)
        self.back.setVisible(self._large is not None)
        picture = state.preview.picture if state.preview is not None else None
        maps_the_input = choice.layout in ("maps", "channels", "tokens", "query") and not self._is_square_map(tensor)
        # the picture is that of the first sample
        self.under.setVisible(picture is not None and maps_the_input and wanted.sample == 0)
        self.two_way.setVisible(choice.layout != "tiles")
        if pictures is None:
            self.told.say("This tensor is empty." if self._fetched and 0 in self._fetched.shape else "Reading …")
            return
        page = pictures.page
        self.blocks.setVisible(_is_smaller(page, pictures))
        look = MapLook(
            per_map=self.scale.current() == "each" and not single,
            two_way=self.two_way.isChecked() and page.low < 0 < page.high,
            under=self.under.value() if self.under.isVisibleTo(self) else 0.0,
            unit=choice.unit,
            is_attention=self._is_square_map(tensor),
        )
        self.two_way.setEnabled(page.low < 0 < page.high)
        self.grid.show_maps(pictures, look, picture)
        first = wanted.start
        self.range.setText(f"{first}–{first + len(page.channels) - 1} of {page.total}")
        self.earlier.setEnabled(first > 0)
        self.later.setEnabled(first + PAGE < page.total)
        self.told.say(self._how_made(tensor, pictures.page.window, (page.height, page.width), pictures.maps.shape[1:3]))

    def _is_square_map(self, tensor: TensorState) -> bool:
        """Whether rows are queries and columns keys."""
        fetched = tensor.fetched
        if fetched is None or self._window.layout not in ("maps", "channels"):
            return False
        known = tensor.measured is not None and tensor.measured.is_attention
        return fetched.place.role == "attention" or known

    def _how_made(self, tensor: TensorState, window: MapWindow, size: tuple[int, int], shown: tuple[int, ...]) -> str:
        parts = []
        if window.layout in ("tokens", "query") and self._fetched is not None:
            number = self._fetched.shape[1 if window.layout == "tokens" else 3]
            side = patches_side(number)
            left_out = ", the class token left out" if side * side != number else ""
            parts.append(f"{number} tokens laid out as {side}×{side}{left_out}: reshaped for this picture.")
        shape = self._fetched.shape if self._fetched is not None else ()
        square = len(shape) == 4 and shape[-1] == shape[-2] and window.layout == "maps"
        node = None if self._state is None else _chosen_node(self._state)
        scores = self._fetched is not None and node is not None and node.op in SCORES
        if square and tensor.measured is not None and tensor.measured.is_attention:
            parts.append("Attention: each row adds up to 1 (checked over all).")
        elif square and tensor.measured is not None and scores:
            parts.append("Square maps, not attention: not every row adds up to 1.")
        if tuple(shown) != size and window.layout != "tiles":
            one = "mean" if window.reduction == "mean" else "value of greatest magnitude"
            parts.append(f"{size[0]}×{size[1]} values, shown by the {one} of each block.")
        return " ".join(parts)

    def _redraw(self) -> None:
        if self._state is not None and self._state.tensor.fetched is self._fetched and self._fetched is not None:
            self._show(self._state.tensor, self._state)

    def _turn(self, step: int) -> None:
        self._window = structs.replace(self._window, start=max(0, self._window.start + step))
        self._redraw()

    def _reduce(self) -> None:
        self._window = structs.replace(self._window, reduction=self.blocks.currentData())
        self._redraw()

    def _enlarge(self, place: int | None) -> None:
        if self._window.count > 1 and (place is None or self._large is None):
            self._large = place
            self._asked = set()
            self._redraw()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        for widgets in (
            (self.layouts,),
            (self.sample, self.query),
            (self.orders, self.scale),
            (self.two_way, self.blocks),
            (self.back,),
            (self.under,),
            (self.earlier, self.range, self.later),
        ):
            row = QHBoxLayout()
            row.setSpacing(GRID)
            for widget in widgets:
                row.addWidget(widget)
            row.addStretch(1)
            column.addLayout(row)
            if len(widgets) == 2:
                self._pairs.append(row)
        for box, length in ((self.layouts, 18), (self.orders, 6), (self.blocks, 6)):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(length)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.setMaximumWidth(232)
        self.scale.set_compact(True)
        self.two_way.setChecked(True)
        column.addWidget(self.hover)
        column.addWidget(self.grid)
        column.addWidget(self.told)

    def _connect(self) -> None:
        self.layouts.activated.connect(lambda _place: self._chosen())
        self.orders.activated.connect(lambda _place: self._chosen())
        self.blocks.activated.connect(lambda _place: self._reduce())
        self.sample.valueChanged.connect(lambda _value: self._chosen())
        self.query.valueChanged.connect(lambda _value: self._chosen())
        self.scale.chosen.connect(lambda _key: self._redraw())
        self.two_way.toggled.connect(lambda _on: self._redraw())
        self.under.changed.connect(lambda _value: self._redraw())
        self.earlier.clicked.connect(lambda: self._turn(-PAGE))
        self.later.clicked.connect(lambda: self._turn(PAGE))
        self.grid.map_chosen.connect(self._enlarge)
        self.back.clicked.connect(lambda: self._enlarge(None))
        self.grid.hovered.connect(lambda text: self.hover.say(text or " "))


def _chosen_node(state: WindowState) -> Node | None:
    graph, chosen = state.run.graph, state.selected_node
    return graph.nodes[chosen] if graph is not None and chosen is not None and chosen < len(graph.nodes) else None


def _is_smaller(page: MapsRead, pictures: MapPictures) -> bool:
    """Whether a pixel stands for several values; colours are only ever averaged."""
    return page.window.layout != "tiles" and pictures.maps.shape[1:3] != (page.height, page.width)
