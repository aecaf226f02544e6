"""seccomp: system calls that this process gives up, as a small filter program. It can never be taken back.

What is refused answers with an error, so that a model's code fails with a sentence instead of taking the engine down.
"""

import ctypes
import errno
import os
import platform
import struct

from inspector.engine.kernel import call

_SET_FILTER, _ALL_THREADS = 1, 1
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_CLONE_THREAD = 0x00010000
_TERMINAL_TRICKS = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: typing into the terminal that started the app

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Programs and processes; the network; other processes' memory; the kernel's own settings; modes and owners of files,
# which Landlock does not cover.
_REFUSED = {
    "x86_64": (
        *(57, 58, 59, 322),  # fork, vfork, execve, execveat
        *(41, 42, 43, 46, 49, 50, 288, 307),  # socket, connect, accept, sendmsg, bind, listen, accept4, sendmmsg
        *(
            101,
            310,
            311,
            312,
            434,
            438,
            424,
            440,
            200,
            129,
            297,
        ),  # ptrace, process_vm_*, kcmp, pidfd_*, tkill …
        *(103, 135, 155, 161, 163, 164, 165, 166, 167, 168, 169, 175, 176, 179, 227, 246, 248, 249, 250, 272, 298, 300),
        *(304, 308, 313, 320, 321, 323, 428, 429, 430, 432, 442),
        *(90, 91, 92, 93, 94, 132, 188, 189, 190, 197, 198, 199, 235, 260, 261, 268, 280, 452, 463),
    ),
    "aarch64": (
        *(221, 281),
        *(198, 203, 202, 211, 200, 201, 242, 269),
        *(117, 270, 271, 272, 434, 438, 424, 440, 130, 138, 240),
        *(116, 92, 41, 51, 89, 170, 40, 39, 224, 225, 142, 105, 106, 60, 112, 104, 217, 218, 219, 97, 241, 262),
        *(265, 268, 273, 294, 280, 282, 428, 429, 430, 432, 442),
        *(52, 53, 54, 55, 5, 6, 7, 14, 15, 16, 88, 452, 463),
    ),
}
# io_uring reaches the network round the filter; without clone3 the C library falls back to clone, whose flags are seen.
_NOT_THERE = (425, 426, 427, 435)
_CLONE = {"x86_64": 56, "aarch64": 220}
_KILLS = {"x86_64": (62, 234), "aarch64": (129, 131)}  # kill, tgkill
_SEND_TO = {"x86_64": 44, "aarch64": 206}
_LIMITS = {"x86_64": 302, "aarch64": 261}  # prlimit64
_IOCTL = {"x86_64": 16, "aarch64": 29}
_SECCOMP = {"x86_64": 317, "aarch64": 277}


def close_system_calls() -> bool:
    """Give up all of the above, for every thread. False where it could not be done; then nothing has changed."""
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        return False
    program = _program(machine, os.getpid())
    lines = ctypes.create_string_buffer(b"".join(program), 8 * len(program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(lines)))
    return call(_SECCOMP[machine], _SET_FILTER, _ALL_THREADS, ctypes.byref(head)) == 0


def _program(machine: str, own_pid: int) -> list[bytes]:
    refuse, absent = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    program = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, _ARCHITECTURES[machine], 1, 0),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":  # the x32 numbers are the same calls by another name
        program += [_line(_AT_LEAST, 0x40000000, 0, 1), _line(_RETURN, refuse)]
    for number in _NOT_THERE:
        program += [_line(_EQUAL, number, 0, 1), _line(_RETURN, absent)]
    for number in _REFUSED[machine]:
        program += [_line(_EQUAL, number, 0, 1), _line(_RETURN, refuse)]
    program += _when(_CLONE[machine], [(_ARGUMENTS, _ANY_BIT, (_CLONE_THREAD,))], refuse)
    for number in _KILLS[machine]:
        program += _when(number, [(_ARGUMENTS, _EQUAL, (own_pid,))], refuse)
    program += _when(_LIMITS[machine], [(_ARGUMENTS, _EQUAL, (0, own_pid))], refuse)
    # sendto without an address (its fifth argument) is plain send on a socketpair.
    program += _when(_SEND_TO[machine], [(_ARGUMENTS + 32, _EQUAL, (0,)), (_ARGUMENTS + 36, _EQUAL, (0,))], refuse)
    program += _unless(_IOCTL[machine], _ARGUMENTS + 8, _TERMINAL_TRICKS, refuse)
    return [*program, _line(_RETURN, _ALLOW)]


def _when(number: int, tests: list[tuple[int, int, tuple[int, ...]]], refusal: int) -> list[bytes]:
    """Allow the call only when every argument at a place passes for one of its values."""
    body: list[bytes] = []
    for place, test, values in tests:
        body.append(_line(_LOAD, place))
        for left, value in zip(range(len(values), 0, -1), values, strict=True):
            body.append(_line(test, value, left, 0))  # passed: over the other values and the refusal
        body.append(_line(_RETURN, refusal))
    body.append(_line(_RETURN, _ALLOW))
    return [_line(_EQUAL, number, 0, len(body)), *body]


def _unless(number: int, place: int, values: tuple[int, ...], refusal: int) -> list[bytes]:
    """Refuse the call when the argument at a place is one of the values."""
    body = [_line(_LOAD, place)]
    for value in values:
        body += [_line(_EQUAL, value, 0, 1), _line(_RETURN, refusal)]
    body.append(_line(_RETURN, _ALLOW))
    return [_line(_EQUAL, number, 0, len(body)), *body]


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
