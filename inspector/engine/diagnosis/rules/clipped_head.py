"""A head that ends in ReLU or tanh: its values are cut or squeezed, and as logits they say less than they could."""

from collections.abc import Iterator

from inspector.core.head_trail import plain_name, walk_back
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding

_RECTIFIERS = ("relu", "relu6")
_MOST_CLASSES = 100_000


def check(context: RunContext) -> Iterator[Finding]:
    """Only a head of columns, made by a linear layer just before: feature maps end in ReLU by right."""
    for output in context.outputs:
        trail = walk_back(context.graph, output.node) if output.node is not None else None
        if trail is None or trail.picked or output.tensor.ndim != 2 or trail.before_family != "linear":
            continue
        name, columns = plain_name(trail.last.op), int(output.tensor.shape[1])
        if name in _RECTIFIERS and 1 <= columns <= _MOST_CLASSES:
            zeros = int((output.tensor == 0).sum())
            yield Finding(
                rule="clipped_head",
                severity="warning",
                node=trail.last.id,
                message=(
                    f"The model ends in {trail.last.op}, which makes {zeros} of {output.tensor.numel()} outputs 0: a "
                    "class that is unlikely can't say how unlikely, and learns nothing while it is 0."
                ),
                evidence={"zeros": zeros, "outputs": int(output.tensor.numel())},
                fix=(
                    f"Remove the {trail.last.op} after the last Linear, or put the last Linear behind it where that is "
                    "missing; where no target is negative, use Softplus."
                ),
            )
        elif trail.family == "tanh":
            yield Finding(
                rule="clipped_head",
                severity="note",
                node=trail.last.id,
                message=(
                    "The model ends in tanh, so outputs lie in [−1, 1]: softmax over them can give no class more than "
                    f"{_tanh_ceiling(columns):.3g}."
                    if columns > 1
                    else "The model ends in tanh, so its output lies in [−1, 1]; it is no probability."
                ),
                evidence={"columns": columns, "ceiling": _tanh_ceiling(columns)},
                fix="For classes, remove it and use cross-entropy; for values in [−1, 1] it may stay.",
            )


def _tanh_ceiling(columns: int) -> float:
    """The largest softmax over values in [−1, 1]: e / (e + (K − 1)/e)."""
    square = 7.38905609893065
    return square / (square + columns - 1)
