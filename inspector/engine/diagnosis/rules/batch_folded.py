"""Case B4: a reshape moved another axis into the batch, so there are more rows than were fed."""

from collections.abc import Iterator

import torch
from torch import nn

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node

_RESHAPES = ("view", "reshape", "flatten", "Flatten", "Unflatten", "unflatten", "view_as", "reshape_as")


def check(context: RunContext) -> Iterator[Finding]:
    """A reshape that changed the length of the first axis from the batch's to the output's."""
    batch = _batch_of(context)
    first = next((output.tensor for output in context.outputs), None)
    if batch is None or first is None or first.ndim < 1:
        return
    shape, sizes = batch
    rows = first.shape[0]
    if rows in sizes:
        return
    node = _folding_node(context.graph.nodes, sizes, rows)
    if node is None:
        return
    before, after = node.inputs[0].shape, node.outputs[0].shape
    recurrent = any(other.category in {"recurrent", "attention"} for other in context.graph.nodes[: node.id])
    yield Finding(
        rule="batch_folded",
        severity="warning",
        node=node.id,
        message=(
            f"A batch of {sizes[0]} went in and {rows} rows come out: {node.op} makes {shape_text(after)} of "
            f"{shape_text(before)}, folding another axis into the batch."
        ),
        evidence={"batch_in": sizes[0], "batch_out": rows, "folded": rows // sizes[0], "input_axes": len(shape)},
        fix=(
            "Take one step before the Linear (out[:, -1] of (N, T, F)), or reshape its result back to "
            f"({sizes[0]}, {rows // sizes[0]}, …)."
            if recurrent and rows % sizes[0] == 0
            else f"Keep the first axis: x.flatten(1), or x.reshape(x.shape[0], …) in place of {node.op}."
        ),
    )


def _batch_of(context: RunContext) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The first input's shape, and which axes may be its batch: the first, or the second where time comes first."""
    tensors = (value for value in (*context.args, *context.kwargs.values()) if isinstance(value, torch.Tensor))
    fed = next((value for value in tensors if value.ndim >= 2), None)
    if fed is None:
        return None
    return tuple(fed.shape), tuple(fed.shape[:2]) if _time_first(context.module) else (fed.shape[0],)


def _time_first(module: nn.Module) -> bool:
    kinds = (nn.RNNBase, nn.MultiheadAttention)
    return any(isinstance(part, kinds) and not part.batch_first for part in module.modules())


def _folding_node(nodes: tuple[Node, ...], sizes: tuple[int, ...], rows: int) -> Node | None:
    for node in nodes:
        if node.op not in _RESHAPES or not node.inputs or not node.outputs:
            continue
        before, after = node.inputs[0].shape, node.outputs[0].shape
        if before and after and before[0] in sizes and after[0] == rows:
            return node
    return None
