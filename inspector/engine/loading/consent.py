"""Consent: which files' code would run, by the hash of the very bytes that would be loaded."""

import hashlib
import io
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import IO, Self

from inspector.engine.formats import describe_source
from inspector.engine.formats.reading import HeldSource, Source, open_regular, unreadable
from inspector.protocol.events import ConsentNeeded, TrustItem
from inspector.protocol.files import FileDescription, GlobalUse
from inspector.protocol.requests import LoadModel

# Up to this size a file is held in memory, so that what was hashed is what is loaded.
_MAX_HELD_BYTES = 2**29


class HeldFile:
    """An open file with its SHA-256; what is described, and what is loaded from `stream`, is what was hashed.

    A giant is not held in memory, but kept open: a file put in its place is another one.
    """

    def __init__(self, path: str, stream: IO[bytes]) -> None:
        self.path = path
        self.stream = stream

    @cached_property
    def sha256(self) -> str:
        """Made when it is first asked for, as most files need none."""
        self.stream.seek(0)
        digest = hashlib.file_digest(self.stream, "sha256").hexdigest()  # type: ignore[arg-type]  # it reads into buffers
        self.stream.seek(0)
        return digest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stream.close()

    def describe(self) -> FileDescription:
        """What these very bytes hold."""
        if isinstance(self.stream, io.BytesIO):
            return describe_source(HeldSource(self.path, self.stream.getvalue()))
        descriptor = os.dup(self.stream.fileno())
        with Source(self.path, os.fstat(descriptor).st_size, descriptor) as source:
            return describe_source(source)


def open_held(path: str) -> HeldFile:
    """Open a file whose code may be asked about.

    Raises:
        EngineError: it can't be read.
    """
    stream = open_regular(path)  # given to the caller, who closes it
    try:
        if os.fstat(stream.fileno()).st_size > _MAX_HELD_BYTES:
            return HeldFile(path, stream)
        with stream:
            return HeldFile(path, io.BytesIO(stream.read(_MAX_HELD_BYTES)))
    except OSError as error:
        raise unreadable(path, error) from None


def is_trusted(request: LoadModel, digest: str) -> bool:
    """Whether the user has said that this file's code may run."""
    return request.trust_everything or digest.lower() in {trusted.lower() for trusted in request.trusted}


def ask(
    items: Sequence[TrustItem],
    *,
    missing: tuple[str, ...] = (),
    lacking: tuple[str, ...] = (),
    weights_only: bool = False,
) -> ConsentNeeded:
    """The question, naming what would run.

    Args:
        items: the files whose code would run.
        missing: classes that a source has to supply first.
        lacking: those of them that the given source does not seem to define.
        weights_only: whether the weights can be had without that code.
    """
    sentences = [_pickle_sentence(item) if item.what == "pickle" else _source_sentence(item) for item in items]
    if missing:
        sentences.append(_missing_sentence(missing))
    if lacking:
        sentences.append(f"It does not seem to define {_listed(lacking)}, which the pickle names.")
    return ConsentNeeded(sentence=" ".join(sentences), items=tuple(items), missing=missing, weights_only=weights_only)


def _missing_sentence(missing: Sequence[str]) -> str:
    one = len(missing) == 1
    scripts = [name for name in missing if name.startswith("__main__.")]
    why = "the script that saved the file" if len(scripts) == len(missing) else "code that is not here"
    return (
        f"{_listed(missing)} {'is' if one else 'are'} from {why}: give the .py that defines {'it' if one else 'them'}."
    )


def _listed(names: Sequence[str]) -> str:
    shown = [f"`{name}`" for name in names[:5]]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(shown) + more


def _pickle_sentence(item: TrustItem) -> str:
    name = Path(item.path).name
    blocked = sorted((use for use in item.uses if use.risk != "harmless"), key=lambda use: use.risk != "dangerous")
    if not blocked:
        return (
            f"Opening {name} unpickles it, which may run code that is hidden in it; it names only torch's own classes."
        )
    return f"Opening {name} would import and run {_named(blocked)}."


def _source_sentence(item: TrustItem) -> str:
    dangerous = [use for use in item.uses if use.risk == "dangerous"]
    imports = f" It imports {_named(dangerous)}." if dangerous else ""
    more = f" and {len(item.beside) - 4} more" if len(item.beside) > 4 else ""
    beside = f", with {', '.join(item.beside[:4])}{more} from its folder" if item.beside else ""
    return f"{Path(item.path).name} is Python code; opening it runs it{beside}.{imports}"


def _named(uses: Sequence[GlobalUse]) -> str:
    shown = [f"`{use.name}`, which {use.why}" if use.risk == "dangerous" else f"`{use.name}`" for use in uses[:5]]
    more = f" and {len(uses) - 5} more" if len(uses) > 5 else ""
    return "; ".join(shown) + more
