"""What the values of a tensor look like, measured cheaply enough to do it on every activation of a run.

`.std()`, `histc` and `count_nonzero` over every value triple the time of a forward. So: minimum, maximum and mean from
single passes, the deviation from a sum of squares (and from shifted float64 sums where those would cancel), zeros and
the histogram from a strided sample.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from inspector.protocol.graph import Statistics

# Squares are summed in blocks of this many values: float32 over more loses digits (5e-6 at 800,000, 1e-6 in blocks).
BLOCK = 262_144
# Below this share of the mean square the variance has lost too many digits to cancellation.
CANCELLED = 1 / 32
# Squares of greater values, summed over a block, may not fit float32.
LARGE = 1e16
# Up to here numpy's calls cost less than torch's; above it numpy's `dot` wakes threads of its own, which fight torch's.
SMALL = 8_192


def measure(tensor: torch.Tensor, *, bins: int = 40, sample: int = 4096) -> Statistics:
    """Measure the values of `tensor`; complex ones by their magnitude.

    Raises:
        ValueError: it has no values that can be read (meta, sparse, nested).
    """
    flat = _flat_numbers(tensor)
    if flat.numel() == 0:
        return Statistics(num_elements=0, min=None, max=None, mean=None, std=None, zeros=0, nan=0, inf=0, num_sampled=0)
    low, high = _range_of(flat)
    if math.isfinite(low) and math.isfinite(high):
        return _measure_finite(flat, low, high, bins, sample)
    return _measure_with_gaps(flat, bins, sample)


def measure_or_none(tensor: torch.Tensor) -> Statistics | None:
    """Measure `tensor`, or say None where it can't be: a picture is never lost for want of its statistics."""
    try:
        return measure(tensor)
    except (RuntimeError, ValueError, TypeError, NotImplementedError, AttributeError):
        return None


def _flat_numbers(tensor: torch.Tensor) -> torch.Tensor:
    """The values in a row, in any order, as float32 or float64."""
    if tensor.dtype is torch.float32 and type(tensor) is torch.Tensor and _is_plain(tensor):  # nearly all of them
        return tensor.detach().view(-1)
    if tensor.is_meta or tensor.is_nested or tensor.layout != torch.strided:
        raise ValueError("a tensor without plain values can't be measured")
    values = tensor.detach()
    if values.is_quantized:
        values = values.dequantize()
    if values.is_complex():
        values = values.abs()
    if values.dtype not in (torch.float32, torch.float64):
        exact = values.is_floating_point() or values.dtype in (torch.bool, torch.uint8, torch.int8, torch.int16)
        values = values.to(torch.float32 if exact or values.device.type == "mps" else torch.float64)
    return _in_a_row(values)


def _is_plain(tensor: torch.Tensor) -> bool:
    return tensor.layout is torch.strided and not (tensor.is_meta or tensor.is_nested) and tensor.is_contiguous()


def _in_a_row(values: torch.Tensor) -> torch.Tensor:
    if values.is_contiguous():
        return values.view(-1)
    strides = values.stride()
    by_place = values.permute(sorted(range(values.dim()), key=lambda axis: -strides[axis]))
    return by_place.view(-1) if by_place.is_contiguous() else values.reshape(-1)


def _range_of(flat: torch.Tensor) -> tuple[float, float]:
    if flat.numel() <= SMALL and flat.device.type == "cpu":
        row = flat.numpy()
        return float(np.minimum.reduce(row)), float(np.maximum.reduce(row))
    low, high = torch.aminmax(flat)
    return low.item(), high.item()


def _measure_finite(flat: torch.Tensor, low: float, high: float, bins: int, sample: int) -> Statistics:
    count = flat.numel()
    mean, std = _mean_and_std(flat, low, high)
    sampled = _sample(flat, sample)
    return Statistics(
        num_elements=count,
        min=low,
        max=high,
        mean=mean,
        std=std,
        zeros=sampled.size - int(np.count_nonzero(sampled)),
        nan=0,
        inf=0,
        num_sampled=sampled.size,
        histogram=_histogram(sampled, low, high, bins),
    )


