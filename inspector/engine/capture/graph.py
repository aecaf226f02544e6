"""The record of a forward turned into the graph that travels."""

from inspector.engine.capture.operations import function_category, module_category, module_details
from inspector.engine.capture.recorder import RecordedGroup, RecordedNode, Recorder
from inspector.engine.macs import function_macs, module_macs
from inspector.protocol.graph import Category, Edge, Graph, Group, Node

_VALUE_CATEGORIES: dict[str, Category] = {
    "input": "input",
    "output": "output",
    "parameter": "parameter",
    "constant": "parameter",
}


def graph_of(
    recorder: Recorder,
    *,
    failed_node: int | None = None,
    failed_groups: frozenset[int] = frozenset(),
    uncalled: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> tuple[Graph, dict[int, int]]:
    """The graph, and the new id of each recorded node: values that nothing took (a caught failure's) are left out."""
    taken = {edge[0] for edge in recorder.edges}
    kept = [
        index
        for index, node in enumerate(recorder.nodes)
        if node.kind not in ("parameter", "constant") or index in taken
    ]
    ids = {index: place for place, index in enumerate(kept)}
    nodes = tuple(_node(ids[index], recorder.nodes[index], failed=index == failed_node) for index in kept)
    groups = tuple(_group(index, group, index in failed_groups) for index, group in enumerate(recorder.groups))
    edges = tuple(
        Edge(source=ids[source], source_output=output, target=ids[target], target_input=place, inferred=inferred)
        for source, output, target, place, inferred in recorder.edges
    )
    return Graph(nodes=nodes, groups=groups, edges=edges, uncalled_modules=uncalled, notes=notes), ids


def _node(index: int, node: RecordedNode, *, failed: bool) -> Node:
    category, details, macs, num_params = _row(node)
    return Node(
        id=index,
        kind=node.kind,
        op=node.op,
        fqn=node.fqn,
        group=node.group,
        inputs=node.inputs,
        outputs=node.outputs,
        num_params=num_params,
        macs=None if failed else macs,
        elapsed_s=node.elapsed_s,
        statistics=node.statistics,
        category=category,
        details=details,
        call_index=node.call_index,
        call=node.call,
        failed=failed,
    )


def _row(node: RecordedNode) -> tuple[Category, str, int | None, int]:
    """Category, details, multiply-accumulates and number of parameters."""
    known = node.known
    if known is not None and node.kind == "module":
        module = known.module
        details = node.details or module_details(module)
        category = module_category(module)
        return category, details, module_macs(module, node.inputs, node.outputs, category), known.num_params
    if node.kind == "function":
        category = function_category(node.op)
        macs = function_macs(node.op, node.inputs, node.outputs, category, node.details)
        return category, node.details, macs, node.num_params
    return _VALUE_CATEGORIES[node.kind], node.details, 0, node.num_params


def _group(index: int, group: RecordedGroup, failed: bool) -> Group:
    return Group(
        id=index,
        fqn=group.known.fqn,
        class_name=group.known.class_name,
        parent=group.parent,
        call_index=group.call_index,
        num_params=group.known.num_params,
        inputs=group.inputs,
        outputs=group.outputs,
        failed=failed,
    )
