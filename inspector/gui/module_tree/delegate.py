"""Paints a module's name with its class behind it, dimmed: two columns' worth in the width of one."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from inspector.gui.module_tree.model import CLASS_ROLE
from inspector.gui.parts import small_font
from inspector.gui.theme import theme

GAP = 8


class NameDelegate(QStyledItemDelegate):
    """Name, then class."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Let the style paint the name; the class goes into the room that is left."""
        super().paint(painter, option, index)
        self.initStyleOption(option, index)
        style = option.widget.style() if option.widget is not None else QApplication.style()
        where = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, option.widget)
        used = option.fontMetrics.horizontalAdvance(option.text) + GAP
        room = QRect(where.left() + used, where.top(), option.rect.right() - where.left() - used - 4, where.height())
        if room.width() < 24:
            return
        painter.save()
        painter.setFont(small_font(option.font))
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(QColor(theme().dimmed if chosen else theme().faint))
        told = painter.fontMetrics().elidedText(
            str(index.data(CLASS_ROLE) or ""), Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, told)
        painter.restore()
