"""How much memory and time a model may take: one that eats everything ends itself and not the desktop."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

# Beside the machine's memory: the address space that torch and its threads reserve without using it.
RESERVED_BYTES = 6 * 1024**3
SHARE = 0.85


class TimeUp(BaseException):
    """The block took longer than it may."""


@contextmanager
def time_limited(seconds: float) -> Iterator[None]:
    """Raise TimeUp in this block once it has taken so long; Python code alone, native code is let finish first.

    Does nothing where there are no timer signals (Windows). Call it from the main thread.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def limit_memory() -> None:
    """Limit the address space to a share of the machine's memory, and offer this process to the kernel first.

    Does nothing where an NVIDIA or AMD device is present (their drivers reserve address space by the terabyte),
    or off Linux.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("900")
    if Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists():
        return
    import resource  # noqa: PLC0415 - only where it exists

    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = int(total * SHARE) + RESERVED_BYTES
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
