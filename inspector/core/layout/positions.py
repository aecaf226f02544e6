"""Where the vertices of ordered ranks stand across: straight lines first, then short ones, never overlapping.

After Brandes and Köpf (2001): four alignments, each pushed to one side, and the mean of the middle two; with real box
sizes, and with attachment points that need not be in a box's middle. A last pass moves whole straight pieces closer
to what they are joined to.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

NEVER = 3
STRAIGHT = 0.25  # closer than this is drawn as a straight line
NUM_REFINEMENTS = 4
MANY = 2_000  # vertices of one part; with more, one refinement must do
MOST_PUSHED = 400  # vertices, and links, looked at for one move: beyond it costs more than it gains
MOST_PUSHED_IN_ALL = 40_000  # and in one refinement: a hub of thousands would push for a second


class Join(NamedTuple):
    """A link between neighbouring ranks: straight when x[lower] = x[upper] + shift. Priority 0 comes first.

    One of priority NEVER is not kept straight.
    """

    upper: int
    lower: int
    shift: float
    priority: int


@dataclass(frozen=True)
class _Constraints:
    """Ordered ranks: where each vertex stands on its rank, and how much room it takes to each side."""

    ranks: Sequence[Sequence[int]]
    half: Sequence[float]
    place: Sequence[int]
    level: Sequence[int]


Candidate = tuple[int, int, int, int, Join]


def place_across(
    ranks: Sequence[Sequence[int]],
    half: Sequence[float],
    joins: Sequence[Join],
    *,
    ends: Sequence[int] = (),
    known: dict[object, list[float]] | None = None,
) -> list[float]:
    """The middle of every vertex. `half` is half of what each takes, spacing included.

    A rank on which one vertex stands alone cuts the picture: what is above and below are placed each on their own, and
    equal parts once, so that a long chain of equal blocks costs little more than one of them. `known` keeps these for
    another call. Behind each rank of `ends` a column ends: nothing there need stand below what is in the next one.
    """
    level = [0] * len(half)
    for at, rank in enumerate(ranks):
        for vertex in rank:
            level[vertex] = at
    by_level: list[list[Join]] = [[] for _ in ranks]
    for join in joins:
        by_level[level[join.upper]].append(join)
    alone = [at for at, rank in enumerate(ranks) if len(rank) == 1]
    known = {} if known is None else known
    x = [0.0] * len(half)
    for begin, end in zip([0, *(at + 1 for at in ends)], [*ends, len(ranks) - 1], strict=True):
        for first, last in pairwise([begin, *(at for at in alone if begin < at < end), end]):
            vertices = [vertex for at in range(first, last + 1) for vertex in ranks[at]]
            number = {vertex: at for at, vertex in enumerate(vertices)}
            inner = tuple(
                Join(number[join.upper], number[join.lower], join.shift, join.priority)
                for at in range(first, last)
                for join in by_level[at]
            )
            sizes = tuple(half[vertex] for vertex in vertices)
            rows = _numbered([len(ranks[at]) for at in range(first, last + 1)])
            key = (sizes, tuple(map(len, rows)), inner)
            found = known.get(key)
            if found is None:
                found = known[key] = _place_part(rows, sizes, inner)
            # the vertex that this part shares with the one before is where that put it
            by = x[vertices[0]] - found[0] if first != begin else 0.0
            for vertex, at_x in zip(vertices, found, strict=True):
                x[vertex] = at_x + by
    return x


def place_side_by_side(ranks: Sequence[Sequence[int]], half: Sequence[float]) -> list[float]:
    """The middle of every vertex: each rank packed, its first vertices below each other."""
    x = [0.0] * len(half)
    for rank in ranks:
        at = -half[rank[0]] if rank else 0.0
        for vertex in rank:
            x[vertex] = at + half[vertex]
            at += 2 * half[vertex]
    return x


def _numbered(lengths: Sequence[int]) -> list[list[int]]:
    """Ranks of these lengths, their vertices numbered in order."""
    starts = [0, *accumulate(lengths)]
    return [list(range(a, b)) for a, b in pairwise(starts)]


def _place_part(ranks: Sequence[Sequence[int]], half: Sequence[float], joins: Sequence[Join]) -> list[float]:
    count = len(half)
    place, level = [0] * count, [0] * count
    for at, rank in enumerate(ranks):
        for index, vertex in enumerate(rank):
            place[vertex], level[vertex] = index, at
    constraints = _Constraints(ranks, half, place, level)
    runs: list[list[float]] = []
    for by_parents in (True, False):
        for left in (True, False):
            root, shift = _align(constraints, joins, by_parents=by_parents, left=left)
            runs.append(_compact(constraints, root, shift, left=left))
    x = _balance(runs, half)
    joins = [join for join in joins if join.priority != NEVER]
    for _ in range(NUM_REFINEMENTS if count <= MANY else 1):
        if not _refine(constraints, joins, x):
            break
    return x


def _align(
    constraints: _Constraints, joins: Sequence[Join], *, by_parents: bool, left: bool
) -> tuple[list[int], list[float]]:
    """Join vertices into blocks that stand in one line: for each vertex its block's root, and its shift from it."""
    place, level = constraints.place, constraints.level
    candidates = _ranked(constraints, joins, by_parents=by_parents, left=left)
    upward: dict[int, Join] = {}
    taken: set[int] = set()
    accepted: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for *_, join in candidates:
        if join.upper in taken or join.lower in upward:
            continue
        uppers, lowers = accepted[level[join.upper]]
        at = bisect_left(uppers, place[join.upper])
        fits_left = at == 0 or lowers[at - 1] < place[join.lower]
        fits_right = at == len(lowers) or place[join.lower] < lowers[at]
        if fits_left and fits_right:
            uppers.insert(at, place[join.upper])
            lowers.insert(at, place[join.lower])
            upward[join.lower] = join
            taken.add(join.upper)
    root = list(range(len(place)))
    shift = [0.0] * len(place)
    for rank in constraints.ranks:
        for vertex in rank:
            if vertex in upward:
                above = upward[vertex].upper
                root[vertex] = root[above]
                shift[vertex] = shift[above] + upward[vertex].shift
    return root, shift


