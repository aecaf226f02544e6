"""The pictures themselves, painted: a grid with captions and a colour bar, or one of them large."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.core.formatting import value_text
from inspector.gui.parts import named, small_font, to_image
from inspector.gui.plots import colour_table, two_way_table, value_pixels
from inspector.gui.state import MapPictures
from inspector.gui.theme import GRID, theme, theme_source

_CAPTION, _BAR = 16, 36
_LEAST, _MOST = 72, 168


@dataclass(frozen=True)
class MapLook:
    """How values become colours. `per_map` gives each its own scale; `under` is the share of the input picture."""

    per_map: bool = False
    two_way: bool = False
    under: float = 0.0
    unit: str = "channel"
    is_attention: bool = False
    patches: int = 0


class MapGrid(QWidget):
    """Signals.

    Signals:
        map_chosen: the place on the page of the picture that was clicked.
        hovered: what is under the mouse, in words.
    """

    map_chosen = Signal(int)
    hovered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        named(self, "tensor_maps", "Pictures of the values; Return enlarges the current one")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._pictures: MapPictures | None = None
        self._look = MapLook()
        self._images: list[QImage] = []
        self._under: QImage | None = None
        self._current = 0
        theme_source().changed.connect(self._colour)

    def show_maps(self, pictures: MapPictures | None, look: MapLook, under: NDArray[np.uint8] | None) -> None:
        """Show a page."""
        if pictures is self._pictures and look == self._look:
            return
        if pictures is not self._pictures:
            self._current = 0
        self._pictures, self._look = pictures, look
        self._under = to_image(under) if under is not None and look.under > 0 else None
        self._colour()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As high as the rows are at this width."""
        return QSize(240, self._height_of(max(self.width(), 120)))

    def scale_of(self, place: int) -> tuple[float, float]:
        """The values at the ends of the colours of that picture."""
        assert self._pictures is not None
        page = self._pictures.page
        return (page.lows[place], page.highs[place]) if self._look.per_map else (page.low, page.high)

    def cell_rect(self, place: int) -> QRect:
        """Where a picture lies, without its caption."""
        columns, side, height = self._geometry(self.width())
        row, column = divmod(place, columns)
        return QRect(column * (side + GRID), row * (height + _CAPTION), side, height)

    def images(self) -> list[QImage]:
        """What is painted."""
        return self._images

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Other columns, another height."""
        super().resizeEvent(event)
        self._fit()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """A click enlarges."""
        place = self._place_at(event.position().toPoint())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._current = place
            self.map_chosen.emit(place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Tell what is under the mouse."""
        self.hovered.emit(self.told_at(event.position().toPoint()))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """The arrows move from picture to picture, Return enlarges."""
        columns = self._geometry(self.width())[0]
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns}
        key = Qt.Key(event.key())
        if key in steps and 0 <= self._current + steps[key] < len(self._images):
            self._current += steps[key]
            self.hovered.emit(self._name(self._current))
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._images:
            self.map_chosen.emit(self._current)
        else:
            super().keyPressEvent(event)

    def told_at(self, point: QPoint) -> str:
        """The value there, with its place."""
        place = self._place_at(point)
        if place is None or self._pictures is None:
            return ""
        page, maps = self._pictures.page, self._pictures.maps
        rect, (height, width) = self.cell_rect(place), maps.shape[1:3]
        row = min(height - 1, (point.y() - rect.y()) * height // max(1, rect.height()))
        column = min(width - 1, (point.x() - rect.x()) * width // max(1, rect.width()))
        value = maps[place, row, column]
        told = ", ".join(value_text(float(part)) for part in np.atleast_1d(value))
        top, left = row * page.height // height, column * page.width // width
        if self._look.is_attention:
            return f"{self._name(place)}: query {top} → key {left}: {told}"
        around = "" if (height, width) == (page.height, page.width) else "block at "
        return f"{self._name(place)}: {around}row {top}, column {left}: {told}"

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Pictures, captions, colour bar."""
        if self._pictures is None or not self._images:
            return
        colours, painter = theme(), QPainter(self)
        painter.setFont(small_font(self.font()))
        for place, image in enumerate(self._images):
            rect = self.cell_rect(place)
            if self._under is not None:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.drawImage(rect, self._under)
                painter.setOpacity(1 - self._look.under)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() > rect.width())
            painter.drawImage(rect, image)
            painter.setOpacity(1.0)
            current = place == self._current and self.hasFocus()
            painter.setPen(QColor(colours.accent if current else colours.border))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
            painter.setPen(QColor(colours.dimmed))
            caption = QRect(rect.x(), rect.bottom() + 1, rect.width(), _CAPTION)
            painter.drawText(caption, int(_MIDDLE), str(self._pictures.page.channels[place]))
        if self._pictures.page.window.layout != "tiles" and not self._look.per_map:
            self._paint_bar(painter)
        painter.end()

    def _paint_bar(self, painter: QPainter) -> None:
        low, high = self.scale_of(0)
        if self._look.two_way:
            low, high = -max(abs(low), abs(high)), max(abs(low), abs(high))
        top = self.height() - _BAR + 8
        table = two_way_table(dark=theme().dark) if self._look.two_way else colour_table(dark=theme().dark)
        bar = QRect(0, top, min(self.width(), 260), 8)
        painter.drawImage(bar, to_image(table[None]))
        painter.setPen(QColor(theme().dimmed))
        words = QRectF(bar.x(), bar.bottom() + 2, bar.width(), 16)
        painter.drawText(words, int(_LEFT), value_text(low, 3))
        painter.drawText(words, int(_RIGHT), value_text(high, 3))
        if self._look.two_way:
            painter.drawText(words, int(_MIDDLE), "0")

    def _colour(self) -> None:
        self._images = []
        pictures = self._pictures
        if pictures is not None:
            tiles = pictures.page.window.layout == "tiles"
            for place, values in enumerate(pictures.maps):
                low, high = self.scale_of(place)
                if tiles:
                    width = (high - low) or 1.0
                    pixels = np.nan_to_num(np.clip((values - low) / width, 0, 1) * 255).astype(np.uint8)
                else:
                    pixels = value_pixels(values, low, high, two_way=self._look.two_way, dark=theme().dark)
                self._images.append(to_image(pixels))
        self._fit()
        self.update()

    def _fit(self) -> None:
        height = self._height_of(max(self.width(), 120))
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)

    def _geometry(self, width: int) -> tuple[int, int, int]:
        """Columns, and the width and height of a picture: one alone takes all the room."""
        number = len(self._images) or 1
        across = (
            1 if number == 1 else max(1, min(number, (width + GRID) // (max(_LEAST, min(_MOST, width // 6)) + GRID)))
        )
        side = (width - (across - 1) * GRID) // across
        side = min(side, 640 if number == 1 else 2 * _MOST)
        aspect = 1.0
        if self._pictures is not None and self._pictures.page.width:
            aspect = self._pictures.page.height / self._pictures.page.width
        return across, side, max(16, min(round(side * aspect), side * 2, 640))

    def _height_of(self, width: int) -> int:
        across, _, height = self._geometry(width)
        rows = -(-max(1, len(self._images)) // across)
        return rows * (height + _CAPTION) + _BAR

    def _place_at(self, point: QPoint) -> int | None:
        return next((place for place in range(len(self._images)) if self.cell_rect(place).contains(point)), None)

    def _name(self, place: int) -> str:
        assert self._pictures is not None
        return f"{self._look.unit} {self._pictures.page.channels[place]}"


_MIDDLE = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
