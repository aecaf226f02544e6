"""After a run: the calls of torch's own modules in a saved program become one node each, as they are of a live model.

What such a call did was seen operation by operation. The operation that ended it stands for all: its place among the
operations, its statistics and its values are those of the call.
"""

from inspector.engine.capture.operations import function_category
from inspector.engine.capture.recorder import RecordedNode, Recorder
from inspector.engine.macs import function_macs
from inspector.protocol.graph import TensorSpec


def collapse_calls(recorder: Recorder) -> set[int]:
    """Collapse every group whose module is drawn as one node; gives these groups."""
    collapsed = {
        index: group
        for index, group in enumerate(recorder.groups)
        if group.known.collapses and not _is_inside_one(recorder, group.parent)
    }
    if not collapsed:
        return set()
    members: dict[int, list[int]] = {index: [] for index in collapsed}
    of_node: dict[int, int] = {}
    for place, node in enumerate(recorder.nodes):
        group = node.group
        while group is not None and group not in collapsed:
            group = recorder.groups[group].parent
        if group is not None and node.kind in ("module", "function"):
            members[group].append(place)
        if group is not None:
            of_node[place] = group
    _rewire(recorder, {group: places for group, places in members.items() if places}, of_node)
    return set(collapsed)


def bound_groups(recorder: Recorder) -> None:
    """Fill in what each group took from outside, and what it gave to the outside (or made last)."""
    around = [_around(recorder, node.group) for node in recorder.nodes]
    taken: dict[int, dict[tuple[int, int], TensorSpec]] = {}
    given: dict[int, dict[tuple[int, int], TensorSpec]] = {}
    for source, output, target, _place, _inferred in recorder.edges:
        spec = recorder.nodes[source].outputs[output]
        for group in around[target] - around[source]:
            if recorder.nodes[source].kind != "parameter":
                taken.setdefault(group, {})[source, output] = spec
        for group in around[source] - around[target]:
            given.setdefault(group, {})[source, output] = spec
    last = {group: node for place, node in enumerate(recorder.nodes) for group in around[place]}
    for index, recorded in enumerate(recorder.groups):
        recorded.inputs = tuple(taken.get(index, {}).values())
        recorded.outputs = tuple(given.get(index, {}).values())
        if not recorded.outputs and index in last:
            recorded.outputs = last[index].outputs


def _around(recorder: Recorder, group: int | None) -> set[int]:
    found: set[int] = set()
    while group is not None:
        found.add(group)
        group = recorder.groups[group].parent
    return found


def _is_inside_one(recorder: Recorder, group: int | None) -> bool:
    while group is not None:
        if recorder.groups[group].known.collapses:
            return True
        group = recorder.groups[group].parent
    return False


def _rewire(recorder: Recorder, members: dict[int, list[int]], of_node: dict[int, int]) -> None:
    ends = {group: places[-1] for group, places in members.items()}
    # Outputs: all of the operation that ended the call, then what else was used outside.
    outputs = {
        group: {(end, place): place for place in range(len(recorder.nodes[end].outputs))} for group, end in ends.items()
    }
    inputs: dict[int, dict[tuple[int, int], int]] = {group: {} for group in ends}
    specs: dict[int, list[tuple[int, int]]] = {group: [] for group in ends}
    edges = []
    for source, output, target, place, inferred in recorder.edges:
        left, entered = of_node.get(source), of_node.get(target)
        if left is not None and left == entered:
            continue
        start, end = (source, output), (target, place)
        if left in ends and recorder.nodes[source].kind not in ("parameter", "constant"):
            start = ends[left], outputs[left].setdefault(start, len(outputs[left]))
        if entered in ends:
            known = inputs[entered]
            if start in known:
                continue
            known[start] = len(known)
            specs[entered].append(end)
            end = ends[entered], known[start]
        edges.append((*start, *end, inferred))
    recorder.edges[:] = edges
    for group, last in ends.items():
        given = tuple(recorder.nodes[node].inputs[place] for node, place in specs[group])
        made = tuple(recorder.nodes[node].outputs[place] for node, place in outputs[group])
        _become_module(recorder, group, [recorder.nodes[place] for place in members[group]])
        recorder.nodes[last].inputs, recorder.nodes[last].outputs = given, made
    used = {edge[0] for edge in edges}
    for place, group in of_node.items():
        if place == ends.get(group):
            continue
        if place in used:  # a value met here first, and taken outside too
            recorder.nodes[place].group = recorder.groups[group].parent
        else:
            recorder.absorbed.add(place)


def _become_module(recorder: Recorder, index: int, nodes: list[RecordedNode]) -> None:
    group, node = recorder.groups[index], nodes[-1]
    counted = [
        function_macs(each.op, each.inputs, each.outputs, function_category(each.op), each.details)
        if each.macs is None
        else each.macs
        for each in nodes
    ]
    node.macs = None if None in counted else sum(macs for macs in counted if macs is not None)
    node.kind, node.known = "module", group.known
    node.op, node.fqn, node.call, node.group = group.known.class_name, group.known.fqn, group.call, group.parent
    times = [each.elapsed_s for each in nodes if each.elapsed_s is not None]
    if times:
        node.started_s, node.elapsed_s = nodes[0].started_s, sum(times)
    node.changed = node.changed or group.changed
    node.arguments = None
