"""Rows of a batch that change each other in eval mode: an LSTM that takes the batch for time, a norm over the batch."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from inspector.core.formatting import shape_text
from inspector.core.head_trail import plain_name
from inspector.engine.diagnosis.context import RunContext
from inspector.engine.diagnosis.fixes.code import written
from inspector.engine.diagnosis.rules.missing_batch import unbatched_layer
from inspector.engine.diagnosis.trials import only_tensor, run_again
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node

# Other kernels for another batch round otherwise; what mixes rows changes far more.
_ROUNDING = 1e-3
_REDUCTIONS = ("mean", "std", "var", "sum", "amax", "amin", "max", "min", "norm", "vectornorm", "stdmean", "varmean")
_PARTING = frozenset({"reshape", "view", "viewas", "unflatten", "rearrange"})
_ALONG_FIRST = ("0", "dim=0", "axis=0", "0, keepdim=True", "dim=0, keepdim=True")


def check(context: RunContext) -> Iterator[Finding]:
    """Put another first row into a batch of two: the second row of the output, later in time, must stay."""
    fed = only_tensor(context)
    node = _suspect(context)
    if context.mode == "train" or node is None or fed is None or unbatched_layer(context) is not None:
        return
    time_first = _takes_time_first(context, node)
    if time_first and _keeps_both_axes(context, fed):
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
        message=f"The output of one row changes by up to {moved:.3g} with what else is in the batch: "
        + _how(node, time_first=time_first),
        evidence={"largest_change": moved, "batch": int(fed.shape[0])},
        fix=_fix(context, node, time_first=time_first),
        code=_code(context, node) if time_first else "",
    )


def _how(node: Node, *, time_first: bool) -> str:
    name, shape = f"{node.op} {node.fqn}".strip(), shape_text(node.inputs[0].shape)
    if time_first:
        return f"{name} takes axis 0 of {shape} for time, as batch_first is False."
    if plain_name(node.op) in _PARTING:
        made = shape_text(node.outputs[0].shape)
        return f"{name} makes {made} of {shape}, whose rows are not in the order of the batch."
    return f"{name} of {shape} goes by all rows of the batch, also in eval mode."


def _fix(context: RunContext, node: Node, *, time_first: bool) -> str:
    if time_first:
        return f"Make {node.op} with batch_first=True, or give it x.transpose(0, 1), and turn its result back."
    if isinstance(_part(context, node), _BatchNorm):
        return f"Make {node.op} with track_running_stats=True, and train it: it then has statistics of its own."
    if plain_name(node.op) in _PARTING:
        return (
            "Bring the batch to the front before the rows are joined, as in x.permute(0, …), or part them in the order "
            "in which they were joined."
        )
    if "batchnorm" in plain_name(node.op):
        return "Write F.batch_norm(x, mean, var, …, training=self.training), or use nn.BatchNorm, which eval switches."
    return f"Let {node.op} go over the axes of one item alone, as in dim=1 or dim=(1, 2, 3)."


def _code(context: RunContext, node: Node) -> str:
    part, name = _part(context, node), node.fqn.rpartition(".")[2]
    if isinstance(part, nn.RNNBase) and name.isidentifier():
        layer = written(part, batch_first=True)
        return f"self.{name} = {layer}" if layer else ""
    if isinstance(part, nn.MultiheadAttention) and name.isidentifier():
        return f"self.{name} = nn.{node.op}({part.embed_dim}, {part.num_heads}, batch_first=True)"
    return ""


def _keeps_both_axes(context: RunContext, fed: torch.Tensor) -> bool:
    """A step for a step: which of the two axes the user takes for time can't be told, so time first is believed."""
    return context.outputs[0].tensor.shape[:2] == fed.shape[:2]


def _part(context: RunContext, node: Node) -> nn.Module | None:
    return dict(context.module.named_modules()).get(node.fqn) if node.kind == "module" else None


def _takes_time_first(context: RunContext, node: Node) -> bool:
    part = _part(context, node)
    return isinstance(part, nn.RNNBase | nn.MultiheadAttention) and not part.batch_first


def _suspect(context: RunContext) -> Node | None:
    """The first node that may go along the batch, which alone is worth two more runs."""
    parts = dict(context.module.named_modules())
    for node in context.graph.nodes:
        part = parts.get(node.fqn) if node.kind == "module" else None
        if not node.inputs:
            continue
        if isinstance(part, nn.RNNBase | nn.MultiheadAttention) and not part.batch_first:
            return node
        if isinstance(part, _BatchNorm) and part.running_mean is None:
            return node
        if node.kind == "function" and (_goes_along_batch(node) or _parts_the_batch(node)):
            return node
    return None


def _parts_the_batch(node: Node) -> bool:
    """Whether it makes an axis as long as the batch of one many times as long, where other rows may have gone first."""
    if plain_name(node.op) not in _PARTING or not node.outputs or len(node.inputs) != 1:
        return False
    before, after = node.inputs[0].batch, node.outputs[0].batch
    return any(times > 1 for times in before[:1]) and 1 in after and not any(times > 1 for times in after)


def _goes_along_batch(node: Node) -> bool:
    name = plain_name(node.op)
    if name == "batchnorm":
        return "training=True" in node.details
    if name in {"softmax", "normalize", "layernorm"}:
        return "dim=0" in node.details
    if name not in _REDUCTIONS or len(node.inputs[0].shape) < 2:
        return False
    return bool(node.outputs) and (node.outputs[0].shape == () or node.details in _ALONG_FIRST)