def _measure_with_gaps(flat: torch.Tensor, bins: int, sample: int) -> Statistics:
    nan = int(torch.isnan(flat).sum())
    inf = int(torch.isinf(flat).sum())
    finite = flat[torch.isfinite(flat)]
    sampled = _sample(flat, sample)
    low, high, mean, std = None, None, None, None
    histogram: tuple[int, ...] = ()
    if finite.numel():
        low, high = _range_of(finite)
        mean, std = _mean_and_std(finite, low, high)
        histogram = _histogram(sampled[np.isfinite(sampled)], low, high, bins)
    return Statistics(
        num_elements=flat.numel(),
        min=low,
        max=high,
        mean=mean,
        std=std,
        zeros=int((sampled == 0).sum()),
        nan=nan,
        inf=inf,
        num_sampled=sampled.size,
        histogram=histogram,
    )


def _mean_and_std(flat: torch.Tensor, low: float, high: float) -> tuple[float, float]:
    """Mean and the population's deviation of finite values."""
    if low == high:
        return low, 0.0
    if -low > LARGE or high > LARGE:
        return _shifted(flat, low, high)
    count = flat.numel()
    if count <= SMALL and flat.device.type == "cpu":
        row = flat.numpy().astype(np.float64)
        mean = float(np.add.reduce(row)) / count
        row -= mean
        return mean, math.sqrt(float(np.dot(row, row)) / count)
    total, squares = _sums(flat, count)
    mean, mean_square = total / count, squares / count
    variance = mean_square - mean * mean
    if variance > CANCELLED * mean_square:
        return mean, math.sqrt(variance)
    return _shifted(flat, low, high)


def _sums(flat: torch.Tensor, count: int) -> tuple[float, float]:
    """The sum of the values, and of their squares."""
    if count <= BLOCK:
        return flat.sum().item(), torch.dot(flat, flat).item()
    blocks = [flat[start : start + BLOCK] for start in range(0, count, BLOCK)]
    return flat.sum().item(), sum(torch.dot(block, block).item() for block in blocks)


def _shifted(flat: torch.Tensor, low: float, high: float) -> tuple[float, float]:
    """In float64, of the values less their middle, scaled by their half range: neither cancels nor overflows."""
    middle, scale = low / 2 + high / 2, high / 2 - low / 2
    total = squares = 0.0
    for start in range(0, flat.numel(), 1 << 20):
        block = flat[start : start + (1 << 20)]
        away = (block.cpu().double() - middle) / scale
        total += away.sum().item()
        squares += torch.dot(away, away).item()
    mean = total / flat.numel()
    return mean * scale + middle, math.sqrt(max(squares / flat.numel() - mean * mean, 0.0)) * scale


def _sample(flat: torch.Tensor, sample: int) -> NDArray[np.floating]:
    count = flat.numel()
    if count <= sample:
        return flat.cpu().numpy()
    step = -(-count // sample)
    while math.gcd(step, count) > 1:  # a step that divides a row would see the same few columns only
        step += 1
    return flat[::step].cpu().numpy()


def _histogram(sampled: NDArray[np.floating], low: float, high: float, bins: int) -> tuple[int, ...]:
    if low == high:  # no width: all in the middle, as they are drawn
        return tuple(sampled.size if index == bins // 2 else 0 for index in range(bins))
    width = high - low
    if 1 / LARGE < width < LARGE:
        places = (sampled - low) * (bins / width)
    else:  # the width, or its inverse, does not fit the values' type
        part = 0.25 if math.isinf(width) else 1.0
        places = (sampled.astype(np.float64) * part - low * part) / (high * part - low * part) * bins
    counts: list[int] = np.bincount(places.astype(np.intp), minlength=bins + 1).tolist()
    counts[bins - 1] += sum(counts[bins:])  # the greatest value belongs to the last bin
    return tuple(counts[:bins])
