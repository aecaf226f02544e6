"""The order of the vertices on each rank, with few crossings: sweeps of barycentres, and fast-sugiyama where it helps."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Sequence

Link = tuple[int, int]
Ranks = list[list[int]]
Orderer = Callable[[Ranks, Sequence[Link]], Ranks]
NUM_SWEEPS = 8


def order_ranks(ranks: Ranks, links: Sequence[Link], better: Orderer | None = None) -> Ranks:
    """Each rank in an order with few crossings. `links` join neighbouring ranks, (upper, lower).

    `better` is asked where barycentres leave crossings, and taken where it leaves fewer.
    """
    above, below = _neighbours(links)
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


def count_crossings(ranks: Ranks, below: dict[int, list[int]]) -> int:
    """How many pairs of links cross."""
    crossings = 0
    for upper, lower in zip(ranks, ranks[1:], strict=False):
        place = {vertex: at for at, vertex in enumerate(lower)}
        seen: list[int] = []
        for vertex in upper:
            ends = [place[after] for after in below.get(vertex, ())]
            crossings += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return crossings


def fast_sugiyama_order(ranks: Ranks, links: Sequence[Link]) -> Ranks:
    """The order that fast-sugiyama gives. It holds the GIL and may abort: call it in a process of its own only."""
    import fast_sugiyama  # noqa: PLC0415  (loaded where it is used: the window's process never needs it)

    number: dict[int, int] = {}
    edges = [(number.setdefault(a, len(number)), number.setdefault(b, len(number))) for a, b in links if a != b]
    if not edges:
        return ranks
    x: dict[int, float] = {}
    offset = 0.0
    for positions, width, *_ in fast_sugiyama.from_edges(edges, dummy_vertices=False, check_layout=False):
        for vertex, (at, _) in positions:
            x[vertex] = at + offset
        offset += width + 1.0
    return [_sorted_by(rank, {v: x[number[v]] for v in rank if v in number}) for rank in ranks]


def _sorted_by(rank: Sequence[int], x: dict[int, float]) -> list[int]:
    keys: list[float] = []
    for vertex in rank:
        keys.append(x.get(vertex, keys[-1] if keys else 0.0))
    return [rank[at] for at in sorted(range(len(rank)), key=lambda at: (keys[at], at))]


def _neighbours(links: Sequence[Link]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    above: dict[int, list[int]] = defaultdict(list)
    below: dict[int, list[int]] = defaultdict(list)
    for upper, lower in links:
        above[lower].append(upper)
        below[upper].append(lower)
    return above, below


def _sweep(ranks: Ranks, above: dict[int, list[int]], below: dict[int, list[int]], *, down: bool) -> Ranks:
    """One pass: each rank sorted by the mean place of its neighbours on the rank before."""
    result = [list(rank) for rank in ranks]
    order = range(1, len(result)) if down else range(len(result) - 2, -1, -1)
    neighbours = above if down else below
    for at in order:
        fixed = result[at - 1 if down else at + 1]
        place = {vertex: index for index, vertex in enumerate(fixed)}
        keys: list[float] = []
        for index, vertex in enumerate(result[at]):
            near = [place[other] for other in neighbours.get(vertex, ())]
            keys.append(sum(near) / len(near) if near else float(index))
        # while sweeping up, ties are turned: otherwise two equal keys would never change places
        ties = range(len(keys)) if down else range(len(keys), 0, -1)
        by = sorted(zip(keys, ties, result[at], strict=True))
        result[at] = [vertex for _, _, vertex in by]
    return result
