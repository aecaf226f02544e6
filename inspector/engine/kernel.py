"""Linux system calls that Python has no function for."""

import ctypes
import platform
import sys


def call(number: int, *arguments: object) -> int:
    """Do a system call by its number; -1 where it fails or there is no Linux."""
    if sys.platform != "linux":
        return -1
    try:
        function = ctypes.CDLL(None, use_errno=True).syscall
    except (OSError, AttributeError):
        return -1
    function.restype = ctypes.c_long
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(function(ctypes.c_long(number), *given))


def prctl(option: int, value: int) -> bool:
    """Set a property of this process; False where that fails."""
    number = {"x86_64": 157, "aarch64": 167}.get(platform.machine())
    return number is not None and call(number, option, value, 0, 0, 0) == 0
