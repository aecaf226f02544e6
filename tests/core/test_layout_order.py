"""Ranks, orders and places of one container, each against a plain check."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.layout.order import count_crossings, order_ranks
from inspector.core.layout.positions import Join, place_across
from inspector.core.layout.ranks import WIDEST_RANK, backward_links, rank_items, wrap_wide

EXAMPLES = settings(max_examples=60)
pairs = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30)


@st.composite
def layered(draw):
    """Up to four ranks, and links between neighbours that meet their ends somewhere across."""
    ranks, number = [], 0
    for _ in range(draw(st.integers(1, 4))):
        count = draw(st.integers(1, 5))
        ranks.append(list(range(number, number + count)))
        number += count
    share = st.sampled_from([-0.3, 0.0, 0.3])
    links = [
        (draw(st.sampled_from(upper)), draw(st.sampled_from(lower)), draw(share), draw(share))
        for upper, lower in itertools.pairwise(ranks)
        for _ in range(draw(st.integers(0, 6)))
    ]
    return ranks, sorted(set(links))


def by_upper(links):
    below = {}
    for upper, lower, leaves, arrives in links:
        below.setdefault(upper, []).append((lower, leaves, arrives))
    return below


def crossings_counted_plainly(ranks, links):
    place = {vertex: at for rank in ranks for at, vertex in enumerate(rank)}
    level = {vertex: at for at, rank in enumerate(ranks) for vertex in rank}
    crossings = 0
    for a, b in itertools.combinations(links, 2):
        if level[a[0]] == level[b[0]]:
            above = (place[a[0]] + a[2]) - (place[b[0]] + b[2])
            below = (place[a[1]] + a[3]) - (place[b[1]] + b[3])
            crossings += above * below < 0
    return crossings


@EXAMPLES
@given(layered())
def test_crossings_are_counted_rightly(case):
    ranks, links = case
    assert count_crossings(ranks, by_upper(links)) == crossings_counted_plainly(ranks, links)


@EXAMPLES
@given(layered())
def test_ordering_keeps_the_ranks_and_never_adds_crossings(case):
    ranks, links = case
    ordered = order_ranks(ranks, links)
    assert [sorted(rank) for rank in ordered] == ranks
    assert count_crossings(ordered, by_upper(links)) <= count_crossings(ranks, by_upper(links))


def test_a_better_order_is_taken_only_if_it_is_better():
    ranks = [[0, 1], [2, 3]]
    crossed = [(0, 3, 0.0, 0.0), (1, 2, 0.0, 0.0), (0, 2, 0.0, 0.0), (1, 3, 0.0, 0.0)]
    assert order_ranks(ranks, crossed, lambda ranks, links: [[1, 0], [2, 3]]) == ranks


@EXAMPLES
@given(pairs)
def test_turning_backward_links_round_leaves_no_cycle_and_ranks_run_forwards(links):
    back = backward_links(12, links)
    forward = [(b, a) if (a, b) in back else (a, b) for a, b in links if a != b]
    rank = rank_items(12, forward)
    assert all(rank[a] < rank[b] for a, b in forward)


@EXAMPLES
@given(pairs)
def test_what_runs_in_time_order_has_no_backward_links(links):
    assert not backward_links(12, [(min(pair), max(pair)) for pair in links])


@EXAMPLES
@given(st.lists(st.integers(0, 2), min_size=1, max_size=80))
def test_wrapped_ranks_keep_their_order_and_are_not_too_wide(rank):
    wrapped = wrap_wide(rank, range(len(rank)))
    assert all(wrapped[a] < wrapped[b] for a in range(len(rank)) for b in range(len(rank)) if rank[a] < rank[b])
    assert max(wrapped.count(row) for row in wrapped) <= WIDEST_RANK


@EXAMPLES
@given(layered(), st.data())
def test_places_across_keep_order_and_distance(case, data):
    ranks, links = case
    count = sum(len(rank) for rank in ranks)
    half = [data.draw(st.sampled_from([10.0, 60.0])) for _ in range(count)]
    joins = [Join(a, b, 40 * (leaves - arrives), 0) for a, b, leaves, arrives in links]
    x = place_across(ranks, half, joins)
    for rank in ranks:
        for left, right in itertools.pairwise(rank):
            assert x[right] - x[left] >= half[left] + half[right] - 1e-6


def test_wide_groups_side_by_side_are_wrapped_though_they_are_few():
    assert wrap_wide([0] * 9, range(9), [7.0] * 9) == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert wrap_wide([0] * 3, range(3), [7.0] * 3) == [0, 0, 0]
