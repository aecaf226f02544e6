"""Rows of a batch that change each other in eval mode, as where an LSTM takes the batch for time (batch_first)."""

from collections.abc import Iterator

import torch
from torch import nn

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.context import RunContext
from inspector.engine.diagnosis.trials import run_again
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node

# Other kernels for another batch round otherwise; what mixes rows changes far more.
_ROUNDING = 1e-3


def check(context: RunContext) -> Iterator[Finding]:
    """Put another first row into a batch of two: the second row of the output, later in time, must stay."""
    fed = context.args[0] if len(context.args) == 1 and not context.kwargs else None
    node = _suspect(context)
    if context.mode == "train" or node is None or not isinstance(fed, torch.Tensor) or fed.ndim < 2:
        return
    if not fed.is_floating_point() or _keeps_both_axes(context, fed):
        return
    first = fed[:1]
    other = torch.zeros_like(first) if bool(first.any()) else torch.ones_like(first)
    alike = run_again(context, (torch.cat([first, first]),), {})
    unlike = run_again(context, (torch.cat([other, first]),), {})
    if not alike or not unlike or alike[0].shape != unlike[0].shape or alike[0].shape[:1] != (2,):
        return
    before, after = alike[0][1].double(), unlike[0][1].double()
    moved = float((after - before).abs().max()) if before.numel() else 0.0
    if not moved > _ROUNDING * max(1.0, float(before.abs().max())):
        return
    yield Finding(
        rule="batch_mixed",
        severity="warning",
        node=node.id,
        message=(
            f"The output of one row changes by up to {moved:.3g} with what else is in the batch: {node.op} "
            f"{node.fqn} takes axis 0 of {shape_text(node.inputs[0].shape)} for time, as batch_first is False."
        ),
        evidence={"largest_change": moved, "batch": int(fed.shape[0])},
        fix=f"Make {node.op} with batch_first=True, or give it x.transpose(0, 1), and turn its result back.",
    )


def _keeps_both_axes(context: RunContext, fed: torch.Tensor) -> bool:
    """A step for a step: which of the two axes the user takes for time can't be told, so time first is believed."""
    return context.outputs[0].tensor.shape[:2] == fed.shape[:2]


def _suspect(context: RunContext) -> Node | None:
    """The first recurrent or attention module of time-first layout, which alone is worth two more runs."""
    parts = dict(context.module.named_modules())
    for node in context.graph.nodes:
        part = parts.get(node.fqn) if node.kind == "module" else None
        if isinstance(part, nn.RNNBase | nn.MultiheadAttention) and not part.batch_first and node.inputs:
            return node
    return None
