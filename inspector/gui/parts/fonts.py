"""The fonts that painted text uses: small, and with figures of one width."""

from PySide6.QtGui import QFont

from inspector.gui.theme import SMALL


def number_font(base: QFont, pixels: int | None = None, *, bold: bool = False) -> QFont:
    """The font with tabular figures, so that columns of numbers line up."""
    font = QFont(base)
    font.setFeature(QFont.Tag("tnum"), 1)
    font.setBold(bold)
    if pixels is not None:
        font.setPixelSize(pixels)
    return font


def small_font(base: QFont) -> QFont:
    """The smallest of the three text sizes."""
    font = QFont(base)
    font.setPixelSize(SMALL)
    return font
