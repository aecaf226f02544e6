"""A long layout wrapped: cut where few wires pass, its pieces side by side, the wires drawn on from each to the next.

Everything here runs downwards, as in `container`: pieces are columns. A wire that is cut leaves its column below, goes
up in the corridor to the right of it, and comes to the next column from above.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from inspector.core.layout.tracks import ABOVE, BELOW, PITCH

Point = tuple[float, float]
Key = TypeVar("Key", bound=Hashable)

OVERLONG = 1.6  # pages: what is longer is wrapped
SHORTEST, LONGEST = 0.15, 1.2  # of a column, in pages; the last one may be shorter
PER_WIRE = 0.2  # pages that a column may differ from one page to cut a wire less
FEW_CUT = (
    4  # wires; of more, each doubling counts for one: some passes, as caches or dense blocks have, can't be avoided
)
MOST_CUT = 96  # wires; where more pass nothing is cut
SIDE = 28.0  # from a corridor's wires to the boxes beside
BELOW_ALL = 12.0  # from the lowest wire to what comes below

LEAST_PAGE = 1_600.0
READABLE = 0.35  # a zoom at which titles can be read: what fits into the view at it is not wrapped
SPACIOUS = 1.5  # what boxes take with their frames and wires, in their own areas
HOLD = 1.5  # a page stays as it is while it is no farther from the best one: else every fold would move all columns


class Cut(NamedTuple):
    """A wire that passes from one rank to the next: whose it is, where it leaves above and arrives below."""

    source: Hashable
    leaves: float
    arrives: float


@dataclass(frozen=True)
class Ranks:
    """Ranks before they are wrapped: what each takes, from top to bottom and from left to right.

    The first and the last are the ports on the borders.
    """

    tops: Sequence[float]
    bottoms: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]


@dataclass(frozen=True)
class Wrapped:
    """By rank, how far it moves to the right, and where it is from top to bottom; where all of it ends."""

    shift: list[float]
    tops: list[float]
    bottoms: list[float]
    right: float
    bottom: float


def page_length(box_size: NDArray[np.float32], view: tuple[float, float], before: float = 0.0) -> float:
    """How long the columns of a wrapped picture should be for it to fill a view (across, along the direction, pixels).

    Sizes (n, 2) are across and along the direction too. The length from before is kept where it still serves.
    """
    across, along = max(view[0], 1.0), max(view[1], 1.0)
    area = float(((box_size[:, 0] + 28.0) * (box_size[:, 1] + 30.0)).sum()) * SPACIOUS
    wanted = max((area * along / across) ** 0.5, along / READABLE, LEAST_PAGE)
    return before if wanted / HOLD <= before <= wanted * HOLD else wanted


def choose_cuts(tops: Sequence[float], bottoms: Sequence[float], passing: Sequence[int], page: float) -> list[int]:
    """The ranks that end a column, the last one left out. `passing` is how many wires go on from each.

    Chosen from the beginning on: what changes further on moves no cut before it.
    """
    cuts: list[int] = []
    first, last = 1, len(tops) - 2
    while last > first and bottoms[last] - tops[first] > LONGEST * page:
        found = _best_cut(range(first, last), tops[first], bottoms, passing, page)
        if found is None:
            break
        cuts.append(found)
        first = found + 1
    return cuts


def _best_cut(
    candidates: range, start: float, bottoms: Sequence[float], passing: Sequence[int], page: float
) -> int | None:
    best, least = None, float("inf")
    for rank in candidates:
        if passing[rank] > MOST_CUT:
            continue
        share = (bottoms[rank] - start) / page
        if share > LONGEST:
            return rank if best is None else best
        wires = passing[rank] if passing[rank] <= FEW_CUT else FEW_CUT + log2(passing[rank] / FEW_CUT)
        cost = abs(1.0 - share) + PER_WIRE * wires
        if share >= SHORTEST and cost <= least:
            best, least = rank, cost
    return best


def wrap(
    ranks: Ranks, cuts: Sequence[int], wires: Mapping[int, Mapping[Key, Cut]], *, top: float, left: float
) -> tuple[Wrapped, dict[Key, list[Point]]]:
    """Put the columns side by side, the first at `left`, none above `top`; and the points of every wire that is cut.

    `wires` are those that pass each rank of `cuts`.
    """
    lanes = [_lanes(wires[cut].values()) for cut in cuts]
    begins, ends = [0, *(cut + 1 for cut in cuts)], [*cuts, len(ranks.tops) - 1]
    most = max(len(found) for found in lanes)
    first_top = max(ranks.tops[1], top + PITCH * (most - 1) + BELOW)
    shift, tops, bottoms = [0.0] * len(ranks.tops), list(ranks.tops), list(ranks.bottoms)
    corridors: list[float] = []
    for column, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        members = range(begin, end + 1)
        right = left + max(ranks.highs[rank] for rank in members) - min(ranks.lows[rank] for rank in members)
        across = left - min(ranks.lows[rank] for rank in members)
        down = first_top - ranks.tops[max(begin, 1)]
        for rank in members:
            shift[rank] = across
            if rank:
                tops[rank] += down
                bottoms[rank] += down
        corridors.append(right + SIDE)
        left = right + 2 * SIDE + PITCH * (len(lanes[column]) - 1 if column < len(cuts) else 0)
    ways: dict[Key, list[Point]] = {}
    lowest = bottoms[-2]
    for cut, found, corridor in zip(cuts, lanes, corridors, strict=False):
        lowest = max(lowest, bottoms[cut] + ABOVE + PITCH * (len(found) - 1) + BELOW_ALL)
        for key, wire in wires[cut].items():
            at = found[wire.source, wire.leaves]
            leave, arrive = wire.leaves + shift[cut], wire.arrives + shift[cut + 1]
            low = bottoms[cut] + ABOVE + PITCH * at
            high = first_top - BELOW - PITCH * (len(found) - 1 - at)
            lane = corridor + PITCH * at
            ways[key] = [
                (leave, bottoms[cut]), (leave, low), (lane, low), (lane, high), (arrive, high), (arrive, first_top)
            ]  # fmt: skip
    return Wrapped(shift, tops, bottoms, right, lowest), ways


def _lanes(cut: Iterable[Cut]) -> dict[tuple[Hashable, float], int]:
    """A lane for each place that wires leave from: nested, the rightmost innermost, so that none cross."""
    arrives: dict[tuple[Hashable, float], float] = {}
    for wire in cut:
        place = (wire.source, wire.leaves)
        arrives[place] = max(arrives.get(place, wire.arrives), wire.arrives)
    order = sorted(arrives, key=lambda place: (-place[1], -arrives[place]))
    return {place: at for at, place in enumerate(order)}
