"""A sigmoid or tanh at its ends: its slope there is nearly zero, and so are the gradients before it."""

from collections.abc import Iterator

from inspector.core.formatting import percent_text
from inspector.core.head_trail import plain_name
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Statistics

# The ends, and how near counts: at .001 from an end the slope of sigmoid is .001, that of tanh .002.
_ENDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
_NEAR = 1e-3
_SHARE = 0.95
_LEAST_VALUES = 16
# Of a softmax: how near to one-hot its rows are, how far its logits spread (e^50 between two), and what is a mask.
_ONE_HOT, _FAR_APART, _MASK = 0.99, 50.0, -1e4


def check(context: RunContext) -> Iterator[Finding]:
    """The first in the order of the run, nearly all of whose values lie at an end."""
    if context.may_lose_scale:
        return
    yield from _hard_softmax(context)
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
                f"{node.op} {node.fqn} is saturated: {percent_text(share, 0)} of its {found.num_elements:,} values "
                f"lie within {_NEAR} of {ends[0]:g} or {ends[1]:g}, where its slope is nearly 0."
            ),
            evidence={"share": share, "min": found.min or 0.0, "max": found.max or 0.0},
            fix="Normalise what goes in, so that it lies within about ±4, or use an activation that does not saturate.",
        )
        return


def _hard_softmax(context: RunContext) -> Iterator[Finding]:
    """A softmax all of whose rows are one 1 and zeros, of logits that spread far: attention that was not scaled.

    With rows of K values that sum to 1, mean = 1/K, and (std² + mean²)/mean is the mean of Σp² over the rows: 1 where
    every row is one-hot.
    """
    sources = {edge.target: context.graph.nodes[edge.source] for edge in reversed(context.graph.edges)}
    for node in context.graph.nodes:
        found = node.statistics
        given = sources[node.id].statistics if node.id in sources else None
        if plain_name(node.op) != "softmax" or found is None or given is None or found.num_elements < _LEAST_VALUES:
            continue
        if not found.mean or found.std is None or not given.std or given.min is None or given.inf or given.nan:
            continue
        # One column is 1 by right, and masked scores spread far by right.
        purity = (found.std**2 + found.mean**2) / found.mean
        if found.mean > 0.6 or purity < _ONE_HOT or given.std < _FAR_APART or _is_masked(given):
            continue
        yield Finding(
            rule="saturated_activation",
            severity="warning",
            node=node.id,
            message=(
                f"{node.op} {node.fqn}".strip() + f" is saturated: its rows are one 1 and zeros (mean of Σp² "
                f"{purity:.6f}), as what goes in spreads by {given.std:.3g}; gradients through it are nearly 0."
            ),
            evidence={"sum_of_squares": purity, "std_before": given.std},
            fix="Scale what goes in: divide scores by √d, or normalise the logits.",
            code="scores = scores / scores.shape[-1] ** 0.5",
        )
        return


def _is_masked(scores: Statistics) -> bool:
    """Whether some scores were put far below the others, so that they get no share."""
    assert scores.min is not None
    assert scores.max is not None
    return scores.min < _MASK and scores.max < -scores.min / 100


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
