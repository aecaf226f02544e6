"""What mends a failed forward: one file a cause, asked in the order of this table; the first that is sure answers."""

from collections.abc import Callable
from typing import Any

from torch import nn

from inspector.engine.diagnosis.fixes import (
    arguments,
    batch_norm,
    channels,
    devices,
    dictionaries,
    dtypes,
    embedding,
    features,
    joined_shapes,
    known_input,
    missing_batch,
    norm_size,
    raw_pictures,
    recurrent,
    size,
)
from inspector.engine.diagnosis.fixes.code import code_of
from inspector.engine.diagnosis.fixes.failed_run import FIX_S, FailedRun
from inspector.engine.shape_finder.practice import prefers_real, warm_meta
from inspector.engine.shape_finder.sizes import Clock
from inspector.protocol.graph import Failure, Graph

FIXES: tuple[Callable[[FailedRun], str], ...] = (
    arguments.suggest,
    dictionaries.suggest,
    devices.suggest,
    raw_pictures.suggest,
    dtypes.suggest,
    embedding.suggest,
    batch_norm.suggest,
    channels.suggest,
    norm_size.suggest,
    recurrent.suggest,
    missing_batch.suggest,
    features.suggest,
    size.suggest,
    joined_shapes.suggest,
    known_input.suggest,
)


def suggest_mend(
    module: nn.Module, graph: Graph, failure: Failure, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[str, str]:
    """What mends a failed forward, with the number that mends it, found by trying, and the line of code that it is.

    Both are "" where nothing is certain.
    """
    if not prefers_real(module):
        warm_meta()
    run = FailedRun(module, graph, failure, args, kwargs, Clock.of(FIX_S))
    for suggest in FIXES:
        try:
            fix = suggest(run)
            code = code_of(run, fix) if fix else ""
        except Exception:  # noqa: BLE001 - a cause that breaks on an odd model must not hide the failure itself
            continue
        if fix:
            return fix, code
    return "", ""
