"""Case E2 over a folder: the highest probability never passes e/(e+K−1), as after softmax of values in [0, 1]."""

import math
from collections.abc import Iterator

import numpy as np

from inspector.core.formatting import value_text
from inspector.core.heads import squash_ceiling
from inspector.engine.diagnosis.context import EvaluationContext
from inspector.protocol.findings import Finding


def check(context: EvaluationContext) -> Iterator[Finding]:
    """Rows that sum to 1, none above the ceiling, and none whose parts differ by more than e-fold: all three."""
    values = np.asarray(context.outputs, np.float64)
    if values.ndim != 2 or values.shape[1] < 2 or not np.isfinite(values).all():
        return
    if values.min() <= 0 or np.abs(values.sum(axis=1) - 1).max() > 5e-3:
        return
    ceiling, highest = squash_ceiling(values.shape[1]), float(values.max())
    ratio = float((values.max(axis=1) / values.min(axis=1)).max())
    # Softmax of values within [0, 1] can't make one probability more than e times another.
    if highest > ceiling + 1e-6 or ratio > math.e * (1 + 1e-4):
        return
    yield Finding(
        rule="softmax_ceiling",
        severity="warning",
        node=None,
        message=(
            f"Over {len(values)} images the highest probability is {value_text(highest)} and never passes "
            f"e/(e+K−1) = {value_text(ceiling, 3)}: softmax seems to be applied to values that lie in [0, 1] already."
        ),
        evidence={
            "highest": highest,
            "ceiling": ceiling,
            "greatest_ratio": ratio,
            "num_classes": values.shape[1],
            "images": len(values),
        },
        fix="Apply softmax to the logits alone: remove the sigmoid, or the first of two softmaxes, before it.",
    )
