"""Running the model once more to settle a question that one run can't: unobserved, and leaving it as it was."""

from typing import Any

import torch

from inspector.engine.capture import unchanged
from inspector.engine.capture.trees import tensors_in
from inspector.engine.diagnosis.context import CannotTellError, RunContext

# A forward that takes longer is not run again: the answer would keep the user waiting.
SLOWEST_S = 3.0


def run_again(
    context: RunContext, args: tuple[Any, ...], kwargs: dict[str, Any], *, seed: int = 0
) -> tuple[torch.Tensor, ...] | None:
    """The tensors of the output, or None where this forward fails.

    The model's flags, buffers and random state are as before afterwards.

    Raises:
        CannotTellError: the observed run took too long to do it again.
    """
    if context.captured_s > SLOWEST_S:
        raise CannotTellError(f"it needs another run, and one takes {context.captured_s:.1f} s")
    try:
        with unchanged(context.module, mode=context.mode, seed=seed), torch.no_grad():
            return tuple(tensor.detach() for tensor in tensors_in(context.module(*args, **kwargs)))
    except Exception:  # noqa: BLE001 - a model may raise anything, and then the question stays open
        return None


def same(one: tuple[torch.Tensor, ...] | None, other: tuple[torch.Tensor, ...] | None) -> bool | None:
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
