"""One container laid out on its own: items are boxes of known size, ports the places where wires cross its border.

Everything here runs downwards; whoever wants it to the right turns sizes before and positions after.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from inspector.core.layout.columns import OVERLONG, Cut, Ranks, choose_cuts, wrap
from inspector.core.layout.order import Link, Orderer, order_ranks
from inspector.core.layout.positions import NEVER, STRAIGHT, Join, place_across, place_side_by_side
from inspector.core.layout.ranks import FEW, in_rows, rank_items, wrap_wide
from inspector.core.layout.tracks import Run, gap_height, place_on_tracks, track_y

Point = tuple[float, float]
JoinKey = tuple[int, int, float | None, float | None]  # upper and lower vertex, where it leaves and arrives

SPACING = 28.0  # between boxes side by side
WIDE = 240.0  # a box that counts for one in a row
LANE = 20.0  # what a passing wire takes
PORT = 24.0  # what a port on the border takes
GAP = 30.0  # between ranks
WIDEST_GAP = 76.0
CORNER = 16.0  # wires keep this far from a box's corner
ARRIVALS = 16.0  # between wires that arrive at one box
FAN = 5  # a lane with more joins on one rank runs beside the boxes
MANY_JOINS = 3  # in a link: the way along such lanes is remembered
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


@dataclass(frozen=True)
class Solution:
    """Corners of a container's items, x of its ports, and its lines, in pieces that links share."""

    size: Point
    corners: list[Point]
    ports: list[float]
    pieces: list[list[Point]]
    skips: list[bool]
    link_pieces: list[list[int]]


@dataclass(frozen=True)
class _Gap:
    """What runs between two ranks: the tracks of what runs far, and how far the curves run across."""

    tracks: dict[JoinKey, int]
    num_tracks: int
    across: float


@dataclass(frozen=True)
class _Rows:
    """Ranks once it is known where everything stands across: where joins leave and arrive, and what each rank takes."""

    ends: dict[JoinKey, Point]
    gaps: list[_Gap]
    tops: list[float]
    bottoms: list[float]
    height: float


@dataclass
class _Lane:
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


class _Route(NamedTuple):
    """A link's way down: the join into its lane, along the lane's from one rank to another, and out; or one join.

    What thousands share is not told for each of them.
    """

    begin: JoinKey
    end: JoinKey
    lane: _Lane | None = None
    first: int = 0
    last: int = 0

    @property
    def num_joins(self) -> int:
        return 1 if self.lane is None else self.last - self.first + 2

    def joins(self) -> list[JoinKey]:
        """All of them, from its upper end."""
        if self.lane is None:
            return [self.begin]
        return [self.begin, *(self.lane.joins[at] for at in range(self.first, self.last)), self.end]


@dataclass
class _Sketch:
    """The layered picture while it is made: vertices are items, ports, then bends of long links."""

    local: Local
    level: list[int]
    ranks: list[list[int]]
    joins: dict[JoinKey, None] = field(default_factory=dict)
    routes: list[_Route] = field(default_factory=list)
    crowded: set[int] = field(default_factory=set)  # what more than CROWD wires come to

    def __post_init__(self) -> None:
        self.num_items = len(self.local.sizes)
        self.num_real = self.num_items + self.local.num_top + self.local.num_bottom

    def is_bend(self, vertex: int) -> bool:
        return vertex >= self.num_real

    def is_item(self, vertex: int) -> bool:
        return vertex < self.num_items


def solve(local: Local, better: Orderer | None = None, *, plain: bool = False) -> Solution:
    """Lay one container out; `plain` takes the first order of boxes, side by side."""
    sketch = _sketch(local)
    sketch.ranks = _first_order(sketch)
    known: dict[object, list[float]] = {}
    if not plain:
        sketch.ranks = order_ranks(sketch.ranks, _links(sketch), better)
    x, width = _inside(sketch, _across(sketch, known, plain=plain))
    rows = _rows(sketch, x)
    cuts = _cuts(sketch, rows)
    if cuts:  # every column stands for itself
        x, _ = _inside(sketch, _across(sketch, known, plain=plain, ends=cuts))
        rows = _rows(sketch, x)
        x, ways, (tops, bottoms), (width, height) = _in_columns(sketch, x, rows, cuts)
    else:
        ways = _ways(rows.ends, rows.gaps, sketch, (rows.tops, rows.bottoms))
        tops, bottoms, height = rows.tops, rows.bottoms, rows.height
    corners = []
    for item, (w, h) in enumerate(local.sizes):
        at = sketch.level[item]
        corners.append((x[item] - w / 2, (tops[at] + bottoms[at] - h) / 2))
    pieces = _Pieces(sketch, (tops, bottoms), corners, ways)
    link_pieces = []
    for route, link in zip(sketch.routes, local.links, strict=True):
        found = pieces.along(route, back=link.back)
        link_pieces.append(found[::-1] if link.back else found)
    ports = [x[vertex] for vertex in range(len(local.sizes), sketch.num_real)]
    return Solution((width, height), corners, ports, pieces.lines, pieces.skips, link_pieces)


