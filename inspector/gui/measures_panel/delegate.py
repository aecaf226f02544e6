"""How a cell of the table is painted: a name in its tree, or a number before the bar of its share."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from inspector.gui.measures_panel.model import BAR_ROLE, NAME_ROLE
from inspector.gui.parts import number_font
from inspector.gui.theme import GRID, SMALL, mixed, theme

MARGIN = GRID * 2
INDENT = GRID * 3
DEEPEST = 12  # further in, names would have no room


class MeasureDelegate(QStyledItemDelegate):
    """The bars of a column are all drawn to its greatest value."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint one cell."""
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(theme().selection))
        painter.setFont(number_font(option.font, SMALL + 1))
        room = QRectF(option.rect).adjusted(MARGIN, 0, -MARGIN, 0)
        name = index.data(NAME_ROLE)
        if name is not None:
            _paint_name(painter, room, *name)
        else:
            _paint_value(painter, room, index)
        painter.restore()


def _paint_name(painter: QPainter, room: QRectF, name: str, kind: str, depth: int) -> None:
    room = room.adjusted(min(depth, DEEPEST) * INDENT, 0, 0, 0)
    metrics = painter.fontMetrics()
    shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(room.width()))
    painter.setPen(QColor(theme().text))
    painter.drawText(room, int(_LEFT), shown)
    left = metrics.horizontalAdvance(shown) + MARGIN
    if room.width() - left > 2 * INDENT:
        painter.setPen(QColor(theme().faint))
        rest = room.adjusted(left, 0, 0, 0)
        painter.drawText(rest, int(_LEFT), metrics.elidedText(kind, Qt.TextElideMode.ElideMiddle, int(rest.width())))


def _paint_value(painter: QPainter, room: QRectF, index: QModelIndex | QPersistentModelIndex) -> None:
    colours = theme()
    share, text = index.data(BAR_ROLE), str(index.data())
    if share:
        bar = room.adjusted(-GRID, 3, GRID, -3)
        width = max(1.0, min(share, 1.0) * bar.width())
        ink = mixed(colours.panel, colours.accent, 0.34 if colours.dark else 0.22)
        painter.fillRect(QRectF(bar.right() - width, bar.y(), width, bar.height()), QColor(ink))
    painter.setPen(QColor(colours.faint if text in ("–", "0") else colours.text))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()) + 1)
    painter.drawText(room, int(index.data(Qt.ItemDataRole.TextAlignmentRole)), shown)


_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
