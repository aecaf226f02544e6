"""A sigmoid or tanh at its ends: its slope there is nearly zero, and so are the gradients before it."""

from collections.abc import Iterator

from inspector.core.head_trail import plain_name
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Statistics

# The ends, and how near counts: at .001 from an end the slope of sigmoid is .001, that of tanh .002.
_ENDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
_NEAR = 1e-3
_SHARE = 0.95
_LEAST_VALUES = 16


def check(context: RunContext) -> Iterator[Finding]:
    """The first in the order of the run, nearly all of whose values lie at an end."""
    for node in context.graph.nodes:
        ends, found = _ENDS.get(plain_name(node.op)), node.statistics
        if ends is None or found is None or found.num_elements < _LEAST_VALUES or not found.histogram:
            continue
        share = _share_near(found, *ends)
        if share < _SHARE:
            continue
        yield Finding(
            rule="saturated_activation",
            severity="warning",
            node=node.id,
            message=(
                f"{node.op} {node.fqn} is saturated: {share:.0%} of its {found.num_elements:,} values lie within "
                f"{_NEAR} of {ends[0]:g} or {ends[1]:g}, where its slope is nearly 0."
            ),
            evidence={"share": share, "min": found.min or 0.0, "max": found.max or 0.0},
            fix="Normalise what goes in, so that it lies within about ±4, or use an activation that does not saturate.",
        )
        return


def _share_near(found: Statistics, low: float, high: float) -> float:
    """The share of the sample in bins that lie wholly near an end."""
    assert found.min is not None
    assert found.max is not None
    if found.max - found.min <= _NEAR:
        return float(min(abs(found.min - low), abs(found.max - high)) <= _NEAR)
    width = (found.max - found.min) / len(found.histogram)
    # A bin is wider than what is near: only bins that touch an end which the values reach are counted, and only
    # where they reach it that closely that the bin can hold nothing else worth the name.
    near = 0
    if found.min - low <= _NEAR / 2:
        near += found.histogram[0]
    if high - found.max <= _NEAR / 2 and len(found.histogram) > 1:
        near += found.histogram[-1]
    return near / max(1, sum(found.histogram)) if width < 0.1 else 0.0
