"""One container as a layered picture, before anything has a place: ranks, lanes of long wires, joins between ranks."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from inspector.core.layout.ranks import FEW, in_rows, rank_items, wrap_wide

Point = tuple[float, float]
JoinKey = tuple[int, int, float | None, float | None]  # upper and lower vertex, where it leaves and arrives


SPACING = 28.0  # between boxes side by side
WIDE = 240.0  # a box that counts for one in a row
LANE = 20.0  # what a passing wire takes
PORT = 24.0  # what a port on the border takes
GAP = 30.0  # between ranks
CROWD = 24  # a box with more wires from afar gets one shared lane for them


class LocalLink(NamedTuple):
    """A wire's part inside one container, from vertex `source` to vertex `target`.

    Vertices are numbered: items, then ports on the upper border, then ports on the lower one. `stream` is equal for
    links that carry the same value, which share a lane. Offsets tell where it leaves and arrives, from the middle of
    an item; None where the item is a plain box, and the place is chosen here. `back` marks one that runs upwards.
    """

    source: int
    target: int
    stream: int
    leaves: float | None = None
    arrives: float | None = None
    back: bool = False


@dataclass(frozen=True)
class Local:
    """What a container holds. `pads` are left, top, right, bottom; below `header` wires may bend.

    With a `page` it is wrapped into columns of about that length, should it be much longer.
    """

    sizes: tuple[Point, ...]
    num_top: int
    num_bottom: int
    links: tuple[LocalLink, ...]
    pads: tuple[float, float, float, float]
    header: float = 0.0
    least: Point = (0.0, 0.0)
    age: tuple[int, ...] = ()  # of the value at each upper port: 0 for the latest, which goes straight
    page: float = 0.0


@dataclass
class Lane:
    """Bends that links share, one on each rank from `first` to `last`, and the join from each to the next."""

    first: int = 0
    last: int = -1
    bends: dict[int, int] = field(default_factory=dict)
    joins: dict[int, JoinKey] = field(default_factory=dict)

    def reach(self, first: int, last: int) -> tuple[list[int], list[int]]:
        """Let it run over these ranks too; those that it had no bend on, and those after which it had no join."""
        if self.last < self.first:
            bends, joins = list(range(first, last + 1)), list(range(first, last))
            self.first, self.last = first, last
        else:
            bends = [*range(first, self.first), *range(self.last + 1, last + 1)]
            joins = [*range(first, self.first), *range(self.last, last)]
            self.first, self.last = min(first, self.first), max(last, self.last)
        return bends, joins


class Route(NamedTuple):
    """A link's way down: the join into its lane, along the lane's from one rank to another, and out; or one join.

    What thousands share is not told for each of them.
    """

    begin: JoinKey
    end: JoinKey
    lane: Lane | None = None
    first: int = 0
    last: int = 0

    @property
    def num_joins(self) -> int:
        """How many joins it takes."""
        return 1 if self.lane is None else self.last - self.first + 2

    def joins(self) -> list[JoinKey]:
        """All of them, from its upper end."""
        if self.lane is None:
            return [self.begin]
        return [self.begin, *(self.lane.joins[at] for at in range(self.first, self.last)), self.end]


@dataclass
class Sketch:
    """The layered picture while it is made: vertices are items, ports, then bends of long links."""

    local: Local
    level: list[int]
    ranks: list[list[int]]
    joins: dict[JoinKey, None] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    crowded: set[int] = field(default_factory=set)  # what more than CROWD wires come to

    def __post_init__(self) -> None:
        self.num_items = len(self.local.sizes)
        self.num_real = self.num_items + self.local.num_top + self.local.num_bottom

    def is_bend(self, vertex: int) -> bool:
        """Whether it is a place where a long link passes a rank."""
        return vertex >= self.num_real

    def is_item(self, vertex: int) -> bool:
        """Whether it is a box or a container."""
        return vertex < self.num_items


def reach_of(sketch: Sketch, vertex: int) -> float:
    """What a vertex takes to each side."""
    if sketch.is_item(vertex):
        return sketch.local.sizes[vertex][0] / 2
    return (LANE if sketch.is_bend(vertex) else PORT) / 2


def make_sketch(local: Local) -> Sketch:
    """Ranks, and bends where a link passes ranks."""
    num_items = len(local.sizes)
    down = [(link.target, link.source) if link.back else (link.source, link.target) for link in local.links]
    inner = [(a, b) for a, b in down if a < num_items and b < num_items]
    if local.links or num_items <= FEW:
        rank = wrap_wide(rank_items(num_items, inner), range(num_items), [w / WIDE for w, _ in local.sizes])
    else:
        rank = in_rows([(w + SPACING, h + GAP) for w, h in local.sizes])
    deepest = max(rank, default=-1) + 2
    level = [r + 1 for r in rank] + [0] * local.num_top + [deepest] * local.num_bottom
    sketch = Sketch(local, level, [[] for _ in range(deepest + 1)])
    arrivals: dict[int, int] = defaultdict(int)
    for _, lower in down:
        arrivals[lower] += 1
    lanes: dict[tuple[object, ...], Lane] = defaultdict(Lane)
    for index, (link, (upper, lower)) in enumerate(zip(local.links, down, strict=True)):
        key: tuple[object, ...] = ("from", upper, link.stream)
        if link.back:
            key = ("back", index)
        elif arrivals[lower] > CROWD:
            sketch.crowded.add(lower)
            key = ("to", lower, link.arrives)
        sketch.routes.append(_route(sketch, link, (upper, lower), lanes[key]))
    sketch.ranks = _first_order(sketch)
    return sketch


def _route(
    sketch: Sketch,
    link: LocalLink,
    ends: tuple[int, int],
    lane: Lane,
) -> Route:
    """The way from the upper end to the lower one, with a bend on each rank between: `lane` gives those shared."""
    upper, lower = ends
    leaves, arrives = (link.arrives, link.leaves) if link.back else (link.leaves, link.arrives)
    first, last = sketch.level[upper] + 1, sketch.level[lower] - 1
    if first > last:
        only: JoinKey = (upper, lower, leaves, arrives)
        sketch.joins[only] = None
        return Route(only, only)
    bends, joins = lane.bends, lane.joins
    new_bends, new_joins = lane.reach(first, last)
    for at in new_bends:
        bends[at] = len(sketch.level)
        sketch.level.append(at)
    begin: JoinKey = (upper, bends[first], leaves, 0.0)
    end: JoinKey = (bends[last], lower, 0.0, arrives)
    sketch.joins[begin] = None
    for at in new_joins:
        joins[at] = (bends[at], bends[at + 1], 0.0, 0.0)
        sketch.joins[joins[at]] = None
    sketch.joins[end] = None
    return Route(begin, end, lane, first, last)


def _first_order(sketch: Sketch) -> list[list[int]]:
    """Depth first from above, boxes before passing wires: what skips comes to stand beside what it skips."""
    below: dict[int, list[int]] = defaultdict(list)
    for a, b, *_ in sketch.joins:
        below[a].append(b)
    ranks: list[list[int]] = [[] for _ in sketch.ranks]
    seen: set[int] = set()
    for start in sorted(range(len(sketch.level)), key=lambda v: (sketch.level[v], v)):
        todo = [start]
        while todo:
            vertex = todo.pop()
            if vertex in seen:
                continue
            seen.add(vertex)
            ranks[sketch.level[vertex]].append(vertex)
            todo.extend(sorted(below[vertex], key=lambda v: (sketch.is_bend(v), v), reverse=True))
    return ranks
