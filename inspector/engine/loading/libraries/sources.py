"""What a library's source file tells before anything is built: attributes of classes, numbers in functions."""

import ast
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

_WORD = re.compile(r"[A-Za-z_]\w*")
_FROM_BESIDE = re.compile(r"^from (\.{1,2})([\w.]+) import", re.MULTILINE)
_SET_ON_SELF = re.compile(r"\bself\.([A-Za-z]\w*)\s*(?::[^=\n]+)?=")


@lru_cache(maxsize=2000)
def words_in(file: str) -> tuple[frozenset[str], frozenset[str]]:
    """Every word of a source file and of those that it imports from beside it, and those set on `self` there.

    Numbers at the ends of words are left out: `denselayer4` is made of `denselayer%d`.
    """
    texts = [_text(file), *(_text(str(other)) for other in _imported_from(file))]
    words, set_on_self = (set().union(*(found.findall(text) for text in texts)) for found in (_WORD, _SET_ON_SELF))
    return frozenset(map(_stem, words)), frozenset(map(_stem, set_on_self))


def _stem(word: str) -> str:
    return word.rstrip("0123456789")


def _imported_from(file: str) -> Iterable[Path]:
    """The files that a file imports relatively, one step far."""
    for dots, name in dict.fromkeys(_FROM_BESIDE.findall(_text(file))):
        folder = Path(file).parents[len(dots) - 1]
        found = folder / f"{name.replace('.', '/')}.py"
        if found.is_file() and not name.startswith(("configuration_", "utils", "_api", "_utils", "_meta")):
            yield found


@lru_cache(maxsize=200)
def functions_in(file: str) -> dict[str, tuple[int, ...]]:
    """The whole numbers from 2 on that stand in each function of a file; they are its sizes and depths."""
    return {
        node.name: tuple(part.value for part in ast.walk(node) if _is_size(part))  # type: ignore[attr-defined]  # it is a constant
        for node in _tree(file).body
        if isinstance(node, ast.FunctionDef)
    }


@lru_cache(maxsize=200)
def classes_in(file: str) -> dict[str, tuple[tuple[str, ...], frozenset[str]]]:
    """For each class of a file the names of its bases, and the attributes that it sets on itself."""
    return {
        node.name: (tuple(_last_names(node.bases)), frozenset(_attributes(node)))
        for node in _tree(file).body
        if isinstance(node, ast.ClassDef)
    }


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _tree(file: str) -> ast.Module:
    try:
        return ast.parse(_text(file))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _is_size(part: ast.AST) -> bool:
    return isinstance(part, ast.Constant) and type(part.value) is int and part.value >= 2


def _last_names(bases: Iterable[ast.expr]) -> Iterable[str]:
    for base in bases:
        if isinstance(base, ast.Name):
            yield base.id
        elif isinstance(base, ast.Attribute):
            yield base.attr


def _attributes(node: ast.ClassDef) -> Iterable[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self":
            yield part.attr
