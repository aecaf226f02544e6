"""What the values of a tensor look like, measured cheaply enough to do it on every activation of a run.

`.std()`, `histc` and `count_nonzero` over every value triple the time of a forward. So: minimum, maximum and mean from
single passes, the deviation from a sum of squares (and from shifted float64 sums where those would cancel), zeros and
the histogram from a strided sample. Only what needs all the values is done while a model runs (`take`); the rest is
made of the sample afterwards, in one go, when Python's own code is not pushed out of the caches by each operation.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from inspector.protocol.graph import Statistics

# Squares are summed in blocks of this many values: float32 over more loses digits (5e-6 at 800,000, 1e-6 in blocks).
BLOCK = 262_144
# What must be copied to be measured (another dtype, a slice) is copied in pieces of so many values at a time.
PIECE = 16_384
# Below this share of the mean square the variance has lost too many digits to cancellation.
CANCELLED = 1 / 32
# Squares of greater values, summed over a block, may not fit float32.
LARGE = 1e16


@dataclass(slots=True)
class Taken:
    """What was taken of a tensor while it was there; `sampled` is a copy. Without figures, it holds all the values."""

    num_elements: int
    sampled: NDArray[np.floating]
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    std: float | None = None
    nan: int = 0
    inf: int = 0
    statistics: Statistics | None = None

    def told(self, bins: int = 40) -> Statistics:
        """The statistics; made at the first call."""
        if self.statistics is None:
            if self.sampled.size == self.num_elements:
                _complete(self)
            self.statistics = _statistics(self, bins)
        return self.statistics


def measure(tensor: torch.Tensor, *, bins: int = 40, sample: int = 4096) -> Statistics:
    """Measure the values of `tensor`; complex ones by their magnitude.

    Raises:
        ValueError: it has no values that can be read (meta, sparse, nested).
    """
    return take(tensor, sample=sample).told(bins)


def measure_or_none(tensor: torch.Tensor) -> Statistics | None:
    """Measure `tensor`, or say None where it can't be: a picture is never lost for want of its statistics."""
    taken = take_or_none(tensor)
    return None if taken is None else taken.told()


def take(tensor: torch.Tensor, *, sample: int = 4096) -> Taken:
    """Take what `Taken.told` needs: all values of a small tensor, figures and a sample of a large one.

    Raises:
        ValueError: it has no values that can be read (meta, sparse, nested).
    """
    if tensor.dtype is torch.float32 and type(tensor) is torch.Tensor and _is_plain(tensor):  # nearly all of them
        flat = tensor.view(-1)
    elif _is_large_and_copied(tensor):
        return _take_repeated(tensor, sample) if 0 in tensor.stride() else _take_in_pieces(tensor, sample)
    else:
        flat = _flat_numbers(tensor)
    count = flat.numel()
    if count <= sample:
        return Taken(count, np.array(flat.cpu().numpy()))
    low, high = _range_of(flat)
    sampled = _sample(flat, count, sample)
    if not (math.isfinite(low) and math.isfinite(high)):
        return _take_with_gaps(flat, sampled)
    mean, std = _mean_and_std(flat, low, high)
    return Taken(count, sampled, low, high, mean, std)


def take_or_none(tensor: torch.Tensor) -> Taken | None:
    """`take`, or None where there is nothing to take."""
    try:
        return take(tensor)
    except (RuntimeError, ValueError, TypeError, NotImplementedError, AttributeError):
        return None


def _is_large_and_copied(tensor: torch.Tensor) -> bool:
    if tensor.is_meta or tensor.is_nested or tensor.layout != torch.strided or tensor.numel() <= PIECE:
        return False
    return tensor.dtype not in (torch.float32, torch.float64) or not _by_place(tensor).is_contiguous()


def _take_repeated(tensor: torch.Tensor, sample: int) -> Taken:
    """Of an expanded tensor, whose values are told once: it may claim to be larger than any memory."""
    once = tensor.detach()
    for axis, stride in enumerate(tensor.stride()):
        if stride == 0:
            once = once.narrow(axis, 0, 1)
    taken = take(once, sample=sample)
    if taken.sampled.size == taken.num_elements:
        _complete(taken)
    times = tensor.numel() // taken.num_elements
    return replace(taken, num_elements=tensor.numel(), nan=taken.nan * times, inf=taken.inf * times)


