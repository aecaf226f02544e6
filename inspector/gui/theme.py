"""The look, in one place: colours of light and dark, three text sizes, a grid of 4 px.

Kinds are coloured after Okabe and Ito (2008), which stays apart for colour-blind eyes; red is for failures only.
"""

from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QObject, Signal

from inspector.protocol.graph import Category

GRID = 4
SMALL, NORMAL, LARGE = 11, 13, 16  # pixels

KIND_COLOURS: dict[Category, str] = {
    "convolution": "#0072B2",
    "linear": "#56B4E9",
    "normalisation": "#009E73",
    "activation": "#E69F00",
    "pooling": "#CC79A7",
    "attention": "#7B61C4",
    "recurrent": "#8C6D46",
    "embedding": "#2F9FA5",
    "dropout": "#9AA3AD",
    "arithmetic": "#B9A512",
    "shape": "#7D8894",
    "input": "#4B5563",
    "output": "#4B5563",
    "parameter": "#A0785A",
    "other": "#7D8894",
}


@dataclass(frozen=True)
class Theme:
    """The colours of one appearance, as `#rrggbb`; `text`, `dimmed` and `faint` can all be read."""

    dark: bool
    window: str
    panel: str
    raised: str
    canvas: str
    card: str
    group: str
    border: str
    text: str
    dimmed: str
    faint: str
    accent: str
    selection: str
    failure: str
    warning: str
    good: str
    wire: str
    skip_wire: str


LIGHT = Theme(
    dark=False,
    window="#F3F4F6",
    panel="#FFFFFF",
    raised="#F8F9FA",
    canvas="#FAFAFB",
    card="#FFFFFF",
    group="#EEF1F5",
    border="#D5DAE1",
    text="#1B2330",
    dimmed="#4C5665",
    faint="#636D7B",
    accent="#1B66DB",
    selection="#DAE8FF",
    failure="#C62828",
    warning="#8F6000",
    good="#177443",
    wire="#8B96A5",
    skip_wire="#5B7FB5",
)
DARK = Theme(
    dark=True,
    window="#16191E",
    panel="#1D2127",
    raised="#242931",
    canvas="#14171B",
    card="#262B33",
    group="#1D232B",
    border="#363D48",
    text="#E4E8EE",
    dimmed="#B2BCC9",
    faint="#8F9AA9",
    accent="#6BA6FF",
    selection="#203A63",
    failure="#FF6B66",
    warning="#E3B341",
    good="#56D08A",
    wire="#6F7B8B",
    skip_wire="#7FA6DE",
)


def mixed(name: str, other: str, share: float) -> str:
    """`name` with that share of `other` in it."""
    pairs = zip(bytes.fromhex(name[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


class ThemeSource(QObject):
    """Tells when the appearance changed. `current` is the theme in force."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.current = LIGHT


@cache
def theme_source() -> ThemeSource:
    """The application's one theme source, made at first use."""
    return ThemeSource()


def theme() -> Theme:
    """The theme in force."""
    return theme_source().current
