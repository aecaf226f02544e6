"""Running the model once more to settle a question that one run can't: unobserved, and leaving it as it was."""

from contextlib import nullcontext
from typing import Any

import torch

from inspector.engine.capture import Captured, CaptureOptions, capture_forward, unchanged
from inspector.engine.capture.forward import own_inputs
from inspector.engine.capture.surroundings import seed_everything
from inspector.engine.capture.trees import tensors_in
from inspector.engine.changes import compare_runs
from inspector.engine.diagnosis.context import CannotTellError, RunContext
from inspector.protocol.graph import Node

# A forward that takes longer is not run again: the answer would keep the user waiting.
SLOWEST_S = 3.0

Tensors = tuple[torch.Tensor, ...]


def run_again(context: RunContext, args: tuple[Any, ...], kwargs: dict[str, Any], *, seed: int = 0) -> Tensors | None:
    """The tensors of the output, or None where this forward fails.

    The model's flags, buffers and random state are as before afterwards.

    Raises:
        CannotTellError: the observed run took too long to do it again.
    """
    _expect_quick(context)
    try:
        with unchanged(context.module, mode=context.mode, seed=seed), torch.no_grad():
            # Copies, as a model may write into its input.
            result = context.module(*own_inputs(args), **own_inputs(kwargs))
            return tuple(tensor.detach() for tensor in tensors_in(result))
    except Exception:  # noqa: BLE001 - a model may raise anything, and then the question stays open
        return None


def observed_twice(context: RunContext, seeds: tuple[int, int], *, in_a_row: bool) -> tuple[Captured, Captured]:
    """Two observed forwards with the same input; `in_a_row`: the second finds what the first left.

    The model is as before afterwards.

    Raises:
        CannotTellError: the observed run took too long to do it twice more.
    """
    _expect_quick(context)
    if not in_a_row:
        return _observed(context, seeds[0]), _observed(context, seeds[1])
    with unchanged(context.module, mode=context.mode, seed=seeds[0]):
        return _observed(context, seeds[0], fresh=False), _observed(context, seeds[1], fresh=False)


def tensors_of(captured: Captured) -> Tensors | None:
    """The tensors of the output, or None where the forward failed."""
    return None if captured.failure is not None else tuple(output.tensor for output in captured.outputs)


def first_to_differ(first: Captured, second: Captured) -> Node | None:
    """The first operation of the first run that gives other values in the second, or that fails there."""
    found = compare_runs(second, first).first
    if found is not None:
        return first.graph.nodes[found]
    failed = second.failure
    if failed is None:
        return None
    same_place = (node for node in first.graph.nodes if (node.fqn, node.op) == (failed.fqn, failed.op))
    return next(same_place, None)


def _observed(context: RunContext, seed: int, *, fresh: bool = True) -> Captured:
    options = CaptureOptions(statistics=False, signed=True)
    with unchanged(context.module, mode=context.mode, seed=seed) if fresh else nullcontext():
        seed_everything(seed)
        return capture_forward(context.module, context.args, context.kwargs, options=options)


def _expect_quick(context: RunContext) -> None:
    if context.captured_s > SLOWEST_S:
        raise CannotTellError(f"it needs another run, and one takes {context.captured_s:.1f} s")


def largest_difference(one: Tensors, other: Tensors) -> float | None:
    """The largest absolute difference of two runs' values, NaN aside; None where shapes differ or nothing is there."""
    if [tensor.shape for tensor in one] != [tensor.shape for tensor in other]:
        return None
    differences = [(_wide(a) - _wide(b)).abs().nan_to_num(nan=0.0) for a, b in zip(one, other, strict=True)]
    return max((float(difference.max()) for difference in differences if difference.numel()), default=None)


def _wide(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to(torch.complex128 if tensor.is_complex() else torch.float64)


def same(one: Tensors | None, other: Tensors | None) -> bool | None:
    """Whether two runs gave the same values, NaN included; None where that can't be told."""
    if one is None or other is None or [tensor.shape for tensor in one] != [tensor.shape for tensor in other]:
        return None
    return all(_same_values(a, b) for a, b in zip(one, other, strict=True))


def _same_values(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.equal(one, other) or bool(((one == other) | (one.isnan() & other.isnan())).all())


def only_tensor(context: RunContext) -> torch.Tensor | None:
    """The one tensor that was fed, where it is all that was fed, holds floats, and may have a batch in front."""
    fed = context.args[0] if len(context.args) == 1 and not context.kwargs else None
    if not isinstance(fed, torch.Tensor) or fed.layout is not torch.strided or fed.is_nested:
        return None
    return fed if fed.ndim >= 2 and fed.is_floating_point() and fed.shape[0] else None
