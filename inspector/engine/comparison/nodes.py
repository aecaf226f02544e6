"""Which nodes of two runs give the same, bit for bit, and by how much the others differ: from their signatures."""

import numpy as np

from inspector.core.alignment import align
from inspector.core.comparison import pair_text
from inspector.engine.capture import Captured
from inspector.engine.capture.signatures import Signature, relative_difference
from inspector.protocol.comparison import Alignment, NodePair
from inspector.protocol.graph import Graph, Node


def node_pairs(a: Captured, b: Captured) -> tuple[NodePair, ...]:
    """The nodes of both runs side by side, in the order of A's."""
    return tuple(_pair(a, b, left, right, how) for left, right, how in align(a.graph, b.graph))


def _pair(a: Captured, b: Captured, left: int | None, right: int | None, how: Alignment | None) -> NodePair:
    if left is None or right is None:
        return NodePair(a=left, b=right)
    old, new = a.signatures.get(left), b.signatures.get(right)
    nodes = (a.graph.nodes[left], b.graph.nodes[right])
    if old is None or new is None or any(node.failed for node in nodes):
        return NodePair(a=left, b=right, how=how)
    num_elements = _num_elements(nodes[0])
    if old.digest == new.digest:
        return NodePair(
            a=left, b=right, how=how, equal=True, relative=0.0, max_abs=0.0,
            num_compared=num_elements, num_elements=num_elements,
        )  # fmt: skip
    relative, max_abs = _apart(old, new)
    return NodePair(
        a=left, b=right, how=how, equal=False, relative=relative, max_abs=max_abs,
        num_compared=len(old.sample) if old.sample.shape == new.sample.shape else 0, num_elements=num_elements,
    )  # fmt: skip


def _apart(old: Signature, new: Signature) -> tuple[float | None, float | None]:
    """‖b − a‖ / ‖a‖ and the greatest |b − a| of the samples; 0 where only the dtype is another."""
    if old.sample.shape != new.sample.shape or not len(old.sample):
        return None, None
    with np.errstate(all="ignore"):
        greatest = float(np.abs(new.sample - old.sample).max())
    if greatest == 0 and old.step == 1:
        return 0.0, 0.0
    return relative_difference(old, new), greatest if np.isfinite(greatest) and greatest > 0 else None


def _num_elements(node: Node) -> int:
    return int(np.prod(node.outputs[0].shape, dtype=np.int64)) if node.outputs else 0


def first_different(pairs: tuple[NodePair, ...], a: Graph) -> int | None:
    """The place of the first operation in A's order whose output differs; None where none does."""
    found = [
        (a.nodes[pair.a].call_index, place)
        for place, pair in enumerate(pairs)
        if pair.equal is False and pair.a is not None and a.nodes[pair.a].kind in ("module", "function")
    ]
    return min(found)[1] if found else None


def inputs_equal(pairs: tuple[NodePair, ...], place: int, a: Graph, b: Graph) -> bool | None:
    """Whether what went into both nodes of a pair was the same, bit for bit; None where that can't be told."""
    pair = pairs[place]
    if pair.a is None or pair.b is None:
        return None
    left, right = _sources(a, pair.a), _sources(b, pair.b)
    if len(left) != len(right):
        return False
    by_a = {one.a: one for one in pairs if one.a is not None}
    told = []
    for (node_a, output_a), (node_b, output_b) in zip(left, right, strict=True):
        source = by_a.get(node_a)
        if source is None or source.b != node_b or output_a != output_b:
            return None
        told.append(source.equal)
    if None in told:
        return None
    return all(told)


def _sources(graph: Graph, node: int) -> list[tuple[int, int]]:
    edges = sorted((edge for edge in graph.edges if edge.target == node), key=lambda edge: edge.target_input)
    return [(edge.source, edge.source_output) for edge in edges]


__all__ = ["first_different", "inputs_equal", "node_pairs", "pair_text"]
