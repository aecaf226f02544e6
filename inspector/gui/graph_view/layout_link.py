"""The one place where the graph view crosses threads: layouts are made beside, and come back as a signal."""

import threading

from PySide6.QtCore import QObject, Signal

from inspector.client.layout_process import LayoutProcess
from inspector.core.layout import Layout, LayoutRequest


class LayoutLink(QObject):
    """Lays out on a thread of its own, the latest request only; a newer one stops what is under way.

    `laid_out` carries the number of the request, as `ask` gave it, and the Layout.
    """

    laid_out = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process = LayoutProcess()
        self._lock = threading.Lock()
        self._next: tuple[int, LayoutRequest] | None = None
        self._thread: threading.Thread | None = None
        self._number = 0
        self._closed = False

    def ask(self, request: LayoutRequest) -> int:
        """Lay this out; its number. What was asked before is no longer wanted."""
        with self._lock:
            self._number += 1
            self._next = (self._number, request)
            busy = self._thread is not None
            if not busy and not self._closed:
                self._thread = threading.Thread(target=self._work, name="graph layout", daemon=True)
                self._thread.start()
        if busy:
            self._process.cancel()
        return self._number

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
                number, request = self._next
                self._next = None
            layout = self._patiently(request)
            if layout is not None and not self._closed:
                self.laid_out.emit(number, layout)

    def _patiently(self, request: LayoutRequest) -> Layout | None:
        """The layout; None when nobody wants it any more. A cancel that was meant for the one before is not obeyed."""
        layout = None
        while layout is None and self._next is None and not self._closed:
            layout = self._process.lay_out(request)
        return layout
