"""The colours that values are shown in: perceptually even, from the panel's ground to full colour, light and dark.

The anchors are steps of ColorBrewer-like blues for light, and of viridis' own greens and yellows turned down for
dark; what counts is that lightness changes evenly and in one direction, which `tests/gui/test_plots.py` checks.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# From nothing to all. Lightness (CIE L*) falls, or climbs, in even steps between the anchors.
_LIGHT = ("#FFFFFF", "#DCE9F7", "#B3D0EC", "#7FB2DD", "#4A90CB", "#1F6CB0", "#0B4A86", "#072F5C")
_DARK = ("#1D2127", "#1E3148", "#1F466F", "#225D97", "#2F77BC", "#4F95D6", "#84B6EA", "#C3DDF8")


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@lru_cache(maxsize=4)
def colour_table(*, dark: bool) -> NDArray[np.uint8]:
    """256 colours (256, 3) for 0…1."""
    anchors = np.array([_channels(colour) for colour in (_DARK if dark else _LIGHT)], np.float64)
    places = np.linspace(0.0, 1.0, len(anchors))
    wanted = np.linspace(0.0, 1.0, 256)
    table = np.stack([np.interp(wanted, places, anchors[:, channel]) for channel in range(3)], axis=1)
    colours: NDArray[np.uint8] = np.round(table).astype(np.uint8)
    colours.setflags(write=False)
    return colours


def value_colours(shares: NDArray[np.float64], *, dark: bool) -> NDArray[np.uint8]:
    """The colours (…, 3) of values in 0…1; NaN is shown as 0."""
    steps = np.clip(np.nan_to_num(shares) * 255, 0, 255).round().astype(np.intp)
    return colour_table(dark=dark)[steps]


def lightness(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """CIE L* (0…100) of sRGB colours (…, 3): what decides whether text on them is to be dark or light."""
    linear = colours.astype(np.float64) / 255
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.asarray(np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance), np.float64)
