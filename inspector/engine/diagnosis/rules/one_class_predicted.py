"""Every image is given the same class, or the very same output."""

from collections.abc import Iterator

import numpy as np

from inspector.core.heads import predicted
from inspector.engine.diagnosis.context import EvaluationContext
from inspector.protocol.findings import Finding


def check(context: EvaluationContext) -> Iterator[Finding]:
    """Two or more classes were shown, and one was answered throughout."""
    shown = np.unique(context.true_labels())
    if context.outputs.ndim != 2 or len(shown) < 2:
        return
    answers = np.unique(predicted(context.outputs, context.head))
    if len(answers) != 1:
        return
    images = len(context.outputs)
    spread = float(np.ptp(np.asarray(context.outputs, np.float64), axis=0).max())
    name = next((known for known, index in context.mapping.items() if index == answers[0]), f"output {answers[0]}")
    same = spread == 0.0
    yield Finding(
        rule="one_class_predicted",
        severity="error" if same else "warning",
        node=None,
        message=(
            f"All {images} images of {len(shown)} classes are predicted as {name}"
            + (": the output is the same whatever the image." if same else f", though outputs vary by {spread:.3g}.")
        ),
        evidence={"images": images, "classes": len(shown), "predicted": int(answers[0]), "spread": spread},
        fix=(
            "Look in the graph for the first node whose values do not change with the image."
            if same
            else "Check the preprocessing (0…1 or 0…255, mean and std, channel order) against the one of training."
        ),
    )
