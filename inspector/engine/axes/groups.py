"""The axes of what goes into modules and comes out of them, told from the wires that cross their borders."""

from collections.abc import Iterable, Sequence

from inspector.protocol.graph import Graph, TensorSpec

Places = tuple[tuple[int, ...], ...]
# By group and shape: the kinds of axes that tensors of that shape have on the wires across its border.
_Crossing = dict[tuple[int, tuple[int, ...]], set[int]]


def axes_of_groups(graph: Graph, inputs: Places, outputs: Places) -> tuple[Places, Places]:
    """For each group's inputs and outputs the place of their kind; −1 where the wires of that shape disagree."""
    around = [_around(graph, group.id) for group in graph.groups]
    entering: _Crossing = {}
    leaving: _Crossing = {}
    for edge in graph.edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        if edge.source_output >= len(source.outputs) or edge.target_input >= len(target.inputs):
            continue
        from_groups = _chain(around, source.group)
        to_groups = _chain(around, target.group)
        kind, shape = inputs[edge.target][edge.target_input], target.inputs[edge.target_input].shape
        for group in to_groups - from_groups:
            entering.setdefault((group, shape), set()).add(kind)
        kind, shape = outputs[edge.source][edge.source_output], source.outputs[edge.source_output].shape
        for group in from_groups - to_groups:
            leaving.setdefault((group, shape), set()).add(kind)
    return (
        tuple(_kinds(entering, group.id, group.inputs) for group in graph.groups),
        tuple(_kinds(leaving, group.id, group.outputs) for group in graph.groups),
    )


def _kinds(crossing: _Crossing, group: int, specs: Iterable[TensorSpec]) -> tuple[int, ...]:
    found = (crossing.get((group, spec.shape), set()) for spec in specs)
    return tuple(next(iter(kinds)) if len(kinds) == 1 else -1 for kinds in found)


def _chain(around: Sequence[frozenset[int]], group: int | None) -> frozenset[int]:
    return frozenset() if group is None else around[group]


def _around(graph: Graph, group: int) -> frozenset[int]:
    found = set()
    holder: int | None = group
    while holder is not None:
        found.add(holder)
        holder = graph.groups[holder].parent
    return frozenset(found)
