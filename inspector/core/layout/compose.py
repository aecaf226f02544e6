"""The whole picture: containers laid out innermost first, equal ones once, then put into place outermost first."""

from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from inspector.core.layout.container import Solution, solve
from inspector.core.layout.messages import HEADER, Direction, Layout, LayoutRequest
from inspector.core.layout.order import Orderer
from inspector.core.layout.ports import turn_ports
from inspector.core.layout.sketch import Local, LocalLink, Point
from inspector.core.layout.split import Item, Port, Split, split_wires

MARGIN = 16.0
PORT_PASSES = 2  # ports in the order of what comes to them: once for containers, once more for those inside
Memory = MutableMapping[Local, Solution]
Progress = Callable[[float], None]


@dataclass
class _Whole:
    """The picture while its parts are put together."""

    request: LayoutRequest
    split: Split
    solutions: dict[int, Solution] = field(default_factory=dict)
    origins: dict[int, Point] = field(default_factory=dict)

    def __post_init__(self) -> None:
        turned = self.request.direction == "right"
        self.parents: list[int] = self.request.container_parent.tolist()
        self.box_sizes: list[Point] = [
            (height, width) if turned else (width, height) for width, height in self.request.box_size.tolist()
        ]


def lay_out(
    request: LayoutRequest,
    *,
    better: Orderer | None = None,
    memory: Memory | None = None,
    progress: Progress | None = None,
) -> Layout:
    """Lay everything out. `memory` keeps containers for the next call: unfolding one re-lays only those around it.

    `better` finds an order with fewer crossings (see `order_ranks`); without it, barycentres alone serve. `progress` is
    told now and then which share (0 … 1) is done.
    """
    memory = {} if memory is None else memory
    whole = _Whole(request, split_wires(request))
    _solve_all(whole, memory, better=better, progress=progress)
    for _ in range(PORT_PASSES):
        turned = turn_ports(whole.split, whole.solutions)
        if not turned:
            break
        _solve_all(whole, memory, better=better, only=turned)
    return _compose(whole)


def lay_out_plainly(request: LayoutRequest) -> Layout:
    """Lay out quickly, whatever it is: boxes in rows in the order in which they ran; more crossings, longer wires."""
    whole = _Whole(request, split_wires(request))
    _solve_all(whole, {}, plain=True)
    return _compose(whole)


def _solve_all(
    whole: _Whole,
    memory: Memory,
    *,
    better: Orderer | None = None,
    only: set[int] | None = None,
    progress: Progress | None = None,
    plain: bool = False,
) -> None:
    """Innermost first: a container's size and ports are known when the one around it is laid out.

    With `only`, these containers and those around them; the others stand as they were.
    """
    stale = None if only is None else {above for owner in only for above in _around(whole, owner)}
    count = len(whole.request.container_parent)
    for owner in range(count - 1, -2, -1):
        if progress is not None:
            progress((count - owner) / (count + 1))
        if stale is not None and owner not in stale:
            continue
        local = _local(whole, owner)
        known = memory.get(local)
        if known is None:
            known = memory[local] = solve(local, better, plain=plain)
        whole.solutions[owner] = known


def _around(whole: _Whole, owner: int) -> Iterator[int]:
    """A container, those around it, and −1."""
    while owner >= 0:
        yield owner
        owner = whole.parents[owner]
    yield -1


def _local(whole: _Whole, owner: int) -> Local:
    """A container as `solve` takes it: running downwards, streams numbered by first use, to be comparable."""
    request, part = whole.request, whole.split.parts[owner]
    sizes = tuple(_size(whole, item) for item in part.items)
    streams: dict[int, int] = {}
    inner = {at for at, item in enumerate(part.items) if item.is_container}
    links = tuple(
        LocalLink(
            a,
            b,
            streams.setdefault(source, len(streams)),
            _offset(whole, part.items[a], Port(source, not back)) if a in inner else None,
            _offset(whole, part.items[b], Port(source, back)) if b in inner else None,
            back,
        )
        for a, b, source, back in part.links
    )
    pads, header, least = (MARGIN, MARGIN, MARGIN, MARGIN), 0.0, (0.0, 0.0)
    if owner >= 0:
        width = float(request.header_width[owner])
        pads, header, least = _frame(request.direction, width)
    latest = {port: at for at, port in enumerate(sorted(part.tops, reverse=True))}
    age = tuple(latest[port] for port in part.tops)
    return Local(sizes, len(part.tops), len(part.bottoms), links, pads, header, least, age, request.page)


