"""Writes a file on a thread of its own, so that a picture of any size leaves the window free."""

import contextlib
import threading
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from inspector.gui.graph_view.drawing import Cancelled

Tick = Callable[[], None]
TOLD_EVERY = 64
YIELD_EVERY = 8


class ExportWork(QObject):
    """One job at a time.

    Signals:
        progressed: how many steps are done.
        finished: a remark, or nothing.
        failed: why it could not be written; empty when it was cancelled.
    """

    progressed = Signal(int)
    finished = Signal(str)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()

    @property
    def runs(self) -> bool:
        """Whether something is being written."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, job: Callable[[Tick], str]) -> None:
        """Do the job; it calls what it is given at every step."""
        self._cancelled = threading.Event()
        arguments = (job, self._cancelled)
        self._thread = threading.Thread(target=self._work, args=arguments, name="graph export", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop at the next step, and tell `failed` then; the file stays as it was."""
        self._cancelled.set()

    def _work(self, job: Callable[[Tick], str], cancelled: threading.Event) -> None:
        done = 0

        def tick() -> None:
            nonlocal done
            done += 1
            if cancelled.is_set():
                raise Cancelled
            if done % YIELD_EVERY == 0:
                time.sleep(0)  # painting is Python: let the window have its turn
            if done % TOLD_EVERY == 0:
                self.progressed.emit(done)

        with contextlib.suppress(RuntimeError):  # the window is gone: nobody is to be told
            self._do(job, tick)

    def _do(self, job: Callable[[Tick], str], tick: Tick) -> None:
        try:
            remark = job(tick)
        except Cancelled:
            self.failed.emit("")
        except Exception as error:  # noqa: BLE001 - whatever it was, the dialog must not wait for ever
            self.failed.emit(getattr(error, "strerror", None) or str(error) or type(error).__name__)
        else:
            self.finished.emit(remark)
