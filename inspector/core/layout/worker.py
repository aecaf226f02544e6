"""The layout process: requests come in on stdin and layouts go out on stdout, as length-prefixed MessagePack.

Before a layout come frames of one byte: how many percent are done.
It knows no torch and no Qt. It ends when its stdin does, in the midst of a layout too, so it never outlives the window.
"""

import gc
import os
import select
import struct
import sys
import threading
import time
from collections.abc import Sequence
from typing import IO

from inspector.core.layout.compose import Memory, lay_out
from inspector.core.layout.messages import decode_request, encode
from inspector.core.layout.order import Link, Ranks, fast_sugiyama_order

LONGEST_FRAME = 512 * 1024 * 1024
MOST_LINKS = 1_000  # fast-sugiyama takes a second for these; barycentres alone serve beyond
MEMORY_LIMIT = 20_000
TELL_EVERY_S = 0.05


def read_frame(stream: IO[bytes], longest: int = LONGEST_FRAME) -> bytes:
    """One message.

    Raises:
        EOFError: the other side is gone.
        ValueError: it is longer than any layout.
    """
    (length,) = struct.unpack("<Q", _exactly(stream, 8))
    if length > longest:
        raise ValueError(f"a frame of {length} bytes")
    return _exactly(stream, length)


def write_frame(stream: IO[bytes], payload: bytes) -> None:
    """Send one message."""
    stream.write(struct.pack("<Q", len(payload)))
    stream.write(payload)
    stream.flush()


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the requests end."""
    memory: Memory = {}
    gc.disable()  # a layout makes a million small tuples and no cycle: collecting takes a fifth of its time
    while True:
        try:
            payload = read_frame(requests)
        except EOFError:
            return
        if len(memory) > MEMORY_LIMIT:
            memory.clear()
        told = _Told(answers)
        write_frame(
            answers, encode(lay_out(decode_request(payload), better=_better, memory=memory, progress=told.tell))
        )


class _Told:
    """Tells each whole percent once, and not more often than every TELL_EVERY_S."""

    def __init__(self, answers: IO[bytes]) -> None:
        self._answers = answers
        self._next_s = time.monotonic() + TELL_EVERY_S

    def tell(self, share: float) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + TELL_EVERY_S
            write_frame(self._answers, bytes([min(round(100 * share), 100)]))


def end_when_hung_up(descriptor: int) -> None:
    """End this process as soon as the other end of a pipe is closed, whatever it is at; nothing is read from the pipe.

    Where there is no poll (Windows) a layout that is under way comes to its end first.
    """
    if not hasattr(select, "poll"):
        return
    watched = select.poll()
    watched.register(descriptor, 0)  # a hang-up is told without being asked for

    def wait() -> None:
        watched.poll()
        os._exit(0)

    threading.Thread(target=wait, name="hang-up", daemon=True).start()


def _better(ranks: Ranks, links: Sequence[Link]) -> Ranks:
    return fast_sugiyama_order(ranks, links) if len(links) <= MOST_LINKS else ranks


def _exactly(stream: IO[bytes], length: int) -> bytes:
    payload = stream.read(length)
    if len(payload) < length:
        raise EOFError("the other side is gone")
    return payload


if __name__ == "__main__":
    end_when_hung_up(sys.stdin.fileno())
    serve(sys.stdin.buffer, sys.stdout.buffer)
