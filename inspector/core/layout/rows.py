"""Ranks once it is known where all stands across: what each takes from top to bottom, and the wires' ways between."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from inspector.core.layout.columns import OVERLONG, Cut, Ranks, choose_cuts, wrap
from inspector.core.layout.sketch import GAP, JoinKey, Point, Sketch, reach_of
from inspector.core.layout.tracks import Run, gap_height, place_on_tracks, track_y

WIDEST_GAP = 76.0
CORNER = 16.0  # wires keep this far from a box's corner
ARRIVALS = 16.0  # between wires that arrive at one box


@dataclass(frozen=True)
class Gap:
    """What runs between two ranks: the tracks of what runs far, and how far the curves run across."""

    tracks: dict[JoinKey, int]
    num_tracks: int
    across: float


@dataclass(frozen=True)
class Rows:
    """Ranks once it is known where everything stands across: where joins leave and arrive, and what each rank takes."""

    ends: dict[JoinKey, Point]
    gaps: list[Gap]
    tops: list[float]
    bottoms: list[float]
    height: float


def place_rows(sketch: Sketch, x: Sequence[float]) -> Rows:
    """Where joins meet what stands at `x`, and the ranks as far apart as these need."""
    ends = _attachments(sketch, x)
    gaps = _tracks(sketch, ends)
    return Rows(ends, gaps, *_heights(sketch, gaps))


def _attachments(sketch: Sketch, x: Sequence[float]) -> dict[JoinKey, Point]:
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


def _tracks(sketch: Sketch, ends: dict[JoinKey, Point]) -> list[Gap]:
    """For each gap, below the rank of that number, the tracks of the joins that run far across it."""
    keys: list[list[JoinKey]] = [[] for _ in sketch.ranks]
    for key in sketch.joins:
        keys[sketch.level[key[0]]].append(key)
    gaps = []
    for mine in keys:
        tracks, count = place_on_tracks([Run(*ends[key], key[0], key[1]) for key in mine])
        on_tracks = {key: at for key, at in zip(mine, tracks, strict=True) if at is not None}
        curves = [abs(ends[key][0] - ends[key][1]) for key, at in zip(mine, tracks, strict=True) if at is None]
        gaps.append(Gap(on_tracks, count, max(curves, default=0.0)))
    return gaps


def _heights(sketch: Sketch, gaps: Sequence[Gap]) -> tuple[list[float], list[float], float]:
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


def ways_of(
    ends: dict[JoinKey, Point],
    gaps: Sequence[Gap],
    sketch: Sketch,
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


def cuts_of(sketch: Sketch, rows: Rows) -> list[int]:
    """The ranks that end a column; none where all of it is short enough."""
    page = sketch.local.page
    if not page or rows.height <= OVERLONG * page:
        return []
    num_passing = [len({(cut.source, cut.leaves) for cut in cuts.values()}) for cuts in _passing(sketch, rows)]
    return choose_cuts(rows.tops, rows.bottoms, num_passing, page)


def _passing(sketch: Sketch, rows: Rows) -> list[dict[JoinKey, Cut]]:
    """By rank, the joins that go on from it."""
    passing: list[dict[JoinKey, Cut]] = [{} for _ in rows.tops]
    for key, (leave, arrive) in rows.ends.items():
        passing[sketch.level[key[0]]][key] = Cut(key[0], leave, arrive)
    return passing


def in_columns(
    sketch: Sketch, x: Sequence[float], rows: Rows, cuts: Sequence[int]
) -> tuple[list[float], dict[JoinKey, list[Point]], tuple[list[float], list[float]], Point]:
    """A long layout side by side: x, the joins' ways, the ranks' bounds and the size."""
    local, tops, bottoms = sketch.local, rows.tops, rows.bottoms
    passing = _passing(sketch, rows)
    lows = [min((x[v] - reach_of(sketch, v) for v in rank), default=float("inf")) for rank in sketch.ranks]
    highs = [max((x[v] + reach_of(sketch, v) for v in rank), default=float("-inf")) for rank in sketch.ranks]
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
    ways = ways_of(moved, rows.gaps, sketch, (tops, bottoms)) | cut_ways
    size = (max(wrapped.right + local.pads[2], local.least[0]), height)
    return [at + shift[sketch.level[v]] for v, at in enumerate(x)], ways, (tops, bottoms), size
