import numpy as np
import pytest

from inspector.core.expectation import compare_expectation, parse_expectation
from inspector.protocol.outputs import Head

LOGITS = Head(kind="logits", evidence="")
SIGMOID = Head(kind="independent_probabilities", evidence="")
REGRESSION = Head(kind="regression", evidence="")


@pytest.mark.parametrize(
    ("text", "kind", "values", "shape"),
    [
        ("2", "class", (2.0,), ()),
        ("class 2", "class", (2.0,), ()),
        ("dog", "class", (1.0,), ()),
        ("DOG", "class", (1.0,), ()),
        ("one-hot 0 1 0", "one_hot", (0.0, 1.0, 0.0), (3,)),
        ("0,1,0", "one_hot", (0.0, 1.0, 0.0), (3,)),
        ("0 1 0", "one_hot", (0.0, 1.0, 0.0), (3,)),
        ("[[0, 1, 0]]", "one_hot", (0.0, 1.0, 0.0), (1, 3)),
        ("[0.2, 0.7]", "values", (0.2, 0.7), (2,)),
        ("[[0.2], [0.7]]", "values", (0.2, 0.7), (2, 1)),
        ("values 0 1 0", "values", (0.0, 1.0, 0.0), (3,)),
        ("0.5", "values", (0.5,), ()),
        ("-3", "values", (-3.0,), ()),
    ],
)
def test_what_people_type_is_understood(text, kind, values, shape):
    columns = 1 if text == "-3" else 3
    found = parse_expectation(text, columns, ("cat", "dog", "bird"))
    assert (found.kind, found.values, found.shape) == (kind, values, shape)


def test_a_name_goes_before_an_index():
    assert parse_expectation("3", 2, ("8", "3")).values == (1.0,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Type a class index"),
        ("dgo", 'Did you mean "dog"'),
        ("7", "0 to 2"),
        ("-1", "neither a class index"),
        ("[1, [2]]", "differ in length"),
        ("['a']", "Only numbers"),
        ("one-hot 1 1", "a single 1"),
        ("[__import__('os')]", "is not"),
        ("[" * 5000, "is not"),
    ],
)
def test_what_can_not_be_understood_gets_a_sentence(text, said):
    with pytest.raises(ValueError, match=said.replace("[", r"\[")):
        parse_expectation(text, 3, ("cat", "dog", "bird"))


def compare(text, values, head, names=()):
    values = np.asarray(values, float)
    return compare_expectation(parse_expectation(text, values.shape[-1] if values.ndim else 1, names), values, head)


def test_a_class_is_compared_with_the_arg_max_and_told_its_probability():
    logits = [[-4.6320, 1.3062, 3.2554]]
    right = compare("2", logits, LOGITS)
    assert right.agrees is True
    assert "0.8751" in right.sentence
    wrong = compare("1", logits, LOGITS)
    assert wrong.agrees is False
    assert "0.1246" in wrong.sentence
    assert "number 2 of 3" in wrong.sentence


def test_case_a4_a_one_hot_row_is_never_subtracted_from_logits():
    verdict = compare("0 0 1", [[-40.0, 10.0, 30.0]], LOGITS)
    assert verdict.agrees is True
    assert "not by difference" in verdict.warnings[0]


def test_case_a4_the_shapes_that_broadcast_silently_are_reported():
    verdict = compare("values [0.5]", [[0.5]], REGRESSION)
    assert verdict.agrees is True
    assert "Target (1,) and output (1, 1)" in verdict.warnings[0]
    trap = compare("values [1, 2, 3]", [[1.0], [2.0], [3.0]], REGRESSION)
    assert trap.agrees is True
    assert "(3, 3)" in trap.warnings[0]
    assert "every output is compared with every target" in trap.warnings[0]
    assert compare("values [[0.5]]", [[0.5]], REGRESSION).warnings == ()


def test_shapes_that_can_not_meet_are_not_compared():
    assert compare("[0.1, 0.2]", [[1.0, 2.0, 3.0]], LOGITS).agrees is None
    assert compare("0 1 0 0", [[1.0, 2.0, 3.0]], LOGITS).agrees is None
    assert compare_expectation(parse_expectation("1", None, ()), np.zeros((1, 3, 4, 4)), LOGITS).agrees is None


def test_values_are_compared_with_raw_by_the_greatest_difference():
    verdict = compare("[[0.2, 0.9]]", [[0.2, 0.6]], SIGMOID)
    assert verdict.agrees is False
    assert "0.3 at [0, 1]" in verdict.sentence
    assert compare("[[0.2, 0.6]]", [[0.2004, 0.6]], SIGMOID).agrees is True


def test_probabilities_expected_of_logits_are_compared_with_their_softmax_too():
    verdict = compare("[[0.0003, 0.1246, 0.8751]]", [[-4.6320, 1.3062, 3.2554]], LOGITS)
    assert verdict.agrees is False
    assert "softmax of raw differs" in verdict.warnings[0]


def test_one_sigmoid_column_is_asked_as_class_zero_or_one():
    assert compare("1", [[0.7]], SIGMOID).agrees is True
    assert compare("0 1", [[0.7]], SIGMOID).agrees is True
    assert compare("1 0", [[0.7]], SIGMOID).agrees is False


def test_a_class_expected_of_a_regression_is_a_value_and_the_other_reading_is_told():
    verdict = compare("1", [[2.0]], REGRESSION)
    assert verdict.agrees is False
    assert "BCE-with-logits" in verdict.warnings[0]
    assert "class 1" in verdict.warnings[0]


def test_nan_names_no_class():
    assert compare("1", [[np.nan, 1.0]], LOGITS).agrees is None
