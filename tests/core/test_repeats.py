"""Repeating patterns: whatever a list holds, what is found is there, is equal and does not overlap."""

from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.repeats import FEWEST_HIDDEN, find_repeats

LISTS = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(1, 12)), min_size=1, max_size=5
)


@settings(max_examples=100)
@given(LISTS)
def test_every_repeat_is_equal_parts_that_do_not_overlap(blocks):
    tokens = [token for pattern, times in blocks for token in pattern * times]
    repeats = find_repeats(tokens, [(at, at + 1) for at in range(len(tokens) - 1)])
    taken = [at for repeat in repeats for at in range(repeat.start, repeat.stop)]
    assert len(taken) == len(set(taken))
    for repeat in repeats:
        assert len({tuple(tokens[at] for at in part) for part in repeat.parts}) == 1
        assert repeat.length * (repeat.times - 1) >= FEWEST_HIDDEN


def test_the_pattern_that_hides_most_is_found_not_runs_within_it():
    tokens = [1, 1, 1, 2] * 20
    (repeat,) = find_repeats(tokens, [(at, at + 1) for at in range(len(tokens) - 1)])
    assert (repeat.start, repeat.length, repeat.times) == (0, 4, 20)


def test_negative_marks_are_never_part_of_a_repeat():
    assert find_repeats([-1] * 100, []) == []
