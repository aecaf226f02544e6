"""What a source imports from the user's folders is run from the bytes that were asked about, and nothing else there is.

A guard stands before Python's own finder of modules while a source is attached. Libraries pass; a file of the user's
passes when consent covers it; one that only running the source showed is noted, to be asked about.
"""

import importlib.machinery
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType

from inspector.protocol.events import TrustItem

_OWN_PACKAGE = Path(__file__).parents[2]
Ask = Callable[[str], tuple[TrustItem, Mapping[str, bytes], bool]]


class NotAskedError(ImportError):
    """A file of the user's would be imported that nobody was asked about."""


class ImportGuard:
    """One of `sys.meta_path`.

    Args:
        allowed: the bytes of each file that consent covers, by its path with links resolved.
        ask: of another file of the user's: what to ask, its bytes with those of what it imports, and whether the
            user has said already that it may run.
    """

    def __init__(self, allowed: Mapping[str, bytes], ask: Ask) -> None:
        self._allowed = dict(allowed)
        self._ask = ask
        self.unasked: dict[str, TrustItem] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """As Python finds it, but a file of the user's comes from the bytes that were asked about.

        Raises:
            NotAskedError: it was not asked about.
            ImportError: it is compiled code.
        """
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or not spec.has_location or spec.origin is None or not _is_users(spec.origin):
            return spec
        if type(spec.loader) is not importlib.machinery.SourceFileLoader:
            raise ImportError(f"{Path(spec.origin).name} beside it is compiled code, which is not run", name=name)
        real = str(Path(spec.origin).resolve())
        if real not in self._allowed:
            self._take(real, name)
        spec.loader = _HeldLoader(name, spec.origin, self._allowed[real])
        return spec

    def _take(self, real: str, name: str) -> None:
        item, files, is_trusted = self._ask(real)
        if not is_trusted:
            self.unasked[real] = item
            raise NotAskedError(
                f"{Path(real).name} is imported in a way that was not seen before; open the model again to be asked",
                name=name,
            )
        self._allowed.update(files)


class _HeldLoader(importlib.machinery.SourceFileLoader):
    """Compiles the bytes it was given; neither the file, which may be another by now, nor a cache beside it."""

    def __init__(self, name: str, path: str, data: bytes) -> None:
        super().__init__(name, path)
        self._data = data

    def get_code(self, fullname: str) -> CodeType:
        """The code of these bytes."""
        return compile(self._data, self.path, "exec", dont_inherit=True)


def put_up(guard: ImportGuard) -> None:
    """Ask it first; built-in and frozen modules are found before."""
    finders = sys.meta_path
    usual = importlib.machinery.PathFinder
    finders.insert(finders.index(usual) if usual in finders else len(finders), guard)


def take_down() -> None:
    """Leave Python's own finders alone."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, ImportGuard)]


def unasked_imports() -> tuple[TrustItem, ...]:
    """What the source that is attached wanted to import, and nobody was asked about."""
    return tuple(
        item for finder in sys.meta_path if isinstance(finder, ImportGuard) for item in finder.unasked.values()
    )


def _is_users(origin: str) -> bool:
    """Whether it is neither of Python, nor of a library or this app, nor made by the source itself while it ran."""
    real = os.path.realpath(origin)
    return not any(path.startswith(_LIBRARIES) for path in (origin, real)) and not real.startswith(_own_files())


def _own_files() -> str:
    return os.path.realpath(os.environ.get("TMPDIR") or os.devnull) + os.sep


def _libraries() -> tuple[str, ...]:
    above = {str(_OWN_PACKAGE.parent), str(_OWN_PACKAGE.parent.resolve())}
    paths = [path for path in sys.path if Path(path).is_absolute() and path not in above]
    places = [sys.prefix, sys.base_prefix, str(_OWN_PACKAGE), *paths]
    return tuple({one + os.sep for place in places for one in (place, os.path.realpath(place))})


_LIBRARIES = _libraries()
