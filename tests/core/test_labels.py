import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.core.labels import compile_pattern, label_with, natural_key, propose_patterns


def label_in(name, pattern):
    return label_with(compile_pattern(pattern), name)


def best(names):
    pattern = propose_patterns(names)[0]
    return sorted({label_in(name, pattern).text for name in names}, key=natural_key)


def test_c2_sorts_before_c10():
    assert sorted(["C10", "c3", "C2", "C1"], key=natural_key) == ["C1", "C2", "c3", "C10"]
    assert sorted(["10", "9", "b", "a10", "a9"], key=natural_key) == ["9", "10", "a9", "a10", "b"]


@given(st.lists(st.text(max_size=6), max_size=12))
def test_any_names_can_be_sorted_and_the_order_is_total(names):
    backwards = names[::-1]
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        ([f"img_C{c}_{i:02d}.png" for c in (1, 2, 10) for i in range(8)], ["C1", "C2", "C10"]),
        ([f"{c}.{i}.jpg" for c in ("cat", "dog") for i in range(10)], ["cat", "dog"]),
        ([f"{c}_{i:03d}.png" for c in range(3) for i in range(20)], ["0", "1", "2"]),
        ([f"digit-{i:04d}-{i % 4}.png" for i in range(80)], ["0", "1", "2", "3"]),
        ([f"class-{c}_{i}.png" for c in "abc" for i in range(20)], ["a", "b", "c"]),
        ([f"{i:05d}_{'cat' if i % 2 else 'dog'}.png" for i in range(40)], ["cat", "dog"]),
    ],
)
def test_the_first_pattern_proposed_finds_the_classes_in_the_names(names, classes):
    assert best(names) == classes


def test_a_few_names_are_enough_where_the_label_looks_like_a_class():
    names = ["img_C0_01", "img_C1_05", "img_C2_00", "img_C2_06", "img_C4_02", "img_C4_04", "img_unknown_08"]
    assert best(names) == ["", "C0", "C1", "C2", "C4"]


def test_running_numbers_are_no_labels():
    assert propose_patterns([f"IMG_{i:04d}.jpg" for i in range(60)]) == ()
    assert propose_patterns([]) == ()


def test_a_name_has_one_label_or_none_or_several_that_are_never_chosen_from():
    pattern = r"_(C\d+)"
    assert label_in("img_C1_07.png", pattern).text == "C1"
    assert label_in("img_C1_C1.png", pattern).kind == "one"
    assert label_in("img_07.png", pattern).kind == "none"
    both = label_in("img_C1_C2.png", pattern)
    assert (both.kind, both.found, both.text) == ("ambiguous", ("C1", "C2"), "")


def test_a_pattern_that_cannot_be_used_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match="not a regular expression"):
        label_in("a.png", "(")
    with pytest.raises(ValueError, match="one group"):
        label_in("a.png", "a")
