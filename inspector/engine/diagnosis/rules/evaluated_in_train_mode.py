"""A folder evaluated in train mode: Dropout draws, and BatchNorm goes by the batch that an image happens to be in."""

from collections.abc import Iterator

from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from inspector.engine.diagnosis.context import EvaluationContext
from inspector.protocol.findings import Finding


def check(context: EvaluationContext) -> Iterator[Finding]:
    """Only where the model has something that train mode changes."""
    if context.mode != "train" or context.module is None:
        return
    drops = sum(isinstance(part, _DropoutNd) and part.p > 0 for part in context.module.modules())
    norms = sum(isinstance(part, _BatchNorm) for part in context.module.modules())
    if not drops + norms:
        return
    yield Finding(
        rule="evaluated_in_train_mode",
        severity="warning",
        node=_first_node(context),
        message=(
            f"The folder was evaluated in train mode, with {drops} Dropout drawing and {norms} BatchNorm going by each "
            "batch: the figures are not those of the finished model, and change with the batch size."
        ),
        evidence={"dropout": drops, "batch_norm": norms},
        fix="Choose eval and evaluate again.",
        code="model.eval()",
    )


def _first_node(context: EvaluationContext) -> int | None:
    for node in context.graph.nodes if context.graph is not None else ():
        if node.category == "dropout" or "batchnorm" in node.op.replace("_", "").lower():
            return node.id
    return None
