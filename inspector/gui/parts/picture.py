"""Pictures from arrays: small ones in sharp squares, large ones smoothed."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.gui.parts.naming import named
from inspector.gui.theme import theme, theme_source


def to_image(picture: NDArray[np.uint8]) -> QImage:
    """A (H, W, 3) array as an image that owns its bytes."""
    block = np.ascontiguousarray(picture)
    height, width = block.shape[:2]
    return QImage(block.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def fitted(size: QSize, room: QRect) -> QRect:
    """Where a picture of that size lies in the room: its aspect kept, in the middle of the top."""
    if size.isEmpty() or room.isEmpty():
        return QRect()
    scaled = size.scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
    return QRect(
        room.x() + (room.width() - scaled.width()) // 2,
        room.y(),
        scaled.width(),
        scaled.height(),
    )


def draw_picture(painter: QPainter, image: QImage, room: QRect) -> QRect:
    """Paint an image into the room; magnified pixels stay squares. Gives where it lies."""
    place = fitted(image.size(), room)
    shrinks = place.width() < image.width()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrinks)
    if shrinks:  # scaled() averages all pixels, where painting would skip some
        image = image.scaled(place.size(), mode=Qt.TransformationMode.SmoothTransformation)
    painter.drawImage(place, image)
    return place


class PictureView(QWidget):
    """A picture, or a short text where there is none."""

    def __init__(self, object_name: str, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, object_name, accessible_name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._picture: NDArray[np.uint8] | None = None
        self._image: QImage | None = None
        self._text = ""
        theme_source().changed.connect(self.update)

    def show_picture(self, picture: NDArray[np.uint8] | None, text: str = "") -> None:
        """Show a (H, W, 3) picture; `text` stands in its place where there is none."""
        if picture is not self._picture:
            self._picture = picture
            self._image = None if picture is None else to_image(picture)
        self._text = text
        self.update()

    def picture(self) -> NDArray[np.uint8] | None:
        """What is shown."""
        return self._picture

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name and signature
        """Paint the picture on a quiet ground."""
        if self.size().isEmpty():
            return
        colours = theme()
        painter = QPainter(self)
        painter.setPen(QColor(colours.border))
        if self._image is None:
            painter.setBrush(QColor(colours.raised))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
            painter.setPen(QColor(colours.faint))
            room = self.rect().adjusted(6, 4, -6, -4)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._text)
        else:
            place = draw_picture(painter, self._image, self.rect().adjusted(1, 1, -1, -1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(place.adjusted(-1, -1, 0, 0))
        painter.end()
