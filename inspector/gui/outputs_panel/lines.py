"""One line of values out of an output of any shape: along which axis the classes run, and where the others stand."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.core.readings import as_real, class_axis

_NAMES = {2: ("N", "K"), 3: ("N", "L", "K"), 4: ("N", "C", "H", "W"), 5: ("N", "C", "D", "H", "W")}


def default_axis(shape: Sequence[int]) -> int:
    """The axis that runs down the table at first; 0 for a scalar, which is shown as one row."""
    return class_axis(tuple(shape)) or 0


def axis_names(shape: Sequence[int]) -> tuple[str, ...]:
    """What the axes are called: `N`, `C`, `H`, `W` where the number of axes says so, else by number."""
    return _NAMES.get(len(shape)) or tuple(f"axis {axis}" for axis in range(len(shape)))


def choosable_axes(shape: Sequence[int], axis: int) -> tuple[int, ...]:
    """The other axes that have more than one place."""
    return tuple(other for other, size in enumerate(shape) if other != axis and size > 1)


def line_of(values: NDArray[np.generic], axis: int, places: Mapping[int, int]) -> NDArray[np.float64]:
    """The values along `axis`, (K,) float64, with the other axes at `places` (0 where not named)."""
    if values.ndim == 0:
        return as_real(values.reshape(1))
    if 0 in values.shape:
        return np.zeros(0, np.float64)
    index = tuple(
        slice(None) if other == axis else min(places.get(other, 0), size - 1) for other, size in enumerate(values.shape)
    )
    return as_real(values[index])
