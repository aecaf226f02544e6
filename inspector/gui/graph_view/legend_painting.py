"""Paints the legend of the graph's colours: what they mean, and which boxes have none and why. Needs no widget."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFont, QFontMetricsF, QLinearGradient, QPainter, QPen

from inspector.gui.graph_view.colours import colour
from inspector.gui.graph_view.shading import VIRIDIS, Legend
from inspector.gui.parts.fonts import number_font, small_font
from inspector.gui.theme import SMALL, Theme

WIDTH, ROW, BAR = 224, 16, 10
PAD = 10
MOST_SWATCHES = 8


def legend_height(legend: Legend) -> int:
    """As high as what it says."""
    rows = 1 + (2 if legend.ticks else 0) + min(len(legend.swatches), MOST_SWATCHES) + len(legend_notes(legend))
    return 2 * PAD + rows * ROW


def legend_notes(legend: Legend) -> list[str]:
    """The sentences below the colours."""
    if legend.needs_profile:
        return ["Nothing was measured so far."]
    more = len(legend.swatches) - MOST_SWATCHES
    cut = f"and {more} more" if more > 0 else ""
    return [note for note in (cut, legend.plain, legend.hatched, legend.groups) if note]


def paint_legend(
    painter: QPainter, at: QPointF, legend: Legend, look: Theme, font: QFont, *, height: float | None = None
) -> None:
    """The card, with its upper left corner there."""
    painter.save()
    painter.translate(at)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(colour(look.panel))
    painter.setPen(QPen(colour(look.border), 1))
    card = QRectF(0, 0, WIDTH, legend_height(legend) if height is None else height)
    painter.drawRoundedRect(card.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
    bold = small_font(font)
    bold.setWeight(bold.Weight.DemiBold)
    top = float(PAD)
    painter.setFont(bold)
    _text(painter, top, legend.title, look.text)
    top += ROW
    painter.setFont(number_font(font, SMALL))
    if legend.ticks:
        _bar(painter, look, top + 2, legend)
        top += 2 * ROW
    for word, ink, count in legend.swatches[:MOST_SWATCHES]:
        painter.setPen(QPen(colour(look.border), 1))
        painter.setBrush(colour(ink or look.card))
        painter.drawRoundedRect(QRectF(PAD, top + 3, 14, 10), 2, 2)
        _text(painter, top, word, look.text, left=PAD + 20, right=40)
        _text(painter, top, f"{count:,}", look.dimmed, to_right=True)
        top += ROW
    painter.setFont(small_font(font))
    for note in legend_notes(legend):
        left = float(PAD)
        if note == legend.hatched:
            painter.setPen(QPen(colour(look.border), 1))
            painter.setBrush(QBrush(colour(look.faint), Qt.BrushStyle.BDiagPattern))
            painter.drawRect(QRectF(PAD, top + 3, 14, 10))
            left += 20
        _text(painter, top, note, look.dimmed, left=left)
        top += ROW
    painter.restore()


def _bar(painter: QPainter, look: Theme, top: float, legend: Legend) -> None:
    bar = QRectF(PAD, top, WIDTH - 2 * PAD, BAR)
    map_of = QLinearGradient(bar.topLeft(), bar.topRight())
    for step, ink in enumerate(VIRIDIS):
        map_of.setColorAt(step / (len(VIRIDIS) - 1), colour(ink))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(map_of)
    painter.drawRoundedRect(bar, 2, 2)
    painter.setPen(colour(look.text))
    metrics = QFontMetricsF(painter.font())
    for place, text in legend.ticks:
        width = metrics.horizontalAdvance(text)
        left = bar.left() + place * (bar.width() - width)
        painter.drawText(QPointF(left, top + BAR + metrics.ascent() + 2), text)


def _text(
    painter: QPainter,
    top: float,
    text: str,
    ink: str,
    *,
    left: float = PAD,
    right: float = 0,
    to_right: bool = False,
) -> None:
    room = QRectF(left, top, WIDTH - left - PAD - right, ROW)
    cut = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    painter.setPen(colour(ink))
    side = Qt.AlignmentFlag.AlignRight if to_right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, cut)
