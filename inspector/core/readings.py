"""Readings of raw outputs: softmax and sigmoid, in float64 and stable, so that sliders need no engine."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def class_axis(shape: tuple[int, ...]) -> int | None:
    """The axis that runs over classes; None for a scalar, which has none.

    (K,) → 0 and (N, K) → 1. (N, L, K) → 2, as sequence models give one row per token. From four axes on 1, as
    (N, K, H, W) is how segmentation gives one map per class.
    """
    match len(shape):
        case 0:
            return None
        case 1:
            return 0
        case 2:
            return 1
        case 3:
            return 2
        case _:
            return 1


def rows_of_classes(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """All rows of an output one after the other, (n, K), whichever axis runs over the classes."""
    return np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis])


def softmax(values: ArrayLike, axis: int = -1, temperature: float = 1.0) -> NDArray[np.float64]:
    """Softmax of `values / temperature` along `axis`; a scalar is one class, and gives 1.

    The greatest value is taken off first: only differences count, and exp can't overflow. A row that holds NaN,
    or +inf, or nothing but −inf, gives NaN, as torch does.

    Raises:
        ValueError: the temperature is not positive.
    """
    scaled = _scaled(values, temperature)
    if scaled.ndim == 0:
        return np.where(np.isfinite(scaled), 1.0, np.nan)
    if scaled.size == 0:
        return scaled
    with np.errstate(invalid="ignore", over="ignore"):
        exponentials = np.exp(scaled - scaled.max(axis=axis, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=axis, keepdims=True), np.float64)


def log_softmax(values: ArrayLike, axis: int = -1, temperature: float = 1.0) -> NDArray[np.float64]:
    """The logarithm of the softmax, exact where the softmax itself is too small for a float."""
    scaled = _scaled(values, temperature)
    if scaled.ndim == 0:
        return np.where(np.isfinite(scaled), 0.0, np.nan)
    if scaled.size == 0:
        return scaled
    with np.errstate(invalid="ignore"):
        shifted = scaled - scaled.max(axis=axis, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)), np.float64)


def sigmoid(values: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Sigmoid of `values / temperature`, without overflow or lost digits at either end.

    Raises:
        ValueError: the temperature is not positive.
    """
    scaled = _scaled(values, temperature)
    small = np.exp(-np.abs(scaled))
    return np.asarray(np.where(scaled >= 0, 1.0, small) / (1.0 + small), np.float64)


def as_real(values: ArrayLike) -> NDArray[np.float64]:
    """The values as float64; complex ones by their magnitude."""
    array: NDArray[Any] = np.asarray(values)
    if np.iscomplexobj(array):
        array = np.abs(array)
    return array.astype(np.float64)


def _scaled(values: ArrayLike, temperature: float) -> NDArray[np.float64]:
    if not temperature > 0:
        raise ValueError(f"A temperature must be greater than 0, not {temperature:g}.")
    array = as_real(values)
    return array if temperature == 1.0 else array / temperature
