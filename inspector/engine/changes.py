"""A run with changes compared with the same run without; must not know how either was made."""

from collections import Counter

from msgspec import structs

from inspector.core.changes import ACTIVATIONS, places_of, relative_text
from inspector.engine.capture import Captured
from inspector.engine.capture.signatures import relative_difference
from inspector.protocol.changes import Change, ChangeOutcome, Comparison, NodeDifference, NodePlace
from inspector.protocol.graph import Graph, Node

# What tells a node of one run in the other: its place, or for a value its kind, name and number.
_Key = NodePlace | tuple[str, str, str, int]


def compare_runs(before: Captured, after: Captured) -> Comparison:
    """Node by node: which give the same bit for bit, which don't and by how much, and the first of those."""
    earlier = {key: node.id for key, node in _by_key(before.graph).items()}
    nodes = _by_key(after.graph)
    differences: list[NodeDifference] = []
    num_same = 0
    for key, node in nodes.items():
        old = before.signatures.get(earlier[key]) if key in earlier else None
        new = after.signatures.get(node.id)
        if old is None or new is None or node.failed:
            continue
        if old.digest == new.digest:
            num_same += 1
        else:
            differences.append(NodeDifference(node=node.id, relative=relative_difference(old, new)))
    unmatched = len(earlier.keys() ^ nodes.keys())
    return Comparison(
        outcomes=after.outcomes,
        differences=tuple(differences),
        first=differences[0].node if differences else None,
        num_same=num_same,
        unmatched=unmatched,
        sentence=_sentence(before, after, differences, num_same, unmatched),
    )


def graph_as_run(graph: Graph, outcomes: tuple[ChangeOutcome, ...]) -> Graph:
    """The graph by what its nodes really computed, for those who read its operations: swapped ones are renamed."""
    made = {_plain(outcome.change.place): outcome.change for outcome in outcomes if outcome.applied}
    nodes = [
        _as_run(node, made.get(_plain(place))) if place is not None else node
        for node, place in zip(graph.nodes, places_of(graph), strict=True)
    ]
    return structs.replace(graph, nodes=tuple(nodes))


def _as_run(node: Node, change: Change | None) -> Node:
    if change is None or change.kind == "noise":
        return node
    if change.kind == "swap":
        name = ACTIVATIONS[change.activation] if node.kind == "module" else change.activation
        return structs.replace(node, op=name, category="other" if change.activation == "identity" else "activation")
    name = "Identity" if change.kind == "bypass" else "zeros_like"
    return structs.replace(node, op=name, category="other")


def _plain(place: NodePlace) -> tuple[str, str, int, int]:
    """What two names of one place have in common: the command line knows neither class nor index."""
    kind = "function" if place.kind == "function" else "module"
    return kind, place.fqn + (f"/{place.op}" if kind == "function" else ""), place.call, place.occurrence


def _by_key(graph: Graph) -> dict[_Key, Node]:
    keyed: dict[_Key, Node] = {}
    counts: Counter[tuple[str, str, str]] = Counter()
    for node, place in zip(graph.nodes, places_of(graph), strict=True):
        if place is not None:
            # Where control flow depends on values, operations before it may be more or fewer than last time.
            key: _Key = NodePlace(
                kind=place.kind, fqn=place.fqn, op=place.op, call=place.call, occurrence=place.occurrence
            )
        else:
            alike = node.kind, node.op, node.fqn
            key = (*alike, counts[alike])
            counts[alike] += 1
        keyed[key] = node
    return keyed


def _sentence(
    before: Captured, after: Captured, differences: list[NodeDifference], num_same: int, unmatched: int
) -> str:
    if before.failure is not None:
        return "Without the changes the forward fails, so that there is nothing to compare with."
    if not any(outcome.applied for outcome in after.outcomes):
        return "No change was made."
    others = f" {unmatched} ran in only one of the two runs." if unmatched else ""
    if not differences:
        return f"Nothing differs: all {num_same} nodes give the same, bit for bit.{others}"
    first = after.graph.nodes[differences[0].node]
    where = f"{first.fqn} {first.op}".strip() if first.kind in ("module", "function") else f"{first.kind} {first.fqn}"
    return (
        f"First to differ is {where}, {relative_text(differences[0].relative)}. "
        f"{len(differences)} {'node differs' if len(differences) == 1 else 'nodes differ'}, "
        f"{num_same} {'is' if num_same == 1 else 'are'} the same bit for bit.{others}"
    )