def _across(sketch: _Sketch, known: dict[object, list[float]], *, plain: bool, ends: Sequence[int] = ()) -> list[float]:
    """The middle of every vertex, in columns that end after these ranks."""
    half = _halves(sketch)
    if plain:
        return place_side_by_side(sketch.ranks, half)
    return place_across(sketch.ranks, half, _weighed(sketch), ends=ends, known=known)


def _rows(sketch: _Sketch, x: Sequence[float]) -> _Rows:
    ends = _attachments(sketch, x)
    gaps = _tracks(sketch, ends)
    return _Rows(ends, gaps, *_heights(sketch, gaps))


def _sketch(local: Local) -> _Sketch:
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
    sketch = _Sketch(local, level, [[] for _ in range(deepest + 1)])
    arrivals: dict[int, int] = defaultdict(int)
    for _, lower in down:
        arrivals[lower] += 1
    lanes: dict[tuple[object, ...], _Lane] = defaultdict(_Lane)
    for index, (link, (upper, lower)) in enumerate(zip(local.links, down, strict=True)):
        key: tuple[object, ...] = ("from", upper, link.stream)
        if link.back:
            key = ("back", index)
        elif arrivals[lower] > CROWD:
            sketch.crowded.add(lower)
            key = ("to", lower, link.arrives)
        sketch.routes.append(_route(sketch, link, (upper, lower), lanes[key]))
    return sketch


def _route(
    sketch: _Sketch,
    link: LocalLink,
    ends: tuple[int, int],
    lane: _Lane,
) -> _Route:
    """The way from the upper end to the lower one, with a bend on each rank between: `lane` gives those shared."""
    upper, lower = ends
    leaves, arrives = (link.arrives, link.leaves) if link.back else (link.leaves, link.arrives)
    first, last = sketch.level[upper] + 1, sketch.level[lower] - 1
    if first > last:
        only: JoinKey = (upper, lower, leaves, arrives)
        sketch.joins[only] = None
        return _Route(only, only)
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
    return _Route(begin, end, lane, first, last)


def _first_order(sketch: _Sketch) -> list[list[int]]:
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


def _halves(sketch: _Sketch) -> list[float]:
    """Half of what every vertex takes: items, ports, bends."""
    items = [(width + SPACING) / 2 for width, _ in sketch.local.sizes]
    num_ports = sketch.num_real - sketch.num_items
    return [*items, *[PORT / 2] * num_ports, *[LANE / 2] * (len(sketch.level) - sketch.num_real)]


def _links(sketch: _Sketch) -> list[Link]:
    """The joins as ordering takes them: where they meet a box as a share of its width."""

    def share(vertex: int, offset: float | None) -> float:
        # a little inside, so that a link at a box's very end is still told from one to its neighbour
        return 0.9 * offset / sketch.local.sizes[vertex][0] if offset and sketch.is_item(vertex) else 0.0

    return [(a, b, share(a, leaves), share(b, arrives)) for a, b, leaves, arrives in sketch.joins]


def _weighed(sketch: _Sketch) -> list[Join]:
    """Wires from box to box are kept straight first; then lanes; last where a lane meets a box.

    Of several that come from the border, the latest value goes straight.
    """
    age = dict(enumerate(sketch.local.age, start=len(sketch.local.sizes)))
    first: dict[int, int] = {}
    for upper, lower, *_ in sketch.joins:
        if not sketch.is_bend(upper) and not sketch.is_item(upper):
            first[lower] = min(first.get(lower, upper), upper, key=age.__getitem__)
    fans = Counter(vertex for key in sketch.joins for vertex in key[:2])
    joins = []
    for upper, lower, leaves, arrives in sketch.joins:
        bends = sketch.is_bend(upper) + sketch.is_bend(lower)
        priority = {0: 0, 2: 1, 1: 2}[bends]
        if bends == 1 and fans[upper if sketch.is_bend(upper) else lower] > FAN:
            priority = NEVER  # else a hub's lane would stand over the middle of one of its rows
        if first.get(lower, upper) != upper and not sketch.is_item(upper):
            priority = max(priority, 2)
        joins.append(Join(upper, lower, (leaves or 0.0) - (arrives or 0.0), priority))
    return joins


