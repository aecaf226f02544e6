"""Files that the sandbox keeps closed are borrowed from the window, which lends what the user chose.

`borrow_through` changes how this process opens files, for the libraries and the model's own code too: what the system
refuses to open for reading is asked for over the window's socket, and comes back as an open file. Must be installed
before other modules are imported, as some keep `open` under a name of their own.
"""

import builtins
import errno
import io
import os
import queue
import socket
import stat
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

_LENGTH = struct.Struct("<I")
_NOT_CHOSEN = 1 << 16  # what the window answers for a file that is not lent
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class NotChosenError(PermissionError):
    """The file is neither what the user chose nor belongs to it."""


_Answers = queue.SimpleQueue[int | BaseException]


class Borrower:
    """The engine's end of the socket; threads take turns.

    A limit of time interrupts the main thread anywhere, also between a question and its answer, which the next question
    would then get. So once `start` was called it has a thread ask for it, which nothing interrupts. A file that it then
    waits for no more stays open: one for each limit that was reached.
    """

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._lock = threading.Lock()
        self._asked: queue.SimpleQueue[tuple[bytes, _Answers] | None] | None = None

    def start(self) -> None:
        """Start the thread that asks for the main one; after the sandbox has closed, which wants no other thread."""
        self._asked = queue.SimpleQueue()
        threading.Thread(target=self._ask_on, args=(self._asked,), name="borrowing", daemon=True).start()

    def close(self) -> None:
        """Borrow no more."""
        if self._asked is not None:
            self._asked.put(None)
        self._socket.close()

    def borrow(self, path: str | bytes) -> int:
        """An open descriptor of the file or folder.

        Raises:
            NotChosenError: it is not lent.
            OSError: it can't be opened there either.
        """
        # The window stands in another folder than this process.
        name = os.fsencode(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - links are kept
        if self._asked is None or threading.current_thread() is not threading.main_thread():
            return self._ask(name)
        answers: _Answers = queue.SimpleQueue()
        self._asked.put((name, answers))
        answer = answers.get()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _ask_on(self, asked: "queue.SimpleQueue[tuple[bytes, _Answers] | None]") -> None:
        while (question := asked.get()) is not None:
            name, answers = question
            try:
                answers.put(self._ask(name))
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
                answers.put(error)

    def _ask(self, name: bytes) -> int:
        with self._lock:
            self._socket.sendall(_LENGTH.pack(len(name)) + name)
            answer, descriptors, _, _ = socket.recv_fds(self._socket, _LENGTH.size, 1)
        if descriptors:
            os.set_inheritable(descriptors[0], False)
            return int(descriptors[0])
        number = _LENGTH.unpack(answer)[0] if len(answer) == _LENGTH.size else errno.EIO
        if number == _NOT_CHOSEN:
            raise NotChosenError(
                errno.EACCES, "it lies outside the files and folders that were chosen", os.fsdecode(name)
            )
        raise OSError(number, os.strerror(number), os.fsdecode(name))


def borrow_through(fd: int) -> Borrower:
    """Borrow over this socket from now on whatever the sandbox refuses to open for reading."""
    borrower = Borrower(fd)
    borrow = borrower.borrow
    builtins.open = io.open = _opening(io.open, borrow)
    io.open_code = sys.modules["_io"].open_code = _opening_code(io.open_code, borrow)  # type: ignore[attr-defined]  # the import system's own
    os.open = _opening_descriptor(os.open, borrow)
    # The import system looks these up in the module that os is made from.
    system = sys.modules["posix"]
    names_of = os.listdir
    os.listdir = system.listdir = _listing_names(names_of, borrow)  # type: ignore[attr-defined]
    os.scandir = system.scandir = _scanning(os.scandir, names_of, borrow)  # type: ignore[attr-defined]
    return borrower


def _opening(plain: Callable[..., Any], borrow: Callable[[str | bytes], int]) -> Callable[..., Any]:
    def open(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:  # noqa: A001, ANN401 - stands in for open
        try:
            return plain(file, mode, *rest, **options)
        except PermissionError:
            if isinstance(file, int) or set(mode) & set("wax+") or options.get("opener") or len(rest) > 5:
                raise
            return plain(file, mode, *rest, **options, opener=lambda path, _flags: borrow(path))

    return open


def _opening_code(plain: Callable[..., Any], borrow: Callable[[str | bytes], int]) -> Callable[..., Any]:
    def open_code(path: str) -> Any:  # noqa: ANN401 - a binary stream
        try:
            return plain(path)
        except PermissionError:
            return os.fdopen(borrow(path), "rb")

    return open_code


def _opening_descriptor(plain: Callable[..., int], borrow: Callable[[str | bytes], int]) -> Callable[..., int]:
    def open(path: Any, flags: int, *rest: Any, **options: Any) -> int:  # noqa: A001, ANN401 - stands in for os.open
        try:
            return plain(path, flags, *rest, **options)
        except PermissionError:
            if flags & _WRITES or options.get("dir_fd") is not None:
                raise
            return borrow(os.fspath(path))

    return open


def _listing_names(plain: Callable[..., Any], borrow: Callable[[str | bytes], int]) -> Callable[..., Any]:
    def listdir(path: Any = ".") -> Any:  # noqa: ANN401 - as the system's own
        try:
            return plain(path)
        except PermissionError:
            if isinstance(path, int):
                raise
            return _names_in(borrow(os.fspath(path)), plain)

    return listdir


def _scanning(
    plain: Callable[..., Any], names_of: Callable[..., Any], borrow: Callable[[str | bytes], int]
) -> Callable[..., Any]:
    def scandir(path: Any = ".") -> Any:  # noqa: ANN401 - as the system's own
        try:
            return plain(path)
        except PermissionError:
            if isinstance(path, int):
                raise
            folder = os.fsdecode(os.fspath(path))
            return _Entries(folder, _names_in(borrow(folder), names_of))

    return scandir


def _names_in(descriptor: int, names_of: Callable[..., Any]) -> list[str]:
    try:
        names: list[str] = names_of(descriptor)
        return names
    finally:
        os.close(descriptor)


class _Entry:
    """An entry of a borrowed folder, with what an `os.DirEntry` has; the sandbox lets every file's kind be asked."""

    def __init__(self, folder: str, name: str) -> None:
        self.name = name
        self.path = os.path.join(folder, name)  # noqa: PTH118 - as the system's own: text

    def __fspath__(self) -> str:
        return self.path

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a folder; False where it is gone."""
        return self._is(stat.S_ISDIR, follow_symlinks=follow_symlinks)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a regular file; False where it is gone."""
        return self._is(stat.S_ISREG, follow_symlinks=follow_symlinks)

    def is_symlink(self) -> bool:
        """Whether it is a link."""
        return self._is(stat.S_ISLNK, follow_symlinks=False)

    def is_junction(self) -> bool:
        """Never, where files are lent."""
        return False

    def inode(self) -> int:
        """Its number on the drive."""
        return self.stat(follow_symlinks=False).st_ino

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """What the system says of it."""
        return os.stat(self.path, follow_symlinks=follow_symlinks)  # noqa: PTH116 - as the system's own

    def _is(self, kind: Callable[[int], bool], *, follow_symlinks: bool) -> bool:
        try:
            return kind(self.stat(follow_symlinks=follow_symlinks).st_mode)
        except OSError:
            return False


class _Entries:
    """What `os.scandir` gives: an iterator that is a context too."""

    def __init__(self, folder: str, names: list[str]) -> None:
        self._entries = (_Entry(folder, name) for name in names)

    def __iter__(self) -> "_Entries":
        return self

    def __next__(self) -> _Entry:
        return next(self._entries)

    def __enter__(self) -> "_Entries":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is held open."""
        self._entries.close()
