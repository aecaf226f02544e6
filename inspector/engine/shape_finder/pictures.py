"""Pictures that are not square: which heights go with which widths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from inspector.core.size_runs import sizes_in
from inspector.engine.shape_finder.axes_of import moved
from inspector.engine.shape_finder.bench import Bench, Shapes
from inspector.protocol.shapes import AcceptedAxis

Relation = Literal["", "free", "listed", "square"]
_MOST_PAIRS = 600
_SAMPLES = 12
_MOST_CROSSED = 40
_MOST_NAMED = 4
# Sides in these proportions keep the number of patches.
_PROPORTIONS = (2, 3, 4, 5, 7, 8)


@dataclass(frozen=True)
class Sides:
    """Heights and widths that run together.

    "free": each of those that run alone runs with each. `sizes` run beside these, or beside the squares.
    """

    relation: Relation
    sizes: tuple[tuple[int, int], ...] = ()
    sentence: str = ""
    complete: bool = True


def sides_beside(bench: Bench, axes: Sequence[AcceptedAxis], high: int) -> Sides:
    """Which pictures that are not square run too, for the first picture among the inputs."""
    height = next((axis for axis in axes if axis.role == "height"), None)
    width = next((axis for axis in axes if axis.role == "width"), None)
    square = next((axis for axis in axes if axis.role == "size"), None)
    if height is None or width is None or square is None:
        return Sides("")
    pick = _Picker(bench, height, width)
    heights, widths = sizes_in(height.runs), sizes_in(width.runs)
    free = len(heights) > 1 and len(widths) > 1 and all(pick.runs(*pair) for pair in _crossed(heights, widths))
    apart = (set(heights), set(widths)) if free else (set(), set())
    found: list[tuple[int, int]] = []
    complete = True
    for pair in dict.fromkeys((*pick.predicted(high), *pick.proportions(high))):
        if pair[0] == pair[1] or (pair[0] in apart[0] and pair[1] in apart[1]):
            continue
        if bench.clock.over or len(found) >= _MOST_PAIRS:
            complete = False
            break
        if pick.runs(*pair):
            found.append(pair)
    found.sort(key=lambda pair: (max(pair) / min(pair), pair))
    told = [_free(square, height, width)] if free else []
    if found:
        told.append(_listed(found))
    cut_off = bench.clock.over
    if not told and square.runs:
        told = ["Pictures that are not square were not all tried in the time" if cut_off else "Only squares run"]
    squares = square.runs and not cut_off
    relation: Relation = "free" if free else "listed" if found else "square" if squares else ""
    return Sides(relation, tuple(found), ". ".join(told), complete and not cut_off)


def _free(square: AcceptedAxis, height: AcceptedAxis, width: AcceptedAxis) -> str:
    if sizes_in(square.runs) == sizes_in(height.runs) == sizes_in(width.runs):
        return "Height and width need not be equal"
    return f"Not square, each of {height.sentence} runs with each of {width.sentence}"


def _listed(found: Sequence[tuple[int, int]]) -> str:
    named = ", ".join(f"{tall}×{wide}" for tall, wide in found[:_MOST_NAMED])
    rest = f" and {len(found) - _MOST_NAMED:,} more" if len(found) > _MOST_NAMED else ""
    return f"Not square, {named}{rest} run too"


def _crossed(heights: Sequence[int], widths: Sequence[int]) -> list[tuple[int, int]]:
    """All pairs, or a few where there are many: heights and widths that are independent show in any."""
    if len(heights) * len(widths) <= _MOST_CROSSED:
        return [(tall, wide) for tall in heights for wide in widths]
    return list(_samples(heights, widths))


def _samples(heights: Sequence[int], widths: Sequence[int]) -> Iterator[tuple[int, int]]:
    for step in range(_SAMPLES):
        yield heights[step * len(heights) // _SAMPLES], widths[-1 - (step * 5 % _SAMPLES) * len(widths) // _SAMPLES]


class _Picker:
    """Tries of one picture's two sides, the other inputs as they are."""

    def __init__(self, bench: Bench, height: AcceptedAxis, width: AcceptedAxis) -> None:
        self._bench = bench
        self._heights = tuple((place.input, place.axis) for place in height.places)
        self._widths = tuple((place.input, place.axis) for place in width.places)
        first = bench.shapes[height.places[0].input]
        self._base = (first[2], first[3])

    def shapes(self, high: int, wide: int) -> Shapes:
        return moved(moved(self._bench.shapes, self._heights, high), self._widths, wide)

    def runs(self, high: int, wide: int) -> bool:
        return self._bench.runs(self.shapes(high, wide))

    def predicted(self, high: int) -> Iterator[tuple[int, int]]:
        """Pairs that give the layer that refuses what it expects.

        Behind convolutions and pooling the features are a product of what the height gives and what the width gives,
        so the sweeps along each side tell the product for every pair.
        """
        tall = self._ratios(high, height=True)
        by_ratio: dict[Fraction, list[int]] = {}
        for wide, ratio in self._ratios(high, height=False).items():
            by_ratio.setdefault(ratio, []).append(wide)
        for side, ratio in tall.items():
            if ratio:
                yield from ((side, wide) for wide in by_ratio.get(1 / ratio, ()))

    def proportions(self, high: int) -> Iterator[tuple[int, int]]:
        """As many patches in other proportions: 112×448 for 224×224."""
        tall, wide = self._base
        for times in _PROPORTIONS:
            for pair in ((tall * times, wide // times), (tall // times, wide * times)):
                if pair[0] * pair[1] == tall * wide and max(pair) <= high:
                    yield pair

    def _ratios(self, high: int, *, height: bool) -> dict[int, Fraction]:
        found = {}
        for size in range(1, high + 1):
            pair = (size, self._base[1]) if height else (self._base[0], size)
            if self._bench.clock.over:
                break
            ratio = self._bench.tried(self.shapes(*pair)).ratio
            if ratio:
                found[size] = ratio
        return found
