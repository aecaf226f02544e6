"""The number on a folded group: how many nodes in it a search has found."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from inspector.gui.graph_view.colours import colour
from inspector.gui.graph_view.painting import Look
from inspector.gui.style_sheet import on_accent

HEIGHT = 16.0


def paint_found(painter: QPainter, rect: QRectF, count: int, look: Look) -> None:
    """On the upper right corner of a box, half outside it."""
    if not look.has_text:
        return
    text = f"{count:,} found"
    width = look.metrics.small.horizontalAdvance(text) + 12
    badge = QRectF(rect.right() - width + 8, rect.top() - HEIGHT / 2, width, HEIGHT)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour(look.theme.accent))
    painter.drawRoundedRect(badge, HEIGHT / 2, HEIGHT / 2)
    painter.setFont(look.fonts.small)
    painter.setPen(colour(on_accent(look.theme)))
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)
