"""The engine's side of the shared memory for arrays (see client/arrays.py)."""

import mmap
import threading

import numpy as np
from numpy.typing import NDArray

from inspector.protocol.base import ArrayRef

# Below this a frame carries the bytes as cheaply as the ring does.
INLINE_BYTES = 4096


class ArrayWriter:
    """Puts arrays beside the messages. `written_total` is the running count that the next frame must carry."""

    def __init__(self, fd: int | None, size: int) -> None:
        self._memory = mmap.mmap(fd, size) if fd is not None else None
        self._size = size
        self.written_total = 0
        self._read_total = 0
        self._lock = threading.Lock()

    def note_read(self, total: int) -> None:
        """The window has copied everything up to the running count `total`."""
        with self._lock:
            self._read_total = max(self._read_total, total)

    def put(self, array: NDArray[np.generic]) -> ArrayRef:
        """Place a copy of `array` where the window finds it; inside the message when it is small or the ring is full.

        Raises:
            TypeError: the array holds objects.
        """
        if array.dtype.hasobject:
            raise TypeError("arrays of objects don't travel")
        size_bytes = array.nbytes
        if self._memory is None or size_bytes < INLINE_BYTES or size_bytes > self._free():
            return ArrayRef(shape=array.shape, dtype=array.dtype.name, inline=array.tobytes())
        offset = self.written_total
        start = offset % self._size
        first = min(size_bytes, self._size - start)
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        ring = np.frombuffer(self._memory, np.uint8)
        ring[start : start + first] = flat[:first]
        ring[: size_bytes - first] = flat[first:]
        self.written_total += size_bytes
        return ArrayRef(shape=array.shape, dtype=array.dtype.name, offset=offset)

    def _free(self) -> int:
        with self._lock:
            return self._size - (self.written_total - self._read_total)
