"""Images whose output holds NaN: no class can be read from it."""

from collections.abc import Iterator

import numpy as np

from inspector.engine.diagnosis.context import EvaluationContext
from inspector.protocol.findings import Finding


def check(context: EvaluationContext) -> Iterator[Finding]:
    """One NaN in a row is enough."""
    rows = np.asarray(context.outputs, np.float64).reshape(len(context.outputs), -1)
    bad = np.flatnonzero(np.isnan(rows).any(axis=1))
    if not len(bad):
        return
    first = context.scan.images[int(context.indices[bad[0]])].path
    yield Finding(
        rule="nan_outputs",
        severity="error",
        node=None,
        message=f"The output is NaN for {len(bad)} of {len(rows)} images, which count as wrong; the first is {first}.",
        image=first,
        evidence={"images": len(bad), "of": len(rows)},
        fix="Run the model on that image: the graph names the first node that makes NaN.",
    )
