"""All values of the kept tensor, measured exactly: the statistics of a run take zeros and histogram from a sample."""

import math
from collections.abc import Callable

import numpy as np
import torch
from msgspec import structs

from inspector.engine.activations.reading import as_numpy, chunks
from inspector.protocol.graph import Statistics

# Rows of attention add up to 1, but for the rounding of the type that they were made in.
ROW_TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-4, torch.float16: 5e-3, torch.bfloat16: 3e-2}


def measure_all(tensor: torch.Tensor, bins: int, between_steps: Callable[[], None] = lambda: None) -> Statistics:
    """Figures and histogram over every value, in two passes of a chunk at a time; complex ones by their magnitude."""
    nan = inf = zeros = count = 0
    low, high, total = math.inf, -math.inf, 0.0
    for _, chunk in chunks(tensor, between_steps):
        row = as_numpy(chunk)
        zeros += row.size - int(np.count_nonzero(row))
        finite = row
        if row.dtype.kind == "f":
            nan += int(np.isnan(row).sum())
            inf += int(np.isinf(row).sum())
            finite = row[np.isfinite(row)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
            total += float(finite.sum(dtype=np.float64))
            count += finite.size
    number = tensor.numel()
    figures = Statistics(
        num_elements=number,
        min=None,
        max=None,
        mean=None,
        std=None,
        zeros=zeros,
        nan=nan,
        inf=inf,
        num_sampled=number,
    )
    if not count:
        return figures
    mean = total / count
    squares, counts = 0.0, np.zeros(bins, np.int64)
    binned = low < high and math.isfinite(high - low)
    for _, chunk in chunks(tensor, between_steps):
        row = as_numpy(chunk).astype(np.float64)
        finite = row[np.isfinite(row)]
        away = finite - mean
        squares += float(np.dot(away, away))
        if binned:
            counts += np.histogram(finite, bins, (low, high))[0]
    if low == high:
        counts[bins // 2] = count
    histogram = tuple(counts.tolist()) if binned or low == high else ()
    std = math.sqrt(squares / count)
    return structs.replace(figures, min=low, max=high, mean=mean, std=std, histogram=histogram)


def is_attention(tensor: torch.Tensor, statistics: Statistics) -> bool:
    """Whether each row along the last axis is a distribution over more than one place.

    Args:
        tensor: (…, L, S).
        statistics: what `measure_all` said of it.
    """
    tolerance = ROW_TOLERANCE.get(tensor.dtype)
    if tolerance is None or tensor.dim() < 3 or min(tensor.shape[-2:]) < 2 or not tensor.numel():
        return False
    if statistics.nan or statistics.inf or statistics.min is None or statistics.max is None:
        return False
    if statistics.min < 0 or statistics.max > 1 + tolerance:
        return False
    return all(bool(((part.to(torch.float32).sum(-1) - 1).abs() <= tolerance).all()) for part in tensor.flatten(0, -3))
