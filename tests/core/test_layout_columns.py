"""Long layouts in columns: as wide as they should be, drawn on from one to the next, steady where nothing changed."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.core.layout import LayoutRequest, lay_out, page_length
from inspector.core.layout.columns import Cut, Ranks, choose_cuts, wrap


def chain(count, skips=(), **more):
    wires = [(at, at + 1) for at in range(count - 1)] + list(skips)
    return LayoutRequest(
        box_parent=np.full(count, -1, np.int32),
        box_size=np.full((count, 2), (176, 64), np.float32),
        container_parent=np.zeros(0, np.int32),
        header_width=np.zeros(0, np.float32),
        wires=np.array(wires, np.int32).reshape(-1, 2),
        **more,
    )


RESIDUALS = [(at, at + 3) for at in range(0, 296, 4)]


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("skips", [(), RESIDUALS])
def test_a_chain_of_three_hundred_fills_a_view_in_place_of_a_line(direction, skips):
    request = chain(300, skips, direction=direction)
    sizes, view = (request.box_size, (900, 600)) if direction == "down" else (request.box_size[:, ::-1], (600, 900))
    layout = lay_out(replace(request, page=page_length(sizes, view)))
    width, height = layout.size
    assert 0.55 < (width / height) / (900 / 600) < 1.5
    plain = lay_out(request).size
    assert min(900 / width, 600 / height) > 8 * min(900 / plain[0], 600 / plain[1])
    along = 1 if direction == "down" else 0
    begins = [at for at in range(1, 300) if layout.boxes[at, along] < layout.boxes[at - 1, along]]
    assert len(begins) >= 3
    assert np.ptp(layout.boxes[[0, *begins], along]) < 1  # they begin side by side
    across = [layout.boxes[at, 1 - along] for at in begins]
    assert across == sorted(across)


def test_values_that_pass_all_that_follows_keep_no_graph_from_being_wrapped():
    count = 200
    kept = [(at, count - 1) for at in range(2, count - 10, 10)]  # as a transformer's caches, which it gives at its end
    request = chain(count, kept)
    layout = lay_out(replace(request, page=page_length(request.box_size, (900, 600))))
    assert layout.size[1] < 4_000
    columns = np.split(layout.boxes[:, 0], np.flatnonzero(np.diff(layout.boxes[:, 1]) < 0) + 1)
    assert len(columns) > 3
    # what passes is beside the boxes in each column, and does not push those in it to one side
    assert all(np.ptp(column) < 200 for column in columns)


def test_what_is_not_too_long_is_laid_out_as_ever():
    request = chain(12, [(2, 6)])
    page = page_length(request.box_size, (900, 600))
    assert np.array_equal(lay_out(replace(request, page=page)).boxes, lay_out(request).boxes)


def test_what_changes_further_on_moves_no_column_before_it():
    request = chain(300, RESIDUALS, page=2_000.0)
    more = chain(330, [*RESIDUALS, (299, 303), (306, 312)], page=2_000.0)
    before, after = lay_out(request), lay_out(more)
    same = 250
    assert np.array_equal(before.boxes[:same], after.boxes[:same])


def test_a_page_stays_while_it_serves():
    few, more = chain(300).box_size, chain(400).box_size
    page = page_length(few, (900, 600))
    assert page_length(more, (900, 600), page) == page
    assert page_length(more, (900, 600)) > page
    assert page_length(chain(3_000).box_size, (900, 600), page) > 2 * page


def test_it_is_cut_where_the_fewest_wires_pass():
    tops = [0.0, *(100.0 * at for at in range(40)), 4_000.0]
    bottoms = [0.0, *(100.0 * at + 60 for at in range(40)), 4_000.0]
    passing = [1, *(1 if at % 7 == 3 else 5 for at in range(40)), 1]
    cuts = choose_cuts(tops, bottoms, passing, 1_000.0)
    assert cuts
    assert all(passing[cut] == 1 for cut in cuts)
    assert choose_cuts(tops, bottoms, [99] * len(tops), 1_000.0) == []


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8, unique=True))
def test_wires_in_a_corridor_cross_no_more_than_their_ends_do(places):
    """Two wires that arrive in the order in which they leave don't cross on the way."""
    wires = {at: Cut(at, 20.0 * a + at, 20.0 * b + at) for at, (a, b) in enumerate(places)}
    ranks = Ranks([0.0, 20.0, 120.0, 220.0], [0.0, 100.0, 200.0, 220.0], [0.0] * 4, [200.0] * 4)
    _, ways = wrap(ranks, [1], {1: wires}, top=0.0, left=0.0)
    for first, second in itertools.combinations(wires, 2):
        if (wires[first].leaves - wires[second].leaves) * (wires[first].arrives - wires[second].arrives) > 0:
            assert not crosses(ways[first], ways[second])


def crosses(one, other):
    """Whether two lines of level and upright pieces meet."""
    for (a, b), (c, d) in itertools.product(itertools.pairwise(one), itertools.pairwise(other)):
        across = max(min(a[0], b[0]), min(c[0], d[0])) <= min(max(a[0], b[0]), max(c[0], d[0]))
        if across and max(min(a[1], b[1]), min(c[1], d[1])) <= min(max(a[1], b[1]), max(c[1], d[1])):
            return True
    return False
