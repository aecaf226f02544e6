"""Outputs of shape (N,) that hold one value for each item of the batch, as after `.squeeze(1)` or `.argmax(1)`.

Read along their only axis they would look like the classes of one item, and softmax would mix the items.
"""

import re
from typing import Any

from numpy.typing import NDArray

from inspector.protocol.graph import Graph, Node
from inspector.protocol.outputs import OutputTensor

# A graph is never so deep behind its output; the bound is for one that is broken.
_MOST_STEPS = 200
_DIM = re.compile(r"\bdim=(-?\d+)\b")


def is_per_item(graph: Graph, output: int, shape: tuple[int, ...]) -> bool:
    """Whether output node `output`, of `shape`, has one value for each item of the batch that was fed.

    Its length is the batch of all inputs, and the operation that took the other axes away had that length in front. If
    another axis has it too, the operation's `dim` has to say that the first one stayed.
    """
    if len(shape) != 1 or shape[0] < 2:
        return False
    fed = [spec.shape for node in graph.nodes if node.kind == "input" for spec in node.outputs]
    if not fed or any(len(one) < 2 or one[0] != shape[0] for one in fed):
        return False
    sources = {edge.target: edge.source for edge in reversed(graph.edges)}
    place = sources.get(output)
    for _ in range(_MOST_STEPS):
        if place is None:
            return False
        node = graph.nodes[place]
        wide = _wide_input(node)
        if wide is not None:
            return wide[0] == shape[0] and (wide.count(shape[0]) == 1 or _kept_first(node, len(wide)))
        place = sources.get(place)
    return False


def _kept_first(node: Node, axes: int) -> bool:
    said = _DIM.search(node.details)
    return said is not None and int(said[1]) % axes != 0


def _wide_input(node: Node) -> tuple[int, ...] | None:
    """The shape of an operation's first input with more than one axis."""
    return next((spec.shape for spec in node.inputs if len(spec.shape) > 1), None)


def as_rows(tensor: OutputTensor, values: NDArray[Any]) -> NDArray[Any]:
    """The values of an output as they are read: one row for each item where it has one value an item, (N,) → (N, 1)."""
    return values[:, None] if tensor.per_item and values.ndim == 1 else values
