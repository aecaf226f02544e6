"""The one place where the graph view crosses threads: layouts are made beside, and come back as a signal."""

import threading

from PySide6.QtCore import QObject, Signal

from inspector.client.layout_process import LayoutProcess
from inspector.gui.graph_view.making import Wish, make_picture
from inspector.gui.graph_view.picture import Picture


class LayoutLink(QObject):
    """Makes pictures on a thread of its own, of the latest wish only; a newer one stops what is under way.

    `made` carries the number of the wish, as `ask` gave it, and the Picture; `progressed` the number and percent.
    """

    made = Signal(int, object)
    progressed = Signal(int, int)

    def __init__(self, parent: QObject | None = None, process: LayoutProcess | None = None) -> None:
        super().__init__(parent)
        self._process = process or LayoutProcess()
        self._lock = threading.Lock()
        self._next: tuple[int, Wish] | None = None
        self._thread: threading.Thread | None = None
        self._number = 0
        self._closed = False
        self._cancelled = False

    def ask(self, wish: Wish) -> int:
        """Make this; its number. What was asked before is no longer wanted."""
        with self._lock:
            self._number += 1
            self._next = (self._number, wish)
            self._cancelled = False
            busy = self._thread is not None
            if not busy and not self._closed:
                self._thread = threading.Thread(target=self._work, name="graph layout", daemon=True)
                self._thread.start()
        if busy:
            self._process.cancel()
        return self._number

    def cancel(self) -> None:
        """Nothing is wanted any more: end what is under way."""
        with self._lock:
            self._number += 1
            self._next = None
            self._cancelled = self._thread is not None
        if self._cancelled:
            self._process.cancel()

    @property
    def process(self) -> LayoutProcess:
        """What lays out."""
        return self._process

    @property
    def latest(self) -> int:
        """The number of the latest request."""
        return self._number

    def close(self) -> None:
        """End the process, and wait for the thread."""
        with self._lock:
            self._closed = True
            self._next = None
            thread = self._thread
        self._process.close()
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        """Serve until nothing is asked any more; the thread ends then, the process stays warm."""
        while True:
            with self._lock:
                if self._next is None or self._closed:
                    self._thread = None
                    return
                number, wish = self._next
                self._next = None
            picture = self._patiently(number, wish)
            if picture is not None and not self._closed:
                self.made.emit(number, picture)

    def _patiently(self, number: int, wish: Wish) -> Picture | None:
        """The picture; None when nobody wants it any more. A cancel that was meant for the one before is not obeyed."""
        picture = None
        while picture is None and self._next is None and not self._closed and not self._cancelled:
            picture = make_picture(
                wish, lambda request: self._process.lay_out(request, lambda done: self.progressed.emit(number, done))
            )
        return picture
