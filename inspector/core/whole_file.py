"""Writes a file whole or not at all: a full disk leaves what was there, and nothing half-written beside it."""

import os
import threading
from pathlib import Path


def write_whole(path: Path, content: bytes | str, *, mode: int | None = None) -> None:
    """Write a file in one go, text as UTF-8; what was there stays until the new one is whole. Links are followed.

    `mode` are its permissions where they are not to be the usual ones. What is no regular file (`/dev/stdout`) is
    simply written to.

    Raises:
        OSError: it can't be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name[:100]}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        beside.write_bytes(data)
        if mode is not None:
            beside.chmod(mode)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
