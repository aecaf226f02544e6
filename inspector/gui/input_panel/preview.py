"""What the model sees: the picture of the prepared tensor, or the spread of its values, with its figures."""

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from inspector.core.formatting import shape_text, value_text
from inspector.gui.parts import PictureView, Sentence, named
from inspector.gui.state import PreviewState
from inspector.gui.theme import theme, theme_source
from inspector.protocol.events import InputPrepared
from inspector.protocol.graph import Statistics

NO_LIMIT = 16_777_215  # Qt's own


class Preview(QWidget):
    """Picture and figures, side by side or one above the other."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "input_preview", "What the model sees")
        self.picture = PictureView("input_picture", "Picture of what the model sees")
        self.spread = SpreadView()
        self.title = Sentence("input_preview_title", "What the model sees", "dimmed", small=True)
        self.shape = Sentence("input_preview_shape", "Shape and type", "text", small=True)
        self.figures = Sentence("input_preview_figures", "Range of the values", "dimmed", small=True)
        self.note = Sentence("input_preview_note", "How it was made", "dimmed", small=True)
        self._stack_host = named(QWidget(), "input_preview_picture", "Picture or spread")
        self._stack = QStackedLayout(self._stack_host)
        self._stack.addWidget(self.picture)
        self._stack.addWidget(self.spread)
        facts = QVBoxLayout()
        facts.setContentsMargins(0, 0, 0, 0)
        facts.setSpacing(2)
        for part in (self.title, self.shape, self.figures, self.note):
            facts.addWidget(part)
        facts.addStretch(1)
        self._facts = named(QWidget(), "input_preview_facts", "Shape, type and range")
        self._facts.setLayout(facts)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8)
        self._box.addWidget(self._stack_host, 1)
        self._box.addWidget(self._facts, 1)
        self.setMinimumHeight(84)
        self._tall = False
        self.title.say("What the model sees")
        self.show_preview(None)

    def set_tall(self, tall: bool) -> None:
        """The picture above the figures, or beside them."""
        down = QBoxLayout.Direction.TopToBottom if tall else QBoxLayout.Direction.LeftToRight
        self._box.setDirection(down)
        self._box.setSpacing(4 if tall else 8)
        self._box.setStretch(1, 0 if tall else 1)
        self._tall = tall
        self._limit_height()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """The figures stand close under the picture, which is no higher than it is wide."""
        super().resizeEvent(event)
        self._limit_height()

    def show_preview(self, preview: PreviewState | None) -> None:
        """Show what was prepared last."""
        if preview is None:
            self.picture.show_picture(None, "Not prepared yet")
            self._stack.setCurrentWidget(self.picture)
            for sentence in (self.shape, self.figures, self.note):
                sentence.say("")
            return
        prepared = preview.prepared
        self.shape.say(f"{shape_text(prepared.shape)} {prepared.dtype}")
        self.figures.say(_figures(prepared))
        self.note.say(prepared.note)
        if preview.picture is not None:
            self.picture.show_picture(preview.picture)
            self._stack.setCurrentWidget(self.picture)
        else:
            self.spread.show_statistics(prepared.statistics)
            self._stack.setCurrentWidget(self.spread)

    def _limit_height(self) -> None:
        self._stack_host.setMaximumHeight(max(self.width(), 1) if self._tall else NO_LIMIT)


class SpreadView(QWidget):
    """The histogram of an input that is no picture, as small bars; figures stand beside it, so it has no axes."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "input_spread", "Spread of the values")
        self._counts = np.zeros(0)
        theme_source().changed.connect(self.update)

    def show_statistics(self, statistics: Statistics | None) -> None:
        """Show the counts."""
        self._counts = np.array(statistics.histogram if statistics is not None else (), np.float64)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint a bar a bin."""
        if self.size().isEmpty():
            return
        colours = theme()
        painter = QPainter(self)
        room = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(colours.border))
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(room, 4, 4)
        if not len(self._counts) or not self._counts.max():
            painter.setPen(QColor(colours.faint))
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), "no picture")
        else:
            inner = room.adjusted(6, 6, -6, -1)
            step = inner.width() / len(self._counts)
            heights = self._counts / self._counts.max() * inner.height()
            for place, height in enumerate(heights.tolist()):
                bar = QRectF(inner.x() + place * step, inner.bottom() - height, max(1.0, step - 1), height)
                painter.fillRect(bar, QColor(colours.accent))
        painter.end()


def _figures(prepared: InputPrepared) -> str:
    statistics = prepared.statistics
    if statistics is None or statistics.min is None or statistics.max is None:
        return ""
    text = f"{value_text(statistics.min)} … {value_text(statistics.max)}"
    if statistics.mean is not None:
        text += f"\nmean {value_text(statistics.mean)}"
    if statistics.std is not None:
        text += f" · std {value_text(statistics.std)}"
    if statistics.nan or statistics.inf:
        text += f"\n{statistics.nan + statistics.inf:,} NaN or infinite"
    return text
