"""BatchNorm in train mode over a batch of one: it takes the image's own mean and spread away, whatever they say."""

from collections.abc import Iterator

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.context import RunContext
from inspector.engine.diagnosis.rules.training_mode import is_batch_norm
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """Only in train mode, where a norm over (1, C, H, W) runs all the same. Over (1, C) it raises."""
    if context.mode != "train":
        return
    norms = [
        node
        for node in context.graph.nodes
        if is_batch_norm(node) and node.inputs and len(node.inputs[0].shape) > 2 and node.inputs[0].shape[0] == 1
    ]
    if not norms:
        return
    first = norms[0]
    yield Finding(
        rule="batch_norm_one_item",
        severity="warning",
        node=first.id,
        message=(
            f"{first.op} {first.fqn} was given {shape_text(first.inputs[0].shape)} in train mode: it normalises this "
            f"one item by its own mean and variance, and moves its running statistics towards them."
        ),
        evidence={"batch": 1, "batch_norms": len(norms)},
        fix="Feed a batch of 2 or more, or run in eval mode.",
        code="model.eval()",
    )
