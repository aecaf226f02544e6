"""How a cell is painted: a bar, and a right-aligned number beside it, or on it where there is no room."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from inspector.gui.outputs_panel.model import BAR_ROLE, INDEX
from inspector.gui.parts import number_font
from inspector.gui.theme import NORMAL, SMALL, Theme, mixed, theme

WIDEST = "-00.0000"
BESIDE_FROM = 104  # in columns wider than this, bars end before the numbers; else numbers stand on them


class BarDelegate(QStyledItemDelegate):
    """Bars are in the accent colour where the reading fits, grey elsewhere, and absent where it means nothing."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint one cell."""
        colours = theme()
        rect = option.rect
        state = option.state
        margin = 6 if rect.width() > 64 else 3
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(colours.selection))
        bar = index.data(BAR_ROLE)
        colour, bold = colours.text, False
        if bar is not None:
            _, _, fits, dimmed, _, passes = bar
            beside = option.fontMetrics.horizontalAdvance(WIDEST) + margin if rect.width() > BESIDE_FROM else 0
            _paint_bar(painter, QRectF(rect).adjusted(margin, 3, -margin - beside, -3), bar, colours)
            colour = colours.faint if dimmed else colours.text if fits else colours.dimmed
            bold = passes
        elif index.column() == INDEX:
            colour = colours.faint
        painter.setPen(QColor(colour))
        painter.setFont(
            number_font(
                painter.font(), SMALL if index.column() == INDEX or rect.width() <= 64 else NORMAL - 1, bold=bold
            )
        )
        room = rect.adjusted(margin, 0, -margin, 0)
        text = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, int(index.data(Qt.ItemDataRole.TextAlignmentRole)), text)
        painter.restore()


def bar_ink(colours: Theme, *, fits: bool) -> str:
    """A bar's colour, mixed with the panel's so far that numbers are read on it."""
    share = (0.30 if fits else 0.16) + (0.08 if colours.dark else 0.0)
    return mixed(colours.panel, colours.accent if fits else colours.faint, share)


def _paint_bar(
    painter: QPainter, room: QRectF, bar: tuple[float, float, bool, bool, float | None, bool], colours: Theme
) -> None:
    start, end, fits, dimmed, threshold, _ = bar
    if not dimmed and end > start:
        colour = QColor(bar_ink(colours, fits=fits))
        width = max(1.0, (end - start) * room.width())
        painter.fillRect(QRectF(room.x() + start * room.width(), room.y(), width, room.height()), colour)
    if threshold is not None:
        x = room.x() + threshold * room.width()
        painter.fillRect(QRectF(x, room.y() - 3, 1, room.height() + 6), QColor(colours.border))
