"""Lends the engine the files that the user chose: it asks by name, and gets an open file, for reading, or a refusal.

The engine's sandbox lets it open nothing of the user's by itself. What may be lent is decided here, in a process that
runs nothing from a file.
"""

import contextlib
import errno
import os
import socket
import stat
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_LONGEST_NAME = 1 << 16
NOT_CHOSEN = 1 << 16  # no error of the system's: it may refuse a file that was chosen, too
_LENGTH = struct.Struct("<I")

# What belongs to a chosen file by lying beside it: the source of its classes, its settings, its other shards.
_SOURCES = (".py",)
_COMPANIONS = (".json", ".safetensors", ".bin", ".data", ".onnx_data")
# A link that leads out of a chosen folder is followed to these only: test folders are often made of links.
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".pnm")
_LINKED = (*_PICTURES, ".safetensors", ".bin", ".pt", ".pth", ".npy")
_TABLES = (".csv", ".tsv")


@dataclass(frozen=True)
class Chosen:
    """A file or folder that the user named, as it was named and where links lead to."""

    path: str
    real: str
    is_folder: bool

    @property
    def folder(self) -> str:
        """The chosen folder, or the one that the file lies in."""
        return self.path if self.is_folder else os.path.dirname(self.path)  # noqa: PTH120 - as named, links kept


def may_lend(path: str, chosen: Iterable[Chosen]) -> bool:
    """Whether this file or folder was chosen, or belongs to what was: never anything hidden, never another's link."""
    named, real = os.path.abspath(path), os.path.realpath(path)  # noqa: PTH100 - links are kept in the one
    return any(_lends(one, named, real) for one in chosen)


def _lends(one: Chosen, named: str, real: str) -> bool:
    if real in {one.real, os.path.realpath(one.folder)}:
        return True
    if one.is_folder:
        return (_within(real, one.real) and _is_open(real, one.real)) or _is_linked_from(one, named, real)
    if one.path.endswith(_TABLES) and real.lower().endswith(_PICTURES):
        return True  # the pictures of a table of labels lie where it says
    roots = {os.path.realpath(one.folder), import_root(one.real)}
    if any(_within(real, root) and _is_open(real, root) for root in roots):
        return real.endswith(_SOURCES) or _is_folder(real) or (_is_beside(real, one) and real.endswith(_COMPANIONS))
    return False


def _is_linked_from(one: Chosen, named: str, real: str) -> bool:
    """Whether a link in a chosen folder leads to a picture, to weights, or into a model cache's own store."""
    folder = Path(one.real)
    store = folder.parent.parent / "blobs" if folder.parent.name == "snapshots" else None
    inside = _within(named, one.path) or _within(named, one.real)
    return inside and (real.lower().endswith(_LINKED) or (store is not None and _within(real, str(store))))


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - never raises, as Path's own does for a name that is too long


def _within(path: str, folder: str) -> bool:
    return path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def _is_open(path: str, root: str) -> bool:
    """Whether nothing on the way from the root is hidden."""
    return not any(part.startswith(".") for part in Path(path).relative_to(root).parts)


def _is_beside(real: str, one: Chosen) -> bool:
    return os.path.dirname(real) in {os.path.dirname(one.real), os.path.realpath(one.folder)}  # noqa: PTH120


def import_root(path: str) -> str:
    """The folder that a source file is imported from: the first above it that is no package."""
    folder = Path(path).parent
    while os.path.isfile(folder / "__init__.py") and folder != folder.parent:  # noqa: PTH113 - see _is_folder
        folder = folder.parent
    return str(folder)


class Lender:
    """The window's end of the socket, and a thread that answers there until `close`."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._chosen: tuple[Chosen, ...] = ()
        self._thread = threading.Thread(target=self._answer, name="file-lender", daemon=True)
        self._thread.start()

    @property
    def fd(self) -> int:
        """The engine's end, to be passed to it."""
        return self._theirs.fileno()

    def lend(self, paths: Iterable[str]) -> None:
        """From now on these may be read, with what belongs to them, and nothing else."""
        named = dict.fromkeys(os.path.abspath(path) for path in paths if path)  # noqa: PTH100 - links are kept
        self._chosen = tuple(Chosen(path, os.path.realpath(path), _is_folder(path)) for path in named)

    def passed_on(self) -> None:
        """The engine has its end: ours of it is closed, so that either end notices when the other is gone."""
        self._theirs.close()

    def close(self) -> None:
        """End the thread; a file on a drive that hangs is not waited for."""
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=1.0)
        self._ours.close()
        self._theirs.close()

    def _answer(self) -> None:
        with contextlib.suppress(OSError):
            while (path := self._next_name()) is not None:
                self._hand_over(path)
            self._ours.shutdown(socket.SHUT_RDWR)  # whoever asks on is not left waiting

    def _next_name(self) -> str | None:
        head = self._receive(_LENGTH.size)
        if head is None:
            return None
        (length,) = _LENGTH.unpack(head)
        name = self._receive(length) if length <= _LONGEST_NAME else None
        return None if name is None else os.fsdecode(name)

    def _receive(self, count: int) -> bytes | None:
        data = b""
        while len(data) < count:
            piece = self._ours.recv(count - len(data))
            if not piece:
                return None
            data += piece
        return data

    def _hand_over(self, path: str) -> None:
        try:
            descriptor = self._open(path)
        except (OSError, ValueError) as error:
            number = error.errno if isinstance(error, OSError) else None
            self._ours.sendall(_LENGTH.pack(number or errno.EINVAL))
            return
        try:
            socket.send_fds(self._ours, [_LENGTH.pack(0)], [descriptor])
        finally:
            os.close(descriptor)

    def _open(self, path: str) -> int:
        if not may_lend(path, self._chosen):
            raise PermissionError(NOT_CHOSEN, "not chosen")
        # Not through a link, which could be changed between the look and the opening; nor waiting for a pipe's writer.
        real = os.path.realpath(path)
        descriptor = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW)
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            os.close(descriptor)
            raise PermissionError(NOT_CHOSEN, "neither a file nor a folder")
        return descriptor


def make_lender() -> Lender | None:
    """A lender, or None where open files can't be handed over (Windows); there the engine opens them itself."""
    return Lender() if hasattr(socket, "send_fds") and hasattr(os, "O_NOFOLLOW") else None
