"""Tells when a model's files changed on disk, once they are quiet again; must not know what they hold.

Qt's watcher tells at once where the system does; a slow look besides finds what it misses (network drives, files
replaced by renaming). Files are looked at on a thread of their own, as a drive that hangs must not hang the window.
"""

import json
import os
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from queue import SimpleQueue

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, QTimer, Signal

QUIET_MS = 400  # size and time of change must stay the same so long: a file is often written in pieces
POLL_MS = 3000
MAX_FILES = 200
MAX_INDEX_BYTES = 16_000_000
MAX_SOURCE_BYTES = 1_000_000
MAX_DEPTH = 8  # of a module's dotted name
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<dots>\.*)(?P<module>[\w.]*)[ \t]+import[ \t]*(?P<members>\([^)]*\)|[^\n;]+)"
    r"|import[ \t]+(?P<plain>[\w., \t]+))",
    re.MULTILINE,
)
_PARTS = (".safetensors", ".bin", ".json", ".pt", ".pth", ".py", ".model", ".txt")

NEW = (-1, -1, -1)  # how a file was is not known yet
# Per path: size, time of change (ns), inode; None while there is no such file.
Look = dict[str, tuple[int, int, int] | None]


# Watches whose threads are told to end, but may not have: the last to let go of one must not be its thread, which would
# destroy Qt's watcher where it does not live, and the memory with it.
_ending: list[tuple[threading.Thread, "FileWatch"]] = []


