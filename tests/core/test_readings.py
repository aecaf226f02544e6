import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.readings import class_axis, log_softmax, sigmoid, softmax

rows = st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=12)


@settings(max_examples=60)
@given(rows, st.floats(0.05, 20))
def test_softmax_is_that_of_torch_at_any_temperature(row, temperature):
    expected = torch.softmax(torch.tensor(row, dtype=torch.float64) / temperature, 0).numpy()
    np.testing.assert_allclose(softmax(row, temperature=temperature), expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=60)
@given(rows)
def test_sigmoid_and_log_softmax_are_those_of_torch(row):
    tensor = torch.tensor(row, dtype=torch.float64)
    # Below the smallest normal number torch's vector code gives 0.
    smallest = np.finfo(np.float64).tiny
    np.testing.assert_allclose(sigmoid(row), torch.sigmoid(tensor).numpy(), rtol=1e-9, atol=smallest)
    np.testing.assert_allclose(log_softmax(row), torch.log_softmax(tensor, 0).numpy(), rtol=1e-9, atol=1e-12)


def test_reference_case_e2_reads_as_written():
    logits = [-4.6320, 1.3062, 3.2554]
    np.testing.assert_allclose(softmax(logits), [0.0003, 0.1246, 0.8751], atol=5e-5)
    np.testing.assert_allclose(sigmoid(logits), [0.0096, 0.7869, 0.9629], atol=5e-5)
    np.testing.assert_allclose(softmax(sigmoid(logits)), [0.1733, 0.3771, 0.4496], atol=5e-5)


def test_reference_case_e3_only_differences_count():
    np.testing.assert_allclose(softmax([-3, 5]), [0.0003, 0.9997], atol=5e-5)
    np.testing.assert_allclose(softmax([-100, -99]), [0.2689, 0.7311], atol=5e-5)
    np.testing.assert_allclose(sigmoid([-3, 5]), [0.0474, 0.9933], atol=5e-5)


def test_infinities_and_nan_read_as_in_torch():
    for row in ([np.inf, 0.0], [-np.inf, 0.0], [-np.inf, -np.inf], [np.nan, 1.0]):
        expected = torch.softmax(torch.tensor(row, dtype=torch.float64), 0).numpy()
        np.testing.assert_array_equal(softmax(row), expected)


def test_both_tails_of_the_sigmoid_keep_their_digits():
    assert sigmoid(-700.0) == pytest.approx(np.exp(-700.0), rel=1e-12)
    assert sigmoid(800.0) == 1.0
    assert sigmoid(-800.0) == 0.0


def test_softmax_runs_over_any_axis_and_a_scalar_is_one_class():
    values = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_allclose(softmax(values, axis=1).sum(axis=1), 1)
    assert softmax(3.0) == 1.0
    assert softmax(np.zeros((0, 4))).shape == (0, 4)


def test_a_temperature_must_be_positive():
    with pytest.raises(ValueError, match="greater than 0"):
        softmax([1.0], temperature=0)
    with pytest.raises(ValueError, match="greater than 0"):
        sigmoid([1.0], temperature=-1)


def test_the_class_axis_follows_the_rank():
    shapes = {(): None, (10,): 0, (2, 10): 1, (2, 7, 10): 2, (2, 10, 8, 8): 1, (2, 10, 4, 8, 8): 1}
    assert {shape: class_axis(shape) for shape in shapes} == shapes
