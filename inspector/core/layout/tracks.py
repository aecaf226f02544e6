"""Wires that run far across a gap between two ranks: each along a track of its own, which those of one bundle share.

A curve from one side of a picture to the other is nearly flat: it would hug every box that it passes, and many such
curves can't be told apart. On tracks they run level, beneath each other, and turn at right angles.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

FAR = 44.0  # what runs further across takes a track
PITCH = 8.0  # between tracks
ABOVE, BELOW = 14.0, 20.0  # of all tracks to the boxes; below there is an arrow
APART = 12.0  # what shares a track is at least so far apart
MANY = 80  # bundles in one gap: with more their order is not compared pair by pair


class Run(NamedTuple):
    """A wire across a gap: where it leaves above, and arrives below, and what it starts from and comes to."""

    leaves: float
    arrives: float
    source: Hashable
    target: Hashable


@dataclass(frozen=True)
class _Bundle:
    """Runs that share a track: all from one place, or all to one."""

    runs: tuple[int, ...]
    uppers: tuple[float, ...]
    lowers: tuple[float, ...]

    @property
    def low(self) -> float:
        return min(self.uppers[0], self.lowers[0])

    @property
    def high(self) -> float:
        return max(self.uppers[-1], self.lowers[-1])


def place_on_tracks(runs: Sequence[Run]) -> tuple[list[int | None], int]:
    """The track of every run, 0 the topmost, None for one that goes as a curve; and how many tracks there are."""
    tracks: list[int | None] = [None] * len(runs)
    far = [at for at, run in enumerate(runs) if abs(run.leaves - run.arrives) > FAR]
    if not far:
        return tracks, 0
    # on each track, what lies there
    taken: list[list[tuple[float, float]]] = []
    for bundle in _in_order(_bundles(runs, far)):
        low, high = bundle.low - APART, bundle.high + APART
        lowest = max((at for at, spans in enumerate(taken) if _meets(spans, low, high)), default=-1) + 1
        if lowest == len(taken):
            taken.append([])
        taken[lowest].append((low, high))
        for run in bundle.runs:
            tracks[run] = lowest
    return tracks, len(taken)


def gap_height(num_tracks: int) -> float:
    """What a gap with so many tracks takes."""
    return ABOVE + PITCH * (num_tracks - 1) + BELOW if num_tracks else 0.0


def track_y(track: int, num_tracks: int, top: float, bottom: float) -> float:
    """Where a track lies in a gap from `top` to `bottom`: all of them together in the middle."""
    spare = max(bottom - top - gap_height(num_tracks), 0.0)
    return top + ABOVE + spare / 2 + PITCH * track


def _bundles(runs: Sequence[Run], far: Sequence[int]) -> list[_Bundle]:
    """What comes to one place in numbers shares a track, as does what leaves from one."""
    to: dict[tuple[Hashable, float], int] = defaultdict(int)
    leaving: dict[tuple[Hashable, float], int] = defaultdict(int)
    for at in far:
        to[runs[at].target, runs[at].arrives] += 1
        leaving[runs[at].source, runs[at].leaves] += 1
    found: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for at in far:
        source, target = (runs[at].source, runs[at].leaves), (runs[at].target, runs[at].arrives)
        key = ("to", *target) if to[target] > leaving[source] else ("from", *source)
        found[key].append(at)
    return [
        _Bundle(
            tuple(members),
            tuple(sorted({runs[at].leaves for at in members})),
            tuple(sorted({runs[at].arrives for at in members})),
        )
        for members in found.values()
    ]


def _in_order(bundles: list[_Bundle]) -> list[_Bundle]:
    """From the top, with few crossings: what runs to the right from the right, and to the left from the left."""
    by_side = sorted(bundles, key=_outer)
    if len(bundles) == 1 or len(bundles) > MANY:
        return by_side
    # by how much better it is that one lies above another
    better = [[_crossings(b, a) - _crossings(a, b) for b in by_side] for a in by_side]
    left = list(range(len(by_side)))
    ordered = []
    while left:
        top = max(left, key=lambda a: (sum(better[a][b] for b in left), -a))
        left.remove(top)
        ordered.append(by_side[top])
    return ordered


def _outer(bundle: _Bundle) -> float:
    across = sum(bundle.lowers) / len(bundle.lowers) - sum(bundle.uppers) / len(bundle.uppers)
    return -bundle.low if across > 0 else bundle.low


def _crossings(upper: _Bundle, lower: _Bundle) -> int:
    """How many lines cross when one bundle's track lies above the other's."""
    return _within(upper.lowers, lower) + _within(lower.uppers, upper)


def _within(places: Sequence[float], bundle: _Bundle) -> int:
    return bisect_right(places, bundle.high) - bisect_left(places, bundle.low)


def _meets(spans: Sequence[tuple[float, float]], low: float, high: float) -> bool:
    return any(a < high and low < b for a, b in spans)
