"""Closes the engine off from the machine, before torch is imported. Where a part isn't supported the others still hold.

Must be called from the main thread before any other thread runs: Landlock binds threads, not processes. Reads can't be
widened later, so a caller who does not know the user's files yet gives `/` as readable: everything may then be read,
but nothing written outside, sent, or run.
"""

import contextlib
import os
import signal
import site
import sys
import sysconfig
import threading
from collections.abc import Sequence
from pathlib import Path

from inspector.engine.kernel import prctl
from inspector.engine.landlock import DEVICE, READ, WRITE, device_nodes, restrict_paths
from inspector.engine.seccomp import close_system_calls

_NO_NEW_PRIVILEGES, _PARENT_DEATH_SIGNAL = 38, 1
_MAX_FILE_BYTES = 2**31
_SYSTEM_PATHS = (
    *("/usr", "/lib", "/lib64", "/lib32", "/opt/rocm", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"),
    *("/etc/localtime", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/alternatives", "/etc/mime.types"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/version", "/proc/driver"),
    *("/proc/sys/vm", "/proc/sys/kernel/osrelease", "/sys/devices", "/sys/fs/cgroup", "/sys/bus/pci", "/sys/class"),
    *("/sys/kernel/mm", "/sys/module"),
)
_PLAIN_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def close_sandbox(
    readable: Sequence[str], writable: Sequence[str], *, memory_bytes: int | None = None
) -> tuple[str, ...]:
    """Close it: reads from Python, its libraries and `readable`, writes to `writable`, no network, no new programs.

    Returns:
        What holds on this machine, a few words each; () where nothing does.
    """
    holds = list(_limits(memory_bytes))
    if sys.platform != "linux":
        return tuple(holds)
    if prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL):
        holds.append("ends with the window")
    if not prctl(_NO_NEW_PRIVILEGES, 1):
        return tuple(holds)
    if _is_alone() and restrict_paths(_rules(readable, writable)):
        holds.append("writes only to a temporary folder" if writable else "writes nothing")
        if "/" not in readable:
            holds.append("reads only Python, libraries and chosen files")
    if close_system_calls():
        holds += ["no network", "no new programs", "no reach into other processes"]
    return tuple(holds)


def _rules(readable: Sequence[str], writable: Sequence[str]) -> list[tuple[str, int]]:
    rules = [(path, READ) for path in (*readable, *_SYSTEM_PATHS, *_python_paths())]
    rules += [(path, WRITE) for path in writable]
    return rules + [(path, DEVICE) for path in (*_PLAIN_DEVICES, *device_nodes())]


def _python_paths() -> list[str]:
    """Everything that Python and the installed packages are read from, editable ones too."""
    places = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *sysconfig.get_paths().values()]
    places += [*site.getsitepackages(), *(path for path in sys.path if path), str(Path(__file__).parents[2])]
    bundled = getattr(sys, "_MEIPASS", None)
    if isinstance(bundled, str):
        places += [bundled, str(Path(sys.executable).parent)]
    # A home folder, the root, or the folder that the app was started in may be on Python's path, and open too much.
    too_much = {"/", os.path.realpath(os.path.expanduser("~"))}  # noqa: PTH111 - Path.home() may raise
    with contextlib.suppress(OSError):  # the folder may have vanished
        too_much.add(os.path.realpath("."))
    own = str(Path(__file__).parents[2])
    real = dict.fromkeys(os.path.realpath(place) for place in places if Path(place).is_absolute())
    return [place for place in real if place == own or place not in too_much]


def _is_alone() -> bool:
    """Whether this is the only thread: others would stay outside Landlock."""
    try:
        return len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:
        return threading.active_count() == 1


def _limits(memory_bytes: int | None) -> list[str]:
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return []
    holds = []
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        holds.append("no core dumps")
    with contextlib.suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        limit = _MAX_FILE_BYTES if most == resource.RLIM_INFINITY else min(most, _MAX_FILE_BYTES)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        holds.append("no files over 2 GB")
    if memory_bytes is not None:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
            holds.append(f"at most {memory_bytes / 2**30:.0f} GB of memory")
    return holds
