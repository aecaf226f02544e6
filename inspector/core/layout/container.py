"""One container laid out on its own: items are boxes of known size, ports the places where wires cross its border.

Everything here runs downwards; whoever wants it to the right turns sizes before and positions after.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from inspector.core.layout.order import Link, Orderer, order_ranks
from inspector.core.layout.pieces import Pieces
from inspector.core.layout.positions import NEVER, Join, place_across, place_side_by_side
from inspector.core.layout.rows import cuts_of, in_columns, place_rows, ways_of
from inspector.core.layout.sketch import LANE, PORT, SPACING, Local, Point, Sketch, make_sketch, reach_of

FAN = 5  # a lane with more joins on one rank runs beside the boxes


@dataclass(frozen=True)
class Solution:
    """Corners of a container's items, x of its ports, and its lines, in pieces that links share."""

    size: Point
    corners: list[Point]
    ports: list[float]
    pieces: list[list[Point]]
    skips: list[bool]
    link_pieces: list[list[int]]


def solve(local: Local, better: Orderer | None = None, *, plain: bool = False) -> Solution:
    """Lay one container out; `plain` takes the first order of boxes, side by side."""
    sketch = make_sketch(local)
    known: dict[object, list[float]] = {}
    if not plain:
        sketch.ranks = order_ranks(sketch.ranks, _links(sketch), better)
    x, width = _inside(sketch, _across(sketch, known, plain=plain))
    rows = place_rows(sketch, x)
    cuts = cuts_of(sketch, rows)
    if cuts:  # every column stands for itself
        x, _ = _inside(sketch, _across(sketch, known, plain=plain, ends=cuts))
        rows = place_rows(sketch, x)
        x, ways, (tops, bottoms), (width, height) = in_columns(sketch, x, rows, cuts)
    else:
        ways = ways_of(rows.ends, rows.gaps, sketch, (rows.tops, rows.bottoms))
        tops, bottoms, height = rows.tops, rows.bottoms, rows.height
    corners = []
    for item, (w, h) in enumerate(local.sizes):
        at = sketch.level[item]
        corners.append((x[item] - w / 2, (tops[at] + bottoms[at] - h) / 2))
    pieces = Pieces(sketch, (tops, bottoms), corners, ways)
    link_pieces = []
    for route, link in zip(sketch.routes, local.links, strict=True):
        found = pieces.along(route, back=link.back)
        link_pieces.append(found[::-1] if link.back else found)
    ports = [x[vertex] for vertex in range(len(local.sizes), sketch.num_real)]
    return Solution((width, height), corners, ports, pieces.lines, pieces.skips, link_pieces)


def _across(sketch: Sketch, known: dict[object, list[float]], *, plain: bool, ends: Sequence[int] = ()) -> list[float]:
    """The middle of every vertex, in columns that end after these ranks."""
    half = _halves(sketch)
    if plain:
        return place_side_by_side(sketch.ranks, half)
    return place_across(sketch.ranks, half, _weighed(sketch), ends=ends, known=known)


def _halves(sketch: Sketch) -> list[float]:
    """Half of what every vertex takes: items, ports, bends."""
    items = [(width + SPACING) / 2 for width, _ in sketch.local.sizes]
    num_ports = sketch.num_real - sketch.num_items
    return [*items, *[PORT / 2] * num_ports, *[LANE / 2] * (len(sketch.level) - sketch.num_real)]


def _links(sketch: Sketch) -> list[Link]:
    """The joins as ordering takes them: where they meet a box as a share of its width."""

    def share(vertex: int, offset: float | None) -> float:
        # a little inside, so that a link at a box's very end is still told from one to its neighbour
        return 0.9 * offset / sketch.local.sizes[vertex][0] if offset and sketch.is_item(vertex) else 0.0

    return [(a, b, share(a, leaves), share(b, arrives)) for a, b, leaves, arrives in sketch.joins]


def _weighed(sketch: Sketch) -> list[Join]:
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


def _inside(sketch: Sketch, x: list[float]) -> tuple[list[float], float]:
    """Move everything to the right of the left pad; the width that comes of it."""
    local = sketch.local
    reach = [reach_of(sketch, vertex) for vertex in range(len(x))]
    low = min((at - r for at, r in zip(x, reach, strict=True)), default=0.0)
    high = max((at + r for at, r in zip(x, reach, strict=True)), default=0.0)
    content = high - low
    width = max(local.pads[0] + content + local.pads[2], local.least[0])
    by = local.pads[0] + (width - local.pads[0] - local.pads[2] - content) / 2 - low
    return [at + by for at in x], width
