"""The engine's process: reads requests, works on one at a time, and sends events.

Torch is imported by a thread of its own, after the sandbox is closed; reading a file inertly needs no torch, and goes
on meanwhile. Frames go out on a copy of stdout; what models print lands on stderr, which the window keeps as a log.
"""

import importlib
import os
import queue
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, BinaryIO

from inspector.engine.array_writer import ArrayWriter
from inspector.engine.errors import Cancelled, EngineError, WrongUseError, said_by
from inspector.engine.formats import describe_file
from inspector.protocol.events import (
    AnyEvent,
    Device,
    EngineReady,
    EventFrame,
    FileDescribed,
    RequestCancelled,
    RequestFailed,
    RequestFinished,
)
from inspector.protocol.requests import (
    AnyRequest,
    ArraysRead,
    CancelRequest,
    DecodeImages,
    DescribeFile,
    LoadModel,
    PreviewInput,
    ReadCells,
    ReadMaps,
    RequestFrame,
)
from inspector.protocol.wire import read_request, write_frame

if TYPE_CHECKING:
    from inspector.engine.session import Session

# Answered between two steps of long work, so that pictures show while a folder is evaluated or a tensor measured.
QUICK_REQUESTS = (DecodeImages, PreviewInput, ReadCells, ReadMaps)


class Server:
    """One engine: a queue of requests, filled by a reading thread, emptied by the main thread."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO, arrays: ArrayWriter) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._arrays = arrays
        self._queue: queue.SimpleQueue[RequestFrame] = queue.SimpleQueue()
        self._waiting: list[RequestFrame] = []
        self._aside = False
        self._cancelled: set[int] = set()
        self._current = 0
        self._write_lock = threading.Lock()
        self._session: Session | None = None

    def announce(self, sandbox: tuple[str, ...], lacks: tuple[str, ...]) -> None:
        """Import torch and say what there is."""
        import torch  # noqa: PLC0415 - this is the slow import that runs beside the first requests

        importlib.import_module("inspector.engine.session")
        from inspector.engine.devices import list_devices  # noqa: PLC0415

        ready = EngineReady(
            torch_version=str(torch.__version__),  # a subclass of str, which frames refuse
            python_version=sys.version.split()[0],
            devices=tuple(Device(name=name, label=label) for name, label in list_devices()),
            sandbox=sandbox,
            sandbox_lacks=lacks,
        )
        self._send(0, ready)
        if not self._current:
            importlib.import_module("inspector.engine.shape_finder").warm_up()

    def read(self) -> None:
        """Take requests from the stream until it ends; the process ends with it."""
        while (frame := read_request(self._incoming)) is not None:
            match frame.body:
                case CancelRequest(request_id=request_id):
                    self._cancelled.add(request_id)
                case ArraysRead(total_bytes=total_bytes):
                    self._arrays.note_read(total_bytes)
                case _:
                    self._queue.put(frame)
        # The window has gone: nobody waits for an answer, and a forward under way must not live on.
        os._exit(0)

    def serve(self) -> None:
        """Work on requests for ever."""
        while True:
            self._answer(self._waiting.pop(0) if self._waiting else self._queue.get())

    def _answer(self, frame: RequestFrame) -> None:
        before, self._current = self._current, frame.id
        try:
            self._send(frame.id, self._ending(frame.body))
        finally:
            self._current = before
            self._cancelled.discard(frame.id)

    def _ending(self, request: AnyRequest) -> AnyEvent:
        started = time.perf_counter()
        try:
            self._between_steps()
            self._handle(request)
        except Cancelled:
            return RequestCancelled()
        except EngineError as error:
            return RequestFailed(
                message=error.message,
                fix=error.fix,
                traceback=_traceback(error),
                wrong_use=isinstance(error, WrongUseError),
            )
        except MemoryError as error:
            return RequestFailed(
                message="There was not enough memory for this.",
                fix="Try a smaller input or batch, or another device.",
                traceback=_traceback(error),
            )
        # Whatever a file or a model provokes, sys.exit included, is an answer; the engine goes on.
        except BaseException as error:  # noqa: BLE001
            return RequestFailed(
                message=f"{type(error).__name__}: {said_by(error)}",
                fix="This is a fault of the app; the traceback says where.",
                traceback=_traceback(error),
            )
        return RequestFinished(elapsed_s=time.perf_counter() - started)

    def _handle(self, request: AnyRequest) -> None:
        """What a file holds is told without torch; the rest is the session's, which needs it."""
        if isinstance(request, DescribeFile | LoadModel):
            description = describe_file(request.path)
            self._emit(FileDescribed(description=description))
            if isinstance(request, LoadModel):
                self._torch_session().load(request, description)
        else:
            self._torch_session().handle(request)

    def _torch_session(self) -> "Session":
        if self._session is None:
            from inspector.engine.session import Session  # noqa: PLC0415 - imports torch

            self._session = Session(self._emit, self._arrays.put, self._between_steps, self._is_awaited)
        return self._session

    def _between_steps(self) -> None:
        if self._current in self._cancelled:
            raise Cancelled
        if self._aside:
            return
        self._take_waiting()
        self._aside = True
        try:
            for frame in [frame for frame in self._waiting if isinstance(frame.body, QUICK_REQUESTS)]:
                self._waiting.remove(frame)
                self._answer(frame)
        finally:
            self._aside = False

    def _is_awaited(self) -> bool:
        """Whether what is left of the request in hand should give way; quick requests are not worth that."""
        self._take_waiting()
        waits = any(not isinstance(frame.body, QUICK_REQUESTS) for frame in self._waiting)
        return waits or self._current in self._cancelled

    def _take_waiting(self) -> None:
        while True:
            try:
                self._waiting.append(self._queue.get_nowait())
            except queue.Empty:
                return

    def _emit(self, event: AnyEvent) -> None:
        self._send(self._current, event)

    def _send(self, request_id: int, event: AnyEvent) -> None:
        # EngineReady (id 0) comes from another thread, and must not lay claim to arrays half written by this one.
        array_bytes = self._arrays.written_total if request_id else 0
        with self._write_lock:
            write_frame(self._outgoing, EventFrame(id=request_id, body=event, array_bytes=array_bytes))


def run_server(arrays: ArrayWriter, sandbox: tuple[str, ...], lacks: tuple[str, ...], *, warm: bool) -> None:
    """Serve on stdin and stdout until they end; with `warm`, torch is imported at once."""
    incoming, outgoing = _private_streams()
    server = Server(incoming, outgoing, arrays)
    threading.Thread(target=server.read, name="requests", daemon=True).start()
    if warm:
        threading.Thread(target=server.announce, args=(sandbox, lacks), name="import-torch", daemon=True).start()
    server.serve()


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Our own copies of stdin and stdout; what is left under their names is harmless to models that read or print."""
    incoming = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
    outgoing = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return incoming, outgoing


def _traceback(error: BaseException) -> str:
    text = "".join(traceback.format_exception(error))
    # Frames hold tensors: drop them with the error.
    traceback.clear_frames(error.__traceback__)
    error.__traceback__ = None
    return text
