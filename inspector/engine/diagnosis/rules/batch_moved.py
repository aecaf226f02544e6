"""The batch goes in as one axis and comes out as another: a transpose in forward that nothing turns back."""

from collections.abc import Iterator

from inspector.core.formatting import shape_text
from inspector.core.head_trail import plain_name
from inspector.core.wires import ancestors
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node, TensorSpec

_MOVES = frozenset({"transpose", "permute", "swapaxes", "swapdims", "movedim", "moveaxis", "t", "T", "mT"})


def check(context: RunContext) -> Iterator[Finding]:
    """By the measured axes. A warning where the rows of (N, K) would be read as columns; else it may be meant."""
    output = context.outputs[0]
    fed = next((node.outputs[0] for node in context.graph.nodes if node.kind == "input" and node.outputs), None)
    if output.node is None or fed is None:
        return
    node = context.graph.nodes[output.node]
    out = (node.outputs or node.inputs)[0]
    before, after = _batch_axis(fed), _batch_axis(out)
    if before is None or after is None or before == after:
        return
    way = ancestors(context.graph, [output.node])
    moving = [one for one in context.graph.nodes if one.id in way and _moves(one)]
    if not moving:
        return
    last = moving[-1]
    sure = before == 0 and len(out.shape) == 2
    yield Finding(
        rule="batch_moved",
        severity="warning" if sure else "note",
        node=last.id,
        message=(
            f"The batch is axis {before} of the input {shape_text(fed.shape)} and axis {after} of the output "
            f"{shape_text(out.shape)}: {last.op} makes {shape_text(last.outputs[0].shape)} of "
            f"{shape_text(last.inputs[0].shape)}."
        ),
        evidence={"axis_in": before, "axis_out": after},
        fix=(
            f"Take {last.op} out, or turn its result back before it is returned."
            if sure
            else f"Where the batch comes first in your data: take {last.op} out, or turn its result back."
        ),
    )


def _batch_axis(spec: TensorSpec) -> int | None:
    """The one axis that is as long as the batch; None where there is none, or several."""
    following = [axis for axis, times in enumerate(spec.batch) if times]
    return following[0] if len(following) == 1 and spec.batch[following[0]] == 1 else None


def _moves(node: Node) -> bool:
    if plain_name(node.op) not in _MOVES or not node.inputs or not node.outputs:
        return False
    before, after = _batch_axis(node.inputs[0]), _batch_axis(node.outputs[0])
    return before is not None and after is not None and before != after
