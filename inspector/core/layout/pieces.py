"""The lines of a container, in pieces that wires share: from a box or a fork to the next."""

from collections import Counter
from collections.abc import Sequence

from inspector.core.layout.positions import STRAIGHT
from inspector.core.layout.sketch import JoinKey, Point, Route, Sketch

MANY_JOINS = 3  # in a link: the way along such lanes is remembered


class Pieces:
    """Lines in pieces: a piece runs from a box or a fork to the next, through the bends between."""

    def __init__(
        self,
        sketch: Sketch,
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

    def along(self, route: Route, *, back: bool) -> list[int]:
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
    sketch: Sketch,
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