def _inside(sketch: _Sketch, x: list[float]) -> tuple[list[float], float]:
    """Move everything to the right of the left pad; the width that comes of it."""
    local = sketch.local
    reach = [_reach(sketch, vertex) for vertex in range(len(x))]
    low = min((at - r for at, r in zip(x, reach, strict=True)), default=0.0)
    high = max((at + r for at, r in zip(x, reach, strict=True)), default=0.0)
    content = high - low
    width = max(local.pads[0] + content + local.pads[2], local.least[0])
    by = local.pads[0] + (width - local.pads[0] - local.pads[2] - content) / 2 - low
    return [at + by for at in x], width


def _reach(sketch: _Sketch, vertex: int) -> float:
    """What a vertex takes to each side."""
    if sketch.is_item(vertex):
        return sketch.local.sizes[vertex][0] / 2
    return (LANE if sketch.is_bend(vertex) else PORT) / 2


def _tracks(sketch: _Sketch, ends: dict[JoinKey, Point]) -> list[_Gap]:
    """For each gap, below the rank of that number, the tracks of the joins that run far across it."""
    keys: list[list[JoinKey]] = [[] for _ in sketch.ranks]
    for key in sketch.joins:
        keys[sketch.level[key[0]]].append(key)
    gaps = []
    for mine in keys:
        tracks, count = place_on_tracks([Run(*ends[key], key[0], key[1]) for key in mine])
        on_tracks = {key: at for key, at in zip(mine, tracks, strict=True) if at is not None}
        curves = [abs(ends[key][0] - ends[key][1]) for key, at in zip(mine, tracks, strict=True) if at is None]
        gaps.append(_Gap(on_tracks, count, max(curves, default=0.0)))
    return gaps


def _heights(sketch: _Sketch, gaps: Sequence[_Gap]) -> tuple[list[float], list[float], float]:
    """The upper and lower bounds of every rank: further apart where wires run far across."""
    local = sketch.local
    last = len(sketch.ranks) - 1
    high = [max(min(max(GAP, GAP - 8 + gap.across * 0.07), WIDEST_GAP), gap_height(gap.num_tracks)) for gap in gaps]
    tops, bottoms = [0.0], [local.header]
    for at in range(1, last):
        top = bottoms[-1] + high[at - 1]
        if at == 1:
            top = max(local.pads[1], local.header + (high[0] - 8 if local.num_top else 0.0))
        tops.append(top)
        tall = max((local.sizes[v][1] for v in sketch.ranks[at] if sketch.is_item(v)), default=0.0)
        bottoms.append(top + tall)
    pad = max(local.pads[3], high[max(last - 1, 0)] if local.num_bottom else 0.0)
    height = max(bottoms[-1] + pad, local.least[1])
    tops.append(height)
    bottoms.append(height)
    return tops, bottoms, height


def _attachments(sketch: _Sketch, x: Sequence[float]) -> dict[JoinKey, Point]:
    """The x at which each join leaves its upper vertex and arrives at its lower one.

    At a plain box, wires leave from the middle, and arrive as straight as the box's width allows.
    """
    ends: dict[JoinKey, Point] = {}
    arriving: dict[int, list[JoinKey]] = defaultdict(list)
    for key in sketch.joins:
        upper, lower, leaves, arrives = key
        ends[key] = (x[upper] + (leaves or 0.0), x[lower] + (arrives or 0.0))
        if arrives is None and sketch.is_item(lower) and lower not in sketch.crowded:
            arriving[lower].append(key)
    for lower, keys in arriving.items():
        reach = max(sketch.local.sizes[lower][0] / 2 - CORNER, 0.0)
        wishes = sorted((ends[key][0], at) for at, key in enumerate(keys))
        places = _spread([at for at, _ in wishes], x[lower] - reach, x[lower] + reach)
        for (leaves_at, at), place in zip(wishes, places, strict=True):
            ends[keys[at]] = (leaves_at, place)
    return ends


