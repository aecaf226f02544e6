"""Patterns that repeat in a long list: the layers of a model that was written without modules, time steps of a loop."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LONGEST_PATTERN = 64
FEWEST_TIMES = 3
FEWEST_HIDDEN = 12  # a run that hides fewer is as clear unfolded


@dataclass(frozen=True)
class Repeat:
    """`times` equal patterns of `length` items, one after the other, from `start`."""

    start: int
    length: int
    times: int

    @property
    def stop(self) -> int:
        """The first item after it."""
        return self.start + self.length * self.times

    @property
    def parts(self) -> list[range]:
        """The items of each pattern."""
        return [range(at, at + self.length) for at in range(self.start, self.stop, self.length)]


def find_repeats(tokens: Sequence[int], wires: Sequence[tuple[int, int]]) -> list[Repeat]:
    """Where in a list the same comes again and again, in order, none overlapping; what hides most comes first.

    Args:
        tokens: a number an item, equal for equal items; negative for one that is never part of a repeat.
        wires: (from, to) between items. Patterns are equal only if they are wired alike inside, and each to the one
            before.
    """
    marks = np.asarray(tokens, np.int64)
    sources: list[list[int]] = [[] for _ in tokens]
    for source, target in wires:
        sources[target].append(source)
    found: list[Repeat] = []
    todo = [(0, len(marks))]
    while todo:
        start, stop = todo.pop()
        best = max(_candidates(marks[start:stop]), key=lambda r: (r.length * (r.times - 1), -r.length), default=None)
        if best is None:
            continue
        best = Repeat(best.start + start, best.length, best.times)
        true = _wired_alike(best, sources)
        if true is not None:
            found.append(true)
        # where the wires differ, what was looked at is left as it is
        end = best.stop if true is None else true.stop
        todo += [(start, best.start), (end, stop)]
    return sorted(found, key=lambda repeat: repeat.start)


def _candidates(marks: NDArray[np.int64]) -> list[Repeat]:
    """For each length the runs in which every item equals the one that many places on."""
    found = []
    for length in range(1, min(LONGEST_PATTERN, len(marks) // FEWEST_TIMES) + 1):
        same = (marks[:-length] == marks[length:]) & (marks[length:] >= 0)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], same.astype(np.int8), [0]])))
        for start, stop in edges.reshape(-1, 2).tolist():
            times = (stop - start) // length + 1
            if times >= FEWEST_TIMES and length * (times - 1) >= FEWEST_HIDDEN:
                found.append(Repeat(start, length, times))
    return found


def _wired_alike(repeat: Repeat, sources: Sequence[Sequence[int]]) -> Repeat | None:
    """As many of the patterns as are wired like the one before them; None when those are too few."""
    shapes = [_inner_wires(part, sources) for part in repeat.parts]
    # the first pattern has none before it: what comes to it from there does not count
    before = {wire for wire in shapes[1] if wire[0] >= 0}
    alike = 1 + (before == {wire for wire in shapes[0] if wire[0] >= 0})
    if alike == 1:
        return None
    for one, other in pairwise(shapes[1:]):
        if one != other:
            break
        alike += 1
    if alike < FEWEST_TIMES or repeat.length * (alike - 1) < FEWEST_HIDDEN:
        return None
    return Repeat(repeat.start, repeat.length, alike)


def _inner_wires(part: range, sources: Sequence[Sequence[int]]) -> set[tuple[int, int]]:
    """Wires as places within the pattern; negative from the one before. What comes from further away does not count."""
    return {
        (source - part.start, target - part.start)
        for target in part
        for source in sources[target]
        if source >= part.start - len(part)
    }
