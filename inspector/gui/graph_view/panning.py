"""A view that is panned keeps its pixels: only the strips that come into view are painted."""

from collections.abc import Callable, Hashable

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, QTimer
from PySide6.QtGui import QColor, QPainter, QPixmap

# Labels, and what is left out for being too small or too many, are chosen among all that is in view, so that strips may
# differ by a speck from the rest: at rest all is painted at once.
REST_MS = 120


class KeptView:
    """The pixels of the last frame, and what they show. `at_rest` is called once a panned view has come to rest."""

    def __init__(self, at_rest: Callable[[], None]) -> None:
        self._pixels = QPixmap()
        self._shows: Hashable = None
        self._origin = QPointF()
        self._rest = QTimer(singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(at_rest)

    def paint(
        self,
        painter: QPainter,
        size: QSize,
        shows: Hashable,
        ground: QColor,
        paint_part: Callable[[QPainter, QRectF, bool], None],
    ) -> None:
        """Paint a view of `size`: all of it by `paint_part`, or the parts that the last frame doesn't help with.

        `paint_part` is given the part in scene units, and whether it is all.
        The last frame helps where `shows`, the size and the scale are the same, and whole pixels were moved.
        """
        transform, ratio = painter.worldTransform(), painter.device().devicePixelRatio()
        origin = QPointF(transform.dx(), transform.dy())
        shows = (shows, size.toTuple(), ratio, transform.m11(), ground.rgba())
        moved = _whole_pixels((origin - self._origin) * ratio) if shows == self._shows else None
        if moved is None:
            self._pixels = QPixmap(size * ratio)
            parts = [self._pixels.rect()]
            self._rest.stop()
        else:
            parts = uncovered(self._pixels.rect(), moved)
            self._pixels.setDevicePixelRatio(1)
            self._pixels.scroll(moved.x(), moved.y(), self._pixels.rect())
            if parts:
                self._rest.start()
        self._pixels.setDevicePixelRatio(ratio)
        self._shows, self._origin = shows, origin
        back, _ = transform.inverted()
        for part in parts:
            place = QRectF(QPointF(part.topLeft()) / ratio, part.size().toSizeF() / ratio)
            inside = QPainter(self._pixels)
            inside.setRenderHints(painter.renderHints())
            inside.setClipRect(place)
            inside.fillRect(place, ground)
            inside.setWorldTransform(transform)
            paint_part(inside, back.mapRect(place), moved is None)
            inside.end()
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(0, 0, self._pixels)
        painter.restore()


def uncovered(view: QRect, moved: QPoint) -> list[QRect]:
    """The parts of a view that its old pixels, moved so far, leave uncovered."""
    old = view.translated(moved) & view
    if old.isEmpty():
        return [QRect(view)]
    beside = QRect(view)
    if moved.x() > 0:
        beside.setRight(old.left() - 1)
    else:
        beside.setLeft(old.right() + 1)
    above = QRect(old)
    above.setTop(view.top())
    above.setBottom(view.bottom())
    if moved.y() > 0:
        above.setBottom(old.top() - 1)
    else:
        above.setTop(old.bottom() + 1)
    return [part for part in (beside, above) if not part.isEmpty()]


def _whole_pixels(moved: QPointF) -> QPoint | None:
    rounded = moved.toPoint()
    return rounded if (moved - QPointF(rounded)).manhattanLength() < 1e-6 else None