def _spread(wishes: Sequence[float], low: float, high: float) -> list[float]:
    """Places between the bounds, in order, ARRIVALS apart where there is room, each as close to its wish as can be."""
    if len(wishes) == 1:
        middle = (low + high) / 2
        return [wishes[0] if low <= wishes[0] <= high else middle]
    apart = min(ARRIVALS, (high - low) / max(len(wishes) - 1, 1))
    # pool adjacent violators: neighbours that would stand too close share the mean of their wishes
    pools: list[tuple[float, int]] = []
    for index, wish in enumerate(wishes):
        mean, size = min(max(wish, low), high) - index * apart, 1
        while pools and pools[-1][0] >= mean:
            before, count = pools.pop()
            mean = (before * count + mean * size) / (count + size)
            size += count
        pools.append((mean, size))
    flat = [mean for mean, size in pools for _ in range(size)]
    top = high - (len(wishes) - 1) * apart
    return [min(max(at, low), top) + index * apart for index, at in enumerate(flat)]


def _ways(
    ends: dict[JoinKey, Point],
    gaps: Sequence[_Gap],
    sketch: _Sketch,
    bounds: tuple[list[float], list[float]],
) -> dict[JoinKey, list[Point]]:
    """The points of every join within its gap: two where it is a curve, four where it runs along a track."""
    tops, bottoms = bounds
    heights = [
        [track_y(track, gap.num_tracks, top, bottom) for track in range(gap.num_tracks)]
        for gap, top, bottom in zip(gaps, bottoms, [*tops[1:], 0.0], strict=True)
    ]
    ways: dict[JoinKey, list[Point]] = {}
    for key, (leave, arrive) in ends.items():
        above = sketch.level[key[0]]
        top, bottom = bottoms[above], tops[above + 1]
        track = gaps[above].tracks.get(key)
        if track is None:
            ways[key] = [(leave, top), (arrive, bottom)]
        else:
            y = heights[above][track]
            ways[key] = [(leave, top), (leave, y), (arrive, y), (arrive, bottom)]
    return ways


def _cuts(sketch: _Sketch, rows: _Rows) -> list[int]:
    """The ranks that end a column; none where all of it is short enough."""
    page = sketch.local.page
    if not page or rows.height <= OVERLONG * page:
        return []
    num_passing = [len({(cut.source, cut.leaves) for cut in cuts.values()}) for cuts in _passing(sketch, rows)]
    return choose_cuts(rows.tops, rows.bottoms, num_passing, page)


def _passing(sketch: _Sketch, rows: _Rows) -> list[dict[JoinKey, Cut]]:
    """By rank, the joins that go on from it."""
    passing: list[dict[JoinKey, Cut]] = [{} for _ in rows.tops]
    for key, (leave, arrive) in rows.ends.items():
        passing[sketch.level[key[0]]][key] = Cut(key[0], leave, arrive)
    return passing


def _in_columns(
    sketch: _Sketch, x: Sequence[float], rows: _Rows, cuts: Sequence[int]
) -> tuple[list[float], dict[JoinKey, list[Point]], tuple[list[float], list[float]], Point]:
    """A long layout side by side: x, the joins' ways, the ranks' bounds and the size."""
    local, tops, bottoms = sketch.local, rows.tops, rows.bottoms
    passing = _passing(sketch, rows)
    lows = [min((x[v] - _reach(sketch, v) for v in rank), default=float("inf")) for rank in sketch.ranks]
    highs = [max((x[v] + _reach(sketch, v) for v in rank), default=float("-inf")) for rank in sketch.ranks]
    wires = {cut: passing[cut] for cut in cuts}
    wrapped, cut_ways = wrap(Ranks(tops, bottoms, lows, highs), cuts, wires, top=local.pads[1], left=local.pads[0])
    below = tops[-1] - bottoms[-2]  # what the last gap takes, down to the ports
    tops, bottoms, shift = wrapped.tops, wrapped.bottoms, wrapped.shift
    height = max(wrapped.bottom + local.pads[3], bottoms[-2] + below, local.least[1])
    tops[-1], bottoms[-1] = bottoms[-2] + below, height
    moved = {
        key: (leave + shift[sketch.level[key[0]]], arrive + shift[sketch.level[key[1]]])
        for key, (leave, arrive) in rows.ends.items()
    }
    ways = _ways(moved, rows.gaps, sketch, (tops, bottoms)) | cut_ways
    size = (max(wrapped.right + local.pads[2], local.least[0]), height)
    return [at + shift[sketch.level[v]] for v, at in enumerate(x)], ways, (tops, bottoms), size


