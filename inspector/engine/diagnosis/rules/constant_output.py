"""Rows that differ going in and are equal coming out: the output doesn't depend on the input."""

from collections.abc import Iterator

import torch

from inspector.engine.diagnosis.context import RunContext
from inspector.engine.diagnosis.trials import run_again
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Graph, Node

_LEAST_VALUES = 2


def check(context: RunContext) -> Iterator[Finding]:
    """Asked only where something on the way is the same everywhere; settled by a run of another input."""
    stopper = _constant_node(context.graph)
    floating = [value for value in context.args if isinstance(value, torch.Tensor) and value.is_floating_point()]
    if stopper is None or not floating:
        return
    changed = tuple(_other(value) if any(value is one for one in floating) else value for value in context.args)
    outputs, now = run_again(context, changed, context.kwargs), tuple(o.tensor for o in context.outputs)
    if outputs is None or len(outputs) != len(now) or not any(t.numel() for t in now):
        return
    if not all(a.shape == b.shape and torch.equal(a, b.to(a.device)) for a, b in zip(outputs, now, strict=True)):
        return
    place = f"{stopper.op} {stopper.fqn}".strip()
    value = stopper.statistics.min if stopper.statistics is not None else None
    yield Finding(
        rule="constant_output",
        severity="error",
        node=stopper.id,
        message=f"Another input gives the same output bit for bit: at {place} every value is {value:.4g}.",
        evidence={"value": float(value or 0.0), "outputs": len(now)},
        fix=f"Look at what goes into {place}: weights of 0, a bias far from 0, or a product with 0.",
    )


def _constant_node(graph: Graph) -> Node | None:
    for node in graph.nodes:
        found = node.statistics
        if node.kind not in {"module", "function"} or found is None or found.num_elements < _LEAST_VALUES:
            continue
        if found.min is not None and found.min == found.max and not found.nan and not found.inf:
            return node
    return None


def _other(value: torch.Tensor) -> torch.Tensor:
    """Values of the same range, elsewhere: turned round along every axis, and moved by half their spread."""
    turned = value.flip(tuple(range(value.ndim))) if value.ndim else value
    spread = float(value.max() - value.min()) if value.numel() else 0.0
    return turned * 0.5 + (spread or 1.0) / 4
