"""Softmax over one column, or over another axis than the classes: the values say nothing of the classes."""

import re
from collections.abc import Iterator

import numpy as np
from torch import nn

from inspector.core.formatting import shape_text
from inspector.core.head_trail import family_of, walk_back
from inspector.core.readings import class_axis
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node


def check(context: RunContext) -> Iterator[Finding]:
    """An output that ends in softmax, whose rows over the classes do not sum to 1, or have one column."""
    told: set[int] = set()
    for output, values in zip(context.outputs, context.values, strict=True):
        axis = class_axis(values.shape)
        trail = walk_back(context.graph, output.node) if output.node is not None else None
        if axis is None or trail is None or trail.family != "softmax" or trail.picked or not values.size:
            continue
        if values.shape[axis] == 1:
            told.add(trail.last.id)
            yield Finding(
                rule="softmax_axis",
                severity="error",
                node=trail.last.id,
                message="Softmax over one column is always 1, whatever the input.",
                evidence={"columns": 1, "lowest": float(values.min()), "highest": float(values.max())},
                fix="Use torch.sigmoid for one column, or give the last layer 2 outputs.",
                code="x = torch.sigmoid(x)",
            )
            continue
        wrong = [place for place in range(values.ndim) if place != axis and _sums_to_one(values, place)]
        if wrong and not _sums_to_one(values, axis):
            told.add(trail.last.id)
            row = float(values.sum(axis=axis).ravel()[0])
            yield Finding(
                rule="softmax_axis",
                severity="error",
                node=trail.last.id,
                message=(
                    f"Softmax runs over axis {wrong[0]} of {shape_text(values.shape)} and not over the classes: a row "
                    f"sums to {row:.4g}, not to 1."
                ),
                evidence={"axis": wrong[0], "class_axis": axis, "row_sum": row},
                fix=f"Use softmax(…, dim={axis}).",
                code=f"x = x.softmax(dim={axis})",
            )
    if context.mode == "eval":
        yield from _along_batch(context, told)


def _along_batch(context: RunContext, told: set[int]) -> Iterator[Finding]:
    """A softmax anywhere else over the axis that follows the batch, once that is known."""
    parts = dict(context.module.named_modules())
    for node in context.graph.nodes:
        if node.id in told or family_of(node) not in {"softmax", "log_softmax"} or not node.inputs:
            continue
        spec = node.inputs[0]
        axis = _axis_of(node, parts.get(node.fqn) if node.kind == "module" else None)
        if axis is None or len(spec.batch) != len(spec.shape) or not spec.shape:
            continue
        axis %= len(spec.shape)
        if spec.batch[axis] != 1 or sum(times != 0 for times in spec.batch) != 1:
            continue
        yield Finding(
            rule="softmax_axis",
            severity="warning",
            node=node.id,
            message=(
                f"{node.op} {node.fqn}".strip() + f" runs over axis {axis} of {shape_text(spec.shape)}, which is the "
                f"batch: what one item gets depends on the others."
            ),
            evidence={"axis": axis, "batch": spec.shape[axis]},
            fix="Use the axis of the classes, or of the features: dim=-1.",
            code="x = x.softmax(dim=-1)",
        )


def _axis_of(node: Node, part: nn.Module | None) -> int | None:
    """The axis that it runs over. Without one, softmax takes 0 for one and three axes, else 1, as torch says."""
    found = re.search(r"(?:^|dim=)(-?\d+)", node.details)
    if found:
        return int(found[1])
    if node.details == "" and node.inputs and (part is None or getattr(part, "dim", 0) is None):
        return 0 if len(node.inputs[0].shape) in {0, 1, 3} else 1
    return None


def _sums_to_one(values: np.ndarray, axis: int) -> bool:
    return bool(np.abs(values.sum(axis=axis) - 1.0).max() <= 5e-3)
