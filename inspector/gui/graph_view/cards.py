"""What stands on every box, and how large that makes it."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from PySide6.QtGui import QFont, QFontMetricsF

from inspector.core.formatting import count_text, shape_text
from inspector.core.graph_axes import NOTHING
from inspector.core.hierarchy import Hierarchy
from inspector.core.visible import Visible
from inspector.gui.parts.fonts import number_font, small_font
from inspector.gui.theme import GRID, KIND_COLOURS, NORMAL, SMALL
from inspector.protocol.graph import Category, Failure, Graph, Node, TensorAxes

CardStyle = Literal["card", "pill", "chip", "folded", "stack"]

WIDTHS = (176.0, 208.0, 240.0, 288.0)  # few widths make calm columns
PILL_WIDTHS = (112.0, 144.0, 176.0, 224.0, 288.0)
WIDEST = WIDTHS[-1]
BAND = 6.0  # the coloured band on a card's left
PAD = 12.0  # from the band to the text, and from the text to the right
ROW = 16.0
TOP_PAD = 8.0
CHEVRON = 20.0
MOST_OPS = 3  # that a repeating pattern is called by


@dataclass(frozen=True)
class Card:
    """One box's text. `title` is bold with `details` behind it, `name` below it, then `shape`; `alarm` is in red, last.

    `counts` (parameters and operations) stands on folded containers.
    """

    style: CardStyle
    title: str
    category: Category
    details: str = ""
    name: str = ""
    shape: tuple[int, ...] | None = None
    more_outputs: int = 0
    counts: str = ""
    badge: str = ""
    alarm: str = ""
    failed: bool = False
    batched: bool = False  # its first size is the input's batch
    axes: TensorAxes = NOTHING  # of `shape`; put in when it is painted, as it comes after the picture

    @property
    def rows(self) -> int:
        """Lines of text."""
        return 1 + bool(self.name) + (self.shape is not None or bool(self.counts)) + bool(self.alarm)

    @property
    def dimmed(self) -> tuple[bool, ...]:
        """By size, whether it follows the batch: as measured, else the first of those that have the input's."""
        if self.shape is None:
            return ()
        if len(self.axes.batch) == len(self.shape):
            return tuple(times != 0 for times in self.axes.batch)
        return tuple(self.batched and place == 0 for place in range(len(self.shape)))

    @property
    def axis_names(self) -> str:
        """`N C H W`, with a dot for an axis without a name; "" where none is known."""
        names = self.axes.names
        return (
            " ".join(name or "·" for name in names) if self.shape is not None and len(names) == len(self.shape) else ""
        )

    @property
    def colour(self) -> str:
        """The colour of its kind."""
        return KIND_COLOURS[self.category]


@dataclass(frozen=True)
class Fonts:
    """The three fonts of the picture; figures have one width where the family can."""

    title: QFont
    small: QFont
    shape: QFont

    @classmethod
    def of(cls, family: QFont) -> "Fonts":
        """From the window's family, in the theme's sizes."""
        title, small, shape = QFont(family), small_font(family), number_font(family, SMALL)
        title.setPixelSize(NORMAL)
        title.setWeight(QFont.Weight.DemiBold)
        for font in (title, small, shape):
            # without hinting a text keeps its width at every zoom, and stays inside its card
            font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return cls(title, small, shape)


