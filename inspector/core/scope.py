"""The inside of one container as a graph of its own: what crosses its border becomes ports; and the way to it.

A port is a box that stands for a tensor from or to the outside: it shows the node that makes the tensor.
"""

from dataclasses import dataclass, replace

import numpy as np

from inspector.core.hierarchy import ROOT, Hierarchy
from inspector.core.visible import Box, Visible, look_at, walk


@dataclass(frozen=True)
class Crumb:
    """A step of the way to a place: a container, or ROOT for the whole graph."""

    container: int
    text: str


def look_inside(hierarchy: Hierarchy, folded: frozenset[int], scope: int) -> Visible:
    """The visible graph of what lies in `scope`, with a port for each tensor that goes in or out.

    Nodes that are not to be seen have the box −1. The producer of a tensor that goes in has its port's box.
    """
    if scope == ROOT:
        return look_at(hierarchy, folded)
    boxes: list[Box] = []
    open_containers: list[int] = []
    box_of_node = np.full(len(hierarchy.graph.nodes), -1, np.int64)
    walk(hierarchy, folded, boxes, open_containers, box_of_node, start=scope)
    inside = box_of_node >= 0
    ports: dict[tuple[str, int, int], int] = {}
    wires: dict[tuple[int, int], list[int]] = {}
    for index, (source, target) in enumerate(hierarchy.edges.tolist()):
        if not (inside[source] or inside[target]):
            continue
        start, end = int(box_of_node[source]), int(box_of_node[target])
        output = hierarchy.graph.edges[index].source_output
        if not inside[source]:
            start = _port(boxes, ports, "in", source, output)
        elif not inside[target]:
            end = _port(boxes, ports, "out", source, output)
        if start != end:
            wires.setdefault((start, end), []).append(index)
    for (side, node, _), box in reversed(ports.items()):
        if side == "in":
            box_of_node[node] = box
    return Visible(
        hierarchy=hierarchy,
        folded=folded,
        boxes=tuple(boxes),
        open_containers=tuple(open_containers),
        box_of_node=box_of_node,
        wires=np.array(list(wires), np.int64).reshape(-1, 2),
        wire_edges=tuple(tuple(same) for same in wires.values()),
        scope=scope,
    )


def _port(boxes: list[Box], ports: dict[tuple[str, int, int], int], side: str, node: int, output: int) -> int:
    key = (side, node, output)
    if key not in ports:
        ports[key] = len(boxes)
        boxes.append(Box(node=node, container=None, parent=ROOT, port=(side, output)))
    return ports[key]


def crumbs_to(hierarchy: Hierarchy, container: int) -> tuple[Crumb, ...]:
    """The way from the whole graph to a container: `ResNet › layer1 › 0`."""
    top = next((group for group in hierarchy.graph.groups if not group.fqn), None)
    found = [Crumb(ROOT, top.class_name if top is not None else "graph")]
    stem = ""
    for at in reversed(tuple(hierarchy.ancestors(container))):
        if hierarchy.is_stack(at):
            found.append(Crumb(at, _stack_text(hierarchy, at)))
            continue
        group = hierarchy.graph.groups[at]
        if not group.fqn:
            found[0] = replace(found[0], text=group.class_name)
            continue
        text = group.fqn.removeprefix(f"{stem}.") if stem and group.fqn != stem else group.fqn
        found.append(Crumb(at, text))
        stem = group.fqn
    return tuple(found)


def _stack_text(hierarchy: Hierarchy, stack: int) -> str:
    """`×12`; one part of those is called by its first node."""
    times = hierarchy.times.get(stack, len(hierarchy.members[stack]))
    if times > 1:
        return f"×{times}"
    first = hierarchy.graph.nodes[hierarchy.twins[stack][0]]
    return first.fqn or first.op


def deepest(hierarchy: Hierarchy) -> int:
    """How many modules lie in one another at most."""
    depth: dict[int, int] = {ROOT: 0}
    for container in hierarchy.filled:
        for at in reversed(tuple(hierarchy.ancestors(container))):
            if at not in depth:
                depth[at] = depth[hierarchy.parent[at]] + (not hierarchy.is_stack(at))
    return max(depth.values())


def lies_in(hierarchy: Hierarchy, container: int, scope: int) -> bool:
    """Whether a container is the scope, or somewhere in it."""
    return scope == ROOT or scope in hierarchy.ancestors(container)
