"""An engine for one command: requests are sent, and their events handed on, one after another."""

import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from inspector.client.base import EngineEnded, EnginePrinted, Incoming, Reply
from inspector.client.process import ProcessEngine
from inspector.protocol.events import Event, RequestCancelled, RequestFailed, RequestFinished
from inspector.protocol.requests import AnyRequest

STOPPED = "It was stopped before there was an answer."

Answer = TypeVar("Answer", bound=Event)


class CommandError(Exception):
    """The command ends: what to say on stderr, and the exit status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def sentences(message: str, fix: str) -> str:
    """What happened and what mends it, in one line; torch's own messages end without a full stop."""
    stop = "" if not fix or message.endswith((".", "!", "?", "…", ":")) else "."
    return f"{message}{stop} {fix}".strip()


class CommandEngine:
    """A real engine, spoken with in turn. What models print goes to stderr."""

    def __init__(self, *, warm: bool, command: Sequence[str] | None = None) -> None:
        self._incoming: queue.SimpleQueue[Incoming] = queue.SimpleQueue()
        self._engine = ProcessEngine(command, warm=warm)
        self._engine.start(self._incoming.put)

    def lend(self, *paths: str) -> None:
        """Let it read these, which the command line names."""
        self._engine.lend(path for path in paths if path)

    def ask(self, request: AnyRequest) -> Iterator[Reply]:
        """Send, and yield each reply but the last.

        A keyboard interrupt cancels the request and waits for what was done so far.

        Raises:
            CommandError: the request failed, or the engine ended.
        """
        request_id = self._engine.send(request)
        with _interrupted(lambda: self._engine.cancel(request_id)):
            while True:
                incoming = self._incoming.get()
                match incoming:
                    case EnginePrinted(text=text):
                        sys.stderr.write(text)
                    case EngineEnded(sentence=sentence):
                        raise CommandError(sentence)
                    case Reply(id=answered, event=event) if answered == request_id:
                        if isinstance(event, RequestFinished | RequestCancelled):
                            return
                        if isinstance(event, RequestFailed):
                            raise CommandError(sentences(event.message, event.fix), 2 if event.wrong_use else 1)
                        yield incoming

    def answer(self, request: AnyRequest, kind: type[Answer]) -> Answer:
        """Send, and give the last event of this kind.

        Raises:
            CommandError: the request failed or was stopped, or the engine ended.
        """
        found = [reply.event for reply in self.ask(request) if isinstance(reply.event, kind)]
        if not found:
            raise CommandError(STOPPED)
        return found[-1]

    def close(self) -> None:
        """End the engine."""
        self._engine.close()


@contextmanager
def _interrupted(cancel: Callable[[], None]) -> Iterator[None]:
    """Ctrl+C cancels once, wherever the command is at that moment; the second time it ends the command."""
    if threading.current_thread() is not threading.main_thread():  # where signals can't be listened to
        yield
        return

    def first(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        cancel()

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def command_engine(*, warm: bool = True, command: Sequence[str] | None = None) -> Iterator[CommandEngine]:
    """An engine that ends with the block; `command` starts another than the usual one."""
    engine = CommandEngine(warm=warm, command=command)
    try:
        yield engine
    finally:
        engine.close()
