"""Sets of accepted sizes as runs, and in words."""

from collections.abc import Callable, Collection, Sequence

from inspector.protocol.shapes import SizeRun

# Fewer sizes with equal gaps are listed one by one.
_LEAST_REPEATS = 3
_MOST_LISTED = 5


def size_runs(sizes: Collection[int]) -> tuple[SizeRun, ...]:
    """The sizes in order, as few runs: neighbours together, and single sizes with equal gaps together."""
    blocks: list[tuple[int, int]] = []
    for size in sorted(set(sizes)):
        if blocks and blocks[-1][1] == size - 1:
            blocks[-1] = (blocks[-1][0], size)
        else:
            blocks.append((size, size))
    runs: list[SizeRun] = []
    place = 0
    while place < len(blocks):
        count = _equal_gaps(blocks, place)
        first, last = blocks[place]
        if count >= _LEAST_REPEATS:
            step = blocks[place + 1][0] - first
            runs.append(SizeRun(first=first, last=blocks[place + count - 1][0], step=step))
            place += count
        else:
            runs.append(SizeRun(first=first, last=last))
            place += 1
    return tuple(runs)


def sizes_in(runs: Sequence[SizeRun]) -> list[int]:
    """Every size of the runs, in order."""
    return sorted(size for run in runs for size in range(run.first, run.last + 1, run.step))


def holds(runs: Sequence[SizeRun], size: int) -> bool:
    """Whether a size is one of them."""
    return any(run.first <= size <= run.last and (size - run.first) % run.step == 0 for run in runs)


def runs_text(runs: Sequence[SizeRun], low: int, high: int, size_text: Callable[[int], str] = "{:,}".format) -> str:
    """`28×28 only`, `28×28 to 31×31`, `any from 32×32 on`, `multiples of 32`, and the like.

    Args:
        runs: the accepted sizes.
        low: the least size that was tried.
        high: the largest; a run up to there is taken to go on.
        size_text: how one size is written.
    """
    if not runs:
        return "none"
    if len(runs) == 1:
        return _lone(runs[0], low, high, size_text)
    told = [_part(run, high, size_text) for run in runs[:_MOST_LISTED]]
    if len(runs) > _MOST_LISTED:
        return f"{', '.join(told)} and {len(runs) - _MOST_LISTED:,} more ranges"
    return f"{', '.join(told[:-1])} and {told[-1]}"


def _lone(run: SizeRun, low: int, high: int, size_text: Callable[[int], str]) -> str:
    if run.first == run.last:
        return f"{size_text(run.first)} only"
    if run.step == 1 and run.first <= low and run.last >= high:
        return "any"
    return _part(run, high, size_text)


def _part(run: SizeRun, high: int, size_text: Callable[[int], str]) -> str:
    first, last = size_text(run.first), size_text(run.last)
    if run.first == run.last:
        return first
    goes_on = run.last + run.step > high
    if run.step == 1:
        return f"any from {first} on" if goes_on else f"{first} to {last}"
    if run.first % run.step:
        return f"every {run.step:,} from {first} {'on' if goes_on else f'to {last}'}"
    start = "" if run.first == run.step else f" from {first}"
    end = (" on" if start else "") if goes_on else f" {'' if start else 'up '}to {last}"
    return f"multiples of {run.step:,}{start}{end}"


def _equal_gaps(blocks: Sequence[tuple[int, int]], place: int) -> int:
    """How many single sizes from `place` on follow each other with the same gap."""
    count = 0
    gap = 0
    for index in range(place, len(blocks)):
        if blocks[index][0] != blocks[index][1]:
            break
        step = blocks[index][0] - blocks[index - 1][0] if index > place else 0
        if index > place + 1 and step != gap:
            break
        gap = step
        count += 1
    return count
