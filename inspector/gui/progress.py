"""What the engine works on, and what waits behind that: pure functions of what is pending."""

from collections.abc import Mapping

from inspector.gui.state import Concern, Progress

# What takes long is told in the status bar by these words, and can be stopped; the engine does one after another.
LONG: dict[Concern, str] = {
    "load": "Opening",
    "reload": "Reopening",
    "run": "Running",
    "profile": "Profiling",
    "gradients": "Running backward",
    "shapes": "Trying shapes",
    "scan": "Reading the folder",
    "evaluate": "Evaluating",
    "tensor": "Fetching a tensor",
    "compare": "Comparing",
    "compare_folder": "Comparing over the folder",
}


def progress_of(progress: Progress | None, pending: Mapping[int, Concern]) -> Progress | None:
    """What the engine works on: the same while that has no end, then the oldest of what waits behind it."""
    if progress is not None and progress.request_id in pending:
        return progress
    waiting = min((request_id for request_id, concern in pending.items() if concern in LONG), default=0)
    return Progress(waiting, LONG[pending[waiting]]) if waiting else None
