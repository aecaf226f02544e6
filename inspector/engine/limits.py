"""How much memory the engine may take, so that a model that eats everything ends itself and not the desktop."""

import contextlib
import os
import sys
from pathlib import Path

# Beside the machine's memory: the address space that torch and its threads reserve without using it.
RESERVED_BYTES = 6 * 1024**3
SHARE = 0.85


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
