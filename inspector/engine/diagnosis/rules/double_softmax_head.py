"""Case A1: the model ends in softmax, so whoever applies it again, or trains with cross-entropy, squashes it."""

from collections.abc import Iterator

from inspector.core.formatting import value_text
from inspector.core.head_trail import Trail, plain_name, walk_back
from inspector.core.heads import squash_ceiling
from inspector.core.readings import class_axis
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """A head of probabilities whose last operation is a softmax over the classes."""
    for output, head, values in zip(context.outputs, context.heads, context.values, strict=True):
        axis = class_axis(values.shape)
        if head.kind != "probabilities" or axis is None or output.node is None:
            continue
        trail = walk_back(context.graph, output.node)
        if trail is None or not _is_softmax(trail):
            continue
        num_classes = values.shape[axis]
        ceiling = squash_ceiling(num_classes)
        sums = values.sum(axis=axis)
        yield Finding(
            rule="double_softmax_head",
            severity="warning",
            node=trail.last.id,
            message=(
                f"The model already ends in softmax (rows of raw sum to {value_text(float(sums.mean()))}): a second "
                f"one, as in CrossEntropyLoss, could not pass {value_text(ceiling, 3)} with {num_classes} classes."
            ),
            evidence={
                "row_sum_min": float(sums.min()),
                "row_sum_max": float(sums.max()),
                "num_classes": num_classes,
                "ceiling": ceiling,
            },
            fix=(
                "Read raw as probabilities; for training, return the logits and use nn.CrossEntropyLoss, or take "
                "nn.NLLLoss()(torch.log(output), target)."
            ),
            code="loss = nn.NLLLoss()(torch.log(output), target)",
        )


def _is_softmax(trail: Trail) -> bool:
    """In one step, as exp of log-softmax, or by hand: exp over its own sum.

    That of probabilities inside the model is softmax_after_sigmoid's.
    """
    if plain_name(trail.last.op) in {"div", "truediv", "truedivide"}:
        return {family for _node, family in trail.bases} == {"exp"}
    if trail.family == "exp":
        return trail.before_family == "log_softmax"
    return trail.family == "softmax" and trail.before_family not in {"sigmoid", "softmax"}
