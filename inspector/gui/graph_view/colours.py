"""What colour a box has, and colours made from the theme's."""

from functools import lru_cache

from PySide6.QtGui import QColor

from inspector.gui.theme import KIND_COLOURS
from inspector.protocol.graph import Node


def colour_of(node: Node) -> QColor:
    """The colour of a node's band: by its category for now; the one place to colour by something else."""
    return colour(KIND_COLOURS[node.category])


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