class Ruler:
    """Measures texts, each once."""

    def __init__(self, fonts: Fonts) -> None:
        self._metrics = (QFontMetricsF(fonts.title), QFontMetricsF(fonts.small), QFontMetricsF(fonts.shape))
        self.title = lru_cache(maxsize=20_000)(self._metrics[0].horizontalAdvance)
        self.small = lru_cache(maxsize=20_000)(self._metrics[1].horizontalAdvance)
        self.shape = lru_cache(maxsize=20_000)(self._metrics[2].horizontalAdvance)

    def size(self, card: Card) -> tuple[float, float]:
        """Width and height of a card: as wide as its text, within bounds, on the grid."""
        first = self.title(card.title) + (8 + self.small(card.details) if card.details else 0)
        first += 8 + self.small(card.badge) + 10 if card.badge else 0
        last = self.shape(outputs_text(card.shape, card.more_outputs)) if card.shape is not None else 0.0
        last += (16 if last else 0) + self.small(card.counts) if card.counts else 0.0
        chevron = CHEVRON if card.style in ("folded", "stack") else 0.0
        widest = max(first + chevron, self.small(card.name), last, min(self.small(card.alarm), WIDEST))
        wanted = widest + BAND + 2 * PAD
        steps = PILL_WIDTHS if card.style in ("pill", "chip") else WIDTHS
        width = next((step for step in steps if step >= wanted), WIDEST)
        height = 2 * TOP_PAD + ROW * card.rows - 2
        return width, math.ceil(height / GRID) * GRID

    def header_width(self, title: str, name: str, counts: str) -> float:
        """The least width of an open container: its header's text, long names cut."""
        wanted = CHEVRON + self.title(title) + self.small(counts) + min(self.small(name), 160.0) + 5 * PAD
        return min(math.ceil(wanted / (2 * GRID)) * 2 * GRID, 420.0)


def cards_of(visible: Visible, failure: Failure | None) -> tuple[Card, ...]:
    """The text of every visible box."""
    batch = batch_size(visible.hierarchy.graph)
    cards = []
    for box in visible.boxes:
        if box.node is not None and box.port is not None:
            card = _port_card(visible.hierarchy.graph.nodes[box.node], *box.port)
        elif box.node is not None:
            card = _node_card(visible.hierarchy.graph.nodes[box.node], failure)
        elif box.container is not None:
            card = container_card(visible.hierarchy, box.container)
        else:
            continue
        follows = card.style != "chip" and follows_batch(card.shape, batch)
        cards.append(replace(card, batched=True) if follows else card)
    return tuple(cards)


def batch_size(graph: Graph) -> int | None:
    """The first size that all inputs with several sizes share; None where they don't: then nothing is a batch."""
    shapes = [spec.shape for node in graph.nodes if node.kind == "input" for spec in node.outputs]
    sizes = {shape[0] for shape in shapes if len(shape) > 1}
    return sizes.pop() if len(sizes) == 1 else None


def follows_batch(shape: Sequence[int] | None, batch: int | None) -> bool:
    """Whether a shape's first size is the input's batch."""
    return shape is not None and batch is not None and len(shape) > 1 and shape[0] == batch


def container_card(hierarchy: Hierarchy, container: int) -> Card:
    """What stands on a container, folded or on its header."""
    if container in hierarchy.twins:
        return _twins_card(hierarchy, container)
    group = hierarchy.graph.groups[hierarchy.group_of(container)]
    last = hierarchy.graph.groups[(hierarchy.members[container] or (container,))[-1]]
    stacked = hierarchy.is_stack(container)
    num_params = sum(hierarchy.graph.groups[g].num_params for g in hierarchy.members[container] or (container,))
    return Card(
        style="stack" if stacked else "folded",
        title=group.class_name,
        category=_main_category(hierarchy, container),
        name=_span(group.fqn, last.fqn) if stacked else group.fqn,
        shape=last.outputs[0].shape if last.outputs else None,
        more_outputs=max(len(last.outputs) - 1, 0),
        counts=_counts(num_params, hierarchy.num_nodes[container]),
        badge=f"×{len(hierarchy.members[container])}" if stacked else "",
        failed=any(hierarchy.graph.groups[g].failed for g in hierarchy.members[container] or (container,)),
    )


