"""Draws the window's parts, and gives the event loop a turn between them, so that it never waits for all of them."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

SLICE_S = 0.001  # of work in one turn; what Qt lays out and paints after it comes on top


class PartByPart(QObject):
    """Calls what draws each part, in order; a part that has to draw anew before its turn came draws once."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: dict[str, Callable[[], None]] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    @property
    def busy(self) -> bool:
        """Whether a part still has to draw."""
        return bool(self._waiting)

    def draw(self, parts: dict[str, Callable[[], None]]) -> None:
        """Draw these parts by name: at once as far as the time goes, the rest in turns of their own."""
        self._waiting |= parts
        if not self._timer.isActive():
            self._go_on()

    def stop(self) -> None:
        """Draw nothing any more."""
        self._waiting.clear()
        self._timer.stop()

    def _go_on(self) -> None:
        end = time.perf_counter() + SLICE_S
        while self._waiting:
            name = next(iter(self._waiting))
            self._waiting.pop(name)()
            if self._waiting and time.perf_counter() >= end:
                self._timer.start(0)
                return
