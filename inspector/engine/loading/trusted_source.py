"""A source file with its hash, its outline, and, once trusted, the module that it makes when it is run."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from inspector.engine.errors import EngineError
from inspector.engine.formats.python_source import MAX_SOURCE_BYTES, decode_source, parse_source
from inspector.engine.formats.reading import read_whole
from inspector.engine.loading.consent import is_trusted
from inspector.engine.loading.import_guard import ImportGuard
from inspector.engine.loading.local_modules import LocalModules, Place, find_local_modules, place_of, top_names
from inspector.engine.loading.source_module import run_source
from inspector.engine.loading.static_entries import SourceOutline, imports_of, outline_source
from inspector.protocol.events import TrustItem
from inspector.protocol.requests import LoadModel


@dataclass(frozen=True)
class SourceFile:
    """The bytes that were hashed are the bytes that are run, those of the files that it imports from its folder too."""

    path: str
    data: bytes
    sha256: str
    outline: SourceOutline
    place: Place
    local: LocalModules
    defines: frozenset[str] = frozenset()

    @property
    def trust_item(self) -> TrustItem:
        """What to ask consent for."""
        beside = self.local.names(self.place.root)
        own = top_names(beside) | {self.place.namespace}
        imports = {use.name: use for use in self.outline.imports}
        for tree in self.local.trees:
            imports |= {use.name: use for use in imports_of(tree) if use.name not in imports}
        uses = tuple(use for name, use in imports.items() if _is_foreign(name, own))
        return TrustItem(path=self.path, sha256=self.sha256, what="python_source", uses=uses, beside=beside)

    def is_trusted(self, request: LoadModel) -> bool:
        """Whether it may run."""
        return is_trusted(request, self.sha256)

    def lacks(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those dotted names that this file alone does not seem to define; none where it imports with a star."""
        return () if "*" in self.defines else tuple(one for one in names if _top_name(one) not in self.defines)

    def run(self, request: LoadModel) -> ModuleType:
        """Run it; the caller has asked.

        Raises:
            EngineError: it raises, exits, or does not compile.
        """

        def asked(path: str) -> tuple[TrustItem, Mapping[str, bytes], bool]:
            other = read_source(path, self.place)
            return other.trust_item, {path: other.data, **other.local.files}, other.is_trusted(request)

        own = {str(Path(self.path).resolve()): self.data}
        return run_source(self.path, self.data, self.place, ImportGuard({**self.local.files, **own}, asked))


def read_source(path: str, place: Place | None = None) -> SourceFile:
    """Read and outline a source file, and what it imports from its folder; nothing of it runs.

    `place` is that of the source that imports it.

    Raises:
        EngineError: it can't be read, or is not Python.
    """
    name = Path(path).name
    data = read_whole(path, MAX_SOURCE_BYTES)
    text = decode_source(data)
    if text is None:
        raise EngineError(f"{name} is not Python source.", "Attach the .py that defines the model's class.")
    tree, problem = parse_source(text)
    if tree is None:
        raise EngineError(f"{name} is not valid Python: {problem}.", "Correct it, and open it again.")
    place = place or place_of(path, tree)
    local = find_local_modules(path, tree, place)
    digest = local.digest(data, place.root)
    return SourceFile(path, data, digest, outline_source(tree), place, local, _defined_in(tree.body))


def _is_foreign(name: str, own: set[str]) -> bool:
    """Whether an import leads out of the source's folder."""
    return not name.startswith(".") and name.partition(".")[0] not in own


def _top_name(name: str) -> str:
    """`Net` of `__main__.Net` and of `models.net.Net`; the outer class of `__main__.Net.Part`."""
    return name.removeprefix("__main__.").partition(".")[0] if name.startswith("__main__.") else name.rpartition(".")[2]


def _defined_in(body: Iterable[ast.stmt]) -> frozenset[str]:
    """The names that a file has at its top level once it has run, `*` for those that it takes over unseen."""
    found: set[str] = set()
    for node in body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                found.add(node.name)
            case ast.Import() | ast.ImportFrom():
                found |= {alias.asname or alias.name for alias in node.names}
            case _:
                found |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
                found |= {part.name for part in ast.walk(node) if isinstance(part, ast.ClassDef | ast.FunctionDef)}
    return frozenset(found)


def find_beside(path: str, names: list[str]) -> str:
    """The first of these source files that lies beside `path`, or ""; they may name folders, with slashes.

    Names come from a pickle, and may be no names of modules at all, but of a place (`/home/somebody/x`).
    """
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    for name in names:
        candidate = folder / name
        if candidate.is_relative_to(folder) and candidate.is_file():
            return str(candidate)
    return ""
