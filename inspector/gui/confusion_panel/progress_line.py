"""How far the evaluation is, as a line."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from inspector.gui.parts import named
from inspector.gui.theme import theme, theme_source


class ProgressLine(QWidget):
    """Three pixels high. A QProgressBar would paint at once each time its value is set, which is often."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "confusion_progress", "Images done")
        self.setFixedHeight(3)
        self._share = 0.0
        theme_source().changed.connect(self.update)

    def show_progress(self, done: int, total: int) -> None:
        """Show so many of the whole."""
        share = done / total if total else 0.0
        self.setAccessibleDescription(f"{done} of {total}")
        if share != self._share:
            self._share = share
            self.update()

    def share(self) -> float:
        """What is done, from 0 to 1."""
        return self._share

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the part done."""
        if self.size().isEmpty():
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme().raised))
        painter.fillRect(QRectF(0, 0, self.width() * self._share, self.height()), QColor(theme().accent))
        painter.end()
