"""One laid-out graph, ready to paint: texts, rectangles, paths and what is under a point."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from inspector.core.formatting import bytes_text, named_shape_text, shape_text
from inspector.core.graph_axes import NOTHING, group_output_axes, output_axes
from inspector.core.layout import HEADER, Layout
from inspector.core.tensor_sizes import is_open, spec_bytes
from inspector.core.visible import Visible
from inspector.gui.graph_view.cards import Card, container_card
from inspector.protocol.graph import Failure, GraphAxes, Node, TensorAxes, TensorSpec

ARROW = 6.0
TURN = 8.0  # radius of a wire's corners
Rect = tuple[float, float, float, float]


@dataclass(frozen=True)
class Hit:
    """What is under a point: a box, or an open container; `chevron` where a click folds or unfolds."""

    box: int | None = None
    container: int | None = None
    chevron: bool = False
    header: bool = False


@dataclass
class KnownAxes:
    """The axes of the graph's tensors, shared by its pictures: they come after it, and change no layout."""

    axes: GraphAxes | None = None


@dataclass(frozen=True)
class Picture:
    """Everything that is painted. `cards` are by box, `headers` by open container, both in the order of `visible`."""

    visible: Visible
    layout: Layout
    cards: tuple[Card, ...]
    failure: Failure | None = None
    known: KnownAxes = field(default_factory=KnownAxes)
    page: float = 0.0  # how long its columns are, should it be wrapped
    line_points: dict[int, NDArray[np.float64]] = field(default_factory=dict, repr=False)  # kept by what places labels
    _paths: dict[int, QPainterPath] = field(default_factory=dict, repr=False)

    @cached_property
    def headers(self) -> tuple[Card, ...]:
        """What stands on the open containers."""
        return tuple(container_card(self.visible.hierarchy, c) for c in self.visible.open_containers)

    @cached_property
    def bounds(self) -> QRectF:
        """The whole picture."""
        return QRectF(0.0, 0.0, *self.layout.size)

    @cached_property
    def place_of_container(self) -> dict[int, int]:
        """The place of every open container in `layout.containers`."""
        return {container: at for at, container in enumerate(self.visible.open_containers)}

    @cached_property
    def segment_bounds(self) -> NDArray[np.float32]:
        """Left, top, right and bottom of every segment (s, 4)."""
        starts = self.layout.starts[:-1]
        if not len(starts):
            return np.zeros((0, 4), np.float32)
        low = np.minimum.reduceat(self.layout.points, starts, axis=0)
        high = np.maximum.reduceat(self.layout.points, starts, axis=0)
        return np.concatenate([low, high], axis=1)

    @cached_property
    def wire_of_segment(self) -> NDArray[np.int64]:
        """A wire that runs through each segment; −1 for none."""
        owner = np.full(self.layout.num_segments, -1, np.int64)
        counts = np.diff(self.layout.wire_starts)
        owner[self.layout.wire_segments[::-1]] = np.repeat(np.arange(len(counts)), counts)[::-1]
        return owner

    @cached_property
    def widths(self) -> NDArray[np.float32]:
        """How wide each segment is drawn: by the logarithm of its bytes."""
        size = np.array([_size_bytes(self.spec_of_wire(wire)) for wire in range(len(self.visible.wires))], np.float64)
        most = np.zeros(self.layout.num_segments)
        counts = np.diff(self.layout.wire_starts)
        np.maximum.at(most, self.layout.wire_segments, np.repeat(size, counts))
        # 1 kB and less is the thinnest, 100 MB and more the thickest; steps of a quarter keep the number of pens small
        width = 1.2 + np.clip(np.log10(np.maximum(most, 1.0) / 1e3), 0.0, 5.0) * 0.42
        return (np.round(width * 4) / 4).astype(np.float32)

    def prepare(self) -> None:
        """Work out, before it is painted, what painting needs at once."""
        _ = self.headers, self.segment_bounds, self.wire_of_segment, self.widths

    def spec_of_wire(self, wire: int) -> TensorSpec | None:
        """The tensor that runs through a wire (the first, where there are several)."""
        graph = self.visible.hierarchy.graph
        edge = graph.edges[self.visible.wire_edges[wire][0]]
        outputs = graph.nodes[edge.source].outputs
        return outputs[edge.source_output] if edge.source_output < len(outputs) else None

    def axes_of_wire(self, edge: int) -> TensorAxes:
        """What is known of the axes of the tensor that runs along an edge of the graph."""
        found = self.visible.hierarchy.graph.edges[edge]
        return output_axes(self.known.axes, found.source, found.source_output)

    def axes_of_box(self, box: int) -> TensorAxes:
        """What is known of the axes of the shape that stands on a box."""
        hierarchy, axes = self.visible.hierarchy, self.known.axes
        shown = self.visible.boxes[box]
        if axes is None:
            return NOTHING
        if shown.node is not None:
            return output_axes(axes, shown.node)
        if shown.container is None:
            return NOTHING
        if shown.container in hierarchy.twins:
            return output_axes(axes, hierarchy.twins[shown.container][-1])
        last = (hierarchy.members[shown.container] or (shown.container,))[-1]
        return group_output_axes(axes, last)

    def card_to_paint(self, box: int) -> Card:
        """A box's text, with what is known of its axes by now."""
        card, axes = self.cards[box], self.axes_of_box(box)
        return card if axes is NOTHING or card.shape is None else replace(card, axes=axes)

    def wire_text(self, wire: int, *, named: bool = False) -> str:
        """The wire's shape, with the number of tensors where there are more; `named` puts the axes' names in."""
        spec = self.spec_of_wire(wire)
        if spec is None:
            return ""
        edges = self.visible.wire_edges[wire]
        more = len({self._value(edge) for edge in edges}) - 1
        shape = named_shape_text(spec.shape, self.axes_of_wire(edges[0]).names) if named else shape_text(spec.shape)
        return shape + (f" +{more}" if more else "")

    def path(self, segment: int) -> QPainterPath:
        """The segment as a smooth path; made at first use."""
        known = self._paths.get(segment)
        if known is None:
            arrow = ARROW - 1 if self.layout.ends_at[segment] >= 0 else 0.0
            known = self._paths[segment] = smooth_path(self.layout.segment(segment), self.layout.direction, arrow)
        return known

    def box_rect(self, box: int) -> QRectF:
        """Where a box is."""
        return QRectF(*self.layout.boxes[box].tolist())

    def container_rect(self, container: int) -> QRectF | None:
        """Where a container is, open or folded; None where it lies in a folded one."""
        if container in self.place_of_container:
            return QRectF(*self.layout.containers[self.place_of_container[container]].tolist())
        box = self.visible.box_of_container.get(container)
        return None if box is None else self.box_rect(box)

    def rect_of_node(self, node: int) -> QRectF:
        """Where a node is shown: its own box, or that of the folded container around it; empty outside the scope."""
        box = int(self.visible.box_of_node[node])
        return self.box_rect(box) if box >= 0 else QRectF()

    def hit(self, at: QPointF) -> Hit:
        """What is under a point of the scene."""
        box = _last_around(self.layout.boxes, at)
        if box is not None:
            chevron = self.visible.boxes[box].container is not None and on_chevron(self.box_rect(box), at)
            return Hit(box=box, chevron=chevron)
        place = _last_around(self.layout.containers, at)
        if place is None:
            return Hit()
        rect = QRectF(*self.layout.containers[place].tolist())
        return Hit(
            container=self.visible.open_containers[place],
            chevron=on_chevron(rect, at),
            header=at.y() - rect.top() <= HEADER,
        )

    def count_in(self, view: QRectF) -> int:
        """How many boxes reach into a part of the scene."""
        rects = self.layout.boxes
        across = (rects[:, 0] < view.right()) & (rects[:, 0] + rects[:, 2] > view.left())
        return int((across & (rects[:, 1] < view.bottom()) & (rects[:, 1] + rects[:, 3] > view.top())).sum())

    def wire_at(self, at: QPointF, reach: float) -> int | None:
        """The wire within `reach` of a point, or None."""
        low, high = self.segment_bounds[:, :2] - reach, self.segment_bounds[:, 2:] + reach
        point = np.array([at.x(), at.y()], np.float32)
        near = np.flatnonzero((low <= point).all(axis=1) & (point <= high).all(axis=1))
        touch = QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach)
        for segment in near.tolist():
            if _touches(self.layout.segment(segment), self.layout.direction, touch):
                return int(self.wire_of_segment[segment])
        return None

    def tooltip(self, wire: int) -> str:
        """What a wire carries, in a sentence."""
        graph = self.visible.hierarchy.graph
        lines = []
        for index in self.visible.wire_edges[wire][:6]:
            edge = graph.edges[index]
            source, target = graph.nodes[edge.source], graph.nodes[edge.target]
            spec = source.outputs[edge.source_output] if edge.source_output < len(source.outputs) else None
            shape = named_shape_text(spec.shape, self.axes_of_wire(index).names) if spec else ""
            carries = " ".join((shape, _told_size(spec))) if spec else "a value"
            lines.append(f"{_called(source)} → {_called(target)}: {carries}" + (" (inferred)" if edge.inferred else ""))
        left = len(self.visible.wire_edges[wire]) - len(lines)
        return "\n".join([*lines, *([f"and {left} more"] if left > 0 else [])])

    def _value(self, edge: int) -> tuple[int, int]:
        found = self.visible.hierarchy.graph.edges[edge]
        return found.source, found.source_output


