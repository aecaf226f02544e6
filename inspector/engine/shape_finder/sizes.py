"""Which size fits: standard sizes first, then by halving, as the numbers at the obstacle say larger or smaller.

Pure: it knows a size and an answer, and no model.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

# What a try of one size says: it runs; the size must grow; it must shrink; or the obstacle does not tell.
Answer = Literal["runs", "larger", "smaller", "unclear"]
LARGEST = 1024


# On a busy machine tries get less than a whole core: so much longer than its seconds a clock may run.
MOST_STRETCH = 3.0


@dataclass
class Clock:
    """A deadline for all tries together: so many seconds of work, and at the very most `MOST_STRETCH` times as long."""

    work_ends: float
    ends: float

    @classmethod
    def of(cls, seconds: float) -> "Clock":
        """A clock that is over when this thread has worked so many seconds; begin and ask it on one thread."""
        return cls(time.thread_time() + seconds, time.monotonic() + MOST_STRETCH * seconds)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The time that is spent in the block does not count."""
        work, now = time.thread_time(), time.monotonic()
        yield
        self.work_ends += time.thread_time() - work
        self.ends += time.monotonic() - now

    @property
    def over(self) -> bool:
        """Whether the time is spent."""
        return time.thread_time() >= self.work_ends or time.monotonic() >= self.ends


@dataclass(frozen=True)
class Fit:
    """A size that runs, and the range of sizes around it that do (both ends equal where only it does).

    `searched` tells a size that had to be found from one that ran at the first asking; `open_ended` one above which
    all larger ones seem to run too: no end was met up to twice the size.
    """

    size: int
    least: int
    most: int
    searched: bool
    open_ended: bool = False


def find_size(ask: Callable[[int], Answer], standard: Sequence[int], clock: Clock) -> Fit | None:
    """The most natural size that runs, or None."""
    asked: dict[int, Answer] = {}

    def answer(size: int) -> Answer:
        if size not in asked:
            asked[size] = ask(size)
        return asked[size]

    for size in standard:
        said = answer(size)
        if said == "runs":
            searched = any(other in {"larger", "smaller"} for other in asked.values())
            return _around(answer, size, clock) if searched else Fit(size, size, size, False)
        if clock.over:
            return None
        if said != "unclear":
            found = _by_halving(answer, size, said, clock)
            if found is not None:
                return _around(answer, found, clock)
    return None


def most_natural(least: int, most: int, preferred: Iterable[int]) -> int:
    """The size that a person would have chosen: a preferred one, else the roundest in binary, the smaller first."""
    for size in preferred:
        if least <= size <= most:
            return size
    return max(range(least, most + 1), key=lambda size: (size & -size, -size))


def _by_halving(answer: Callable[[int], Answer], start: int, said: Answer, clock: Clock) -> int | None:
    """Between a size that is too small and one too large. The larger the size, the more features: one crossing."""
    step = 1 if said == "larger" else -1
    low = high = start
    # Doubling and halving first, as a large picture costs far more to try than a small one.
    while answer(low if step < 0 else high) == said:
        edge = max(1, low // 2) if step < 0 else min(LARGEST, high * 2)
        if clock.over or edge == (low if step < 0 else high):
            return None
        low, high = (edge, low) if step < 0 else (high, edge)
    while low <= high and not clock.over:
        middle = (low + high) // 2
        match answer(middle):
            case "runs":
                return middle
            case "larger":
                low = middle + 1
            case "smaller":
                high = middle - 1
            case "unclear":
                return None
    return None


def _around(answer: Callable[[int], Answer], size: int, clock: Clock) -> Fit:
    """The range of sizes that run around one that does: pooling rounds down, so several give the same features."""
    least = _edge(answer, size, -1, clock, 1)
    # Twice the size is four times the work, and tells enough.
    limit = min(LARGEST, size * 2)
    most = _edge(answer, size, +1, clock, limit)
    chosen = most_natural(least, most, (224, 256, 32, 28, 64, 96, 128, 299, 384, 512, 16, 8))
    return Fit(chosen, least, most, True, most == limit)


def _edge(answer: Callable[[int], Answer], size: int, step: int, clock: Clock, limit: int) -> int:
    edge, stride = size, 1

    def runs(place: int) -> bool:
        return not clock.over and (place - limit) * step <= 0 and answer(place) == "runs"

    while runs(edge + step * stride):
        edge += step * stride
        stride *= 2
    while stride > 1:
        stride //= 2
        if runs(edge + step * stride):
            edge += step * stride
    return edge
