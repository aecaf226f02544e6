"""Ctrl+C, `kill` and the end of a session close the window as its user would: the engine ends, and nothing is left."""

import signal
import socket
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier
from PySide6.QtWidgets import QApplication

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class CloseOnSignals(QObject):
    """Closes all windows at the first signal; the second one ends the process at once, should closing take too long.

    Qt's loop holds the interpreter, and signals with it: a byte in a socket wakes it.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._told, self._tells = socket.socketpair()
        for end in (self._told, self._tells):
            end.setblocking(False)
        self._before = signal.set_wakeup_fd(self._tells.fileno())
        self._notifier = QSocketNotifier(self._told.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._close)
        self._numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
        self._handlers = {number: signal.signal(number, _next_one_ends) for number in self._numbers}

    def restore(self) -> None:
        """Leave signals as they were."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._before)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        for end in (self._told, self._tells):
            end.close()

    def _close(self) -> None:
        self._told.recv(64)
        QApplication.closeAllWindows()


def _next_one_ends(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
