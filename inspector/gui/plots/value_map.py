"""Values as pixels: one direction from low to high, or two away from zero. What is no number has a colour of its own.

The two-way anchors run from the theme's blue over its ground to an orange, as far apart for colour-blind eyes as
Okabe and Ito's blue and vermilion.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inspector.gui.plots.colour_map import colour_table

NOT_A_NUMBER = (214, 39, 140)
_TWO_WAY = {
    False: ((5, 62, 122), (74, 144, 203), (247, 247, 247), (230, 145, 56), (140, 62, 0)),
    True: ((150, 205, 255), (47, 119, 188), (29, 33, 39), (190, 105, 25), (255, 200, 130)),
}


@lru_cache(maxsize=4)
def two_way_table(*, dark: bool) -> NDArray[np.uint8]:
    """256 colours (256, 3): the middle is zero."""
    anchors = np.array(_TWO_WAY[dark], np.float64)
    wanted, places = np.linspace(0, 1, 256), np.linspace(0, 1, len(anchors))
    table = np.stack([np.interp(wanted, places, anchors[:, channel]) for channel in range(3)], axis=1)
    colours: NDArray[np.uint8] = np.round(table).astype(np.uint8)
    colours.setflags(write=False)
    return colours


def value_pixels(
    values: NDArray[np.float32], low: float, high: float, *, two_way: bool, dark: bool
) -> NDArray[np.uint8]:
    """Colours (…, 3) of values; `two_way` puts zero in the middle of the same distance to both sides."""
    if two_way:
        reach = max(abs(low), abs(high))
        low, high = -reach, reach
    table = two_way_table(dark=dark) if two_way else colour_table(dark=dark)
    width = high - low
    shares = (values.astype(np.float64) - low) / width if width > 0 else np.full(values.shape, 0.5)
    steps = np.clip(np.nan_to_num(shares * 255, nan=0.0, posinf=255.0, neginf=0.0), 0, 255).round().astype(np.intp)
    pixels: NDArray[np.uint8] = table[steps]
    missing = np.isnan(values)
    if missing.any():
        pixels[missing] = NOT_A_NUMBER
    return pixels
