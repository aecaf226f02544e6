"""The record of a forward turned into the graph that travels."""

from collections.abc import Iterable, Sequence

import torch

from inspector.engine.capture.operations import function_category, module_category_and_details
from inspector.engine.capture.programs import original_class
from inspector.engine.capture.recorder import RecordedGroup, RecordedNode, Recorder
from inspector.engine.capture.table import num_elements, parameters_of
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
    """The graph, and the new id of each recorded node: what a failure that was caught left without use is left out."""
    taken = {edge[0] for edge in recorder.edges}
    kept = [
        index
        for index, node in enumerate(recorder.nodes)
        if index not in recorder.absorbed and (node.kind not in ("parameter", "constant") or index in taken)
    ]
    ids = {index: place for place, index in enumerate(kept)}
    group_ids: dict[int | None, int | None] = {None: None}
    for index in sorted(_filled_groups(recorder, kept) | failed_groups):
        group_ids[index] = len(group_ids) - 1
    counted: set[int] = set()
    nodes = tuple(
        _node(place, node, group_ids[node.group], counted, failed=index == failed_node)
        for place, index in enumerate(kept)
        for node in (recorder.nodes[index],)
    )
    groups = tuple(
        _group(recorder.groups[index], place, group_ids[recorder.groups[index].parent], failed=index in failed_groups)
        for index, place in group_ids.items()
        if index is not None and place is not None
    )
    edges = tuple(
        Edge(source=ids[source], source_output=output, target=ids[target], target_input=place, inferred=inferred)
        for source, output, target, place, inferred in recorder.edges
    )
    return Graph(nodes=nodes, groups=groups, edges=edges, uncalled_modules=uncalled, notes=notes), ids


def _filled_groups(recorder: Recorder, kept: list[int]) -> set[int]:
    """The groups that hold a node, and those around them."""
    filled: set[int] = set()
    for index in kept:
        group = recorder.nodes[index].group
        while group is not None and group not in filled:
            filled.add(group)
            group = recorder.groups[group].parent
    return filled


def _node(index: int, node: RecordedNode, group: int | None, counted: set[int], *, failed: bool) -> Node:
    """The node; `counted` holds the identities of the parameters that earlier nodes have."""
    category, details, macs, num_params = _row(node)
    num_trainable, num_shared = _counts(_owned(node), counted) if num_params else (0, 0)
    return Node(
        id=index,
        kind=node.kind,
        op=node.known.class_name if node.known is not None and node.kind == "module" else node.op,
        fqn=node.fqn,
        group=group,
        inputs=node.inputs,
        outputs=node.outputs,
        num_params=num_params,
        macs=None if failed else macs,
        elapsed_s=node.elapsed_s,
        statistics=None if node.taken is None else node.taken.told(),
        category=category,
        details=details,
        call_index=node.call_index,
        call=node.call,
        failed=failed,
        notes=node.notes,
        num_trainable=min(num_trainable, num_params),
        num_shared=min(num_shared, num_params),
        device=node.device,
        changed=node.changed,
    )


def _counts(owned: Iterable[torch.Tensor], counted: set[int]) -> tuple[int, int]:
    """How many elements are trainable, and how many had been counted before."""
    num_trainable = num_shared = 0
    for tensor in owned:
        size = num_elements(tensor)
        if tensor.requires_grad:
            num_trainable += size
        if id(tensor) in counted:
            num_shared += size
    counted.update(map(id, owned))
    return num_trainable, num_shared


def _owned(node: RecordedNode) -> Sequence[torch.Tensor]:
    """The parameters that a node counts."""
    if node.owned or node.known is None or not node.known.num_params:
        return node.owned
    return parameters_of(node.known.module) if node.num_params or node.kind == "module" else ()


def _row(node: RecordedNode) -> tuple[Category, str, int | None, int]:
    """Category, details, multiply-accumulates and number of parameters."""
    known = node.known
    if node.settled is not None:
        return *node.settled, node.macs, known.num_params if known is not None else 0
    if known is not None and node.kind == "module":
        module = known.module
        category, details = module_category_and_details(module)
        details = node.details or details
        kind = original_class(module) if known.saved else None
        macs = module_macs(module, node.inputs, node.outputs, category, kind)
        if macs is None:  # a saved program's module may lack what its live one has
            macs = node.macs
        return category, details, macs, known.num_params
    if node.kind == "function":
        category = function_category(node.op)
        macs = node.macs
        if macs is None:
            macs = function_macs(node.op, node.inputs, node.outputs, category, node.details)
        return category, node.details, macs, node.num_params
    return _VALUE_CATEGORIES[node.kind], node.details, 0, node.num_params


def _group(group: RecordedGroup, place: int, parent: int | None, *, failed: bool) -> Group:
    return Group(
        id=place,
        fqn=group.known.fqn,
        class_name=group.known.class_name,
        parent=parent,
        call_index=group.call_index,
        num_params=group.known.num_params,
        inputs=group.inputs,
        outputs=group.outputs,
        failed=failed,
        elapsed_s=group.elapsed_s,
        changed=group.changed,
    )