def _frame(direction: Direction, width: float) -> tuple[tuple[float, float, float, float], float, Point]:
    """Pads, header and least size of a container, in the coordinates in which everything runs downwards."""
    if direction == "right":
        return (HEADER + MARGIN - 4, MARGIN, MARGIN, MARGIN), 0.0, (0.0, width)
    return (MARGIN, HEADER + MARGIN - 4, MARGIN, MARGIN), HEADER, (width, 0.0)


def _size(whole: _Whole, item: Item) -> Point:
    if item.is_container:
        return whole.solutions[item.ref].size
    return whole.box_sizes[item.ref]


def _offset(whole: _Whole, container: Item, port: Port) -> float:
    """Where a value meets an open container, from the container's middle."""
    solution, inside = whole.solutions[container.ref], whole.split.parts[container.ref]
    return solution.ports[inside.port_place[port] - len(inside.items)] - solution.size[0] / 2


def _compose(whole: _Whole) -> Layout:
    """Put the parts into their places, and turn the picture where it runs to the right."""
    request = whole.request
    boxes = np.zeros((len(request.box_parent), 4), np.float32)
    containers = np.zeros((len(request.container_parent), 4), np.float32)
    whole.origins[-1] = (0.0, 0.0)
    for owner in range(-1, len(containers)):
        left, top = whole.origins[owner]
        for item, (x, y) in zip(whole.split.parts[owner].items, whole.solutions[owner].corners, strict=True):
            (containers if item.is_container else boxes)[item.ref] = (left + x, top + y, *_size(whole, item))
            if item.is_container:
                whole.origins[item.ref] = (left + x, top + y)
    points, starts, skips, first = _segments(whole)
    wire_starts, wire_segments = _wire_segments(whole, first)
    width, height = whole.solutions[-1].size
    if request.direction == "right":
        boxes, containers = boxes[:, [1, 0, 3, 2]], containers[:, [1, 0, 3, 2]]
        points, width, height = points[:, ::-1], height, width
    return Layout(
        direction=request.direction,
        size=(width, height),
        boxes=np.ascontiguousarray(boxes),
        containers=np.ascontiguousarray(containers),
        depth=_depths(request.container_parent),
        points=np.ascontiguousarray(points),
        starts=starts,
        ends_at=_arrows(whole, len(starts) - 1, wire_starts, wire_segments),
        skips=skips,
        wire_starts=wire_starts,
        wire_segments=wire_segments,
    )


def _segments(whole: _Whole) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.bool_], dict[int, int]]:
    """All pieces one after the other, and the number of each container's first."""
    blocks: list[NDArray[np.float32]] = []
    lengths: list[int] = []
    skips: list[bool] = []
    first: dict[int, int] = {}
    for owner, solution in whole.solutions.items():
        first[owner] = len(lengths)
        if not solution.pieces:
            continue
        sizes = list(map(len, solution.pieces))
        numbers = chain.from_iterable(chain.from_iterable(solution.pieces))
        flat = np.fromiter(numbers, np.float32, 2 * sum(sizes)).reshape(-1, 2)
        blocks.append(flat + np.array(whole.origins[owner], np.float32))
        lengths.extend(sizes)
        skips.extend(solution.skips)
    points = np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return points, starts, np.array(skips, np.bool_), first


def _wire_segments(whole: _Whole, first: dict[int, int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    found = [
        (first[owner], whole.solutions[owner].link_pieces[link])
        for links in whole.split.wire_links
        for owner, link in links
    ]
    lengths = np.array([len(pieces) for _, pieces in found], np.int64)
    segments = np.fromiter(chain.from_iterable(pieces for _, pieces in found), np.int32, lengths.sum())
    segments += np.repeat(np.array([before for before, _ in found], np.int32), lengths)
    # where each wire's first link begins among all
    links = np.cumsum([0, *(len(links) for links in whole.split.wire_links)])
    return np.concatenate([[0], np.cumsum(lengths)])[links].astype(np.int32), segments


def _arrows(
    whole: _Whole, count: int, wire_starts: NDArray[np.int32], wire_segments: NDArray[np.int32]
) -> NDArray[np.int32]:
    ends_at = np.full(count, -1, np.int32)
    filled = wire_starts[1:] > wire_starts[:-1]
    ends_at[wire_segments[wire_starts[1:][filled] - 1]] = whole.request.wires[filled, 1]
    return ends_at


def _depths(container_parent: NDArray[np.int32]) -> NDArray[np.int32]:
    depth = np.zeros(len(container_parent), np.int32)
    for container, parent in enumerate(container_parent.tolist()):
        depth[container] = depth[parent] + 1 if parent >= 0 else 0
    return depth
