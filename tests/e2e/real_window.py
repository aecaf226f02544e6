"""A real window process for tests: started, watched by its log, and spoken to by xdotool, as a person would."""

import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DEADLINE_S = 60.0
# From the end of a window to that of its processes: 2 s are promised, and a busy machine gives them their turn later.
GONE_WITHIN_S = 20.0
TITLE = "Model Inspector"


class RealWindow:
    """`python -m inspector --log FILES` on a screen. What it prints is read as it comes."""

    def __init__(self, environment: dict[str, str], *files: object) -> None:
        self.environment = environment
        self.process = subprocess.Popen(
            [sys.executable, "-m", "inspector", "--log", *map(str, files)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._read = 0
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._take_lines, name="window log")
        self._reader.start()

    def wait_for(self, words: str) -> str:
        """The next line that has these words; lines before it are done with."""
        deadline = time.monotonic() + DEADLINE_S
        with self._more:
            while True:
                for place in range(self._read, len(self.lines)):
                    if words in self.lines[place]:
                        self._read = place + 1
                        return self.lines[place]
                self._read = len(self.lines)
                if not self._reader.is_alive() or not self._more.wait(deadline - time.monotonic()):
                    raise AssertionError(f"the window never said {words!r}, but:\n{''.join(self.lines)}")

    def has_said(self, words: str) -> bool:
        """Whether a line that has these words came since the one last waited for."""
        with self._more:
            return any(words in line for line in self.lines[self._read :])

    def xdotool(self, *words: object) -> str:
        return xdotool(self.environment, *words)

    def find(self) -> str:
        """The id of the window on the screen, once it is there."""
        return self.xdotool("search", "--sync", "--onlyvisible", "--name", TITLE).split()[0]

    def press(self, keys: str) -> None:
        """Type these with the window in focus, which on a bare screen nobody else gives it."""
        self.xdotool("windowfocus", "--sync", self.find(), "key", "--clearmodifiers", keys)

    def middle_of(self, title: str) -> tuple[int, int]:
        """Where the middle of a window is on the screen, wherever its manager put it."""
        found = self.xdotool("search", "--sync", "--onlyvisible", "--name", title).split()[0]
        told = self.xdotool("getwindowgeometry", "--shell", found)
        place = {name: int(value) for name, value in (line.split("=") for line in told.splitlines())}
        return place["X"] + place["WIDTH"] // 2, place["Y"] + place["HEIGHT"] // 2

    def engine(self) -> int:
        """The process where the model runs."""
        (pid,) = [pid for pid in children_of(self.process.pid) if "inspector.engine" in command_of(pid)]
        return pid

    def end(self) -> None:
        """End it as `kill` does, and wait."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        if self.process.stderr is not None:
            self.process.stderr.close()

    def _take_lines(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._more:
                self.lines.append(line)
                self._more.notify_all()
        with self._more:
            self._more.notify_all()


def xdotool(environment: dict[str, str], *words: object) -> str:
    """What a person does with mouse and keys, on the screen of this environment.

    A search that meets a window just as it goes away fails; a person would look again.
    """
    command = ["xdotool", *map(str, words)]
    deadline = time.monotonic() + DEADLINE_S
    while True:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        if done.returncode == 0:
            return done.stdout.strip()
        assert words[0] == "search", f"xdotool {words}: {done.stderr}"
        assert time.monotonic() < deadline, f"xdotool {words}: {done.stderr}"


@contextmanager
def real_window(environment: dict[str, str], *files: object) -> Iterator[RealWindow]:
    """A window that is gone after the block, however the block ended."""
    window = RealWindow(environment, *files)
    try:
        yield window
    finally:
        window.end()


def trust(environment: dict[str, str], *files: Path) -> None:
    """As if the user had said `Always for this file`, in the settings of this environment."""
    settings = Path(environment["XDG_CONFIG_HOME"]) / "model-inspector" / "settings.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    trusted = {hashlib.sha256(file.read_bytes()).hexdigest(): file.name for file in files}
    settings.write_text(json.dumps({"trusted": trusted}))


def until(holds: Callable[[], object], what: str, within_s: float = DEADLINE_S) -> None:
    """Look until it holds; nothing can be waited for where another process changes the world."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        select.select([], [], [], 0.01)


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has just ended
            found += [int(child) for child in path.read_text().split()]
    return found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text(errors="replace")
    except OSError:  # between the two looks
        return True
