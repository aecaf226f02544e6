"""Drag and drop anywhere on the window: an overlay says what will happen, before it happens."""

from collections.abc import Callable
from typing import cast

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from inspector.gui.drops import DropPlan
from inspector.gui.parts import named
from inspector.gui.theme import GRID, LARGE, NORMAL, theme

Planner = Callable[[list[str]], DropPlan]
# What lies right of this share of the width compares; a drop anywhere else opens, as it always did.
EDGE = 0.72
_KINDS = (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.DragLeave, QEvent.Type.Drop)


def local_paths(mime: QMimeData) -> list[str]:
    """The files of this computer that are being dragged."""
    return [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]


class DropOverlay(QWidget):
    """Covers the window while files are dragged over it.

    Installed as an event filter on the window's native surface, so that fields and views below, which take drops
    of text for themselves, never see a dragged file.

    Signals:
        planned: what a drop here would do, once files are over the window and whenever that changes.
        dropped: the plan, once the files were let go.
    """

    planned = Signal(object)
    dropped = Signal(object)

    def __init__(self, window: QWidget, planner: Planner) -> None:
        super().__init__(window)
        named(self, "drop_overlay", "What a drop does")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._window = window
        self._planner = planner
        self.plan: DropPlan | None = None
        self.beside = False  # whether the pointer is over the other target
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Take what concerns dragged files."""
        if event.type() in _KINDS:
            return self.take(event)
        return super().eventFilter(watched, event)

    def take(self, event: QEvent) -> bool:
        """Handle a drag event; False where it is not about files."""
        if event.type() == QEvent.Type.DragLeave:
            self._finish()
            return False  # Qt forgets its own state of the drag only when it sees this
        dragged = cast("QDropEvent", event)
        if not dragged.mimeData().hasUrls():
            return False
        if event.type() == QEvent.Type.Drop:
            self._let_go(dragged)
            return True
        began = self.plan is None
        if began:
            self._begin(local_paths(dragged.mimeData()))
        if self._point(dragged) or began:
            self.planned.emit(self._would())
        dragged.setDropAction(Qt.DropAction.CopyAction)
        dragged.setAccepted(self.plan is not None and self.plan.kind != "refuse")
        return True

    def _begin(self, paths: list[str]) -> None:
        self.plan = self._planner(paths)
        self.setAccessibleDescription(self.plan.sentence)
        self.setGeometry(self._window.rect())
        self.raise_()
        self.show()

    def _would(self) -> DropPlan | None:
        """What letting go here does."""
        return self.plan.beside if self.plan is not None and self.beside else self.plan

    def _point(self, event: QDropEvent) -> bool:
        """The window's right edge is the other target, where there is one; Shift means it anywhere.

        True where that is another than before.
        """
        has_two = self.plan is not None and self.plan.beside is not None
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        beside = has_two and (shifted or event.position().x() > self._window.width() * EDGE)
        if beside == self.beside:
            return False
        self.beside = beside
        self.update()
        return True

    def _let_go(self, event: QDropEvent) -> None:
        self.plan = self._planner(local_paths(event.mimeData()))
        self._point(event)
        plan = self._would()
        self._finish()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.dropped.emit(plan)

    def _finish(self) -> None:
        self.plan = None
        self.beside = False
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The window dimmed, a frame, and the sentence on a card in its middle."""
        if self.plan is None:
            return
        colours = theme()
        refused = self.plan.kind == "refuse"
        tone = QColor(colours.warning if refused else colours.accent)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(colours.window)
        veil.setAlphaF(0.78)
        painter.fillRect(self.rect(), veil)
        pen = QPen(tone, 2, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(GRID * 3, GRID * 3, -GRID * 3, -GRID * 3), 10, 10)
        if self.plan.beside is None:
            self._paint_card(painter, tone, self.plan, QRectF(self.rect()))
        else:
            edge = self.width() * EDGE
            rooms = (QRectF(0, 0, edge, self.height()), QRectF(edge, 0, self.width() - edge, self.height()))
            for plan, room, chosen in zip(
                (self.plan, self.plan.beside), rooms, (not self.beside, self.beside), strict=True
            ):
                painter.setOpacity(1.0 if chosen else 0.45)
                self._paint_card(painter, tone if chosen else QColor(colours.border), plan, room)
        painter.end()

    def _paint_card(self, painter: QPainter, tone: QColor, plan: DropPlan, room: QRectF) -> None:
        colours = theme()
        font = self.font()
        font.setPixelSize(LARGE)
        font.setBold(True)
        painter.setFont(font)
        if painter.fontMetrics().horizontalAdvance(plan.sentence) > room.width() - 104:
            font.setPixelSize(NORMAL)
            painter.setFont(font)
        width = min(room.width() - 40, painter.fontMetrics().horizontalAdvance(plan.sentence) + 64)
        card = QRectF(room.center().x() - width / 2, room.center().y() - 44, width, 88)
        painter.setPen(QPen(tone, 1))
        painter.setBrush(QColor(colours.card))
        painter.drawRoundedRect(card, 8, 8)
        painter.setPen(QColor(colours.text))
        upper = QRectF(card.left() + 16, card.top() + 16, card.width() - 32, 32)
        told = painter.fontMetrics().elidedText(plan.sentence, Qt.TextElideMode.ElideMiddle, int(upper.width()))
        painter.drawText(upper, int(Qt.AlignmentFlag.AlignCenter), told)
        font.setPixelSize(NORMAL)
        font.setBold(False)
        painter.setFont(font)
        painter.setPen(QColor(colours.dimmed))
        hint = "Nothing will happen" if plan.kind == "refuse" else "Let go to do it"
        painter.drawText(upper.translated(0, 28), int(Qt.AlignmentFlag.AlignCenter), hint)
