"""Landlock by system calls: which paths this process may read and write from now on. It can never be widened again.

It binds the calling thread and those that it starts, so it must be closed before torch starts its own.
"""

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from inspector.engine.kernel import call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_HANDLED = (1 << 13) - 1  # all of the first version
_HANDLED_SINCE = {2: _REFER, 3: _TRUNCATE, 5: _IOCTL_DEV}

READ = _READ_FILE | _READ_DIR
WRITE = READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER | _TRUNCATE
DEVICE = READ | _WRITE_FILE | _TRUNCATE | _IOCTL_DEV
_FOR_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


def landlock_version() -> int:
    """The kernel's version of Landlock, 0 where there is none."""
    return max(0, call(_CREATE_RULESET, None, 0, _VERSION_FLAG))


def restrict_paths(rules: Iterable[tuple[str, int]]) -> bool:
    """Allow nothing on files but what the rules say, no TCP, and no signal to a process outside.

    Paths that are not there are left out. Gives False where it could not be done; then nothing has changed.
    """
    version = landlock_version()
    if version < 1:
        return False
    handled = _HANDLED
    for since, bits in _HANDLED_SINCE.items():
        handled |= bits if version >= since else 0
    attributes = _Ruleset(handled, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = call(_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    if ruleset < 0:
        return False
    try:
        for path, access in rules:
            _allow(ruleset, path, access & handled)
        return call(_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _FOR_FILES  # the kernel refuses rights on entries for what is no folder
        rule = _PathBeneath(access, descriptor)
        call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def device_nodes() -> list[str]:
    """The nodes of graphics devices, which their drivers open and command."""
    folder = Path("/dev")
    found = [str(path) for path in folder.glob("nvidia*")]
    return [*found, *(str(folder / name) for name in ("kfd", "dri", "nvidia-caps", "accel"))]
