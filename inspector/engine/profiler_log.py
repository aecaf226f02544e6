"""What torch's profiler prints whenever it begins and ends, at any log level, is kept out of the log."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

# Its trace points, and a complaint about any thread but the main one, which costs it nothing that is used here.
NOISE = (b"USDT:", b"ERROR: External init callback must run in same thread")


@contextmanager
def quietly(profiler: AbstractContextManager[Any]) -> Iterator[None]:
    """Within the profiler, whose own lines go nowhere; what anything else prints meanwhile is passed on."""
    with _without_noise():
        profiler.__enter__()
    try:
        yield
    finally:
        with _without_noise():
            profiler.__exit__(*sys.exc_info())


@contextmanager
def _without_noise() -> Iterator[None]:
    sys.stderr.flush()
    with tempfile.TemporaryFile() as caught:
        kept = os.dup(2)
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not line.startswith(NOISE):
                    os.write(2, line)
