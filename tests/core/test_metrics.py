import warnings

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.metrics import (
    calibration_error,
    classes_of,
    confusion,
    metrics_of,
    normalise,
    outside_of,
    reliability,
)

pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=80)
NAMES = tuple("abcde")


@settings(max_examples=80)
@given(pairs)
def test_the_matrix_and_its_figures_are_those_of_scikit_learn(found):
    true, claimed = (np.array(side) for side in zip(*found, strict=True))
    labels = list(range(5))
    matrix = confusion(true, claimed, 5)
    np.testing.assert_array_equal(matrix, oracle.confusion_matrix(true, claimed, labels=labels))
    accuracy, balanced, per_class = metrics_of(matrix, NAMES)
    assert accuracy == pytest.approx(oracle.accuracy_score(true, claimed), abs=1e-9)
    with warnings.catch_warnings():
        # It warns of classes that are predicted and never true; they are no part of the mean in either.
        warnings.simplefilter("ignore")
        assert balanced == pytest.approx(oracle.balanced_accuracy_score(true, claimed), abs=1e-9)
    precision, recall, f1, support = oracle.precision_recall_fscore_support(
        true, claimed, labels=labels, zero_division=0
    )
    for index, figures in enumerate(per_class):
        assert (figures.precision or 0.0) == pytest.approx(precision[index], abs=1e-9)
        assert (figures.recall or 0.0) == pytest.approx(recall[index], abs=1e-9)
        assert (figures.f1 or 0.0) == pytest.approx(f1[index], abs=1e-9)
        assert figures.support == support[index]
        assert (figures.precision is None) == (index not in claimed)
        assert (figures.recall is None) == (index not in true)


@settings(max_examples=40)
@given(pairs)
def test_normalised_matrices_are_those_of_scikit_learn(found):
    true, claimed = (np.array(side) for side in zip(*found, strict=True))
    matrix = confusion(true, claimed, 5)
    for ours, theirs in (("row", "true"), ("column", "pred"), ("all", "all")):
        expected = oracle.confusion_matrix(true, claimed, labels=range(5), normalize=theirs)
        np.testing.assert_allclose(normalise(matrix, ours), expected, atol=1e-9)
    np.testing.assert_array_equal(normalise(matrix, "counts"), matrix)


def test_reference_case_e5_has_the_figures_written_there():
    accuracy, _, per_class = metrics_of([[84, 3, 0], [2, 78, 0], [0, 0, 6]], ("a", "b", "c"))
    assert accuracy == pytest.approx(0.9711, abs=5e-5)
    assert [figures.recall for figures in per_class] == pytest.approx([0.9655, 0.9750, 1], abs=5e-5)
    assert [figures.precision for figures in per_class] == pytest.approx([0.9767, 0.9630, 1], abs=5e-5)


def test_reference_case_e4_shows_the_rare_class_that_accuracy_hides():
    # A model that never says the class of the 25 images is right for 97 % of the 865.
    accuracy, balanced, per_class = metrics_of([[0, 15, 10], [0, 436, 0], [0, 0, 404]], ("rare", "b", "c"))
    assert accuracy == pytest.approx(840 / 865)
    assert balanced == pytest.approx(2 / 3)
    assert per_class[0].recall == 0
    assert per_class[0].precision is None
    assert [figures.support for figures in per_class] == [25, 436, 404]


def test_predictions_outside_the_classes_weigh_on_accuracy_and_recall():
    true, claimed = [0, 0, 1, 1], [0, -1, 1, 7]
    matrix = confusion(true, claimed, 2)
    outside = outside_of(true, claimed, 2)
    assert outside.tolist() == [1, 1]
    accuracy, balanced, per_class = metrics_of(matrix, ("a", "b"), outside.tolist())
    assert (accuracy, balanced) == (0.5, 0.5)
    assert [figures.support for figures in per_class] == [2, 2]
    assert [figures.precision for figures in per_class] == [1, 1]


def test_without_images_no_figure_is_defined():
    accuracy, balanced, per_class = metrics_of(np.zeros((2, 2)), ("a", "b"))
    assert accuracy is None
    assert balanced is None
    assert per_class[0].f1 is None
    assert calibration_error([], []) is None


def test_outputs_become_classes_by_the_mapping_and_shared_outputs_keep_an_image_in_its_own_class():
    assert classes_of([0, 1, 1, 0], [5, 2, 5, 9], [5, 2]).tolist() == [0, 1, 0, -1]
    assert classes_of([0, 1, 2], [3, 3, 3], [3, 3, 0]).tolist() == [0, 1, 0]
    assert classes_of([0, 0], [-1, 1], [-1, 1]).tolist() == [-1, 1]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_calibration_error_is_the_sum_over_bins_written_out(found):
    confidence, right = zip(*found, strict=True)
    total = 0.0
    for place in range(15):
        low, high = np.linspace(0, 1, 16)[place : place + 2]
        inside = [(c, r) for c, r in found if low < c <= high or (place == 0 and c == 0)]
        if inside:
            gap = abs(np.mean([r for _, r in inside]) - np.mean([c for c, _ in inside]))
            total += gap * len(inside) / len(found)
    assert calibration_error(confidence, right) == pytest.approx(total, abs=1e-9)
    assert reliability(confidence, right).count.sum() == len(found)
