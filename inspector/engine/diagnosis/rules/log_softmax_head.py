"""The model ends in log-softmax: raw is the logarithm of a probability, which one loss takes as it is."""

from collections.abc import Iterator

import numpy as np

from inspector.core.formatting import value_text
from inspector.core.head_trail import walk_back
from inspector.core.readings import class_axis
from inspector.engine.diagnosis.context import RunContext
from inspector.engine.diagnosis.rules.softmax_after_sigmoid import squeezed_twice
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """An output that was read as the logarithm of probabilities."""
    for output, head, values in zip(context.outputs, context.heads, context.values, strict=True):
        axis = class_axis(values.shape)
        trail = walk_back(context.graph, output.node) if output.node is not None else None
        if head.kind != "log_probabilities" or trail is None or axis is None:
            continue
        if squeezed_twice(context, output.node) is not None:
            continue
        sums = np.exp(values.astype(np.float64)).sum(axis=axis)
        yield Finding(
            rule="log_softmax_head",
            severity="note",
            node=trail.last.id,
            message=(
                f"The model ends in {trail.last.op} (exp of a row sums to {value_text(float(sums.mean()))}), so raw is "
                "the logarithm of a probability, and exp(raw) the probability itself."
            ),
            evidence={"row_sum_min": float(sums.min()), "row_sum_max": float(sums.max())},
            fix="Train with nn.NLLLoss; CrossEntropyLoss gives the same, as a second log-softmax changes nothing.",
            code="loss = nn.NLLLoss()(output, target)",
        )
