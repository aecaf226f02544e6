"""Parts of the kept tensor: blocks of cells, values in a row, and where the greatest one is."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from inspector.engine.errors import WrongUseError
from inspector.protocol.tensors import CellWindow, Sought

MAX_CELLS = 65_536
# Values at a time: enough that Python's share is small, and little enough to stay in the caches.
CHUNK = 1 << 20

_STRANGE = (torch.bfloat16,)


def as_numpy(tensor: torch.Tensor) -> NDArray[np.generic]:
    """Values for numpy; what it has no type for (bfloat16, eight bits) becomes float32."""
    value = tensor.detach()
    return np.ascontiguousarray(value.to(torch.float32).numpy() if _is_strange(value.dtype) else value.numpy())


def array_dtype(dtype: torch.dtype) -> str:
    """Numpy's name of what values of that type travel as."""
    return "float32" if _is_strange(dtype) else str(torch.empty(0, dtype=dtype).numpy().dtype.name)


def _is_strange(dtype: torch.dtype) -> bool:
    return dtype in _STRANGE or (dtype.is_floating_point and dtype.itemsize == 1)


def read_cells(tensor: torch.Tensor, window: CellWindow) -> NDArray[np.generic]:
    """The block (rows, columns) of a table.

    Raises:
        WrongUseError: the tensor has no such block, or it is larger than a window shows.
    """
    if window.num_rows * window.num_columns > MAX_CELLS:
        raise WrongUseError(f"A block of more than {MAX_CELLS:,} cells is not sent.")
    if tensor.dim() == 0:
        return as_numpy(tensor.reshape(1, 1))
    axes = [axis for axis in (window.row_axis, window.column_axis) if axis >= 0]
    if len(window.index) != tensor.dim() or len(set(axes)) != len(axes) or any(a >= tensor.dim() for a in axes):
        raise WrongUseError("The tensor has no such block.")
    starts = {window.row_axis: (window.row, window.num_rows), window.column_axis: (window.column, window.num_columns)}
    block = tensor
    for axis in reversed(range(tensor.dim())):
        if axis in axes:
            start, count = starts[axis]
            start = min(max(start, 0), tensor.shape[axis])
            block = block.narrow(axis, start, max(0, min(count, tensor.shape[axis] - start)))
        elif 0 <= window.index[axis] < tensor.shape[axis]:
            block = block.select(axis, window.index[axis])
        else:
            raise WrongUseError(f"Axis {axis} has no place {window.index[axis]}.")
    if len(axes) == 2:
        return as_numpy(block if window.row_axis < window.column_axis else block.t())
    return as_numpy(block.unsqueeze(1 if window.row_axis >= 0 else 0))


def read_row(tensor: torch.Tensor, start: int, count: int) -> NDArray[np.generic]:
    """`count` values from `start` on, in C order, however the tensor lies in memory.

    Raises:
        WrongUseError: there are no such values, or too many for one answer.
    """
    if start < 0 or count < 0 or start + count > tensor.numel() or count > 16 * CHUNK:
        raise WrongUseError("The tensor has no such values.")
    parts = list(_row_parts(tensor, start, start + count))
    return as_numpy(torch.cat(parts) if parts else tensor.new_empty(0))


def _row_parts(tensor: torch.Tensor, start: int, stop: int) -> Iterator[torch.Tensor]:
    """Pieces that make up the values from `start` to `stop`; a piece is copied only when it is all wanted."""
    if start >= stop:
        return
    if tensor.is_contiguous():
        yield tensor.view(-1)[start:stop]
    elif start == 0 and stop == tensor.numel():
        yield tensor.reshape(-1)
    else:
        inner = tensor.numel() // tensor.shape[0]
        for place in range(start // inner, -(-stop // inner)):
            first = place * inner
            yield from _row_parts(tensor[place], max(start - first, 0), min(stop - first, inner))


def chunks(
    tensor: torch.Tensor, between_steps: Callable[[], None] = lambda: None
) -> Iterator[tuple[int, torch.Tensor]]:
    """All values in a row, so many at a time, each with the place of its first; complex ones by their magnitude."""
    for start in range(0, tensor.numel(), CHUNK):
        between_steps()
        chunk = torch.cat(list(_row_parts(tensor, start, min(start + CHUNK, tensor.numel()))))
        yield start, chunk.abs() if chunk.is_complex() else chunk


def find_value(
    tensor: torch.Tensor, sought: Sought, between_steps: Callable[[], None] = lambda: None
) -> tuple[tuple[int, ...], float | None]:
    """Where the greatest or least value is (the first of several, NaN left out), or the first NaN, and what it is.

    ((), None) where there is none.
    """
    best: float | None = None
    place = -1
    for start, chunk in chunks(tensor, between_steps):
        row = as_numpy(chunk)
        missing = np.isnan(row) if row.dtype.kind == "f" else np.zeros(row.shape, bool)
        if sought == "nan":
            if missing.any():
                return _unravelled(start + int(missing.argmax()), tensor), math.nan
            continue
        if missing.all():
            continue
        if missing.any():
            row = np.where(missing, -np.inf if sought == "max" else np.inf, row)
        here = int(row.argmax() if sought == "max" else row.argmin())
        value = float(row[here])
        if missing[here]:  # all others are the infinity that stands in for NaN
            here = int((~missing).argmax())
        if best is None or (value > best if sought == "max" else value < best):
            best, place = value, start + here
    return ((), None) if best is None else (_unravelled(place, tensor), best)


def _unravelled(place: int, tensor: torch.Tensor) -> tuple[int, ...]:
    return tuple(int(index) for index in np.unravel_index(place, tuple(tensor.shape))) if tensor.dim() else ()