def _ranked(constraints: _Constraints, joins: Sequence[Join], *, by_parents: bool, left: bool) -> list[Candidate]:
    """The joins, those to keep straight first: by priority, then by how close to the middle of their fellows."""
    place = constraints.place
    fellows: dict[int, list[Join]] = defaultdict(list)
    for join in joins:
        if join.priority == NEVER:
            continue
        fellows[join.lower if by_parents else join.upper].append(join)
    candidates: list[Candidate] = []
    for same in fellows.values():
        best = min(join.priority for join in same)
        first = sorted(
            (join for join in same if join.priority == best),
            key=lambda join: place[join.upper if by_parents else join.lower],
        )
        rest = [join for join in same if join.priority != best]
        for index, join in enumerate(first):
            off_middle = abs(2 * index - (len(first) - 1))
            candidates.append((join.priority, off_middle, index if left else -index, len(candidates), join))
        candidates.extend((join.priority, len(same), 0, len(candidates) + at, join) for at, join in enumerate(rest))
    candidates.sort(key=lambda candidate: candidate[:4])
    return candidates


def _compact(constraints: _Constraints, root: Sequence[int], shift: Sequence[float], *, left: bool) -> list[float]:
    """Push the blocks to one side as far as they go, then back towards their neighbours."""
    order, before, after = _blocks(constraints, root, shift)
    if not left:
        # the mirror image: what was after is before, and all runs the other way
        order, before, after = order[::-1], after, before
    at = [0.0] * len(root)
    for block in order:
        near = before[block]
        at[block] = max([at[other] + gap for other, gap in near.items()]) if near else 0.0
    for block in reversed(order):
        near = after[block]
        if near:
            at[block] = max(at[block], min([at[other] - gap for other, gap in near.items()]))
    side = 1.0 if left else -1.0
    return [side * at[root[v]] + shift[v] for v in range(len(root))]


def _blocks(
    constraints: _Constraints, root: Sequence[int], shift: Sequence[float]
) -> tuple[list[int], list[dict[int, float]], list[dict[int, float]]]:
    """The blocks from left to right, and for each how far from it its neighbours to the left and right must be."""
    half = constraints.half
    before: list[dict[int, float]] = [{} for _ in root]
    after: list[dict[int, float]] = [{} for _ in root]
    waiting = [0] * len(root)
    for rank in constraints.ranks:
        for v, w in pairwise(rank):
            a, b = root[v], root[w]
            gap = half[v] + half[w] + shift[v] - shift[w]
            known = after[a].get(b)
            if known is None:
                waiting[b] += 1
            if known is None or gap > known:
                after[a][b] = before[b][a] = gap
    order = [v for v in range(len(root)) if root[v] == v and not waiting[v]]
    for block in order:
        for other in after[block]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    return order, before, after


def _balance(runs: Sequence[Sequence[float]], half: Sequence[float]) -> list[float]:
    """The mean of the two middle positions, after bringing the runs to the place of the narrowest."""
    if not half:
        return []
    low = [min(x - h for x, h in zip(run, half, strict=True)) for run in runs]
    high = [max(x + h for x, h in zip(run, half, strict=True)) for run in runs]
    narrowest = min(range(len(runs)), key=lambda index: high[index] - low[index])
    moved = []
    for index, run in enumerate(runs):
        by = low[narrowest] - low[index] if index % 2 == 0 else high[narrowest] - high[index]
        moved.append([x + by for x in run])
    result = []
    for four in zip(*moved, strict=True):
        middle = sorted(four)[1:3]
        result.append((middle[0] + middle[1]) / 2)
    return result


