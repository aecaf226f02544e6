"""The one place where a thread is crossed: the engine speaks on threads of its own, the window listens on its own.

Must not know what the messages mean.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QObject, Qt, Signal

from inspector.client.base import Engine, EngineEnded, EnginePrinted, Incoming, Reply
from inspector.protocol.requests import AnyRequest, CancelRequest

EngineFactory = Callable[[], Engine]
LOG_CHARACTERS = 200_000
CANCEL_GRACE_S = 2.0


class EngineLink(QObject):
    """Owns the engine that is running, and starts another when that one has ended.

    Ids given by `send` keep growing over restarts, so that an answer of an engine that is gone can never be
    taken for an answer of the one that runs now. Signals arrive on the window's thread.
    """

    replied = Signal(object)  # Reply
    printed = Signal(str)
    ended = Signal(object)  # EngineEnded
    _crossed = Signal(int, object)

    def __init__(self, factory: EngineFactory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._factory = factory
        self._engine: Engine | None = None
        self._generation = 0
        self._first_id = 0
        self._last_id = 0
        self._lent: list[str] = []
        self._log = ""
        self._printed = ""  # and not yet told; under the lock, as the engine's threads add to it
        self._printed_lock = threading.Lock()
        self._crossed.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        """Whether an engine has been started and has not ended."""
        return self._engine is not None

    @property
    def log(self) -> str:
        """The tail of what this and former engines printed."""
        return self._log

    def start(self) -> None:
        """Start an engine; one that is running is closed first."""
        self.close()
        self._take_printed()
        self._generation += 1
        self._first_id = self._last_id
        generation = self._generation
        engine = self._factory()
        self._engine = engine
        engine.lend(self._lent)
        try:
            engine.start(lambda incoming: self._hear(generation, incoming))
        except OSError as error:
            self._crossed.emit(generation, EngineEnded(f"The engine could not be started: {error}.", ""))

    def lend(self, paths: Iterable[str], *, anew: bool = False) -> None:
        """Let this engine, and those that follow it, read what the user chose; `anew` when it is another model's turn.

        Only what a person named belongs here, never a path that an engine told.
        """
        paths = [path for path in paths if path]
        self._lent = paths if anew else [*self._lent, *(path for path in paths if path not in self._lent)]
        if self._engine is not None:
            self._engine.lend(self._lent, anew=True)

    def send(self, request: AnyRequest) -> int:
        """Send a request; gives the id of its answers, or 0 when no engine is running."""
        if self._engine is None:
            return 0
        self._last_id = self._first_id + self._engine.send(request)
        return self._last_id

    def cancel(self, request_id: int, grace_s: float = CANCEL_GRACE_S) -> None:
        """Ask a request of the running engine to stop; an older one is gone already."""
        if self._engine is not None and request_id > self._first_id:
            self._engine.cancel(request_id - self._first_id, grace_s)

    def give_up(self, request_id: int) -> None:
        """Nobody waits for these answers any more: the engine goes on between two steps, and is not killed for it."""
        if self._engine is not None and request_id > self._first_id:
            self._engine.send(CancelRequest(request_id=request_id - self._first_id))

    def close(self) -> None:
        """End the engine; nothing of it arrives any more."""
        engine, self._engine = self._engine, None
        self._generation += 1
        if engine is not None:
            engine.close()

    def _hear(self, generation: int, incoming: Incoming) -> None:
        """On the engine's threads. A model that prints for ever must not fill the window's queue: one waits there."""
        if not isinstance(incoming, EnginePrinted):
            self._crossed.emit(generation, incoming)
            return
        with self._printed_lock:
            told = bool(self._printed)
            self._printed = (self._printed + incoming.text)[-LOG_CHARACTERS:]
        if not told and incoming.text:
            self._crossed.emit(generation, EnginePrinted(""))

    def _take_printed(self) -> str:
        with self._printed_lock:
            text, self._printed = self._printed, ""
        return text

    def _take(self, generation: int, incoming: Incoming) -> None:
        if generation != self._generation:
            return
        match incoming:
            case Reply():
                window_id = incoming.id + self._first_id if incoming.id else 0
                self.replied.emit(replace(incoming, id=window_id))
            case EnginePrinted():
                printed = self._take_printed()
                self._log = (self._log + printed)[-LOG_CHARACTERS:]
                self.printed.emit(printed)
            case EngineEnded():
                engine, self._engine = self._engine, None
                self._generation += 1
                if engine is not None:
                    engine.close()  # its threads have said their last word; this waits for them
                self.ended.emit(incoming)
