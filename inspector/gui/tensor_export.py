"""Writes the tensor that is looked into as a `.npy` file: pieces are asked for, and written by a thread of its own.

The engine may write nowhere but into its own folder, so the window writes. A file with another name takes the pieces,
and gets the name that was asked for when it is whole.
"""

import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal

from inspector.gui.state import Saving
from inspector.protocol.events import TensorFetched
from inspector.protocol.requests import ReadRow

PIECE_BYTES = 8 * 1024 * 1024


def _new_file(path: Path) -> BinaryIO:
    return path.open("xb")


class TensorExport(QObject):
    """One file under way.

    Signals:
        row_requested: a ReadRow, the next piece.
        changed: a Saving, how far it is.
    """

    row_requested = Signal(object)
    changed = Signal(object)
    _written = Signal(int)
    _failed = Signal(str)

    def __init__(
        self,
        fetched: TensorFetched,
        path: str,
        parent: QObject | None = None,
        open_file: Callable[[Path], BinaryIO] = _new_file,
    ) -> None:
        super().__init__(parent)
        self._open_file = open_file
        self._fetched = fetched
        self._path = Path(path)
        self._dtype = np.dtype(fetched.array_dtype)
        self._count = int(np.prod(fetched.shape, dtype=np.int64))
        self._next = 0
        self._over = False
        self._pieces: queue.SimpleQueue[NDArray[np.generic] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="tensor-export", daemon=True)
        self._written.connect(self._go_on, Qt.ConnectionType.QueuedConnection)
        self._failed.connect(self._fail, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        if self._count:
            self._go_on(0)

    def take(self, start: int, values: NDArray[np.generic]) -> None:
        """The piece that was asked for."""
        if self._over or start != self._next:
            return
        if values.dtype != self._dtype or not values.size:
            self._fail("The engine sent something else than this tensor's values.")
            return
        self._next += values.size
        self._pieces.put(values)

    def cancel(self) -> None:
        """Stop, and remove what was written; returns when that is done."""
        self._over = True
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()

    def _go_on(self, written: int) -> None:
        if self._over:
            return
        total = self._count * self._dtype.itemsize
        done = self._over = written >= self._count
        self.changed.emit(Saving(str(self._path), written * self._dtype.itemsize, total, done=done))
        if not done:
            count = min(PIECE_BYTES // self._dtype.itemsize, self._count - written)
            self.row_requested.emit(ReadRow(place=self._fetched.place, start=written, count=count))

    def fail(self, sentence: str) -> None:
        """No more pieces come."""
        self._fail(sentence)

    def _fail(self, sentence: str) -> None:
        if not self._over:
            self.cancel()
            self.changed.emit(Saving(str(self._path), problem=sentence))

    def _write(self) -> None:
        """On the thread."""
        try:
            self._write_file()
        except OSError as error:
            why = error.strerror or str(error)
            self._failed.emit(f"{self._path.name} could not be written: {why}.")

    def _write_file(self) -> None:
        unfinished = self._path.with_name(f".{os.getpid()}-{threading.get_ident()}.npy.part")
        try:
            with self._open_file(unfinished) as file:
                whole = self._write_pieces(file)
            if whole:
                unfinished.replace(self._path)
                self._written.emit(self._count)
        finally:
            unfinished.unlink(missing_ok=True)

    def _write_pieces(self, file: BinaryIO) -> bool:
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": self._fetched.shape}
        np.lib.format.write_array_header_1_0(file, header)
        written = 0
        while written < self._count:
            piece = self._pieces.get()
            if piece is None:
                return False
            file.write(np.ascontiguousarray(piece).data)
            written += piece.size
            if written < self._count:
                self._written.emit(written)
        return True
