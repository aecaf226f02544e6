import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.core.formatting import bytes_text, count_text, percent_text, seconds_text, shape_text, value_text


def test_shapes_read_as_torch_writes_them():
    assert shape_text((1, 64, 56, 56)) == "(1, 64, 56, 56)"
    assert shape_text((1, 64), batch="N") == "(N, 64)"
    assert shape_text((3,)) == "(3,)"
    assert shape_text(()) == "()"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (9_999, "9,999"), (25_557_032, "25.6 M"), (57_012_034, "57.0 M"), (999_999, "1 M"), (10**12, "1 T")],
)
def test_counts_have_three_digits_and_a_unit(count, text):
    assert count_text(count) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(1, "1 byte"), (1023, "1023 bytes"), (1024, "1 KB"), (1024**2 - 1, "1 MB"), (102_000_000, "97.3 MB")],
)
def test_sizes_go_in_steps_of_1024(size, text):
    assert bytes_text(size) == text


@pytest.mark.parametrize(
    ("elapsed_s", "text"),
    [(0.00035, "350 µs"), (0.0123, "12.3 ms"), (0.9996, "1 s"), (59.96, "1 min 00 s"), (3720, "1 h 02 min")],
)
def test_times_change_their_unit_without_rounding_over(elapsed_s, text):
    assert seconds_text(elapsed_s) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0003, "0.0003"),
        (-4.632, "-4.632"),
        (1.2e-7, "1.2e-07"),
        (5.0, "5"),
        (float("nan"), "NaN"),
        (float("-inf"), "-inf"),
        (-0.0, "0"),
    ],
)
def test_values_are_short(value, text):
    assert value_text(value) == text


@given(st.floats())
def test_every_float_has_a_short_text(value):
    assert 0 < len(value_text(value)) <= 12


def test_an_undefined_share_is_a_dash():
    assert percent_text(None) == "–"
    assert percent_text(0.9711) == "97.1 %"
