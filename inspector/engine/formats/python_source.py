"""Python source: text that parses as Python and imports or defines something. It is parsed, never run."""

import ast
import re
import warnings

from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.reading import Source
from inspector.protocol.files import FileDescription

MAX_SOURCE_BYTES = 4 * 2**20
_LOOKS_LIKE = re.compile(
    r"^(?:import\s+\w|from\s+[\w.]+\s+import\b|class\s+\w+.*:|(?:async\s+)?def\s+\w+\()", re.MULTILINE
)


def describe(source: Source) -> FileDescription | None:
    """Describe it, or None where it is something else."""
    if not 0 < source.size_bytes <= MAX_SOURCE_BYTES or b"\0" in source.read_at(0, 4096):
        return None
    text = decode_source(source.read_at(0, source.size_bytes))
    if text is None or not _LOOKS_LIKE.search(text):
        return None
    tree, problem = parse_source(text)
    if tree is None:
        return _description(source, f"Python source with a mistake: {problem}.", (f"It does not parse: {problem}.",))
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    parts = [f"class {name}" for name in classes[:4]] + [f"def {name}" for name in functions[:3]]
    names = clean_text(", ".join(parts), 200) or "no class or function"
    return _description(source, f"Python source ({names}). It is code: opening it runs it.", ())


def decode_source(data: bytes) -> str | None:
    """The text of a source file, or None where it is no text."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def parse_source(text: str) -> tuple[ast.Module | None, str]:
    """The syntax tree, or None with what is wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in somebody's file is no news of ours
            return ast.parse(text), ""
    except SyntaxError as error:
        return None, clean_text(f"{error.msg} in line {error.lineno}", 200)
    except (ValueError, RecursionError, MemoryError) as error:
        return None, clean_text(str(error) or "it nests too deeply", 200)


def _description(source: Source, summary: str, problems: tuple[str, ...]) -> FileDescription:
    return FileDescription(
        path=source.path,
        format="python_source",
        size_bytes=source.size_bytes,
        safety="needs_consent",
        summary=summary,
        warnings=problems,
    )