def _twins_card(hierarchy: Hierarchy, container: int) -> Card:
    """Equal nodes, or equal patterns of nodes, as one; or one such pattern."""
    nodes, times = hierarchy.twins[container], hierarchy.times[container]
    first, last = (hierarchy.graph.nodes[node] for node in (nodes[0], nodes[-1]))
    num_params = sum(hierarchy.graph.nodes[node].num_params for node in nodes)
    card = replace(_node_card(first, None), badge=f"×{times}" if times > 1 else "", alarm="")
    if len(nodes) > times:
        ops = [hierarchy.graph.nodes[node].op for node in nodes[: len(nodes) // times]]
        names = list(dict.fromkeys(ops))
        title = ", ".join(names[:MOST_OPS]) + (" …" if len(names) > MOST_OPS else "")
        card = replace(card, title=title, details="", shape=last.outputs[0].shape if last.outputs else None)
    names = [found.fqn for node in nodes if (found := hierarchy.graph.nodes[node]).fqn and found.kind == "module"]
    name = _span(names[0], names[-1]) if names else ""
    return replace(
        card,
        style="stack" if times > 1 else "folded",
        name=name,
        counts=_counts(num_params, len(nodes)),
        category=_main_category(hierarchy, container),
    )


def outputs_text(shape: Sequence[int] | None, more: int = 0) -> str:
    """`(1, 64, 56, 56)`, and how many more outputs there are."""
    return "" if shape is None else shape_text(shape) + (f"  +{more}" if more else "")


def _node_card(node: Node, failure: Failure | None) -> Card:
    output = node.outputs[0] if node.outputs else None
    shape = output.shape if output is not None else None
    name = node.fqn if node.kind in ("module", "parameter") else ""
    card = Card(
        style="card",
        title=node.op,
        category=node.category,
        details=node.details,
        name=name,
        shape=shape,
        more_outputs=max(len(node.outputs) - 1, 0),
        badge=_ordinal(node.call) if node.call and node.kind == "module" else "",
        failed=node.failed,
    )
    if node.kind in ("input", "output"):
        spec = output or (node.inputs[0] if node.inputs else None)
        details = node.fqn if node.fqn != node.op else ""
        return replace(card, style="pill", name="", details=details, shape=spec.shape if spec else None)
    if node.kind in ("parameter", "constant"):
        return replace(card, style="chip", title=node.fqn.rpartition(".")[2] or node.op, name="")
    if node.failed:
        return replace(card, alarm=_met(node, failure), shape=None)
    return card


def _port_card(node: Node, side: str, output: int) -> Card:
    """A tensor that comes into the container one looks into, or leaves it."""
    shape = node.outputs[output].shape if output < len(node.outputs) else None
    details = (node.fqn or node.op) if side == "in" else ""
    category: Category = "input" if side == "in" else "output"
    return Card(style="pill", title=side, category=category, details=details, shape=shape)


def _met(node: Node, failure: Failure | None) -> str:
    """The shapes that met where forward failed."""
    shapes: Sequence[tuple[int, ...]] = tuple(spec.shape for spec in node.inputs)
    if failure is not None and failure.node == node.id and failure.input_shapes:
        shapes = failure.input_shapes
    return "got " + " and ".join(shape_text(shape) for shape in shapes) if shapes else "failed here"


def _ordinal(call: int) -> str:
    number = call + 1
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending} call"


def _span(first: str, last: str) -> str:
    """`layers.0 … layers.11` in short: `layers.0 – 11`."""
    stem, _, number = first.rpartition(".")
    last_stem, _, last_number = last.rpartition(".")
    if stem == last_stem and number != last_number:
        return f"{first} – {last_number}"
    return f"{first} – {last}" if first != last else first


def _counts(num_params: int, num_nodes: int) -> str:
    operations = f"{num_nodes} ops" if num_nodes != 1 else "1 op"
    return f"{count_text(num_params)} params" if num_params else operations


def _main_category(hierarchy: Hierarchy, container: int) -> Category:
    known = hierarchy.categories.get(container)
    if known is None:
        known = hierarchy.categories[container] = _find_category(hierarchy, container)
    return known


def _find_category(hierarchy: Hierarchy, container: int) -> Category:
    """The kind that says most about a container: attention if there is any, else what most of its weights are in."""
    votes: Counter[Category] = Counter()
    todo = [container]
    while todo:
        for is_container, ref in hierarchy.children[todo.pop()]:
            if is_container:
                todo.append(ref)
                continue
            node = hierarchy.graph.nodes[ref]
            votes[node.category] += 1 + node.num_params
            if node.category == "attention":
                return "attention"
    return votes.most_common(1)[0][0] if votes else "other"
