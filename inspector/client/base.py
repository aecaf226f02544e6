"""The seam to an engine: send a request, receive replies. Real processes and the fake engine both look like this."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inspector.protocol.base import ArrayRef
from inspector.protocol.events import AnyEvent
from inspector.protocol.requests import AnyRequest

PLAIN_DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)
_LARGEST = 2**62


def plain_dtype(name: str) -> np.dtype[np.generic]:
    """Numpy's dtype of that name: numbers alone, as objects would be pointers and other words raise whatever they like.

    Raises:
        ValueError: the name is of no type that arrays travel as.
    """
    if name not in PLAIN_DTYPES:
        raise ValueError(f"an array of {name} can't come from an engine")
    return np.dtype(name)


@dataclass(frozen=True)
class Reply:
    """An event, the id of the request that it answers, and the bytes of its arrays, copied out already."""

    id: int
    event: AnyEvent
    block: bytes = b""
    block_start: int = 0

    def array(self, ref: ArrayRef) -> NDArray[np.generic]:
        """The array that `ref` stands for; read-only.

        Raises:
            ValueError: the engine named bytes that it did not send.
        """
        dtype = plain_dtype(ref.dtype)
        if not all(0 <= size <= _LARGEST for size in ref.shape):
            raise ValueError("a size is no number that an array can have")
        count = math.prod(ref.shape)
        block, start = (ref.inline, 0) if ref.inline or count == 0 else (self.block, ref.offset - self.block_start)
        if start < 0:
            raise ValueError("the array lies before its message")
        if count * dtype.itemsize > len(block) - start:
            raise ValueError("the array is larger than the buffer that came")
        return np.frombuffer(block, dtype, count, start).reshape(ref.shape)


@dataclass(frozen=True)
class EngineEnded:
    """The engine's process is gone. `sentence` says how, for people; `log` is the tail of what it printed."""

    sentence: str
    log: str
    asked: bool = False


@dataclass(frozen=True)
class EnginePrinted:
    """Text that the model, or a library, printed."""

    text: str


Incoming = Reply | EngineEnded | EnginePrinted
Receiver = Callable[[Incoming], None]


class Engine(Protocol):
    """An engine that is running, or has ended.

    Replies arrive on a thread of the engine's own, never on the caller's.
    """

    def start(self, receive: Receiver) -> None:
        """Start it; everything it says goes to `receive`, until one EngineEnded, which is the last."""

    def lend(self, paths: Iterable[str], *, anew: bool = False) -> None:
        """Let it read these files and folders, which the user chose, and what belongs to them; `anew` only these.

        May be called before `start`.
        """

    def send(self, request: AnyRequest) -> int:
        """Send a request, and give the id that its replies will carry. Does nothing once the engine has ended."""

    def cancel(self, request_id: int, grace_s: float = 2.0) -> None:
        """Ask the request to stop; what has not stopped after the grace is killed with the process."""

    def close(self) -> None:
        """End it now, without grace, and wait until it is gone. May be called twice."""
