"""Wires that run far across a gap: level, on tracks that never hide one another."""

from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.layout.tracks import FAR, Run, gap_height, place_on_tracks, track_y

PLACES = st.integers(0, 40).map(lambda at: at * 25.0)
RUNS = st.lists(st.builds(Run, PLACES, PLACES, st.integers(0, 8), st.integers(0, 8)), max_size=20)


@settings(max_examples=200)
@given(RUNS)
def test_wires_that_share_a_track_share_an_end_or_lie_apart(runs):
    tracks, count = place_on_tracks(runs)
    assert all(track is None or 0 <= track < count for track in tracks)
    for a, (one, at) in enumerate(zip(runs, tracks, strict=True)):
        assert (at is None) == (abs(one.leaves - one.arrives) <= FAR)
        for other, there in zip(runs[:a], tracks[:a], strict=True):
            if at is None or at != there:
                continue
            apart = max(min(one[:2]), min(other[:2])) >= min(max(one[:2]), max(other[:2]))
            from_one = (one.source, one.leaves) == (other.source, other.leaves)
            to_one = (one.target, one.arrives) == (other.target, other.arrives)
            assert apart or from_one or to_one


def test_nested_wires_to_the_right_do_not_cross():
    # the one from furthest right lies on top, or each would run through the one beside it
    tracks, count = place_on_tracks([Run(0.0, 300.0, 0, 3), Run(50.0, 400.0, 1, 4), Run(100.0, 500.0, 2, 5)])
    assert (tracks, count) == ([2, 1, 0], 3)


def test_all_that_comes_to_one_place_shares_a_track():
    tracks, count = place_on_tracks([Run(100.0 * at, 2_000.0, at, "lane") for at in range(12)])
    assert count == 1
    assert set(tracks) == {0}


def test_tracks_keep_away_from_the_boxes_above_and_below():
    high = gap_height(3)
    assert [track_y(at, 3, 0.0, high) for at in range(3)] == [14.0, 22.0, 30.0]
    assert high - 30.0 >= 16.0
