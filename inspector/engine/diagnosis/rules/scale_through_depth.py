"""Values that explode or vanish on their way through the layers."""

from collections.abc import Iterator

from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node

# Far beyond what trained or freshly initialised models do: a deep one without normalisation loses some 1e-6.
_EXPLODED, _VANISHED = 1e8, 1e-12
_LEAST_VALUES = 16


def check(context: RunContext) -> Iterator[Finding]:
    """The first layer with weights whose output spreads that far, or has shrunk to that little."""
    if context.may_lose_scale:
        return
    for node in context.graph.nodes:
        found = node.statistics
        if node.kind != "module" or not node.num_params or found is None or found.std is None or found.max is None:
            continue
        if found.num_elements < _LEAST_VALUES or found.min is None or found.min == found.max:
            continue
        if found.std > _EXPLODED or (found.std < _VANISHED and not context.fresh):
            yield _finding(node, found.std)
            return


def _finding(node: Node, std: float) -> Finding:
    exploded = std > _EXPLODED
    what = "explode" if exploded else "vanish"
    return Finding(
        rule="scale_through_depth",
        severity="warning",
        node=node.id,
        message=f"Values {what} on the way: at {node.op} {node.fqn} their standard deviation is {std:.3g}.",
        evidence={"std": std},
        fix=(
            "Normalise the input and put a normalisation between the layers; look for weights that are far too large."
            if exploded
            else "Put a normalisation between the layers, or initialise their weights for the activation (He, Xavier)."
        ),
    )
