"""Consent: which files' code would run, by the hash of the very bytes that would be loaded."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from inspector.engine.formats.reading import unreadable
from inspector.protocol.events import ConsentNeeded, TrustItem
from inspector.protocol.files import GlobalUse
from inspector.protocol.requests import LoadModel

# Up to this size a file is held in memory, so that what was hashed is what is loaded.
_MAX_HELD_BYTES = 2**29


def read_hashed(path: str) -> tuple[bytes, str]:
    """The bytes of a small file, and their SHA-256.

    Raises:
        EngineError: it can't be read.
    """
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    return data, hashlib.sha256(data).hexdigest()


def open_hashed(path: str) -> tuple[IO[bytes], str]:
    """The file's bytes as a stream, and their SHA-256; the stream has the same bytes, or for giants the same open file.

    Raises:
        EngineError: it can't be read.
    """
    try:
        if Path(path).stat().st_size <= _MAX_HELD_BYTES:
            data, digest = read_hashed(path)
            return io.BytesIO(data), digest
        stream = Path(path).open("rb")  # noqa: SIM115 - given to the caller, who closes it
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    digest = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    return stream, digest


def is_trusted(request: LoadModel, digest: str) -> bool:
    """Whether the user has said that this file's code may run."""
    return request.trust_everything or digest.lower() in {trusted.lower() for trusted in request.trusted}


def ask(items: Sequence[TrustItem]) -> ConsentNeeded:
    """The question, naming what would run."""
    sentences = [_pickle_sentence(item) if item.what == "pickle" else _source_sentence(item) for item in items]
    return ConsentNeeded(sentence=" ".join(sentences), items=tuple(items))


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
    return f"{Path(item.path).name} is Python code; opening it runs it, with what it imports from its folder.{imports}"


def _named(uses: Sequence[GlobalUse]) -> str:
    shown = [f"`{use.name}`, which {use.why}" if use.risk == "dangerous" else f"`{use.name}`" for use in uses[:5]]
    more = f" and {len(uses) - 5} more" if len(uses) > 5 else ""
    return "; ".join(shown) + more
