"""Icons: glyphs of the fonts that qtawesome brings, drawn here.

Importing qtawesome, with the layer over all Qt bindings below it, takes .25 s, and its own fonts as long again; one
font and its table of names take .02 s.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

# prefix of an icon's name → the names of its font and its table begin with these
_FONTS = {"ph": "phosphor", "mdi6": "materialdesignicons6-webfont"}
_SHARE = 0.875  # of the icon's height; glyphs have some air of their own


@dataclass(frozen=True)
class IconColours:
    """An icon's colours; `active` is under the pointer."""

    normal: str
    disabled: str
    active: str = ""


class GlyphEngine(QIconEngine):
    """Draws a glyph at any size, in the colour of the button's mode."""

    def __init__(self, family: str, glyph: str, colours: IconColours) -> None:
        super().__init__()
        self._family = family
        self._glyph = glyph
        self._colours = colours
        self._pictures: dict[tuple[int, int, QIcon.Mode], QPixmap] = {}

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        """Draw it in the middle."""
        colours = self._colours
        chosen = {QIcon.Mode.Disabled: colours.disabled, QIcon.Mode.Active: colours.active or colours.normal}
        font = QFont(self._family)
        font.setPixelSize(max(1, round(_SHARE * rect.height())))
        painter.save()
        painter.setFont(font)
        painter.setPen(QColor(chosen.get(mode, colours.normal)))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._glyph)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """The same as a picture; drawn once, as buttons ask for it whenever they paint."""
        key = (size.width(), size.height(), mode)
        if key not in self._pictures:
            self._pictures[key] = self._draw(size, mode, state)
        return self._pictures[key]

    def _draw(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return picture


@cache
def draw_icon(name: str, colours: IconColours) -> QIcon:
    """The icon of that name, as in `ph.folder-open`."""
    prefix, _, glyph = name.partition(".")
    family, glyphs = _font(prefix)
    return QIcon(GlyphEngine(family, glyphs[glyph], colours))


@cache
def _font(prefix: str) -> tuple[str, dict[str, str]]:
    """The family that Qt knows the font by, and its glyphs by name."""
    spec = find_spec("qtawesome")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("qtawesome, whose fonts hold the icons, is not installed")
    folder = Path(spec.origin).parent / "fonts"
    begin = _FONTS[prefix]
    font = max(folder.glob(f"{begin}-[0-9]*.ttf"))
    table = json.loads(max(folder.glob(f"{begin}-charmap-*.json")).read_text(encoding="utf-8"))
    families = QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(font)))
    return families[0], {name: chr(int(code, 16)) for name, code in table.items()}
