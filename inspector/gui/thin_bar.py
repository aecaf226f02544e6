"""A thin progress bar that waits its turn to be painted: Qt's own repaints at once, some 7 ms, at every step."""

from PySide6.QtCore import QRectF, Qt, QTimerEvent
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from inspector.gui.theme import theme

HEIGHT, WIDTH = 4, 120
STEP_MS = 40
CHUNK = 0.3  # of the width, while it is not known how far the work is
ROUND_S = 1.6  # for the chunk to come by again


class ThinBar(QWidget):
    """How far long work is; a chunk that wanders while that is unknown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(WIDTH, HEIGHT)
        self._done, self._total = 0, 0
        self._place = 0.0
        self._timer = 0

    def show_progress(self, done: int, total: int) -> None:
        """So much is done of so much; total 0 when that is unknown."""
        if (done, total) == (self._done, self._total):
            return
        self._done, self._total = done, total
        self.setAccessibleDescription(f"{done} of {total}" if total else "under way")
        self._wander(self.isVisible())
        self.update()

    def progress(self) -> tuple[int, int]:
        """What is shown: done, total."""
        return self._done, self._total

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Wander while it is seen."""
        super().showEvent(event)
        self._wander(True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Nothing moves that nobody sees."""
        super().hideEvent(event)
        self._wander(False)

    def timerEvent(self, _event: QTimerEvent) -> None:  # noqa: N802 - Qt's name
        """The next step of the chunk."""
        self._place = (self._place + STEP_MS / 1000 / ROUND_S) % 1.0
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The groove, and what is done."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme().border))
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)
        painter.setBrush(QColor(theme().accent))
        width = float(self.width())
        if self._total:
            done = QRectF(0, 0, width * min(1.0, self._done / self._total), HEIGHT)
        else:
            left = self._place * (1 + CHUNK) - CHUNK
            done = QRectF(left * width, 0, CHUNK * width, HEIGHT)
        painter.drawRoundedRect(done.intersected(QRectF(self.rect())), 2, 2)
        painter.end()

    def _wander(self, seen: bool) -> None:
        wanted = seen and self._total == 0
        if wanted and not self._timer:
            self._timer = self.startTimer(STEP_MS)
        elif not wanted and self._timer:
            self.killTimer(self._timer)
            self._timer = 0
