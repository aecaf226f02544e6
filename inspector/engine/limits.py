"""How much memory and time a model may take: one that eats everything ends itself and not the desktop."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

# Of what is free when the engine starts; the rest is the desktop's, so that the kernel need not choose whom to kill.
SHARE = 0.85
LEAST_BYTES = 2 * 1024**3  # torch itself must find room, however full the machine is
# Address space that torch and its threads reserve without using it.
RESERVED_BYTES = 8 * 1024**3
# Groups of processes (containers) have limits of their own: the file of the limit, and that of what is used.
_GROUP_FILES = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


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


def limit_memory(asked_bytes: int = 0) -> str:
    """Limit this process to a share of the memory that is free, and offer it to the kernel first.

    What a process writes to counts (RLIMIT_DATA), not what it only reserves; the address space is limited too, for
    memory that is shared. Does nothing off Linux, or where an NVIDIA or AMD device is present, whose drivers reserve
    memory by the terabyte.

    Args:
        asked_bytes: a limit of one's own; 0 for the share.

    Returns:
        What holds, in a few words; "" where nothing does.
    """
    if sys.platform != "linux":
        return ""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("900")
    if Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists():
        return ""
    import resource  # noqa: PLC0415 - only where it exists

    limit = asked_bytes or max(int(free_bytes() * SHARE), LEAST_BYTES)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        resource.setrlimit(resource.RLIMIT_AS, (limit + RESERVED_BYTES,) * 2)
    except (OSError, ValueError):
        return ""
    return f"at most {limit / 1024**3:.1f} GB of memory"


def free_bytes() -> int:
    """How much memory new processes may take before others must give some up."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = 1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
    for limit, used in _GROUP_FILES:
        with contextlib.suppress(OSError, ValueError):  # "max" is no number: there is no limit
            free = min(free, int(Path(limit).read_text()) - int(Path(used).read_text()))
    return max(free, 0)
