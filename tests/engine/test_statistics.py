"""Statistics against numpy, in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.engine.statistics import measure, measure_or_none


def agrees(tensor, *, rtol=1e-5):
    statistics = measure(tensor)
    values = (tensor.abs() if tensor.is_complex() else tensor).double().numpy().ravel()
    finite = values[np.isfinite(values)]
    assert statistics.num_elements == values.size
    assert statistics.nan == np.isnan(values).sum()
    assert statistics.inf == np.isinf(values).sum()
    assert statistics.min == finite.min()
    assert statistics.max == finite.max()
    scale = np.abs(finite).max() or 1.0
    assert statistics.mean == pytest.approx(finite.mean(), rel=rtol, abs=1e-6 * scale)
    with np.errstate(over="ignore"):
        assert statistics.std == pytest.approx((finite / scale).std() * scale, rel=rtol, abs=1e-7 * scale)
    if statistics.num_sampled == statistics.num_elements:
        assert statistics.zeros == (values == 0).sum()
        assert sum(statistics.histogram) == finite.size
    assert len(statistics.histogram) == 40
    return statistics


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(2, 300),
    dtype=st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64, torch.uint8]),
    scale=st.sampled_from([1e-3, 1.0, 100.0]),
    offset=st.sampled_from([0.0, 1.0, 100.0]),
    seed=st.integers(0, 1000),
)
def test_any_tensor_measures_as_numpy_does(size, dtype, scale, offset, seed):
    values = torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * scale + offset
    agrees(values.abs().to(dtype) if dtype is torch.uint8 else values.to(dtype))


@pytest.mark.parametrize(
    "values",
    [
        torch.randn(1_000_000),
        torch.randn(1_000_000) * 1e-3 + 1000,
        torch.rand(200_000) * 255,
        torch.randn(7, 3, 100, 100).to(memory_format=torch.channels_last),
        torch.randn(300, 400)[::3, 5:300:7],
        torch.randn(50, dtype=torch.complex64),
        torch.tensor([True, False, True]),
        torch.randn(100) * 1e38 * 0.5,
        torch.tensor([3.4e38, -3.4e38, 0.0]),
        torch.tensor([0.0, 1e-42]),
        torch.zeros(50),
        torch.full((9,), 3.0),
    ],
    ids=lambda values: f"{values.dtype}-{values.numel()}",
)
def test_large_shifted_strided_and_extreme_values_keep_their_digits(values):
    agrees(values)


def test_nan_and_infinity_are_counted_and_left_out():
    statistics = agrees(torch.tensor([1.0, float("nan"), float("inf"), float("-inf"), 3.0, 0.0]))
    assert (statistics.nan, statistics.inf, statistics.zeros) == (1, 2, 1)
    nothing = measure(torch.tensor([float("nan"), float("inf")]))
    assert (nothing.min, nothing.mean, nothing.std, nothing.histogram) == (None, None, None, ())


def test_the_histogram_is_that_of_numpy():
    values = torch.randn(4000)
    statistics = measure(values)
    expected, _ = np.histogram(values.double().numpy(), bins=40, range=(statistics.min, statistics.max))
    assert np.abs(np.array(statistics.histogram) - expected).sum() <= 4, "a value on a border may fall either way"


def test_the_sample_is_bounded_and_sees_every_column():
    image = torch.zeros(64, 112, 112)
    image[:, :, ::2] = 1
    statistics = measure(image)
    assert statistics.num_sampled <= 4096
    assert statistics.zeros / statistics.num_sampled == pytest.approx(0.5, abs=0.05)
    assert measure(image, bins=10, sample=100).num_sampled <= 100
    assert len(measure(image, bins=10).histogram) == 10


def test_an_empty_tensor_has_no_figures():
    statistics = measure(torch.empty(0, 3))
    assert (statistics.num_elements, statistics.min, statistics.std, statistics.histogram) == (0, None, None, ())


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_what_has_no_plain_values_is_not_measured():
    for tensor in (
        torch.randn(3, device="meta"),
        torch.eye(3).to_sparse(),
        torch.nested.nested_tensor([torch.ones(2)]),
    ):
        assert measure_or_none(tensor) is None
    with pytest.raises(ValueError, match="plain values"):
        measure(torch.randn(3, device="meta"))


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning")
def test_quantised_values_are_measured_as_what_they_stand_for():
    quantised = torch.quantize_per_tensor(torch.tensor([0.0, 0.5, 1.0]), 0.5, 0, torch.quint8)
    assert measure(quantised).max == 1.0


def test_measuring_leaves_the_tensor_and_the_random_state_alone():
    tensor = torch.randn(1000, requires_grad=True)
    before, state = tensor.detach().clone(), torch.get_rng_state()
    measure(tensor)
    assert torch.equal(tensor, before)
    assert torch.equal(torch.get_rng_state(), state)


def test_an_expanded_tensor_measures_as_its_copy_would_and_is_never_copied():
    row = torch.randn(1, 500)
    row[0, 3] = torch.nan
    expanded, copied = measure(row.expand(100, 500)), measure(row.expand(100, 500).contiguous())
    assert (expanded.num_elements, expanded.nan) == (copied.num_elements, copied.nan) == (50_000, 100)
    assert (expanded.min, expanded.max) == (copied.min, copied.max)
    assert (expanded.mean, expanded.std) == pytest.approx((copied.mean, copied.std), rel=1e-5, abs=1e-6)
    assert measure(torch.ones(1).expand(2**46)).num_elements == 2**46
