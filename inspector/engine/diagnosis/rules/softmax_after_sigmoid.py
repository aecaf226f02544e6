"""Case E2: softmax over values that a sigmoid or a softmax has already squeezed into [0, 1]."""

from collections.abc import Iterator

from inspector.core.formatting import value_text
from inspector.core.head_trail import walk_back
from inspector.core.heads import squash_ceiling
from inspector.core.readings import class_axis
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """An output whose last operation is softmax, on the values of a sigmoid or a softmax."""
    for output, values in zip(context.outputs, context.values, strict=True):
        axis = class_axis(values.shape)
        trail = walk_back(context.graph, output.node) if output.node is not None else None
        if axis is None or values.shape[axis] < 2 or trail is None or trail.before is None:
            continue
        if trail.family != "softmax" or trail.before_family not in {"sigmoid", "softmax"}:
            continue
        num_classes = values.shape[axis]
        ceiling, highest = squash_ceiling(num_classes), float(values.max())
        yield Finding(
            rule="softmax_after_sigmoid",
            severity="warning",
            node=trail.last.id,
            message=(
                f"Softmax is applied to the values of {trail.before.op}, which lie in [0, 1]: no probability can pass "
                f"{value_text(ceiling, 3)} with {num_classes} classes, and the highest here is {value_text(highest)}."
            ),
            evidence={"ceiling": ceiling, "highest": highest, "num_classes": num_classes},
            fix=f"Remove {trail.before.op}, and apply softmax to the logits alone.",
        )
