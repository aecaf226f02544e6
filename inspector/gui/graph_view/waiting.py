"""A quiet strip over the graph while a layout takes long: how far it is, and Cancel. It comes after WAIT_MS only."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from inspector.gui.graph_view.colours import colour
from inspector.gui.theme import theme

WAIT_MS = 300
TOP = 12


class Waiting(QWidget):
    """Says that the graph is being laid out. Emits `cancelled`."""

    cancelled = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("graph_waiting")
        self.setAccessibleName("Layout of the graph")
        self._text = QLabel(self)
        self._text.setObjectName("graph_waiting_text")
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._cancel = QPushButton("Cancel", self)
        self._cancel.setObjectName("graph_waiting_cancel")
        self._cancel.setAccessibleName("Cancel the layout")
        self._cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 4, 4)
        row.setSpacing(12)
        row.addWidget(self._text)
        row.addWidget(self._cancel)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._come)
        self.hide()

    def begin(self) -> None:
        """Something is being laid out from now on."""
        self._text.setText("Laying out the graph …")
        if self.isHidden():
            self._timer.start()

    def progress(self, percent: int) -> None:
        """How much of it is done."""
        self._text.setText(f"Laying out the graph … {percent} %")
        self.place()

    def end(self) -> None:
        """Nothing is being laid out any more."""
        self._timer.stop()
        self.hide()

    def place(self) -> None:
        """To the middle of the upper edge of what it lies over."""
        self.resize(self.sizeHint())
        around = self.parentWidget()
        if around is not None:
            self.move((around.width() - self.width()) // 2, TOP)

    def _come(self) -> None:
        self.place()
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  (Qt's name)
        """A panel's ground, so that it reads over the graph."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(colour(theme().panel))
        painter.setPen(QPen(colour(theme().border), 1))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.end()