def smooth_path(points: NDArray[np.float32], direction: str, shorten: float = 0.0) -> QPainterPath:
    """Curves that leave and arrive along the direction; the last is cut short, to leave room for an arrow."""
    places = points.tolist()
    down = direction == "down"
    if shorten and len(places) > 1:
        (x0, y0), (x1, y1) = places[-2], places[-1]
        if down:
            places[-1] = [x1, y1 - shorten if y1 > y0 else y1 + shorten]
        else:
            places[-1] = [x1 - shorten if x1 > x0 else x1 + shorten, y1]
    path = QPainterPath(QPointF(*places[0]))
    for at, ((x0, y0), (x1, y1)) in enumerate(pairwise(places)):
        if x0 == x1 or y0 == y1:
            _straight(path, places, at)
        elif down:
            middle = (y0 + y1) / 2
            path.cubicTo(x0, middle, x1, middle, x1, y1)
        else:
            middle = (x0 + x1) / 2
            path.cubicTo(middle, y0, middle, y1, x1, y1)
    return path


def _straight(path: QPainterPath, places: list[list[float]], at: int) -> None:
    """On to the end of a straight piece; where the next one turns off at a right angle, round the corner."""
    (x0, y0), (x1, y1) = places[at], places[at + 1]
    x2, y2 = places[at + 2] if at + 2 < len(places) else (x1, y1)
    turns = (x0 == x1 and y1 == y2 and x1 != x2) or (y0 == y1 and x1 == x2 and y1 != y2)
    if not turns:
        path.lineTo(x1, y1)
        return
    before, after = abs(x1 - x0) + abs(y1 - y0), abs(x2 - x1) + abs(y2 - y1)
    back, on = min(TURN, before / 2) / before, min(TURN, after / 2) / after
    path.lineTo(x1 + (x0 - x1) * back, y1 + (y0 - y1) * back)
    path.quadTo(x1, y1, x1 + (x2 - x1) * on, y1 + (y2 - y1) * on)