class FileWatch(QObject):
    """Watches one model's files.

    Signals:
        changed: the paths of those that are other than when they were opened, told once for each change.
    """

    changed = Signal(object)
    _looked = Signal(int, object)

    def __init__(self, parent: QObject | None = None, *, quiet_ms: int = QUIET_MS, poll_ms: int = POLL_MS) -> None:
        super().__init__(parent)
        self._generation = 0
        self._known: Look | None = None
        self._last: Look = {}
        self._roots: tuple[str, ...] = ()
        self._looking = False
        self._quiet = _timer(self, quiet_ms, self._look, single=True)
        self._poll = _timer(self, poll_ms, self._look, single=False)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.fileChanged.connect(self._stirred)
        self._watcher.directoryChanged.connect(self._stirred)
        self._looked.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._asked: SimpleQueue[tuple[int, tuple[str, ...]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def watching(self) -> bool:
        """Whether it is known how the files were, so that a change can be told."""
        return self._known is not None

    def begin(self, *roots: str) -> None:
        """Watch these files from how they are now; those of before are forgotten."""
        self._generation += 1
        self._roots = tuple(root for root in roots if root)
        self._known, self._last, self._looking = None, {}, False
        self._quiet.stop()
        self._poll.start()
        self._look()

    def also(self, root: str) -> None:
        """Watch one more file, known from now on: the source that was found beside the weights."""
        if root and root not in self._roots:
            self._roots = (*self._roots, root)
            if self._known is not None:
                self._known = {**self._known, root: NEW}
            self._look()

    def end(self) -> None:
        """Stop watching, and end the thread."""
        self._generation += 1
        self._roots = ()
        self._quiet.stop()
        self._poll.stop()
        if self._thread is not None:
            self._asked.put(None)
            _ending[:] = [(thread, watch) for thread, watch in _ending if thread.is_alive()]
            _ending.append((self._thread, self))
            self._thread = None

    def _stirred(self) -> None:
        if not self._quiet.isActive():
            self._quiet.start()

    def _look(self) -> None:
        if self._looking or not self._roots:
            return
        self._looking = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="file-watch", daemon=True)
            self._thread.start()
        self._asked.put((self._generation, self._roots))

    def _work(self) -> None:
        asked = self._asked
        while (wanted := asked.get()) is not None:
            generation, roots = wanted
            try:
                self._looked.emit(generation, _looked_at(roots))
            except RuntimeError:  # the window is gone
                return

    def _take(self, generation: int, look: Look) -> None:
        if generation != self._generation:
            return
        self._looking = False
        self._follow(look)
        before, self._last = self._last, look
        if self._known is None:
            self._known = look
            return
        if NEW in self._known.values():  # what a file brings along is new with it
            self._known = {path: now for path, now in look.items() if self._known.get(path, NEW) == NEW} | {
                path: was for path, was in self._known.items() if was != NEW
            }
        changed = [path for path in {**self._known, **look} if look.get(path) != self._known.get(path)]
        there = [path for path in changed if look.get(path) is not None]
        gone = any(look.get(root) is None for root in self._roots)
        if not there or gone:  # deleted, and may come back
            return
        if look != before:
            self._quiet.start()  # still being written
            return
        self._known = look
        self.changed.emit(tuple(there))

    def _follow(self, look: Look) -> None:
        """Have Qt watch the files, and the folders in which they are replaced."""
        wanted = {path for path, known in look.items() if known is not None}
        wanted |= {str(Path(path).parent) for path in look}
        missing = sorted(wanted - set(self._watcher.files()) - set(self._watcher.directories()))
        stale = sorted((set(self._watcher.files()) | set(self._watcher.directories())) - wanted)
        if stale:
            self._watcher.removePaths(stale)
        if missing:
            self._watcher.addPaths(missing)


def files_of(roots: Iterable[str]) -> tuple[str, ...]:
    """The files that these stand for: themselves, what lies in a folder, the parts of an index, modules beside."""
    found: dict[str, None] = {}
    for root in roots:
        path = Path(root)
        if os.path.isdir(path):  # noqa: PTH112 - never raises, however long the name is
            names = sorted(entry.name for entry in os.scandir(path) if entry.name.endswith(_PARTS))
            found |= dict.fromkeys(str(path / name) for name in names[:MAX_FILES])
        found[root] = None
        if path.name.endswith(".index.json"):
            found |= dict.fromkeys(str(path.parent / name) for name in _named_parts(path))
        if path.suffix == ".py":
            found |= dict.fromkeys(imported_beside(path))
    return tuple(found)


def _looked_at(roots: tuple[str, ...]) -> Look:
    """How all of them are; they alone where what else belongs to them can't be told, as in a folder not to be read."""
    try:
        return look_at(files_of(roots))
    except OSError:
        return look_at(roots)


def look_at(paths: Iterable[str]) -> Look:
    """How each is now; a folder counts as there, whatever its own time says."""
    return {path: _state_of(path) for path in paths}


def _state_of(path: str) -> tuple[int, int, int] | None:
    try:
        told = Path(path).stat()
        if Path(path).is_dir():
            return (0, 0, 0)
    except (OSError, ValueError):
        return None
    return (told.st_size, told.st_mtime_ns, told.st_ino)


def _named_parts(index: Path) -> list[str]:
    try:
        if index.stat().st_size > MAX_INDEX_BYTES:
            return []
        told = json.loads(index.read_bytes())
        names = {str(name) for name in told["weight_map"].values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
    return sorted(name for name in names if name and name == Path(name).name)[:MAX_FILES]


def imported_beside(source: Path) -> list[str]:
    """The modules of its own folder that a source imports, and those that they import; read as text, never run."""
    top = source.parent
    while (top / "__init__.py").is_file() and top.name.isidentifier() and top != top.parent:
        top = top.parent  # imports within a package start there
    met, waiting = {source}, [source]
    while waiting and len(met) < MAX_FILES:
        file = waiting.pop()
        fresh = [found for found in _imports_of(file, top) if found not in met]
        met.update(fresh)
        waiting += fresh
    return sorted(str(found) for found in met - {source})


def _imports_of(file: Path, top: Path) -> list[Path]:
    try:
        if file.stat().st_size > MAX_SOURCE_BYTES:
            return []
        text = file.read_text("utf-8", "replace")
    except OSError:
        return []
    names: list[tuple[Path, str]] = []
    for found in _IMPORT.finditer(text):
        dots, module, members, plain = found.group("dots", "module", "members", "plain")
        if plain is not None:
            names += [(top, name.split()[0]) for name in plain.split(",") if name.strip()]
            continue
        start = file.parents[min(len(dots), len(file.parents)) - 1] if dots else top
        bare = re.sub(r"[()\\]|#.*", " ", members).split(",")
        parts = [name.split()[0] for name in bare if name.strip()]
        names += [(start, ".".join(filter(None, (module, part)))) for part in parts]
    return list(dict.fromkeys(place for start, name in names for place in _files_named(start, name)))


def _files_named(start: Path, name: str) -> list[Path]:
    """`a.b` is a/b.py or a/b/__init__.py, and of the way there a/__init__.py or a.py."""
    parts = [part for part in name.split(".") if part]
    found = []
    for end in range(1, min(len(parts), MAX_DEPTH) + 1):
        place = start.joinpath(*parts[:end])
        found += [file for file in (place.with_name(f"{place.name}.py"), place / "__init__.py") if os.path.isfile(file)]  # noqa: PTH113 - never raises, however long the name is
    return found


def _timer(parent: QObject, milliseconds: int, slot: object, *, single: bool) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(single)
    timer.setInterval(milliseconds)
    timer.timeout.connect(slot)
    return timer
