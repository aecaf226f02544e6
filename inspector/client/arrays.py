"""The shared memory through which arrays come from the engine: a ring that the window makes and seals.

Sealed against shrinking, so that an engine gone wild can't crash the window by cutting it short (SIGBUS).
Where the system has no memfd, `make_ring` gives None and arrays travel inside their frames.
"""

import mmap
import os
import sys

# Sparse: only pages that arrays have touched take memory.
RING_BYTES = 256 * 1024 * 1024


class Ring:
    """The window's side of the ring.

    Positions are running byte counts; a place in memory is the count modulo the size.
    """

    def __init__(self, fd: int, size: int) -> None:
        self.fd = fd
        self.size = size
        self.read_total = 0
        self._memory = mmap.mmap(fd, size, prot=mmap.PROT_READ)

    def read_up_to(self, total: int) -> bytes:
        """Copy out what was written since the last read, up to the running count `total`.

        Raises:
            ValueError: the engine claims more than the ring can hold.
        """
        count = total - self.read_total
        if not 0 <= count <= self.size:
            raise ValueError(f"{count} bytes of arrays can't be in a ring of {self.size}")
        start = self.read_total % self.size
        first = self._memory[start : min(start + count, self.size)]
        self.read_total = total
        return first + self._memory[: count - len(first)]

    def close(self) -> None:
        """Give the memory back; the engine's mapping of it lives until the engine ends."""
        self._memory.close()
        os.close(self.fd)


def make_ring(size: int = RING_BYTES) -> Ring | None:
    """A sealed ring, or None where the system has none; arrays then go in the messages."""
    if sys.platform != "linux":
        return None
    import fcntl  # noqa: PLC0415 - only where it exists

    try:
        fd = os.memfd_create("inspector-arrays", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:
        return None
    try:
        os.ftruncate(fd, size)
    except OSError:  # a limit on the size of files counts for memory too
        os.close(fd)
        return None
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return Ring(fd, size)
