"""Case A2: the model ends in sigmoid, so raw is a probability already."""

from collections.abc import Iterator

from inspector.core.formatting import range_text
from inspector.core.head_trail import walk_back
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """An output whose last operation is a sigmoid."""
    for output, head, values in zip(context.outputs, context.heads, context.values, strict=True):
        trail = walk_back(context.graph, output.node) if output.node is not None else None
        if head.kind != "independent_probabilities" or trail is None or trail.family != "sigmoid":
            continue
        low, high = float(values.min()), float(values.max())
        one_column = values.ndim == 2 and values.shape[1] == 1
        reading = (
            "the class is raw > 0.5, and softmax over its one column is always 1"
            if one_column
            else "each column answers on its own, and a second sigmoid could not leave 0.5 to 0.731"
        )
        yield Finding(
            rule="sigmoid_head",
            severity="note",
            node=trail.last.id,
            message=f"The model ends in sigmoid, so raw ({range_text(low, high)}) is already a probability: {reading}.",
            evidence={"lowest": low, "highest": high, "columns": int(values.shape[-1]) if values.ndim else 1},
            fix="Train with nn.BCELoss, or return the logits and use nn.BCEWithLogitsLoss.",
            code="loss = nn.BCELoss()(output, target)",
        )
