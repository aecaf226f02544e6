"""A line that can be chosen: a title, and what there is to see."""

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from inspector.gui.parts import named, plain_tip
from inspector.gui.theme import GRID, NORMAL, SMALL, theme, theme_source

LEAST_HEIGHT = 64  # pixels


class ChoiceRow(QAbstractButton):
    """Painted by itself, as some forty of them stand in the first picture of the window."""

    def __init__(self, title: str, sentence: str, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, object_name, f"{title}. {sentence}")
        self.setText(title)
        self._sentence = sentence
        self.setToolTip(plain_tip(sentence))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme_source().changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """A title, and a sentence of up to two lines."""
        return QSize(320, LEAST_HEIGHT)

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        """More lines where it is narrow."""
        room = QRect(0, 0, max(1, width - GRID * 6), 10_000)
        metrics = QFontMetrics(self._font(SMALL))
        words = metrics.boundingRect(room, int(Qt.TextFlag.TextWordWrap), self._sentence)
        return max(LEAST_HEIGHT, 26 + words.height() + GRID)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """A quiet card under the pointer; the title, and the sentence below."""
        colours = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse() or self.hasFocus() or self.isDown():
            painter.setPen(QColor(colours.accent if self.hasFocus() else colours.border))
            painter.setBrush(QColor(colours.selection if self.isDown() else colours.panel))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        width = self.width() - GRID * 6
        self._words(painter, self.text(), QRectF(GRID * 3, 6, width, 19), colours.text, NORMAL)
        self._words(painter, self._sentence, QRectF(GRID * 3, 26, width, self.height() - 26), colours.dimmed, SMALL)
        painter.end()

    def _words(self, painter: QPainter, text: str, where: QRectF, colour: str, pixels: int) -> None:
        painter.setFont(self._font(pixels))
        painter.setPen(QColor(colour))
        painter.drawText(where, int(Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap), text)

    def _font(self, pixels: int) -> QFont:
        font = self.font()
        font.setPixelSize(pixels)
        return font