def _take_in_pieces(tensor: torch.Tensor, sample: int) -> Taken:
    """The figures of the pieces, put together: a copy of the whole would raise the peak of memory."""
    count = tensor.numel()
    parts: list[Taken] = []
    for piece in _pieces(tensor.detach()):
        part = take(piece, sample=max(1, sample * piece.numel() // count))
        if part.sampled.size == part.num_elements:
            _complete(part)
        parts.append(part)
    sampled = np.concatenate([part.sampled for part in parts])
    whole = Taken(count, sampled, nan=sum(part.nan for part in parts), inf=sum(part.inf for part in parts))
    measured = [
        (part.num_elements - part.nan - part.inf, part.low, part.high, part.mean, part.std)
        for part in parts
        if part.low is not None and part.high is not None and part.mean is not None and part.std is not None
    ]
    finite = sum(size for size, *_ in measured)
    if finite:
        whole.low, whole.high = min(row[1] for row in measured), max(row[2] for row in measured)
        whole.mean = math.fsum(size / finite * mean for size, _, _, mean, _ in measured)
        scale = max(abs(whole.low), abs(whole.high)) or 1.0  # squares of great values don't fit a float
        ways = ((size, std / scale, (mean - whole.mean) / scale) for size, _, _, mean, std in measured)
        whole.std = scale * math.sqrt(math.fsum(size * (std * std + way * way) for size, std, way in ways) / finite)
    return whole


def _pieces(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """Views of at most `PIECE` values, which together are the tensor."""
    if tensor.numel() <= PIECE:
        yield tensor
        return
    axis = max(range(tensor.dim()), key=lambda axis: tensor.shape[axis])
    half = tensor.shape[axis] // 2
    yield from _pieces(tensor.narrow(axis, 0, half))
    yield from _pieces(tensor.narrow(axis, half, tensor.shape[axis] - half))


def _flat_numbers(tensor: torch.Tensor) -> torch.Tensor:
    """The values in a row, in any order, as float32 or float64."""
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
    if tensor.requires_grad or tensor.layout is not torch.strided or tensor.is_meta or tensor.is_nested:
        return False
    return tensor.is_contiguous()


def _in_a_row(values: torch.Tensor) -> torch.Tensor:
    if values.is_contiguous():
        return values.view(-1)
    by_place = _by_place(values)
    return by_place.view(-1) if by_place.is_contiguous() else values.reshape(-1)


def _by_place(values: torch.Tensor) -> torch.Tensor:
    """The axes in the order in which they lie in memory."""
    strides = values.stride()
    return values.permute(sorted(range(values.dim()), key=lambda axis: -strides[axis]))


def _range_of(flat: torch.Tensor) -> tuple[float, float]:
    low, high = torch.aminmax(flat)
    return low.item(), high.item()


def _take_with_gaps(flat: torch.Tensor, sampled: NDArray[np.floating]) -> Taken:
    """Of a large tensor that holds NaN or infinities, which are counted and left out."""
    taken = Taken(flat.numel(), sampled, nan=int(torch.isnan(flat).sum()), inf=int(torch.isinf(flat).sum()))
    finite = flat[torch.isfinite(flat)]
    if finite.numel():
        taken.low, taken.high = _range_of(finite)
        taken.mean, taken.std = _mean_and_std(finite, taken.low, taken.high)
    return taken


def _complete(taken: Taken) -> None:
    """The figures of a small tensor, all of whose values are at hand."""
    row = taken.sampled
    if not row.size:
        return
    low, high = float(np.minimum.reduce(row)), float(np.maximum.reduce(row))
    if not (math.isfinite(low) and math.isfinite(high)):
        taken.nan, taken.inf = int(np.isnan(row).sum()), int(np.isinf(row).sum())
        row = row[np.isfinite(row)]
        if not row.size:
            return
        low, high = float(np.minimum.reduce(row)), float(np.maximum.reduce(row))
    taken.low, taken.high = low, high
    if low == high:
        taken.mean, taken.std = low, 0.0
    elif -low > LARGE or high > LARGE:
        taken.mean, taken.std = _shifted(torch.from_numpy(row), low, high)
    else:
        away = row.astype(np.float64)
        taken.mean = float(np.add.reduce(away)) / row.size
        away -= taken.mean
        taken.std = math.sqrt(float(np.dot(away, away)) / row.size)


def _statistics(taken: Taken, bins: int) -> Statistics:
    sampled, low, high = taken.sampled, taken.low, taken.high
    histogram: tuple[int, ...] = ()
    mean_abs: float | None = None
    if low is not None and high is not None:
        gaps = taken.nan or taken.inf
        finite = sampled[np.isfinite(sampled)] if gaps else sampled
        histogram = _histogram(finite, low, high, bins)
        mean_abs = _mean_abs(finite, max(-low, high))
    return Statistics(
        num_elements=taken.num_elements,
        min=low,
        max=high,
        mean=taken.mean,
        std=taken.std,
        zeros=sampled.size - int(np.count_nonzero(sampled)),
        nan=taken.nan,
        inf=taken.inf,
        num_sampled=sampled.size,
        histogram=histogram,
        mean_abs=mean_abs,
    )


def _mean_abs(finite: NDArray[np.floating], largest: float) -> float | None:
    """The mean magnitude; None where the sample met no finite value, or the values are too great to add up."""
    if not finite.size:
        return None
    # numpy sums pairwise: float32 is good to 1e-6.
    total = np.add.reduce(np.abs(finite), dtype=np.float64 if largest > LARGE else None)
    mean = float(total) / finite.size
    return mean if math.isfinite(mean) else None


def _mean_and_std(flat: torch.Tensor, low: float, high: float) -> tuple[float, float]:
    """Mean and the population's deviation of finite values."""
    if low == high:
        return low, 0.0
    if -low > LARGE or high > LARGE:
        return _shifted(flat, low, high)
    count = flat.numel()
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
    for start in range(0, flat.numel(), PIECE):
        block = flat[start : start + PIECE]
        away = (block.cpu().double() - middle) / scale
        total += away.sum().item()
        squares += torch.dot(away, away).item()
    mean = total / flat.numel()
    return mean * scale + middle, math.sqrt(max(squares / flat.numel() - mean * mean, 0.0)) * scale


def _sample(flat: torch.Tensor, count: int, sample: int) -> NDArray[np.floating]:
    """A copy of every so many values: the tensor may be written into, or gone, when it is looked at."""
    step = _step(count, sample)
    if flat.device.type == "cpu":
        return flat.numpy()[::step].copy()
    return flat[::step].cpu().numpy()


@lru_cache(maxsize=1024)
def _step(count: int, sample: int) -> int:
    step = -(-count // sample)
    while math.gcd(step, count) > 1:  # one that divides a row would see the same few columns only
        step += 1
    return step


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
