"""What is known of the axes of a graph's tensors: found by node, put into the graph, said in a sentence."""

from functools import lru_cache

import msgspec

from inspector.protocol.graph import Graph, GraphAxes, TensorAxes, TensorSpec

NOTHING = TensorAxes()


def output_axes(axes: GraphAxes | None, node: int, place: int = 0) -> TensorAxes:
    """Those of a node's output; nothing where they are not known."""
    return NOTHING if axes is None else _kind(axes, axes.outputs, node, place)


def group_output_axes(axes: GraphAxes | None, group: int, place: int = 0) -> TensorAxes:
    """Those of a group's output; nothing where they are not known."""
    return NOTHING if axes is None else _kind(axes, axes.group_outputs, group, place)


def node_specs(
    graph: Graph, axes: GraphAxes | None, node: int
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """A node's inputs and outputs with what is known of their axes."""
    found = graph.nodes[node]
    if axes is None:
        return found.inputs, found.outputs
    return _named(axes, axes.inputs, node, found.inputs), _named(axes, axes.outputs, node, found.outputs)


def group_specs(
    graph: Graph, axes: GraphAxes | None, group: int
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """A group's inputs and outputs with what is known of their axes."""
    found = graph.groups[group]
    if axes is None:
        return found.inputs, found.outputs
    return _named(axes, axes.group_inputs, group, found.inputs), _named(axes, axes.group_outputs, group, found.outputs)


def with_axes(graph: Graph, axes: GraphAxes | None) -> Graph:
    """The graph whose tensors say their axes themselves."""
    if axes is None or not axes.kinds:
        return graph
    nodes = []
    for node in graph.nodes:
        inputs, outputs = node_specs(graph, axes, node.id)
        nodes.append(msgspec.structs.replace(node, inputs=inputs, outputs=outputs))
    groups = []
    for group in graph.groups:
        inputs, outputs = group_specs(graph, axes, group.id)
        groups.append(msgspec.structs.replace(group, inputs=inputs, outputs=outputs))
    return msgspec.structs.replace(graph, nodes=tuple(nodes), groups=tuple(groups))


def axes_in(graph: Graph) -> GraphAxes:
    """What the tensors of a graph say of their axes themselves, beside it again."""
    kinds: dict[TensorAxes, int] = {}

    def places(specs: tuple[TensorSpec, ...]) -> tuple[int, ...]:
        told = [TensorAxes(names=spec.axes, batch=spec.batch) for spec in specs]
        return tuple(-1 if axes == NOTHING else kinds.setdefault(axes, len(kinds)) for axes in told)

    inputs = tuple(places(node.inputs) for node in graph.nodes)
    outputs = tuple(places(node.outputs) for node in graph.nodes)
    group_inputs = tuple(places(group.inputs) for group in graph.groups)
    group_outputs = tuple(places(group.outputs) for group in graph.groups)
    return GraphAxes(
        kinds=tuple(kinds), inputs=inputs, outputs=outputs, group_inputs=group_inputs, group_outputs=group_outputs
    )


def batch_sentence(axes: GraphAxes) -> str:
    """What was found out about the batch."""
    if axes.note:
        return f"Which axes follow the batch is unknown: {axes.note.rstrip('.')}."
    if not axes.batch_size:
        return ""
    return f"N is the batch: seen by running with {axes.batch_size} and with {axes.other_size}."


def axes_lines(spec: TensorSpec) -> tuple[str, ...]:
    """What is worth a sentence about a tensor's axes: the batch folded into another, or lost on the way."""
    lines = []
    for place, times in enumerate(spec.batch):
        if times > 1:
            lines.append(f"Axis {place} is {times:,} times the batch.")
        elif times < 0:
            lines.append(f"Axis {place} changes with the batch, but not in step with it.")
    return tuple(lines)


def _named(
    axes: GraphAxes, places: tuple[tuple[int, ...], ...], index: int, specs: tuple[TensorSpec, ...]
) -> tuple[TensorSpec, ...]:
    return tuple(_with(spec, _kind(axes, places, index, place)) for place, spec in enumerate(specs))


@lru_cache(maxsize=4096)
def _with(spec: TensorSpec, found: TensorAxes) -> TensorSpec:
    names = found.names if len(found.names) == len(spec.shape) else ()
    batch = found.batch if len(found.batch) == len(spec.shape) else ()
    return msgspec.structs.replace(spec, axes=names, batch=batch) if names or batch else spec


def _kind(axes: GraphAxes, places: tuple[tuple[int, ...], ...], index: int, place: int) -> TensorAxes:
    """The kind at a place, wherever the numbers came from."""
    if index >= len(places) or place >= len(places[index]):
        return NOTHING
    kind = places[index][place]
    return axes.kinds[kind] if 0 <= kind < len(axes.kinds) else NOTHING
