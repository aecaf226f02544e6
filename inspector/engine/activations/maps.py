"""A tensor's values as pictures: which axes are height and width, in which order, and how large ones are made small."""

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from inspector.engine.activations.reading import as_numpy
from inspector.engine.errors import WrongUseError
from inspector.protocol.tensors import MapOrder, MapWindow

# Pixels of one answer.
MAX_PIXELS = 4_000_000


class MapPage(NamedTuple):
    """The pictures `maps`, which of the `total` they are, and the extremes: each one's own, and those of all."""

    maps: NDArray[np.float32]
    channels: tuple[int, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    low: float
    high: float
    total: int
    height: int
    width: int


def read_maps(tensor: torch.Tensor, window: MapWindow) -> MapPage:
    """A page of pictures.

    Raises:
        WrongUseError: the tensor's axes can't be read that way, or the page is larger than a window shows.
    """
    if window.count < 1 or window.start < 0 or window.max_side < 1 or window.count * window.max_side**2 > MAX_PIXELS:
        raise WrongUseError("A page of that size is not sent.")
    try:
        stack = map_stack(tensor, window)
    except (IndexError, RuntimeError, ValueError) as error:
        shape = tuple(tensor.shape)
        raise WrongUseError(f"A tensor of shape {shape} can't be shown as {window.layout}: {error}") from error
    figures = _Figures(stack)
    order = figures.order(window.order)
    channels = order[window.start : window.start + window.count]
    page = _numbers(stack[torch.as_tensor(channels, dtype=torch.long)])
    small = _smaller(page, window)
    return MapPage(
        maps=small,
        channels=tuple(channels),
        lows=tuple(figures.lows[channels].tolist()),
        highs=tuple(figures.highs[channels].tolist()),
        low=float(figures.lows.min()) if len(order) else 0.0,
        high=float(figures.highs.max()) if len(order) else 0.0,
        total=len(order),
        height=stack.shape[1],
        width=stack.shape[2],
    )


def map_stack(tensor: torch.Tensor, window: MapWindow) -> torch.Tensor:  # noqa: PLR0911, C901 - one line a layout
    """All maps (n, H, W), for `tiles` (n, H, W, 3), as views of the tensor where that is possible.

    Raises:
        IndexError: there is no such sample or query.
        RuntimeError: the axes do not fit.
        ValueError: the tokens make no square, or the number of axes is another.
    """
    sample = window.sample
    match window.layout:
        case "maps":
            return _with_axes(tensor, 4)[sample]
        case "channels":
            return _with_axes(tensor, 3)
        case "strips":
            return _with_axes(tensor, 3)[sample].unsqueeze(1)
        case "tokens":
            tokens = _with_axes(tensor, 3)[sample]
            side = square_side(tokens.shape[0])
            return tokens[-side * side :].t().reshape(-1, side, side)
        case "query":
            looks = _with_axes(tensor, 4)[sample][:, window.query]
            side = square_side(looks.shape[1])
            return looks[:, -side * side :].reshape(-1, side, side)
        case "slices":
            return _with_axes(tensor, 5)[sample, window.query]
        case "kernels":
            return (tensor if tensor.dim() == 5 else _with_axes(tensor, 4)).flatten(0, -3)
        case "tiles":
            tiles = _with_axes(tensor, 4).movedim(1, -1)
            if tiles.shape[-1] != 3:
                raise ValueError("colours need three channels")
            return tiles
        case "plane":
            return _plane(tensor)


def square_side(tokens: int) -> int:
    """The side of the square that so many tokens make, alone or behind one class token.

    Raises:
        ValueError: they make none.
    """
    for count in (tokens, tokens - 1):
        side = math.isqrt(max(count, 0))
        if side > 1 and side * side == count:
            return side
    raise ValueError(f"{tokens} tokens make no square, with or without a class token")


def _plane(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.dim() < 2:
        return tensor.reshape(1, 1, -1)
    return tensor.flatten(0, -2).unsqueeze(0)


def _with_axes(tensor: torch.Tensor, axes: int) -> torch.Tensor:
    if tensor.dim() != axes:
        raise ValueError(f"it has {tensor.dim()} axes, and {axes} are needed")
    return tensor


class _Figures:
    """Extremes of each map, and what they are sorted by; some maps at a time, as a copy of all may not fit."""

    def __init__(self, stack: torch.Tensor) -> None:
        count = stack.shape[0]
        self.lows, self.highs = np.zeros(count), np.zeros(count)
        self._mean_abs, self._zeros = np.zeros(count), np.zeros(count)
        step = max(1, 4_000_000 // max(1, math.prod(stack.shape[1:])))
        for start in range(0, count, step):
            part = _numbers(stack[start : start + step]).reshape(min(step, count - start), -1)
            finite = np.isfinite(part)
            some = finite.any(axis=1)
            part_slice = slice(start, start + step)
            self.lows[part_slice] = np.where(some, np.min(part, axis=1, where=finite, initial=np.inf), 0.0)
            self.highs[part_slice] = np.where(some, np.max(part, axis=1, where=finite, initial=-np.inf), 0.0)
            counts = np.maximum(finite.sum(axis=1), 1)
            self._mean_abs[part_slice] = np.abs(part).sum(axis=1, where=finite, dtype=np.float64) / counts
            self._zeros[part_slice] = (part == 0).sum(axis=1)

    def order(self, order: MapOrder) -> list[int]:
        """The maps' places, the greatest first; equal ones stay as they are."""
        if order == "index":
            return list(range(len(self.lows)))
        key = {"mean_abs": self._mean_abs, "max": self.highs, "zeros": self._zeros}[order]
        sorted_places: list[int] = np.argsort(-key, kind="stable").tolist()
        return sorted_places


def _numbers(maps: torch.Tensor) -> NDArray[np.float32]:
    """As float32; complex ones by their magnitude."""
    return as_numpy(maps.abs() if maps.is_complex() else maps).astype(np.float32)


def _smaller(page: NDArray[np.float32], window: MapWindow) -> NDArray[np.float32]:
    """Maps of at most `max_side` pixels a side; colours are small already, and only ever averaged."""
    height, width = page.shape[1:3]
    if max(height, width) <= window.max_side:
        return page
    tiles = page.ndim == 4
    maps = torch.from_numpy(np.moveaxis(page, -1, 1) if tiles else page[:, None])
    size = (min(height, window.max_side), min(width, window.max_side))
    if window.reduction == "mean" or tiles:
        small = functional.adaptive_avg_pool2d(maps, size)
    else:
        top, bottom = functional.adaptive_max_pool2d(maps, size), -functional.adaptive_max_pool2d(-maps, size)
        small = torch.where(top.abs() >= bottom.abs(), top, bottom)
        small = torch.where(torch.isnan(top), top, small)
    shown = small.numpy()
    return np.ascontiguousarray(np.moveaxis(shown, 1, -1) if tiles else shown[:, 0])
