"""An addition or product that pairs every row with every other: (N,) with (N, 1) makes (N, N)."""

from collections.abc import Iterator

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node, TensorSpec


def check(context: RunContext) -> Iterator[Finding]:
    """An arithmetic node whose result follows the batch along more axes than anything that went in."""
    for node in context.graph.nodes:
        if node.category != "arithmetic" or len(node.inputs) < 2 or not node.outputs:
            continue
        made = _batch_axes(node.outputs[0])
        went_in = [_batch_axes(spec) for spec in node.inputs[:2]]
        if not all(went_in) or made <= max(went_in) or _is_product_of_matrices(node):
            continue
        shapes = [shape_text(spec.shape) for spec in node.inputs[:2]]
        yield Finding(
            rule="silent_broadcast",
            severity="warning",
            node=node.id,
            message=(
                f"{node.op} of {shapes[0]} and {shapes[1]} makes {shape_text(node.outputs[0].shape)}: every row of the "
                "batch is paired with every other."
            ),
            evidence={"batch_axes_in": max(went_in), "batch_axes_out": made},
            fix=f"Bring both to one shape before {node.op}: x.squeeze(1), or y.unsqueeze(1).",
        )


def _batch_axes(spec: TensorSpec) -> int:
    return sum(times != 0 for times in spec.batch)


def _is_product_of_matrices(node: Node) -> bool:
    """Whether axes may cross on purpose: scores of a contrastive loss."""
    return node.op in {"matmul", "mm", "bmm", "einsum", "addmm", "__matmul__", "cdist"}
