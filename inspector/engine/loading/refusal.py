"""Torch's switch against unpickling: on in the whole engine, off only for a file that the user trusts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_FORCED = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


@contextmanager
def weights_only_forced(forced: bool) -> Iterator[None]:
    """Whether torch refuses every full unpickle inside this block, whatever it is asked for."""
    before = os.environ.pop(_FORCED, None)
    if forced:
        os.environ[_FORCED] = "1"
    try:
        yield
    finally:
        os.environ.pop(_FORCED, None)
        if before is not None:
            os.environ[_FORCED] = before
