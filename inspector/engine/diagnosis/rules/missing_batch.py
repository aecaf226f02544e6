"""Cases B5 and D1: an input without a batch dimension, which many layers accept, and later ones fold wrongly."""

from collections.abc import Iterator

import msgspec

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node
from inspector.protocol.inputs import RandomInput

# How many axes each layer takes with a batch; one fewer is accepted as "unbatched".
_BATCHED_AXES = {
    "Conv1d": 3,
    "Conv2d": 4,
    "Conv3d": 5,
    "conv1d": 3,
    "conv2d": 4,
    "conv3d": 5,
    "LSTM": 3,
    "GRU": 3,
    "RNN": 3,
    "Linear": 2,
    "linear": 2,
}


def unbatched_layer(context: RunContext) -> Node | None:
    """The first layer that takes an input as one item without a batch, if there is one."""
    return next((node for _, node in _unbatched(context)), None)


def _unbatched(context: RunContext) -> Iterator[tuple[int, Node]]:
    for position, source in enumerate(node for node in context.graph.nodes if node.kind == "input"):
        if not source.outputs:
            continue
        shape = source.outputs[0].shape
        node = _reached(context, source)
        if node is None or not node.inputs or node.inputs[0].shape != shape:
            continue
        if len(shape) == _BATCHED_AXES[node.op] - 1:
            yield position, node


def check(context: RunContext) -> Iterator[Finding]:
    """The first layer that an input reaches takes it with one axis fewer than a batch has."""
    for position, node in _unbatched(context):
        shape = node.inputs[0].shape
        batched = (1, *shape)
        fed = context.inputs[position].source if position < len(context.inputs) else None
        alone = isinstance(fed, RandomInput) and fed.shape == shape and len(context.inputs) == 1
        runs = "It runs all the same" if context.failure is None else "A later layer then fails"
        yield Finding(
            rule="missing_batch",
            severity="warning",
            node=node.id,
            message=(
                f"The input {shape_text(shape)} has no batch dimension: {node.op} takes it as one item. {runs}; "
                f"{shape_text(batched)} is what a batch of one looks like."
            ),
            evidence={"axes": len(shape), "axes_with_batch": len(batched)},
            fix=f"Feed {shape_text(batched)}: x.unsqueeze(0).",
            code="x = x.unsqueeze(0)",
            apply_input=msgspec.structs.replace(fed, shape=batched) if isinstance(fed, RandomInput) and alone else None,
        )


def _reached(context: RunContext, source: Node) -> Node | None:
    """The first node of a known kind that takes this input directly."""
    targets = [edge.target for edge in context.graph.edges if edge.source == source.id]
    nodes = (context.graph.nodes[target] for target in sorted(targets))
    return next((node for node in nodes if node.op in _BATCHED_AXES), None)
