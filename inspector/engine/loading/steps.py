"""What long loading tells while it goes on, and where it can be stopped."""

from collections.abc import Callable
from dataclasses import dataclass


def _nothing(_what: str, _done: int, _total: int) -> None:
    return


def _on() -> None:
    return


@dataclass(frozen=True)
class Steps:
    """`progress` is told what is being done, and how far; `between` raises Cancelled when it is to stop."""

    progress: Callable[[str, int, int], None] = _nothing
    between: Callable[[], None] = _on


SILENT = Steps()
