"""Finds the source of weights in their own folder, by what its classes are made of; nothing of it runs."""

import ast
from collections.abc import Iterable
from pathlib import Path

from inspector.engine.errors import EngineError
from inspector.engine.formats.python_source import MAX_SOURCE_BYTES, decode_source, parse_source
from inspector.engine.formats.reading import read_whole
from inspector.protocol.files import FileDescription

_MAX_FILES = 60
_WRAPPERS = ("module.", "_orig_mod.")


def find_source_beside(path: str, description: FileDescription) -> str:
    """The `.py` of the same name, or the only one there with a class whose parts are named like the weights."""
    place = Path(path)
    folder = place if place.is_dir() else place.parent
    same = folder / f"{place.stem}.py"
    if not place.is_dir() and same.is_file():
        return str(same)
    parts = _top_parts(tensor.name for tensor in description.tensors)
    nest = description.metadata.get("weights_at", "")
    if nest:
        start = f"{nest}."
        inside = (tensor.name for tensor in description.tensors if tensor.name.startswith(start))
        parts = _top_parts(name.removeprefix(start) for name in inside)
    fitting = [str(file) for file in _sources_in(folder) if parts and _has_class_with(file, parts)]
    return fitting[0] if len(fitting) == 1 else ""


def _top_parts(names: Iterable[str]) -> set[str]:
    found = set()
    for name in names:
        for wrapper in _WRAPPERS * 2:
            name = name.removeprefix(wrapper)  # noqa: PLW2901 - wrapped once or twice
        found.add(name.partition(".")[0])
    return found


def _sources_in(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.py"))[:_MAX_FILES]
    except OSError:
        return []


def _has_class_with(file: Path, parts: set[str]) -> bool:
    """Whether a class in the file sets all these attributes on itself."""
    try:
        text = decode_source(read_whole(str(file), MAX_SOURCE_BYTES))
    except EngineError:
        return False
    tree = parse_source(text)[0] if text is not None else None
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)] if tree is not None else []
    return any(parts <= _attributes_of(node) for node in classes)


def _attributes_of(node: ast.ClassDef) -> set[str]:
    return {
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self"
    }
