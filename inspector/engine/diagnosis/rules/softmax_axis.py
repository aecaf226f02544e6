"""Softmax over one column, or over another axis than the classes: the values say nothing of the classes."""

from collections.abc import Iterator

import numpy as np

from inspector.core.formatting import shape_text
from inspector.core.head_trail import walk_back
from inspector.core.readings import class_axis
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """An output that ends in softmax, whose rows over the classes do not sum to 1, or have one column."""
    for output, values in zip(context.outputs, context.values, strict=True):
        axis = class_axis(values.shape)
        trail = walk_back(context.graph, output.node) if output.node is not None else None
        if axis is None or trail is None or trail.family != "softmax" or trail.picked or not values.size:
            continue
        if values.shape[axis] == 1:
            yield Finding(
                rule="softmax_axis",
                severity="error",
                node=trail.last.id,
                message="Softmax over one column is always 1, whatever the input.",
                evidence={"columns": 1, "lowest": float(values.min()), "highest": float(values.max())},
                fix="Use torch.sigmoid for one column, or give the last layer 2 outputs.",
            )
            continue
        wrong = [place for place in range(values.ndim) if place != axis and _sums_to_one(values, place)]
        if wrong and not _sums_to_one(values, axis):
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
            )


def _sums_to_one(values: np.ndarray, axis: int) -> bool:
    return bool(np.abs(values.sum(axis=axis) - 1.0).max() <= 5e-3)
