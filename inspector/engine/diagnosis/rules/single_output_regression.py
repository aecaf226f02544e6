"""Case A3: one output without an activation is a value on the target's own scale."""

from collections.abc import Iterator

from inspector.core.formatting import range_text
from inspector.core.head_trail import walk_back
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """One column, out of a linear layer, with nothing after it."""
    for output, head, values in zip(context.outputs, context.heads, context.values, strict=True):
        trail = walk_back(context.graph, output.node) if output.node is not None else None
        if head.kind != "regression" or trail is None or trail.family != "linear":
            continue
        low, high = float(values.min()), float(values.max())
        yield Finding(
            rule="single_output_regression",
            severity="note",
            node=trail.last.id,
            message=(
                f"One output without an activation ({range_text(low, high)}) is a value on the target's own scale: "
                "softmax over its one column is always 1."
            ),
            evidence={"columns": 1, "lowest": low, "highest": high},
            fix=(
                "Compare raw with the target in its own units, shaped alike: with a target of (N,) against (N, 1) "
                "MSELoss broadcasts to (N, N), so use output.squeeze(1)."
            ),
            code="loss = nn.MSELoss()(output.squeeze(1), target)",
        )
