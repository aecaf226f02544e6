"""Case D4: Dropout or BatchNorm at work as in training, so outputs depend on chance and on the batch."""

from collections.abc import Iterator

from inspector.engine.capture.modules import GUEST_NOTE, TRAINS_NOTE
from inspector.engine.diagnosis.context import RunContext
from inspector.engine.diagnosis.fixes.code import place_of
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node


def check(context: RunContext) -> Iterator[Finding]:
    """When the run was asked for in train mode, or forward puts a layer into it."""
    if context.mode != "train":
        yield from _switched(context)
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


def _switched(context: RunContext) -> Iterator[Finding]:
    """Layers that are at work as in training while the model is in eval mode."""
    found = [node for node in context.graph.nodes if TRAINS_NOTE in node.notes]
    if not found:
        return
    first = found[0]
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    goes = "goes by the statistics of this batch alone" if is_batch_norm(first) else "draws at random"
    fix = (
        "Make it once, in __init__, as an attribute of the model: model.eval() then reaches it."
        if GUEST_NOTE in first.notes
        else f"Take {place_of(first.fqn)}.train() out of forward, or mend the model's own train(): model.eval() then "
        "reaches it."
    )
    what = f"A {first.op} made in forward" if GUEST_NOTE in first.notes else f"{first.op} {first.fqn}"
    yield Finding(
        rule="training_mode",
        severity="warning",
        node=first.id,
        message=(
            f"{what} runs as in training although the model is in eval mode{more}: it {goes}, and "
            "model.eval() has no effect on it."
        ),
        evidence={"layers": len(found)},
        fix=fix,
    )


def is_batch_norm(node: Node) -> bool:
    """Whether the node is a BatchNorm, as module or function."""
    return "batchnorm" in node.op.replace("_", "").lower()
