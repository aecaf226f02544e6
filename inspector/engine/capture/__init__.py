"""Observes one forward of a model and gives its graph; must not know files, requests, or who draws it."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from inspector.engine.capture.forward import capture_eager, plain_run
from inspector.engine.capture.keeping import Keep
from inspector.engine.capture.result import Captured, CaptureOptions, NamedOutput
from inspector.engine.capture.scripted import capture_scripted
from inspector.engine.capture.surroundings import eager_run, unchanged
from inspector.engine.capture.traces import Traces

__all__ = [
    "CaptureOptions",
    "Captured",
    "Keep",
    "NamedOutput",
    "Traces",
    "capture_forward",
    "plain_forward",
    "unchanged",
]

_DEFAULT = CaptureOptions()


def plain_forward(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
    """Seconds of one forward that nobody observes, run as `capture_forward` runs it; raises what forward raises."""
    if isinstance(module, torch.jit.ScriptModule):
        with torch.inference_mode():
            return plain_run(module, args, kwargs)
    with eager_run():
        return plain_run(module, args, kwargs)


def capture_forward(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    input_names: Sequence[str] = (),
    options: CaptureOptions = _DEFAULT,
) -> Captured:
    """Run `module(*args, **kwargs)` once without gradients, and tell all that was seen.

    The outputs are bit for bit those of a run that nobody observes (with attention's fast path off). Nothing is left
    behind on the model, no activation but the outputs is kept, and what raises is told as a failure. Train or eval
    flags and seeds are the caller's: see `unchanged`.
    """
    if isinstance(module, torch.jit.ScriptModule):
        return capture_scripted(module, args, kwargs, input_names=input_names, options=options)
    return capture_eager(module, args, kwargs, input_names=input_names, options=options)
