"""How wide texts are, and how they are cut: measured once for one set of fonts, however often they are painted."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetricsF

from inspector.gui.graph_view.cards import Fonts

LONG_TITLE = 9  # characters; of longer ones a few can be spared
MOST_TITLES = 20_000  # remembered: each zoom has its own
SHORTEST_CUT = 4  # characters: of a title that is cut shorter nothing is shown


class LargeTitle(NamedTuple):
    """A title as it is drawn from afar: cut, and how wide it and how high its capitals are."""

    font: QFont
    text: str
    width: float
    height: float


@dataclass
class Metrics:
    """Text widths and cut texts, each computed once for one set of fonts."""

    fonts: Fonts
    _cut: dict[tuple[str, str, int], str] = field(default_factory=dict)
    _large: dict[int, QFont] = field(default_factory=dict)
    _titles: dict[tuple[str, int, int, int], LargeTitle] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.title = QFontMetricsF(self.fonts.title)
        self.small = QFontMetricsF(self.fonts.small)
        self.shape = QFontMetricsF(self.fonts.shape)

    def large_title(self, title: str, room: float, large: int, small: int) -> LargeTitle:
        """A title in the larger font if it has room; else in the smaller one, and cut; sizes in units of the scene."""
        key = (title, math.ceil(room), large, small)
        known = self._titles.get(key)
        if known is None:
            if len(self._titles) > MOST_TITLES:
                self._titles.clear()
                self._cut.clear()
            known = self._titles[key] = self._fitted(title, room, large, small)
        return known

    def _fitted(self, title: str, room: float, large: int, small: int) -> LargeTitle:
        own = self.fonts.title.pixelSize()
        size = large
        if self.title.horizontalAdvance(title) * size / own > room:
            size = small
            title = _short(title) if self.title.horizontalAdvance(title) * size / own > room else title
        scale = size / own
        text = self.cut("title", title, room / scale)
        if text.endswith("…") and len(text) < SHORTEST_CUT:
            text = ""
        height = self.title.capHeight() * scale
        return LargeTitle(self._font(size), text, self.title.horizontalAdvance(text) * scale, height)

    def _font(self, size: int) -> QFont:
        """The title font, in that many units of the scene."""
        if size not in self._large:
            self._large[size] = QFont(self.fonts.title)
            self._large[size].setPixelSize(size)
        return self._large[size]

    def cut(self, which: str, text: str, width: float, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> str:
        """The text, cut with an ellipsis where it is wider."""
        key = (which, text, math.ceil(width))
        known = self._cut.get(key)
        if known is None:
            metrics = {"title": self.title, "small": self.small, "shape": self.shape}[which]
            known = self._cut[key] = metrics.elidedText(text, mode, max(math.ceil(width), 0))
        return known


def _short(title: str) -> str:
    """`BatchNorm` for BatchNorm2d: from afar letters are scarce, and the shapes tell how many axes there are."""
    return title[:-2] if title[-2:] in ("1d", "2d", "3d") and len(title) > LONG_TITLE else title