def on_chevron(rect: QRectF, at: QPointF) -> bool:
    """Whether a point is on the chevron of a container with that rectangle."""
    return 0 <= at.x() - rect.left() <= 28 and 0 <= at.y() - rect.top() <= HEADER


def sampled(points: NDArray[np.float32], direction: str, steps: int = 10) -> NDArray[np.float64]:
    """Points (k, 2) along the drawn line, as `smooth_path` draws it."""
    t = np.linspace(0.0, 1.0, steps)
    ease = 3 * t**2 - 2 * t**3  # the cross coordinate of a cubic whose inner control points lie beside its ends
    along_t = 1.5 * t * (1 - t) ** 2 + 1.5 * t**2 * (1 - t) + t**3
    along, cross = (1, 0) if direction == "down" else (0, 1)
    result = np.zeros((len(points) - 1, steps, 2))
    a, b = points[:-1].astype(np.float64), points[1:].astype(np.float64)
    result[..., cross] = a[:, None, cross] + (b - a)[:, None, cross] * ease
    result[..., along] = a[:, None, along] + (b - a)[:, None, along] * along_t
    return result.reshape(-1, 2)


def _touches(points: NDArray[np.float32], direction: str, touch: QRectF) -> bool:
    line = sampled(points, direction, 24)
    low, high = np.minimum(line[:-1], line[1:]), np.maximum(line[:-1], line[1:])
    inside = (
        (low[:, 0] <= touch.right())
        & (high[:, 0] >= touch.left())
        & (low[:, 1] <= touch.bottom())
        & (high[:, 1] >= touch.top())
    )
    return bool(inside.any())


def _last_around(rects: NDArray[np.float32], at: QPointF) -> int | None:
    """The last rectangle around a point: inner containers come after those around them."""
    x, y = at.x(), at.y()
    inside = (
        (rects[:, 0] <= x) & (x <= rects[:, 0] + rects[:, 2]) & (rects[:, 1] <= y) & (y <= rects[:, 1] + rects[:, 3])
    )
    found = np.flatnonzero(inside)
    return int(found[-1]) if len(found) else None


def _called(node: Node) -> str:
    """`Conv2d layer1.0.conv1`; what has no name of its own by its operation."""
    return f"{node.op} {node.fqn}" if node.fqn and node.fqn != node.op and node.kind == "module" else node.op


def _size_bytes(spec: TensorSpec | None) -> int:
    return 0 if spec is None else spec_bytes(spec)


def _told_size(spec: TensorSpec) -> str:
    """`float32, 4 KB`; without the bytes where a size is open."""
    return spec.dtype if is_open(spec) else f"{spec.dtype}, {bytes_text(spec_bytes(spec))}"
