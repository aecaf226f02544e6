"""What colour a box has by its kind, and colours made from the theme's; by a measure: `shading`."""

from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

if TYPE_CHECKING:
    from inspector.gui.graph_view.picture import Picture


def band_of(picture: "Picture", box: int) -> QColor:
    """The colour of a box's band by kind."""
    return colour(picture.cards[box].colour)


@lru_cache(maxsize=4096)
def colour(name: str) -> QColor:
    """A colour of the theme, made once. Not to be changed by the caller."""
    return QColor(name)


@lru_cache(maxsize=4096)
def mixed(name: str, other: str, share: float) -> QColor:
    """`name` with that share of `other` in it."""
    a, b = QColor(name), QColor(other)
    return QColor(
        round(a.red() + (b.red() - a.red()) * share),
        round(a.green() + (b.green() - a.green()) * share),
        round(a.blue() + (b.blue() - a.blue()) * share),
    )
