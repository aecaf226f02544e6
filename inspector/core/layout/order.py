"""The order of the vertices on each rank, with few crossings: barycentres, and fast-sugiyama where it helps."""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise

Link = tuple[int, int, float, float]
"""Upper and lower vertex, and where at each it is joined: −0.5 … 0.5 from its left to its right end."""
Ranks = list[list[int]]
Orderer = Callable[[Ranks, Sequence[Link]], Ranks]
Ends = dict[int, list[tuple[int, float, float]]]
NUM_SWEEPS = 8


def order_ranks(ranks: Ranks, links: Sequence[Link], better: Orderer | None = None) -> Ranks:
    """Each rank in an order with few crossings. `links` join neighbouring ranks.

    `better` is asked where barycentres leave crossings, and taken where it leaves fewer.
    """
    above, below = _ends(links)
    best = [list(rank) for rank in ranks]
    fewest = count_crossings(best, below)
    current = best
    for sweep in range(NUM_SWEEPS):
        if not fewest:
            break
        current = _sweep(current, above, below, down=sweep % 2 == 0)
        found = count_crossings(current, below)
        if found < fewest:
            best, fewest = current, found
    if fewest and better is not None:
        other = better(ranks, links)
        if count_crossings(other, below) < fewest:
            return other
    return best


def count_crossings(ranks: Ranks, below: Ends) -> int:
    """How many pairs of links cross. `below` gives by upper vertex (lower vertex, place at the upper, at the lower)."""
    crossings = 0
    for upper, lower in pairwise(ranks):
        place = {vertex: at for at, vertex in enumerate(lower)}
        lines = sorted(
            (at + here, place[after] + there)
            for at, vertex in enumerate(upper)
            for after, here, there in below.get(vertex, ())
        )
        seen: list[float] = []
        waiting: list[float] = []
        start = float("-inf")
        for begin, end in lines:
            if begin > start:  # links from one place never cross each other
                for known in waiting:
                    insort(seen, known)
                waiting, start = [], begin
            crossings += len(seen) - bisect_right(seen, end)
            waiting.append(end)
    return crossings


def fast_sugiyama_order(ranks: Ranks, links: Sequence[Link]) -> Ranks:
    """The order that fast-sugiyama gives. It holds the GIL and may abort: call it in a process of its own only."""
    import fast_sugiyama  # noqa: PLC0415  (loaded where it is used: the window's process never needs it)

    number: dict[int, int] = {}
    edges = [(number.setdefault(a, len(number)), number.setdefault(b, len(number))) for a, b, *_ in links if a != b]
    if not edges:
        return ranks
    x: dict[int, float] = {}
    offset = 0.0
    for positions, width, *_ in fast_sugiyama.from_edges(edges, dummy_vertices=False, check_layout=False):
        for vertex, (at, _) in positions:
            x[int(vertex)] = at + offset
        offset += width + 1.0
    return [_sorted_by(rank, {v: x[number[v]] for v in rank if v in number}) for rank in ranks]


def _sorted_by(rank: Sequence[int], x: dict[int, float]) -> list[int]:
    keys: list[float] = []
    for vertex in rank:
        keys.append(x.get(vertex, keys[-1] if keys else 0.0))
    return [rank[at] for at in sorted(range(len(rank)), key=lambda at: (keys[at], at))]


def _ends(links: Sequence[Link]) -> tuple[Ends, Ends]:
    """For each vertex what it is joined to: (the other, place here, place there)."""
    above: Ends = defaultdict(list)
    below: Ends = defaultdict(list)
    for upper, lower, leaves, arrives in links:
        above[lower].append((upper, arrives, leaves))
        below[upper].append((lower, leaves, arrives))
    return above, below


def _sweep(ranks: Ranks, above: Ends, below: Ends, *, down: bool) -> Ranks:
    """One pass: each rank sorted by the mean place of its neighbours on the rank before."""
    result = [list(rank) for rank in ranks]
    order = range(1, len(result)) if down else range(len(result) - 2, -1, -1)
    neighbours = above if down else below
    for at in order:
        fixed = result[at - 1 if down else at + 1]
        place = {vertex: index for index, vertex in enumerate(fixed)}
        keys: list[float] = []
        for index, vertex in enumerate(result[at]):
            near = [place[other] + there - here for other, here, there in neighbours.get(vertex, ())]
            keys.append(sum(near) / len(near) if near else float(index))
        # while sweeping up, ties are turned: otherwise two equal keys would never change places
        ties = range(len(keys)) if down else range(len(keys), 0, -1)
        by = sorted(zip(keys, ties, result[at], strict=True))
        result[at] = [vertex for _, _, vertex in by]
    return result