def _refine(constraints: _Constraints, joins: Sequence[Join], x: list[float]) -> bool:
    """Move straight pieces, whole, to the middle of what they are joined to; push others where that is shorter."""
    pieces, piece_of = _straight_pieces(joins, x)
    pulls: dict[int, list[Join]] = defaultdict(list)
    for join in joins:
        a, b = piece_of[join.upper], piece_of[join.lower]
        if a != b:
            pulls[a].append(join)
            pulls[b].append(join)
    moved = False
    visits = 0
    for piece in sorted(pulls, key=lambda p: len(pieces[p])):
        wish = _wish(pulls[piece], piece_of, piece, x)
        if abs(wish) <= STRAIGHT:
            continue
        steps, visited = None, 0
        if visits < MOST_PUSHED_IN_ALL:
            steps, visited = _pushed(constraints, pieces, piece_of, (piece, wish), x)
        visits += visited
        if (
            steps is None
            or sum(len(pulls[p]) for p in steps) > MOST_PUSHED
            or _gain(steps, pulls, piece_of, x) <= STRAIGHT
        ):
            low, high = _room(constraints, pieces[piece], x)
            steps = {piece: min(max(wish, low), high)}
        if any(abs(by) > STRAIGHT / 4 for by in steps.values()):
            moved = True
            for other, by in steps.items():
                for vertex in pieces[other]:
                    x[vertex] += by
    return moved


def _straight_pieces(joins: Sequence[Join], x: Sequence[float]) -> tuple[dict[int, list[int]], list[int]]:
    """Vertices that straight lines hold together."""
    root = list(range(len(x)))

    def find(vertex: int) -> int:
        while root[vertex] != vertex:
            root[vertex] = root[root[vertex]]
            vertex = root[vertex]
        return vertex

    for join in joins:
        if abs(x[join.upper] + join.shift - x[join.lower]) < STRAIGHT:
            root[find(join.lower)] = find(join.upper)
    piece_of = [find(vertex) for vertex in range(len(x))]
    pieces: dict[int, list[int]] = defaultdict(list)
    for vertex, piece in enumerate(piece_of):
        pieces[piece].append(vertex)
    return pieces, piece_of


def _pushed(
    constraints: _Constraints,
    pieces: dict[int, list[int]],
    piece_of: Sequence[int],
    first: tuple[int, float],
    x: Sequence[float],
) -> tuple[dict[int, float] | None, int]:
    """How far which pieces move when one moves and pushes what is in its way; None when that is too many.

    Also how many vertices were looked at for it.
    """
    piece, by = first
    side = 1 if by > 0 else -1
    half = constraints.half
    steps = {piece: by}
    todo = [piece]
    visits = 0
    while todo:
        current = todo.pop()
        visits += len(pieces[current])
        if visits > MOST_PUSHED:
            return None, visits
        for vertex in pieces[current]:
            rank, at = constraints.ranks[constraints.level[vertex]], constraints.place[vertex] + side
            if not 0 <= at < len(rank):
                continue
            other = piece_of[rank[at]]
            gap = half[vertex] + half[rank[at]]
            needed = x[vertex] + steps[current] + side * gap - x[rank[at]]
            if side * needed > 0.01 and side * needed > side * steps.get(other, 0.0) + 0.01:
                steps[other] = needed
                todo.append(other)
    return steps, visits


def _gain(steps: dict[int, float], pulls: dict[int, list[Join]], piece_of: Sequence[int], x: Sequence[float]) -> float:
    """How much shorter, by weight, the bent links become in all."""
    gain = 0.0
    for join in {join for piece in steps for join in pulls.get(piece, ())}:
        before = x[join.upper] + join.shift - x[join.lower]
        after = before + steps.get(piece_of[join.upper], 0.0) - steps.get(piece_of[join.lower], 0.0)
        gain += _weight(join) * (abs(before) - abs(after))
    return gain


def _weight(join: Join) -> float:
    return 4.0 if join.priority == 0 else 1.0


def _wish(pulls: Sequence[Join], piece_of: Sequence[int], piece: int, x: Sequence[float]) -> float:
    """How far a piece would like to move: the weighted median of what each of its bent links asks for."""
    wishes: list[tuple[float, float]] = []
    for join in pulls:
        by = x[join.upper] + join.shift - x[join.lower]
        wishes.append((-by if piece_of[join.upper] == piece else by, _weight(join)))
    wishes.sort()
    # boxes outvote lanes altogether: where a lane starts says nothing of where its box should be
    if any(weight > 1.0 for _, weight in wishes):
        wishes = [wish for wish in wishes if wish[1] > 1.0]
    middle = len(wishes) // 2
    return wishes[middle][0] if len(wishes) % 2 else (wishes[middle - 1][0] + wishes[middle][0]) / 2


def _room(constraints: _Constraints, piece: Sequence[int], x: Sequence[float]) -> tuple[float, float]:
    """How far a piece can move to the left (negative) and to the right before it meets another."""
    low, high = float("-inf"), float("inf")
    here = set(piece)
    half = constraints.half
    for vertex in piece:
        rank, at = constraints.ranks[constraints.level[vertex]], constraints.place[vertex]
        if at > 0 and rank[at - 1] not in here:
            low = max(low, x[rank[at - 1]] + half[rank[at - 1]] + half[vertex] - x[vertex])
        if at + 1 < len(rank) and rank[at + 1] not in here:
            high = min(high, x[rank[at + 1]] - half[rank[at + 1]] - half[vertex] - x[vertex])
    return min(low, 0.0), max(high, 0.0)
