"""What the sandbox does not stop on this machine, and why: the other half of what `close_sandbox` says."""

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from inspector.engine.landlock import landlock_version

# How what holds begins, what is so where it does not hold, and which part of the system it takes.
_PARTS = (
    ("writes", "Files can be written wherever you may write", "landlock"),
    ("reads only", "Files can be read wherever you may read", "landlock"),
    ("no network", "The network can be reached", "seccomp"),
    ("no new programs", "Other programs can be started", "seccomp"),
    ("no reach into other processes", "Other processes of yours can be reached", "seccomp"),
    ("ends with the window", "An engine that hangs may outlive a window that was killed", "prctl"),
    ("at most", "Memory is not limited", "memory"),
    ("no files over", "Files may grow until the disk is full", "rlimit"),
)
_SYSTEMS = {"darwin": "macOS", "win32": "Windows"}


def what_lacks(holds: Sequence[str], system: str = sys.platform) -> tuple[str, ...]:
    """A sentence for each part that does not hold; () where all do. `system` is Python's name of it."""
    missing = [(told, part) for start, told, part in _PARTS if not any(one.startswith(start) for one in holds)]
    found = [f"{told}: {_why(part, system)}." for told, part in missing]
    if any(one.startswith("writes") for one in holds) and 0 < landlock_version() < 3:
        found.append("A file can be emptied, though not written: that takes Landlock 3, which came with Linux 6.2.")
    return tuple(found)


def _why(part: str, system: str) -> str:
    if part == "memory" and system == "linux":
        cards = [card for card, node in (("NVIDIA", "/dev/nvidiactl"), ("AMD", "/dev/kfd")) if Path(node).exists()]
        if cards:
            return f"{cards[0]}'s driver reserves memory by the terabyte, and no limit can tell that from use"
        return "the system refused the limit"
    if part == "rlimit":
        return "this system has no such limit" if system == "win32" else "the system refused the limit"
    if system != "linux":
        name = _SYSTEMS.get(system, system)
        return f"this takes Linux's {_linux_name(part)}, and {name} lets no program bind itself like that"
    return _why_on_linux(part)


def _why_on_linux(part: str) -> str:
    release = platform.release()
    if part == "landlock":
        if landlock_version() < 1:
            return f"this kernel ({release}) has no Landlock, which came with Linux 5.13, or it is switched off"
        return "Landlock is there, but could not be used for this"
    if part == "seccomp":
        machine = platform.machine()
        if machine not in {"x86_64", "aarch64"}:
            return f"the filter is written for x86_64 and aarch64, and this is {machine}"
        return f"this kernel ({release}) or container takes no seccomp filter"
    return f"this kernel ({release}) refused it"


def _linux_name(part: str) -> str:
    return {"landlock": "Landlock", "seccomp": "seccomp", "prctl": "parent-death signal"}.get(part, "limits")
