"""Which files of its own folder a source would import: found in the syntax trees, and read; nothing of them runs.

The consent covers them all, by one hash: a file put beside one that is trusted must not run with it.
"""

import ast
import hashlib
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inspector.engine.errors import EngineError
from inspector.engine.formats.python_source import MAX_SOURCE_BYTES, decode_source, parse_source
from inspector.engine.formats.reading import read_whole

MAX_FILES = 400
# What is imported beyond these is asked about when it is: the guard of imports sees it then.
MAX_NAMES = 5_000


@dataclass(frozen=True)
class Place:
    """Where a source is imported from, as what, and what its folder is called where it is no package of its own."""

    root: Path
    name: str
    namespace: str = ""

    @property
    def package(self) -> str:
        """What its relative imports begin at; "" outside any package."""
        return self.name.rpartition(".")[0]

    @property
    def folders(self) -> tuple[tuple[str, Path], ...]:
        """Where modules are looked for, with what their names begin with there; many projects keep them in `src/`."""
        places = [("", self.root), ("", self.root / "src")]
        return (*places, (f"{self.namespace}.", self.root)) if self.namespace else tuple(places)


@dataclass(frozen=True)
class LocalModules:
    """The bytes of each file that would be imported, by its path with links resolved, and their trees."""

    files: Mapping[str, bytes]
    trees: tuple[ast.Module, ...] = ()

    def names(self, root: Path) -> tuple[str, ...]:
        """Their paths below the folder that they are imported from."""
        start = root.resolve()
        return tuple(_below(Path(path), start) for path in self.files)

    def digest(self, data: bytes, root: Path) -> str:
        """The SHA-256 of a source; where it imports files of its folder, of their names and hashes and its own."""
        own = hashlib.sha256(data).hexdigest()
        if not self.files:
            return own
        hashes = zip(self.names(root), map(hashlib.sha256, self.files.values()), strict=True)
        lines = sorted(f"{name}\0{found.hexdigest()}\n" for name, found in hashes)
        return hashlib.sha256("".join([f"{own}\n", *lines]).encode("utf-8", "surrogateescape")).hexdigest()


def place_of(path: str, tree: ast.Module) -> Place:
    """The folder to import a source from, and its name; inside a package both are the package's.

    A folder without `__init__.py` is a package too for a source that imports relatively, or by the folder's name.
    """
    file = Path(path).resolve()
    parts = [file.stem]
    folder = file.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier() and folder != folder.parent:
        parts.insert(0, folder.name)
        folder = folder.parent
    if len(parts) > 1:
        return Place(folder, ".".join(parts))
    if _is_known(parts[0]) or not parts[0].isidentifier():
        parts[0] = f"inspected_{parts[0]}"
    if folder.name.isidentifier() and _names_its_folder(tree, folder.name):
        namespace = f"inspected_{folder.name}" if _is_known(folder.name) else folder.name
        return Place(folder, f"{namespace}.{parts[0]}", namespace)
    return Place(folder, parts[0])


def find_local_modules(path: str, tree: ast.Module, place: Place) -> LocalModules:
    """The files that it would import from its folder, and those that these would import."""
    own = str(Path(path).resolve())
    found: dict[str, bytes] = {}
    trees: list[ast.Module] = []
    waiting: list[tuple[ast.Module, str]] = [(tree, place.package)]
    waiting += _init_trees(place, found, trees)
    left = MAX_NAMES
    while waiting and left and len(found) < MAX_FILES:
        inner, package = waiting.pop()
        names = list(itertools.islice(dict.fromkeys(_imported_names(inner, package)), left))
        left -= len(names)
        for name in names:
            for file, dotted in _files_of(name, place):
                real = str(file.resolve())
                if real != own and real not in found:
                    waiting += _taken(real, dotted, is_package=file.name == "__init__.py", found=found, trees=trees)
    return LocalModules(found, tuple(trees))


def _init_trees(place: Place, found: dict[str, bytes], trees: list[ast.Module]) -> list[tuple[ast.Module, str]]:
    """Whoever imports a module of a package runs the package's own file first."""
    waiting: list[tuple[ast.Module, str]] = []
    parts = place.package.split(".") if place.package and not place.namespace else []
    for count in range(1, len(parts) + 1):
        file = place.root.joinpath(*parts[:count], "__init__.py").resolve()
        waiting += _taken(str(file), ".".join(parts[:count]), is_package=True, found=found, trees=trees)
    return waiting


def _taken(
    real: str, dotted: str, *, is_package: bool, found: dict[str, bytes], trees: list[ast.Module]
) -> list[tuple[ast.Module, str]]:
    """Take a file in; its tree, and what its relative imports begin at. None where it can't be imported either."""
    try:
        data = read_whole(real, MAX_SOURCE_BYTES)
    except EngineError:
        return []
    found[real] = data
    text = decode_source(data)
    tree = parse_source(text)[0] if text is not None else None
    if tree is None:
        return []
    trees.append(tree)
    return [(tree, dotted if is_package else dotted.rpartition(".")[0])]


def _imported_names(tree: ast.Module, package: str) -> Iterator[str]:
    """Dotted names that may be modules, wherever in the file they are imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = _absolute(node, package)
            if start:
                yield start
            yield from (f"{start}.{alias.name}".lstrip(".") for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    above = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def _files_of(name: str, place: Place) -> Iterator[tuple[Path, str]]:
    """The files that importing a dotted name would run, with the dotted name of each."""
    for start, folder in place.folders:
        if not name.startswith(start):
            continue
        dotted = start.rstrip(".")
        for part in name.removeprefix(start).split("."):
            dotted = f"{dotted}.{part}".lstrip(".")
            if not part.isidentifier():
                break
            if _is_file(folder / part / "__init__.py"):
                yield folder / part / "__init__.py", dotted
            elif _is_file(folder / f"{part}.py"):
                yield folder / f"{part}.py", dotted
                break
            folder = folder / part  # noqa: PLW2901 - one step down
            if not _is_folder(folder):
                break


def _names_its_folder(tree: ast.Module, name: str) -> bool:
    nodes = list(ast.walk(tree))
    relative = any(isinstance(node, ast.ImportFrom) and node.level for node in nodes)
    return relative or any(one == name or one.startswith(f"{name}.") for one in _imported_names(tree, ""))


def _is_known(name: str) -> bool:
    return name in sys.modules or name in sys.stdlib_module_names


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _below(path: Path, start: Path) -> str:
    return path.relative_to(start).as_posix() if path.is_relative_to(start) else str(path)


def top_names(modules: Iterable[str]) -> set[str]:
    """What imports of these paths (`blocks/parts.py`, `src/net/head.py`) begin with."""
    return {part.removesuffix(".py") for name in modules for part in name.split("/")[:2]}
