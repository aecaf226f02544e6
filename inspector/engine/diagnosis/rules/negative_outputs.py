"""Case E1: negative outputs from a net with ReLU, which surprises people and is as it should be."""

from collections.abc import Iterator

from inspector.core.head_trail import walk_back
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """A note, only where logits are below zero, a ReLU is in the net, and a linear layer stands last."""
    relus = [node for node in context.graph.nodes if node.op.lower().rstrip("_") in {"relu", "relu6"}]
    if not relus:
        return
    for output, head, values in zip(context.outputs, context.heads, context.values, strict=True):
        trail = walk_back(context.graph, output.node) if output.node is not None else None
        negative = int((values < 0).sum()) if values.dtype.kind == "f" else 0
        if not negative or trail is None or trail.family != "linear" or head.kind != "logits":
            continue
        yield Finding(
            rule="negative_outputs",
            severity="note",
            node=trail.last.id,
            message=(
                f"{negative} of {values.size} raw outputs are negative (lowest {float(values.min()):.4g}): the last "
                f"{trail.last.op} has no activation after it, as the net's ReLU ({len(relus)}) come before it, so its "
                "values may have any sign."
            ),
            evidence={
                "negative": negative,
                "values": int(values.size),
                "lowest": float(values.min()),
                "relus": len(relus),
            },
            fix="Nothing is to be mended: read them through softmax, and don't put a ReLU at the end.",
        )
