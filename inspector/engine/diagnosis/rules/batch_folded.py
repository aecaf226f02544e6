"""Case B4: another axis is folded into the batch, or the batch is taken for another axis and lost.

Where a run with another batch size told which axes follow the batch, that decides. Until then only a reshape that
takes the first axis from the batch's length to the output's is named.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node

_RESHAPES = ("view", "reshape", "flatten", "Flatten", "Unflatten", "unflatten", "view_as", "reshape_as")


def check(context: RunContext) -> Iterator[Finding]:
    """What became of the batch on its way to the first output."""
    batch = _batch_of(context)
    first = next((output for output in context.outputs), None)
    if batch is None or first is None or first.tensor.ndim < 1:
        return
    follows = context.graph.nodes[first.node].outputs[0].batch if first.node is not None else ()
    if follows:
        yield from _measured(context, batch, follows)
        return
    rows = first.tensor.shape[0]
    node = None if rows in batch.sizes else _folding_node(context.graph.nodes, batch.sizes, rows)
    if node is not None:
        yield _folded(context, batch, node, rows // batch.sizes[0], rows)


@dataclass(frozen=True)
class _Batch:
    """The first input's shape, and how long its batch may be: its first axis, or the second where time comes first."""

    shape: tuple[int, ...]
    sizes: tuple[int, ...]


def _measured(context: RunContext, batch: _Batch, follows: tuple[int, ...]) -> Iterator[Finding]:
    """`follows` is how many times as long as the batch each axis of the output is."""
    times = next((times for times in follows if times > 1), 0)
    if times and not any(size == 1 for size in follows):
        node = next((node for node in context.graph.nodes if _folds(node, times)), None)
        if node is not None:
            size = next(
                length // times
                for length, many in zip(node.outputs[0].shape, node.outputs[0].batch, strict=True)
                if many == times
            )
            yield _folded(context, _Batch(batch.shape, (size,)), node, times, times * size)
    elif not any(follows):
        yield from _lost(context)


def _folds(node: Node, times: int) -> bool:
    """Whether it makes an axis `times` as long as the batch of one that is as long as the batch."""
    if not node.inputs or not node.outputs or times not in node.outputs[0].batch:
        return False
    return times not in node.inputs[0].batch and 1 in node.inputs[0].batch


def _folded(context: RunContext, batch: _Batch, node: Node, times: int, rows: int) -> Finding:
    before, after = node.inputs[0].shape, node.outputs[0].shape
    size = batch.sizes[0]
    recurrent = any(other.category in {"recurrent", "attention"} for other in context.graph.nodes[: node.id])
    return Finding(
        rule="batch_folded",
        severity="warning",
        node=node.id,
        message=(
            f"A batch of {size} went in and {rows} rows come out: {node.op} makes {shape_text(after)} of "
            f"{shape_text(before)}, folding another axis into the batch."
        ),
        evidence={"batch_in": size, "batch_out": rows, "folded": times, "input_axes": len(batch.shape)},
        fix=(
            "Take one step before the Linear (out[:, -1] of (N, T, F)), or reshape its result back to "
            f"({size}, {rows // size}, …)."
            if recurrent and rows % size == 0
            else f"Keep the first axis: x.flatten(1), or x.reshape(x.shape[0], …) in place of {node.op}."
        ),
        code="x = out[:, -1]" if recurrent and rows % size == 0 else "x = x.flatten(1)",
    )


def loses_to_time(context: RunContext) -> tuple[Node, Node] | None:
    """A layer that takes time first and was given the batch first, and where one item was taken for the last step.

    No axis of the output follows the batch then: it has a row for each time step.
    """
    nodes = context.graph.nodes
    for node in nodes:
        if node.op not in {"getitem", "select"} or not node.inputs or not node.outputs:
            continue
        before, after = node.inputs[0], node.outputs[0]
        if before.batch[1:2] != (1,) or any(after.batch) or len(after.shape) >= len(before.shape):
            continue
        layer = next((other for other in nodes[: node.id] if _takes_time_first(context.module, other)), None)
        if layer is not None:
            return layer, node
    return None


def _lost(context: RunContext) -> Iterator[Finding]:
    found = loses_to_time(context)
    if found is None:
        return
    layer, node = found
    shape, after = layer.inputs[0].shape, node.outputs[0]
    yield Finding(
        rule="batch_folded",
        severity="warning",
        node=node.id,
        message=(
            f"{layer.op} has batch_first=False, so of {shape_text(shape)} axis 0 is time and axis 1 is the batch; "
            f"{node.op} takes one item of that batch, and the output has a row for each of the {shape[0]} steps."
        ),
        evidence={"steps": shape[0], "batch": shape[1], "rows": after.shape[0] if after.shape else 1},
        fix=(
            f"Where the batch comes first: set batch_first=True in {layer.fqn or layer.op}. Where time does: take "
            "out[-1] in place of out[:, -1]."
        ),
    )


def time_first_before(context: RunContext, node: Node) -> Node | None:
    """The layer before `node` that takes time first; for a layer of a transformer, the attention within it."""
    return next((one for one in context.graph.nodes[: node.id] if _takes_time_first(context.module, one)), None)


def _takes_time_first(module: nn.Module, node: Node) -> bool:
    if node.kind != "module" or not node.inputs or len(node.inputs[0].shape) != 3:
        return False
    try:
        found = module.get_submodule(node.fqn)
    except AttributeError:
        return False
    return isinstance(found, (nn.RNNBase, nn.MultiheadAttention)) and not found.batch_first


def _batch_of(context: RunContext) -> _Batch | None:
    tensors = (value for value in (*context.args, *context.kwargs.values()) if isinstance(value, torch.Tensor))
    fed = next((value for value in tensors if value.ndim >= 2), None)
    if fed is None:
        return None
    return _Batch(tuple(fed.shape), tuple(fed.shape[:2]) if _has_time_first(context.module) else (fed.shape[0],))


def _has_time_first(module: nn.Module) -> bool:
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
