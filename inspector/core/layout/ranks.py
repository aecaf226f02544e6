"""Which rank every box stands on: after all that feeds it, sources close to what they feed, wide ranks wrapped."""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from math import ceil

WIDEST_RANK = 14  # boxes side by side; more are wrapped into rows
WIDER_THAN_HIGH = 1.6  # rows of boxes without wires
FEW = 4  # branches side by side, which stay so however wide they are


def backward_links(count: int, links: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """The links to turn round so that no cycle is left; they come out empty for what ran in time order."""
    follows: dict[int, set[int]] = defaultdict(set)
    waiting = [0] * count
    for source, target in set(links):
        if source != target:
            follows[source].add(target)
            waiting[target] += 1
    place: list[int] = [-1] * count
    ready = [item for item in range(count) if not waiting[item]]
    heapq.heapify(ready)
    rest = iter(range(count))
    for at in range(count):
        item = heapq.heappop(ready) if ready else next(i for i in rest if place[i] < 0)
        place[item] = at
        for after in follows[item]:
            waiting[after] -= 1
            if not waiting[after] and place[after] < 0:
                heapq.heappush(ready, after)
    return {(a, b) for a, b in links if a != b and place[a] > place[b]}


def rank_items(count: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """The rank of every item, from 0, by the longest path to it; what nothing feeds stands just before its first use.

    `links` must hold no cycle.
    """
    above: dict[int, list[int]] = defaultdict(list)
    below: dict[int, list[int]] = defaultdict(list)
    waiting = [0] * count
    for upper, lower in set(links):
        above[lower].append(upper)
        below[upper].append(lower)
        waiting[lower] += 1
    rank = [0] * count
    order = [item for item in range(count) if not waiting[item]]
    for item in order:
        for after in below[item]:
            rank[after] = max(rank[after], rank[item] + 1)
            waiting[after] -= 1
            if not waiting[after]:
                order.append(after)
    for item in reversed(order):
        if below[item] and len(above[item]) < len(below[item]):
            rank[item] = max(rank[item], min(rank[after] for after in below[item]) - 1)
    return rank


def in_rows(sizes: Sequence[tuple[float, float]]) -> list[int]:
    """The row of each of many boxes that no wire joins, in their order: about as wide in all as a screen is."""
    area = sum(w * h for w, h in sizes)
    widest = max(WIDER_THAN_HIGH * area**0.5, *(w for w, _ in sizes))
    rows, at, taken = [], 0, 0.0
    for width, _ in sizes:
        if taken and taken + width > widest:
            at, taken = at + 1, 0.0
        rows.append(at)
        taken += width
    return rows


def wrap_wide(rank: list[int], order: Sequence[int], widths: Sequence[float] = ()) -> list[int]:
    """Ranks again, with those of more than WIDEST_RANK items broken into rows, in the given order.

    `widths` count an item for more than one: groups side by side are wide when they are few.
    """
    rows: dict[int, list[int]] = defaultdict(list)
    for item in order:
        rows[rank[item]].append(item)
    wrapped = list(rank)
    at = 0
    for level in sorted(rows):
        members = rows[level]
        sizes = [max(widths[item], 1.0) if widths and len(members) > FEW else 1.0 for item in members]
        total = sum(sizes)
        num_rows = ceil(total / max(WIDEST_RANK, round((total * 0.7) ** 0.5)))
        rest, taken = total, 0.0
        for item, size in zip(members, sizes, strict=True):
            # what is left is shared evenly: a last row of three would pull what it feeds to one side
            if taken and taken + size > rest / num_rows + size * 0.99:
                rest, num_rows = rest - taken, max(num_rows - 1, 1)
                at, taken = at + 1, 0.0
            wrapped[item] = at
            taken += size
        at += 1
    return wrapped
