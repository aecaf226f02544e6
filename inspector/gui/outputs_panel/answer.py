"""The answer in short: the picture that was fed, and beside it the top classes with their probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.core.formatting import probability_text
from inspector.core.heads import probabilities
from inspector.gui.parts import named, number_font, to_image
from inspector.gui.parts.picture import draw_picture
from inspector.gui.theme import NORMAL, Theme, mixed, theme, theme_source
from inspector.protocol.outputs import Head

_LINE = 20
_HEIGHT = 3 * _LINE
_UPRIGHT_WIDTH = 156


@dataclass(frozen=True)
class TopClass:
    """A class with its probability."""

    index: int
    name: str
    probability: float


def line_ink(colours: Theme, *, first: bool) -> str:
    """The colour of a line's bar: the name is read on it."""
    return mixed(colours.panel, colours.accent, 0.34 if first else 0.16)


def top_classes(
    line: NDArray[np.float64], head: Head, names: tuple[str, ...], temperature: float, count: int = 3
) -> tuple[TopClass, ...]:
    """The likeliest classes by the reading that fits; none where the head gives no probabilities."""
    if head.kind in ("regression", "features", "unknown") or not len(line):
        return ()
    shares = probabilities(line[None, :], head, temperature)[0]
    if np.isnan(shares).any():
        return ()
    likely = np.argpartition(-shares, count)[:count] if len(shares) > count else np.arange(len(shares))
    best = likely[np.lexsort((likely, -shares[likely]))]
    known = names if len(names) == len(shares) else ()
    return tuple(
        TopClass(int(index), known[index] if known else f"class {index}", float(shares[index])) for index in best
    )


class AnswerStrip(QWidget):
    """A picture, and a line a class with a bar behind; across above the table, or upright beside it."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "outputs_answer", "Top classes")
        self.setFixedHeight(_HEIGHT + 4)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._picture: NDArray[np.uint8] | None = None
        self._image: QImage | None = None
        self._top: tuple[TopClass, ...] = ()
        self._upright = False
        theme_source().changed.connect(self.update)

    def show_answer(self, picture: NDArray[np.uint8] | None, top: tuple[TopClass, ...]) -> None:
        """Show the picture and the classes; hidden where there are none."""
        if picture is not self._picture:
            self._picture = picture
            self._image = None if picture is None else to_image(picture)
        self._top = top
        self.setAccessibleDescription(", ".join(f"{one.name} {one.probability:.4f}" for one in top))
        self._fit()
        self.setVisible(bool(top))
        self.update()

    def set_upright(self, upright: bool) -> None:
        """The picture above the lines, as high as there is room, or beside them."""
        self._upright = upright
        self._fit()

    def _fit(self) -> None:
        if self._upright:
            self.setMinimumHeight(0)
            self.setMaximumHeight(16777215)
            self.setFixedWidth(_UPRIGHT_WIDTH)
            self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
            return
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(0)
        self.setMaximumWidth(16777215)
        self.setFixedHeight((_HEIGHT if self._image is not None else len(self._top) * _LINE) + 4)

    def top(self) -> tuple[TopClass, ...]:
        """What is shown."""
        return self._top

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Narrow is fine."""
        return QSize(120, _HEIGHT + 4)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint picture and lines."""
        if self.size().isEmpty():
            return
        painter = QPainter(self)
        left, top = 0, 2
        if self._image is not None:
            place = draw_picture(painter, self._image, self._picture_room())
            painter.setPen(QColor(theme().border))
            painter.drawRect(place.adjusted(-1, -1, 0, 0))
            if self._upright:
                top = place.bottom() + 6
            else:
                left = _HEIGHT + 8
        for row, one in enumerate(self._top):
            if row and top + (row + 1) * _LINE > self.height() + 2:  # better none than half of one
                break
            self._paint_line(painter, QRect(left, top + row * _LINE, self.width() - left, _LINE), one, first=row == 0)
        painter.end()

    def _picture_room(self) -> QRect:
        if not self._upright:
            return QRect(1, 3, _HEIGHT - 2, _HEIGHT - 2)
        lines = len(self._top) * _LINE + 10
        return QRect(1, 3, self.width() - 2, max(24, self.height() - lines))

    def _paint_line(self, painter: QPainter, room: QRect, one: TopClass, *, first: bool) -> None:
        colours = theme()
        bar = QColor(line_ink(colours, first=first))
        width = max(1.0, one.probability * room.width())
        painter.fillRect(QRectF(room.x(), room.y() + 1, width, room.height() - 3), bar)
        painter.setFont(number_font(self.font(), NORMAL if first else NORMAL - 1, bold=first))
        painter.setPen(QColor(colours.text if first else colours.dimmed))
        number = probability_text(one.probability)
        inner = room.adjusted(6, 0, -6, -1)
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
        number_width = painter.fontMetrics().horizontalAdvance(number)
        space = inner.width() - number_width - 8
        name = painter.fontMetrics().elidedText(one.name, Qt.TextElideMode.ElideRight, space)
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
