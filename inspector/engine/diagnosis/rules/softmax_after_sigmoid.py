"""Case E2: softmax, log-softmax or sigmoid over values that a sigmoid or a softmax has already squeezed into [0, 1]."""

import math
from collections.abc import Iterator
from itertools import pairwise

from inspector.core.formatting import value_text
from inspector.core.head_trail import Family, plain_name, steps_back
from inspector.core.heads import squash_ceiling
from inspector.core.readings import class_axis
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node

_SQUEEZES: tuple[Family, ...] = ("softmax", "log_softmax", "sigmoid")
_INTO_UNIT: tuple[Family, ...] = ("sigmoid", "softmax")
# What may stand behind it, as in −log(p).
_THEN = ("neg", "negative", "log", "exp")


def check(context: RunContext) -> Iterator[Finding]:
    """At the end of an output, where it is squeezed twice."""
    for output, values in zip(context.outputs, context.values, strict=True):
        axis = class_axis(values.shape)
        found = squeezed_twice(context, output.node)
        if found is None or axis is None:
            continue
        last, family, before = found
        num_classes = values.shape[axis]
        if family == "sigmoid":
            low, high = 0.5, 1 / (1 + math.exp(-1))
            told = f"no value can leave {value_text(low)} to {value_text(high, 3)}"
            evidence: dict[str, float | int | str] = {"least": low, "ceiling": high}
        elif num_classes < 2:
            continue
        else:
            ceiling = squash_ceiling(num_classes)
            told = f"no probability can pass {value_text(ceiling, 3)} with {num_classes} classes"
            evidence = {"ceiling": ceiling, "num_classes": num_classes}
        if family != "log_softmax" and plain_name(last.op) not in _THEN and values.min() >= 0 and values.max() <= 1:
            evidence["highest"] = float(values.max())
            told += f", and the highest here is {value_text(float(values.max()))}"
        yield Finding(
            rule="softmax_after_sigmoid",
            severity="warning",
            node=last.id,
            message=f"{_name(family)} is applied to the values of {before.op}, which lie in [0, 1]: {told}.",
            evidence=evidence,
            fix=f"Remove {before.op}, and apply {_name(family).lower()} to the logits alone.",
        )


def squeezed_twice(context: RunContext, output: int | None) -> tuple[Node, Family, Node] | None:
    """The squeezing operation near the end, its family, and the one before it that squeezed the values already."""
    steps = steps_back(context.graph, output) if output is not None else ()
    for (node, family), (before, family_before) in pairwise(steps):
        if family in _SQUEEZES:
            return (node, family, before) if family_before in _INTO_UNIT else None
        if plain_name(node.op) not in _THEN:
            return None
    return None


def _name(family: Family) -> str:
    return {"softmax": "Softmax", "log_softmax": "Log-softmax", "sigmoid": "Sigmoid"}[family]
