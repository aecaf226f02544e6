"""NaN or infinities in an output, with the first node that made them."""

from collections.abc import Iterator

import numpy as np

from inspector.core.wires import ancestors
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Graph, Node


def check(context: RunContext) -> Iterator[Finding]:
    """Only what reaches an output counts: masks of −inf inside attention are healthy."""
    for output, values in zip(context.outputs, context.values, strict=True):
        if values.dtype.kind not in "fc":
            continue
        nan, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
        if not nan + infinite:
            continue
        node = _first_bad(context.graph, output.node, nan=nan > 0)
        what = "NaN" if nan else "infinite"
        count = nan or infinite
        evidence: dict[str, float | int | str] = {"nan": nan, "infinite": infinite, "values": int(values.size)}
        yield Finding(
            rule="nan_or_inf",
            severity="error",
            node=node.id if node else None,
            message=f"{count} of {values.size} values of {output.name} are {what}{_where(node)}.",
            evidence=evidence,
            fix=_fix(node),
        )


def _first_bad(graph: Graph, output: int | None, *, nan: bool) -> Node | None:
    """The first node, in the order of the run, on the way to this output whose values hold them."""
    if output is None:
        return None
    bad = [graph.nodes[place] for place in ancestors(graph, [output]) if _holds(graph.nodes[place], nan=nan)]
    return min(bad, key=lambda node: (node.kind not in {"input", "parameter"}, node.call_index, node.id), default=None)


def _holds(node: Node, *, nan: bool) -> bool:
    found = node.statistics
    return node.kind != "output" and found is not None and (found.nan > 0 if nan else found.inf > 0)


def _where(node: Node | None) -> str:
    if node is None:
        return ""
    name = f"{node.op} {node.fqn}".strip()
    if node.kind == "input":
        return f": the input {node.fqn} holds them already"
    if node.kind == "parameter":
        return f": the parameter {node.fqn} holds them"
    return f": {name} made the first"


def _fix(node: Node | None) -> str:
    if node is None:
        return "Run with statistics on to see which node made the first."
    if node.kind == "input":
        return "Feed an input without NaN and infinities."
    if node.kind == "parameter":
        return "Take an earlier checkpoint: training had diverged when this one was saved."
    if any(spec.dtype == "float16" for spec in node.outputs):
        return "float16 ends at 65,504: run in float32 or bfloat16."
    return f"Look at what goes into {node.fqn or node.op}: a division by 0, the logarithm of 0, or an overflow."
