"""A file or folder opened for looking: bounded reads at known places, and plain sentences when it can't be read."""

import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from inspector.engine.borrowing import NotChosenError
from inspector.engine.errors import EngineError

MAX_READ_BYTES = 128 * 2**20


class Refused(Exception):  # noqa: N818 - a judgement about a file, not a fault
    """A file that is malformed or hostile; the text is a sentence for people."""


class Source:
    """An open regular file, or a folder. Sizes inside files lie, so every read is bounded."""

    def __init__(self, path: str, size_bytes: int, descriptor: int | None) -> None:
        self.path = path
        self.size_bytes = size_bytes
        self._descriptor = descriptor
        self.parsed: dict[str, object] = {}  # what one format has parsed for the next to use

    @property
    def is_folder(self) -> bool:
        """Whether this is a folder; its reads are empty."""
        return self._descriptor is None

    def read_at(self, offset: int, length: int) -> bytes:
        """The bytes at `offset`, fewer at the end of the file; none for a folder or a place outside.

        Raises:
            Refused: more is asked than is ever sensible.
        """
        if self._descriptor is None or offset < 0 or length <= 0 or offset >= self.size_bytes:
            return b""
        if length > MAX_READ_BYTES:
            raise Refused(f"It declares a part of {length:,} bytes where at most {MAX_READ_BYTES:,} are read.")
        length = min(length, self.size_bytes - offset)
        return (
            os.pread(self._descriptor, length, offset) if hasattr(os, "pread") else self._seek_and_read(offset, length)
        )

    def mapped(self) -> mmap.mmap:
        """The very file that is open, as memory; writing to it does not change the file."""
        assert self._descriptor is not None
        return mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_COPY)

    def _seek_and_read(self, offset: int, length: int) -> bytes:
        assert self._descriptor is not None
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        return os.read(self._descriptor, length)

    def close(self) -> None:
        """Close it; may be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class HeldSource(Source):
    """A file's bytes in memory: what is described is what was hashed, whatever happens to the file meanwhile."""

    def __init__(self, path: str, data: bytes) -> None:
        super().__init__(path, len(data), None)
        self._data = data

    @property
    def is_folder(self) -> bool:
        """It is a file."""
        return False

    def read_at(self, offset: int, length: int) -> bytes:
        """The bytes at `offset`, fewer at the end.

        Raises:
            Refused: more is asked than is ever sensible.
        """
        if length > MAX_READ_BYTES:
            raise Refused(f"It declares a part of {length:,} bytes where at most {MAX_READ_BYTES:,} are read.")
        return self._data[offset : offset + length] if offset >= 0 and length > 0 else b""


class Window:
    """A part of a source as a stream; `read` never allocates more than is left, whatever it is asked for."""

    def __init__(self, source: Source, start: int, limit: int, chunk: int = 2**16) -> None:
        self._source = source
        self._next = start
        self._end = min(start + limit, source.size_bytes)
        self._chunk = chunk
        self._buffer = b""
        self._place = 0

    @property
    def position(self) -> int:
        """The offset in the source of the next byte."""
        return self._next - (len(self._buffer) - self._place)

    def read(self, length: int) -> bytes:
        """The next bytes; fewer at the end of the window."""
        end = self._place + length
        if end > len(self._buffer):
            self._fill(length)
            end = self._place + length
        part = self._buffer[self._place : end]
        self._place += len(part)
        return part

    def readline(self) -> bytes:
        """The next line with its end, or what is left; lines are bounded."""
        found = self._buffer.find(b"\n", self._place)
        while found < 0 and self._next < self._end and len(self._buffer) - self._place < 2**20:
            self._fill(len(self._buffer) - self._place + self._chunk)
            found = self._buffer.find(b"\n", self._place)
        return self.read((found + 1 if found >= 0 else len(self._buffer)) - self._place)

    def _fill(self, wanted: int) -> None:
        left = self._buffer[self._place :]
        missing = min(max(wanted - len(left), self._chunk), self._end - self._next)
        more = self._source.read_at(self._next, missing)
        self._next += len(more)
        self._buffer = left + more
        self._place = 0


@contextmanager
def open_source(path: str) -> Iterator[Source]:
    """Open a file or folder for looking.

    Raises:
        EngineError: it is not there, or can't be read.
    """
    try:
        source = _open(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    try:
        with source:
            yield source
    except OSError as error:
        raise unreadable(path, error) from None


def _open(path: str) -> Source:
    about = Path(path).stat()
    if stat.S_ISDIR(about.st_mode):
        next(Path(path).iterdir(), None)
        return Source(path, 0, None)
    descriptor = _open_regular(path)
    return Source(path, os.fstat(descriptor).st_size, descriptor)


def _open_regular(path: str) -> int:
    """A descriptor of a regular file: a pipe nobody may write to, and of a device there is no end."""
    _check_regular(path, Path(path).stat())
    # Not blocking: between the two calls the name may have become a pipe.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags)
    try:
        _check_regular(path, os.fstat(descriptor))
    except EngineError:
        os.close(descriptor)
        raise
    return descriptor


def _check_regular(path: str, about: os.stat_result) -> None:
    if stat.S_ISDIR(about.st_mode):
        raise EngineError(f"{_short(path)} is a folder, not a file.", "Choose a file.")
    if not stat.S_ISREG(about.st_mode):
        raise EngineError(f"{_short(path)} is a device or a pipe, not a file.", "Choose a regular file.")


def open_regular(path: str) -> IO[bytes]:
    """A regular file as a stream.

    Raises:
        EngineError: it is not there, can't be read, or is no regular file.
    """
    try:
        return os.fdopen(_open_regular(path), "rb")
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def read_whole(path: str, limit: int) -> bytes:
    """All bytes of a regular file.

    Raises:
        EngineError: it is not there, can't be read, is no regular file, or larger than `limit`.
    """
    try:
        with open_regular(path) as stream:
            data = stream.read(min(os.fstat(stream.fileno()).st_size, limit) + 1)  # which takes its room at once
    except OSError as error:
        raise unreadable(path, error) from None
    if len(data) > limit:
        raise EngineError(f"{_short(path)} is larger than {limit:,} bytes, where at most that many are read.")
    return data


def unreadable(path: str, error: OSError | ValueError) -> EngineError:
    """The error of the operating system, as a sentence."""
    name = _short(path)
    match error:
        case FileNotFoundError():
            return EngineError(
                f"There is no file {name}.", "Check the name; it may have been moved or its drive removed."
            )
        case NotChosenError():
            return EngineError(
                f"{name} lies outside what was chosen, and the sandbox keeps everything else closed.",
                "Choose it, or its folder, too.",
            )
        case PermissionError():
            return EngineError(f"{name} may not be read by this user.", "Change its permissions, or copy it.")
        case OSError() if error.strerror:
            return EngineError(f"{name} could not be read: {error.strerror}.", "Check the drive, or copy the file.")
        case _:
            return EngineError(f"{name} is not a name that a file can have.", "Check the name.")


def _short(path: str) -> str:
    text = path.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= 200 else f"{text[:90]}…{text[-90:]}"
