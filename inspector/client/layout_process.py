"""Layout in a small process of its own, kept warm: the layout library holds the GIL, may take long, and can abort.

Small pictures are laid out at once, without it; so is anything when the process can't start, dies or takes too long,
then by the plain way in Python.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO

import msgspec

from inspector.core.layout import Layout, LayoutRequest, lay_out, lay_out_plainly
from inspector.core.layout.compose import Memory
from inspector.core.layout.messages import decode_layout, encode
from inspector.core.layout.worker import LONGEST_FRAME, read_frame, write_frame

SMALL_PICTURE = 160  # boxes that are laid out in a few milliseconds right here
FEW_BOXES = 1_000  # that many are laid out with care in time, also without the process
MEMORY_LIMIT = 4_000  # containers remembered for the next layout
WORKER = (sys.executable, "-m", "inspector.core.layout.worker")


class LayoutProcess:
    """Lays out on the calling thread's time; one call at a time. `cancel` may come from any thread.

    `command` is what is started; `small` the number of boxes up to which no process is asked.
    """

    def __init__(
        self, command: Sequence[str] = WORKER, *, time_limit_s: float = 10.0, small: int = SMALL_PICTURE
    ) -> None:
        self._command = tuple(command)
        self._time_limit_s = time_limit_s
        self._small = small
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False
        self._closed = False
        self._memory: Memory = {}
        self.outcome = ""

    def lay_out(self, request: LayoutRequest, progress: Callable[[int], None] | None = None) -> Layout | None:
        """The layout; None when it was cancelled. `outcome` then says how: `here`, `process`, or why `plain`.

        `progress` is told how many percent are done, if it takes long.
        """
        with self._lock:
            self._cancelled = self._closed
        if len(request.box_parent) <= self._small:
            self.outcome = "here"
            return self._plain(request)
        try:
            layout = self._ask(request, progress)
        except (OSError, EOFError, ValueError, msgspec.DecodeError) as error:
            self.end()
            if self._cancelled:
                return None
            self.outcome = f"plain: {type(error).__name__}: {error}"
            return lay_out_plainly(request) if len(request.box_parent) > FEW_BOXES else self._plain(request)
        self.outcome = "process"
        return layout

    def cancel(self) -> None:
        """Stop what is under way, by ending the process; it is started again when it is next needed."""
        with self._lock:
            self._cancelled = True
        self.end()

    def close(self) -> None:
        """End for good."""
        self._closed = True
        self.cancel()

    def end(self) -> None:
        """End the process, and wait until it is gone."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _end(process)

    @property
    def pid(self) -> int | None:
        """The process that is kept warm, if one is."""
        with self._lock:
            return self._process.pid if self._process is not None else None

    def _plain(self, request: LayoutRequest) -> Layout:
        if len(self._memory) > MEMORY_LIMIT:
            self._memory.clear()
        return lay_out(request, memory=self._memory)

    def _ask(self, request: LayoutRequest, progress: Callable[[int], None] | None) -> Layout:
        process = self._started()
        clock = threading.Timer(self._time_limit_s, process.kill)
        clock.daemon = True
        clock.start()
        try:
            write_frame(_pipe(process.stdin), encode(request))
            answer = read_frame(_pipe(process.stdout), LONGEST_FRAME)
            while len(answer) == 1:
                if progress is not None:
                    progress(min(answer[0], 100))
                answer = read_frame(_pipe(process.stdout), LONGEST_FRAME)
            return decode_layout(answer)
        finally:
            clock.cancel()

    def _started(self) -> subprocess.Popen[bytes]:
        """The process, started where there is none."""
        with self._lock:
            if self._closed:
                raise EOFError("closed")
            if getattr(sys, "frozen", False) and self._command == WORKER:
                raise EOFError("a packaged app has no Python to start")
            if self._process is None or self._process.poll() is not None:
                if self._process is not None:
                    _end(self._process)
                self._process = subprocess.Popen(  # its own words: no shell
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                )
            return self._process


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise EOFError("the layout process has no pipe")
    return pipe


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what was still to be flushed has nobody to read it
                continue
