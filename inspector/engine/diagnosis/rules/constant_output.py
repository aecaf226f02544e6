"""Rows that differ going in and are equal coming out: the output doesn't depend on the input."""

from collections.abc import Iterator
from typing import Any

import torch

from inspector.core.head_trail import family_of
from inspector.core.wires import ancestors
from inspector.engine.capture import capture_forward, unchanged
from inspector.engine.diagnosis.context import RunContext, own_parameter
from inspector.engine.diagnosis.trials import only_tensor, run_again
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Graph, Node

_LEAST_VALUES = 2


def check(context: RunContext) -> Iterator[Finding]:
    """Asked only where something on the way, or each row of the output, is the same; settled by another input."""
    floating = [value for value in context.args if isinstance(value, torch.Tensor) and value.is_floating_point()]
    if not floating or context.may_lose_scale:
        return
    if not _has_constant_node(context.graph) and not _rows_are_equal(context):
        return
    changed = tuple(_other(value) if any(value is one for one in floating) else value for value in context.args)
    outputs, now = run_again(context, changed, context.kwargs), tuple(o.tensor for o in context.outputs)
    if outputs is None or len(outputs) != len(now) or not any(t.numel() for t in now):
        return
    if not all(a.shape == b.shape and torch.equal(a, b.to(a.device)) for a, b in zip(outputs, now, strict=True)):
        return
    stopper = _stopper(context, changed)
    if context.fresh and stopper is not None and _begins_at_zero(context, stopper):
        return
    if stopper is not None and family_of(stopper) == "softmax" and stopper.outputs[0].shape[-1:] == (1,):
        return  # which softmax_axis says better
    yield _finding(stopper, len(now))


def _finding(stopper: Node | None, outputs: int) -> Finding:
    place = f"{stopper.op} {stopper.fqn}".strip() if stopper is not None else ""
    found = stopper.statistics if stopper is not None else None
    value = found.min if found is not None and found.min == found.max else None
    what = f"every value is {value:.4g}" if value is not None else "what comes out no longer depends on it"
    evidence: dict[str, float | int | str] = {"outputs": outputs}
    if value is not None:
        evidence["value"] = float(value)
    return Finding(
        rule="constant_output",
        severity="error",
        node=stopper.id if stopper is not None else None,
        message=f"Another input gives the same output bit for bit{f': at {place} {what}' if place else ''}.",
        evidence=evidence,
        fix=f"Look at what goes into {place or 'the output'}: weights of 0, a bias far from 0, or a product with 0.",
    )


def _has_constant_node(graph: Graph) -> bool:
    for node in graph.nodes:
        found = node.statistics
        if node.kind not in {"module", "function"} or found is None or found.num_elements < _LEAST_VALUES:
            continue
        if found.min is not None and found.min == found.max and not found.nan and not found.inf:
            return True
    return False


def _begins_at_zero(context: RunContext, node: Node) -> bool:
    """Heads are often drawn as zeros, for training to begin at an even guess."""
    part = dict(context.module.named_modules()).get(node.fqn) if node.kind == "module" else None
    weight = own_parameter(part, "weight") if part is not None else None
    return weight is not None and not bool(weight.any())


def _rows_are_equal(context: RunContext) -> bool:
    """Rows that went in differ, and those of the first output do not."""
    fed, values = only_tensor(context), context.values[0]
    if fed is None or values.ndim < 2 or len(values) < 2 or len(values) != len(fed) or values.dtype.kind != "f":
        return False
    return bool((values == values[:1]).all()) and not bool((fed == fed[:1]).all())


def _stopper(context: RunContext, changed: tuple[Any, ...]) -> Node | None:
    """The first operation on the way that gives the same for both inputs, although what it takes has changed."""
    with unchanged(context.module, mode=context.mode, seed=0):
        other = capture_forward(context.module, changed, context.kwargs).graph.nodes
    nodes = context.graph.nodes
    way = ancestors(context.graph, [node.id for node in nodes if node.kind == "output"])
    moved = {node.id for node, then in zip(nodes, other, strict=False) if not _alike(node, then)}
    for edge in sorted(context.graph.edges, key=lambda edge: edge.target):
        node = nodes[edge.target]
        if node.id in way and edge.source in moved and node.id not in moved and node.kind in {"module", "function"}:
            return node
    return None


def _alike(node: Node, then: Node) -> bool:
    """By their figures; a result without any (indices) counts as moved."""
    one, other = node.statistics, then.statistics
    if one is None or other is None or node.op != then.op:
        return False
    return (one.mean, one.std, one.min, one.max) == (other.mean, other.std, other.min, other.max)


def _other(value: torch.Tensor) -> torch.Tensor:
    """Values of the same range, elsewhere: turned round along every axis, and moved by half their spread."""
    turned = value.flip(tuple(range(value.ndim))) if value.ndim else value
    spread = float(value.max() - value.min()) if value.numel() else 0.0
    return turned * 0.5 + (spread or 1.0) / 4
