"""A small picture of the whole graph with the part in view; shown when there is more than fits."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from inspector.gui.graph_view.colours import colour, mixed
from inspector.gui.graph_view.picture import Picture
from inspector.gui.graph_view.shading import NO_VALUE, PLAIN, Shading
from inspector.gui.theme import theme

LARGEST = QSize(176, 156)
SMALLEST = QSize(64, 64)
EDGE = 6.0
INSET = 12
MANY = 1_500  # boxes: more are written into the pixels, as painting each would hold up the window
WIDEST_SPECK = 12  # pixels


class Minimap(QWidget):
    """Where one is. Clicking or dragging asks the canvas to look there."""

    place_requested = Signal(QPointF)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._around = parent
        self.setObjectName("graph_minimap")
        self.setAccessibleName("Overview of the graph")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._picture: Picture | None = None
        self._view = QRectF()
        self._ground: QPixmap | None = None
        self._shading: Shading | None = None
        self._inks: list[QColor] = []  # of the boxes; made when they are first painted
        self.hide()

    def shade(self, shading: Shading | None) -> None:
        """Other colours for the boxes of this picture."""
        self._shading = shading
        self.recolour()

    def show_picture(self, picture: Picture | None, shading: Shading | None = None) -> None:
        """Another graph, or another folding of it."""
        if picture is not self._picture or shading is not self._shading:
            self._inks = []
        self._picture, self._shading = picture, shading
        self._redraw()
        if picture is not None:
            width, height = max(picture.bounds.width(), 1.0), max(picture.bounds.height(), 1.0)
            room = self._room()
            scale = min((room.width() - 2 * EDGE) / width, (room.height() - 2 * EDGE) / height)
            self.resize(
                round(max(width * scale, 24.0) + 2 * EDGE),
                round(max(height * scale, 24.0) + 2 * EDGE),
            )

    def corners(self, around: QRect) -> list[QRect]:
        """Where it may stand over that part of its parent, the usual place first; the lower left is for captions."""
        left, top = around.x() + INSET, around.y() + INSET
        x, y = around.right() + 1 - self.width() - INSET, around.bottom() + 1 - self.height() - INSET
        return [QRect(QPoint(*at), self.size()) for at in ((x, y), (x, top), (left, top))]

    def fit_to_window(self) -> None:
        """The view has another size: take no more than a small part of it."""
        self.show_picture(self._picture, self._shading)

    def _room(self) -> QSize:
        around = self._around.size()
        return QSize(around.width() // 6, around.height() // 4).boundedTo(LARGEST).expandedTo(SMALLEST)

    def recolour(self) -> None:
        """The colours changed."""
        self._inks = []
        self._redraw()

    def _redraw(self) -> None:
        self._ground = None
        self.update()

    def show_view(self, view: QRectF) -> None:
        """The part of the scene that is in view; the map hides when that is all."""
        self._view = view
        all_seen = self._picture is None or view.adjusted(-1, -1, 1, 1).contains(self._picture.bounds)
        self.setVisible(not all_seen)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  (Qt's name)
        """The picture, and a frame around what is seen."""
        if self._picture is None:
            return
        painter = QPainter(self)
        if self._ground is None:
            self._ground = self._paint_ground(self._picture)
        painter.drawPixmap(0, 0, self._ground)
        scale, left, top = self._scale(self._picture)
        bounds = self._picture.bounds
        seen = self._view.intersected(bounds)
        frame = QRectF(
            left + seen.left() * scale, top + seen.top() * scale, seen.width() * scale, seen.height() * scale
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill = QColor(theme().accent)
        fill.setAlpha(36)
        painter.setBrush(fill)
        painter.setPen(QPen(colour(theme().accent), 1.2))
        painter.drawRoundedRect(frame.adjusted(-1, -1, 1, 1), 2, 2)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Go there."""
        self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drag the view along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())

    def _go(self, at: QPointF) -> None:
        if self._picture is not None:
            scale, left, top = self._scale(self._picture)
            self.place_requested.emit(QPointF((at.x() - left) / scale, (at.y() - top) / scale))

    def _scale(self, picture: Picture) -> tuple[float, float, float]:
        width, height = max(picture.bounds.width(), 1.0), max(picture.bounds.height(), 1.0)
        scale = min((self.width() - 2 * EDGE) / width, (self.height() - 2 * EDGE) / height)
        return scale, (self.width() - width * scale) / 2, (self.height() - height * scale) / 2

    def _paint_ground(self, picture: Picture) -> QPixmap:
        """Boxes as coloured blocks, painted once."""
        ratio = self.devicePixelRatioF()
        ground = QPixmap(self.size() * ratio)
        ground.setDevicePixelRatio(ratio)
        ground.fill(Qt.GlobalColor.transparent)
        look = theme()
        painter = QPainter(ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        panel = QColor(look.panel)
        panel.setAlpha(235)
        painter.setBrush(panel)
        painter.setPen(QPen(colour(look.border), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        scale, left, top = self._scale(picture)
        painter.translate(left, top)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mixed(look.group, look.border, 0.5))
        outermost = picture.layout.containers[picture.layout.depth == 0]  # those inside have the same colour
        for x, y, w, h in (outermost * scale).tolist():
            painter.drawRect(QRectF(x, y, w, h))
        if not self._inks:
            self._inks = [self._ink(picture, at) for at in range(len(picture.cards))]
        rects = picture.layout.boxes * scale
        if len(rects) > MANY:
            painter.drawImage(QPointF(0, 0), self._specks(rects, (left, top)))
        else:
            for ink, (x, y, w, h) in zip(self._inks, rects.tolist(), strict=True):
                painter.fillRect(QRectF(x, y, max(w, 1.0), max(h, 1.0)), ink)
        painter.end()
        return ground

    def _specks(self, rects: NDArray[np.float32], corner: tuple[float, float]) -> QImage:
        """Boxes at these places, from `corner` on, each at least a pixel."""
        ratio = self.devicePixelRatioF()
        width, height = (
            max(int(np.ceil((side - start) * ratio)), 1)
            for side, start in zip((self.width(), self.height()), corner, strict=True)
        )
        pixels = np.zeros((height, width), np.uint32)
        inks = np.array([ink.rgba() for ink in self._inks], np.uint32)
        at = np.floor(rects[:, :2] * ratio).astype(np.int64)
        sizes = np.clip(np.round(rects[:, 2:] * ratio), 1, WIDEST_SPECK).astype(np.int64)
        widest, highest = sizes.max(axis=0).tolist()
        for right in range(widest):
            for down in range(highest):
                wide = (sizes[:, 0] > right) & (sizes[:, 1] > down)
                x, y = at[wide, 0] + right, at[wide, 1] + down
                inside = (x < width) & (y < height)
                pixels[y[inside], x[inside]] = inks[wide][inside]
        image = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_ARGB32).copy()
        image.setDevicePixelRatio(ratio)
        return image

    def _ink(self, picture: Picture, box: int) -> QColor:
        if picture.cards[box].failed:
            return colour(theme().failure)
        ink = self._shading.colours[box] if self._shading is not None else picture.cards[box].colour
        return colour(theme().border if ink in (PLAIN, NO_VALUE) else ink)
