"""A BatchNorm that has seen no batch (mean 0, variance 1) in a model whose others have."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from inspector.core.formatting import listed
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """Only beside trained ones: a model that was never trained at all says so elsewhere."""
    norms = {fqn: part for fqn, part in context.module.named_modules() if _has_statistics(part)}
    fresh = [fqn for fqn, part in norms.items() if _is_fresh(part)]
    if not fresh or len(fresh) == len(norms):
        return
    what = "BatchNorm has" if len(fresh) == 1 else "BatchNorms have"
    yield Finding(
        rule="batch_norm_untrained",
        severity="warning",
        node=next((node.id for node in context.graph.nodes if node.fqn == fresh[0]), None),
        message=(
            f"{len(fresh)} of {len(norms)} {what} never seen a batch (running mean 0, variance 1): {listed(fresh)}. "
            "In eval mode they pass values on as they are."
        ),
        evidence={"fresh": len(fresh), "batch_norms": len(norms)},
        fix="Load their running_mean and running_var too, or run a few training batches through the model first.",
    )


def _has_statistics(part: nn.Module) -> bool:
    return (
        isinstance(part, _BatchNorm)
        and isinstance(part.running_mean, torch.Tensor)
        and isinstance(part.running_var, torch.Tensor)
        and not part.running_mean.is_meta
    )


def _is_fresh(part: nn.Module) -> bool:
    mean, variance = part.running_mean, part.running_var
    assert isinstance(mean, torch.Tensor)
    assert isinstance(variance, torch.Tensor)
    return not bool(mean.any()) and bool((variance == 1).all())
