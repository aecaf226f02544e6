"""A ReLU that lets nothing through: its output is zero everywhere, and so is its gradient."""

from collections.abc import Iterator

from inspector.core.head_trail import plain_name
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding

_RECTIFIERS = ("relu", "relu6", "threshold")
_LEAST_VALUES = 8


def check(context: RunContext) -> Iterator[Finding]:
    """The first of them in the order of the run; those behind it may be dead for its sake."""
    dead = [
        node
        for node in context.graph.nodes
        if plain_name(node.op) in _RECTIFIERS
        and node.statistics is not None
        and node.statistics.num_elements >= _LEAST_VALUES
        and node.statistics.min == node.statistics.max == 0
        and not node.statistics.nan
    ]
    if not dead or _is_fed_zeros(context):
        return
    first = dead[0]
    also = f", and {len(dead) - 1} more after it" if len(dead) > 1 else ""
    assert first.statistics is not None
    yield Finding(
        rule="dead_activation",
        severity="warning",
        node=first.id,
        message=(
            f"{first.op} {first.fqn} is dead for this input: all its {first.statistics.num_elements:,} values are 0"
            f"{also}, so nothing behind it depends on the input."
        ),
        evidence={"dead": len(dead), "values": first.statistics.num_elements},
        fix="Look at the bias before it, which may be far below zero, or train again with a lower rate or LeakyReLU.",
    )


def _is_fed_zeros(context: RunContext) -> bool:
    inputs = [node.statistics for node in context.graph.nodes if node.kind == "input"]
    return any(found is not None and found.min == found.max == 0 for found in inputs)