class _Pieces:
    """Lines in pieces: a piece runs from a box or a fork to the next, through the bends between."""

    def __init__(
        self,
        sketch: _Sketch,
        bounds: tuple[list[float], list[float]],
        corners: Sequence[Point],
        ways: dict[JoinKey, list[Point]],
    ) -> None:
        self._sketch, self._bounds, self._corners, self._ways = sketch, bounds, corners, ways
        self.lines: list[list[Point]] = []
        self.skips: list[bool] = []
        self._out = Counter(key[0] for key in sketch.joins)
        self._in = Counter(key[1] for key in sketch.joins)
        # by the join with which it starts: from there to the next fork there is one way only
        self._known: tuple[dict[JoinKey, tuple[int, int]], ...] = ({}, {})
        # by a bend to which, or from which, there is one way only: the pieces of that way
        self._to: dict[int, list[int]] = {}
        self._from: dict[int, list[int]] = {}

    def along(self, route: _Route, *, back: bool) -> list[int]:
        """The pieces of a route, from its upper end; for one that runs upwards they are turned."""
        first, last = route.begin[1], route.end[0]
        if back or route.num_joins <= MANY_JOINS:
            return self._step(route.joins(), 0, back=back)
        if last in self._to:
            return [*self._to[last], self._piece([route.end], 0, back=False)[0]]
        if first in self._from:
            return [self._piece([route.begin], 0, back=False)[0], *self._from[first]]
        joins = route.joins()
        found = self._step(joins, 0, back=False)
        if self._out[last] > 1 and all(self._in[key[1]] == 1 for key in joins[:-1]):
            self._to[last] = found[:-1]
        if self._in[first] > 1 and all(self._out[key[0]] == 1 for key in joins[1:]):
            self._from[first] = found[1:]
        return found

    def _step(self, route: Sequence[JoinKey], start: int, *, back: bool) -> list[int]:
        found = []
        while start < len(route):
            number, length = self._piece(route, start, back=back)
            found.append(number)
            start += length
        return found

    def _piece(self, route: Sequence[JoinKey], start: int, *, back: bool) -> tuple[int, int]:
        """The piece that starts there, and how many joins it takes."""
        found = self._known[back].get(route[start])
        if found is None:
            sketch, end = self._sketch, start + 1
            while sketch.is_bend(lower := route[end - 1][1]) and self._out[lower] == self._in[lower] == 1:
                end += 1
            run = route[start:end]
            found = self._known[back][route[start]] = (len(self.lines), end - start)
            line = _line(sketch, run, self._bounds, self._corners, self._ways)
            self.lines.append(line[::-1] if back else line)
            self.skips.append(len(run) > 1 or sketch.is_bend(run[0][0]) or sketch.is_bend(run[0][1]))
        return found


def _line(
    sketch: _Sketch,
    run: Sequence[JoinKey],
    bounds: tuple[list[float], list[float]],
    corners: Sequence[Point],
    ways: dict[JoinKey, list[Point]],
) -> list[Point]:
    """The points of a piece: straight past boxes, across only in the gaps between ranks."""
    tops, bottoms = bounds
    level, num_items, num_real = sketch.level, sketch.num_items, sketch.num_real
    points: list[Point] = []
    for key in run:
        upper, lower = key[0], key[1]
        way = ways[key]
        if upper < num_items:
            points.append((way[0][0], corners[upper][1] + sketch.local.sizes[upper][1]))
        elif upper < num_real:
            points.append((way[0][0], tops[level[upper]]))
        points += way
        points.append((way[-1][0], corners[lower][1] if lower < num_items else bottoms[level[lower]]))
    return _without_needless(points)


def _without_needless(points: Sequence[Point]) -> list[Point]:
    """The same line without points that lie on it, or on each other."""
    last = points[0]
    kept: list[Point] = [last]
    upright = False  # whether the last piece is
    for x, y in points:
        straight = -STRAIGHT < last[0] - x < STRAIGHT
        at = (last[0], y) if straight else (x, y)
        if at == last:
            continue
        if upright and straight:
            kept[-1] = at
        else:
            kept.append(at)
        upright, last = straight, at
    return kept if len(kept) > 1 else [*kept, points[-1]]
