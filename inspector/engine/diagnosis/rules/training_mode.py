"""Case D4: Dropout or BatchNorm at work as in training, so outputs depend on chance and on the batch."""

from collections.abc import Iterator

from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node


def check(context: RunContext) -> Iterator[Finding]:
    """Only when the run was asked for in train mode."""
    if context.mode != "train":
        return
    drops = [node for node in context.graph.nodes if node.category == "dropout"]
    norms = [node for node in context.graph.nodes if is_batch_norm(node)]
    if not drops and not norms:
        return
    says = []
    if drops:
        says.append(f"{len(drops)} Dropout at random")
    if norms:
        says.append(f"{len(norms)} BatchNorm by the statistics of this batch alone")
    yield Finding(
        rule="training_mode",
        severity="warning",
        node=(drops or norms)[0].id,
        message=f"The run is in train mode: {' and '.join(says)}, so the outputs are not those of the finished model.",
        evidence={"dropout": len(drops), "batch_norm": len(norms)},
        fix="Choose eval: model.eval().",
        code="model.eval()",
    )


def is_batch_norm(node: Node) -> bool:
    """Whether the node is a BatchNorm, as module or function."""
    return "batchnorm" in node.op.replace("_", "").lower()
