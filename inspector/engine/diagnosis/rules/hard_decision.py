"""A model that decides itself, by arg max or a threshold: how sure it is gets lost, and no gradient comes through."""

from collections.abc import Iterator

import numpy as np

from inspector.core.formatting import shape_text
from inspector.core.head_trail import plain_name, walk_back
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding

# What each gives, and what is done instead outside of forward.
_DECISIONS = {
    "argmax": ("class numbers alone", "argmax(dim=1)"),
    "argmin": ("class numbers alone", "argmin(dim=1)"),
    "round": ("rounded values alone", "round()"),
    "gt": ("yes or no alone", "a threshold"),
    "ge": ("yes or no alone", "a threshold"),
    "lt": ("yes or no alone", "a threshold"),
    "le": ("yes or no alone", "a threshold"),
}


def check(context: RunContext) -> Iterator[Finding]:
    """Only where it is all that the model gives: who returns logits too may read those."""
    trails = [walk_back(context.graph, output.node) if output.node is not None else None for output in context.outputs]
    if not trails or any(trail is None or plain_name(trail.last.op) not in _DECISIONS for trail in trails):
        return
    trail, values = trails[0], context.values[0]
    if trail is None or not trail.last.inputs or not trail.last.inputs[0].dtype.startswith(("float", "bfloat")):
        return
    last, asked = trail.last, trail.last.inputs[0]
    gives, instead = _DECISIONS[plain_name(last.op)]
    maker = f"{trail.before.op} {trail.before.fqn}".strip() if trail.before is not None else "the operation before"
    yield Finding(
        rule="hard_decision",
        severity="note",
        node=last.id,
        message=(
            f"The model ends in {last.op}, so it gives {gives}: how sure it is can't be read from them, and no "
            "gradient comes through."
        ),
        evidence={"distinct": len(np.unique(values)), "values": int(values.size)},
        fix=f"Return what {maker} gives, {shape_text(asked.shape)}, and apply {instead} where the answer is wanted.",
    )
