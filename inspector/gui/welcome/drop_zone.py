"""The dashed field that says what can be dropped."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from inspector.gui.parts import PushButton, Sentence, named
from inspector.gui.parts.heading import Heading
from inspector.gui.theme import GRID, theme, theme_source


class DropZone(QWidget):
    """Says what to do; the whole window takes drops, this shows it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "drop_zone", "Drop a model file")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        title = Heading("welcome_title", "What to do", large=True)
        title.say("Drop a model file anywhere on this window")
        text = Sentence("welcome_text", "What can be dropped", "dimmed")
        text.say(
            "PyTorch weights with their .py, whole modules, TorchScript, .pt2, safetensors, ONNX or Python source. "
            "Then images as input, or a folder of labelled images to evaluate."
        )
        self.open = PushButton("Open…", "welcome_open", "Open a model file", primary=True)
        words = QVBoxLayout()
        words.setSpacing(GRID)
        words.addWidget(title)
        words.addWidget(text)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID * 6, GRID * 6, GRID * 6, GRID * 6)
        row.setSpacing(GRID * 4)
        row.addLayout(words, 1)
        row.addWidget(self.open, 0, Qt.AlignmentFlag.AlignVCenter)
        theme_source().changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for three lines."""
        return QSize(560, 124)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """A dashed, rounded field."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(theme().faint), 1.2, Qt.PenStyle.DashLine)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.setBrush(QColor(theme().panel))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
        painter.end()
