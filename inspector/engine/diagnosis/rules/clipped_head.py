"""A head that ends in ReLU or tanh, or has a ReLU before its softmax or sigmoid: its logits are cut or squeezed."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from inspector.core.formatting import range_text
from inspector.core.head_trail import Family, plain_name, steps_back, walk_back
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node

_RECTIFIERS = ("relu", "relu6")
_MOST_CLASSES = 100_000


def check(context: RunContext) -> Iterator[Finding]:
    """Only a head of columns, made by a linear layer just before: feature maps end in ReLU by right."""
    for output, values in zip(context.outputs, context.values, strict=True):
        cut = _cut_logits(context, output.node) if output.tensor.ndim == 2 else None
        if cut is not None:
            yield _of_cut_logits(*cut, values)
            continue
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


def _cut_logits(context: RunContext, output: int | None) -> tuple[Node, Node, Family] | None:
    """The ReLU between the last linear layer and the softmax or sigmoid, that operation, and its family."""
    steps = steps_back(context.graph, output) if output is not None else ()
    if len(steps) < 3 or steps[0][1] not in {"softmax", "log_softmax", "sigmoid"} or steps[2][1] != "linear":
        return None
    relu = steps[1][0]
    return (relu, *steps[0]) if plain_name(relu.op) in _RECTIFIERS else None


def _of_cut_logits(relu: Node, last: Node, family: Family, values: NDArray[Any]) -> Finding:
    told = range_text(float(values.min()), float(values.max()))
    if family == "sigmoid":
        says = f"so no probability can be below 0.5 (here {told}), and the answer is always yes"
    else:
        says = "so an unlikely class can't say how unlikely: all that are cut get the same probability"
    return Finding(
        rule="clipped_head",
        severity="warning",
        node=relu.id,
        message=f"{relu.op} stands between the last Linear and {last.op} and cuts the logits at 0, {says}.",
        evidence={"values": told},
        fix=f"Remove the {relu.op} before {last.op}.",
    )


def _tanh_ceiling(columns: int) -> float:
    """The largest softmax over values in [−1, 1]: e / (e + (K − 1)/e)."""
    square = 7.38905609893065
    return square / (square + columns - 1)
