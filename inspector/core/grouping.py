"""The hierarchy of a graph, found in it.

Runs of equal sibling groups (the blocks of a transformer) become one virtual container, a stack ×N, so that a
deep model starts as a short picture; so do equal nodes side by side (the arms of a hub), which share all neighbours,
and patterns that repeat in a long flat list (a model without modules, the steps of a loop).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inspector.core.hierarchy import ROOT, Hierarchy
from inspector.core.repeats import find_repeats
from inspector.core.signatures import group_signatures, node_signature
from inspector.protocol.graph import Graph

SHORTEST_RUN = 3  # two equal blocks are clearer side by side than as ×2
FEWEST_TWINS = 6  # nodes side by side with the same neighbours: the arms of a hub
FLAT = 48  # things side by side in one list; in shorter ones nothing that repeats is folded


def build_hierarchy(graph: Graph) -> Hierarchy:
    """Find who lies in whom, and the runs of equal siblings."""
    ends = ([edge.source for edge in graph.edges], [edge.target for edge in graph.edges])
    edges = np.array(ends, np.int64).reshape(2, -1).T.copy()
    valid = ((edges >= 0) & (edges < len(graph.nodes))).all(axis=1)
    edges[~valid] = 0
    node_parent = [ROOT if node.group is None else node.group for node in graph.nodes]
    parent = _group_parents(graph)
    children = _children_in_time(parent, node_parent)
    signature = group_signatures(graph, parent, node_parent, children, edges)
    members: list[tuple[int, ...]] = [()] * len(parent)
    for owner in list(children):
        for run in _equal_runs(children[owner], signature):
            stack = len(parent)
            parent.append(owner)
            members.append(run)
            signature.append(-1 - stack)
            children[stack] = [(True, group) for group in run]
            children[owner] = _with_stack(children[owner], run, stack)
            for group in run:
                parent[group] = stack
    stacks = _NodeStacks(parent, members, signature, children, node_parent)
    for alike in _twin_nodes(graph, node_parent, edges):
        stacks.put(node_parent[alike[0]], alike, len(alike))
    for owner in [owner for owner, found in children.items() if len(found) >= FLAT and owner not in stacks.twins]:
        _stack_repeats(graph, owner, stacks, edges)
    return Hierarchy(
        graph=graph,
        parent=tuple(parent),
        members=tuple(members),
        node_parent=tuple(node_parent),
        children={owner: tuple(found) for owner, found in children.items()},
        signature=tuple(signature),
        num_nodes=_count_nodes(parent, node_parent),
        edges=edges,
        twins=stacks.twins,
        times=stacks.times,
    )


@dataclass
class _NodeStacks:
    """The tables of a hierarchy under way, and the stacks of nodes that are put into them."""

    parent: list[int]
    members: list[tuple[int, ...]]
    signature: list[int]
    children: dict[int, list[tuple[bool, int]]]
    node_parent: list[int]
    twins: dict[int, tuple[int, ...]] = field(default_factory=dict)
    times: dict[int, int] = field(default_factory=dict)

    def put(self, owner: int, nodes: Sequence[int], times: int) -> int:
        """A container around some nodes of `owner`, in the place of the first; its number."""
        stack = self._add(owner, nodes, times)
        inside = set(self.children[stack])
        rest = [item for item in self.children[owner] if item not in inside or item[1] == nodes[0]]
        self.children[owner] = [(True, stack) if item == (False, nodes[0]) else item for item in rest]
        return stack

    def part(self, stack: int, parts: Iterable[Sequence[int]]) -> None:
        """Make each of these parts of a stack a container."""
        self.children[stack] = [(True, self._add(stack, nodes, 1)) for nodes in parts]

    def _add(self, owner: int, nodes: Sequence[int], times: int) -> int:
        stack = len(self.parent)
        self.parent.append(owner)
        self.members.append(())
        self.signature.append(-1 - stack)
        self.twins[stack], self.times[stack] = tuple(nodes), times
        self.children[stack] = [(False, node) for node in nodes]
        for node in nodes:
            self.node_parent[node] = stack
        return stack


def _stack_repeats(graph: Graph, owner: int, stacks: _NodeStacks, edges: NDArray[np.int64]) -> None:
    """Fold the patterns that repeat among the nodes of a long list; a pattern of several nodes is a container too."""
    items = list(stacks.children[owner])
    known: dict[object, int] = {}
    tokens = [
        -1
        if is_container or graph.nodes[ref].kind not in ("module", "function") or graph.nodes[ref].failed
        else known.setdefault(node_signature(graph.nodes[ref]), len(known))
        for is_container, ref in items
    ]
    place = np.full(len(graph.nodes), -1, np.int64)
    for at, (is_container, ref) in enumerate(items):
        if not is_container:
            place[ref] = at
    ends = place[edges]
    wires = [tuple(pair) for pair in ends[(ends >= 0).all(axis=1)].tolist()]
    for repeat in find_repeats(tokens, wires):
        nodes = [items[at][1] for at in range(repeat.start, repeat.stop)]
        stack = stacks.put(owner, nodes, repeat.times)
        if repeat.length > 1:
            stacks.part(stack, ([items[at][1] for at in part] for part in repeat.parts))


def _group_parents(graph: Graph) -> list[int]:
    """The parent of every group; one that would lie in itself is put at the root."""
    parent = [ROOT if group.parent is None else group.parent for group in graph.groups]
    for group in range(len(parent)):
        seen = {group}
        above = parent[group]
        while above != ROOT:
            if above in seen or not 0 <= above < len(parent):
                parent[group] = ROOT
                break
            seen.add(above)
            above = parent[above]
    return parent


def _children_in_time(parent: Sequence[int], node_parent: Sequence[int]) -> dict[int, list[tuple[bool, int]]]:
    """What lies in each container, in the order of first use."""
    seen: set[int] = {ROOT}
    children: dict[int, list[tuple[bool, int]]] = defaultdict(list)
    for node, owner in enumerate(node_parent):
        container = owner
        while container not in seen:
            seen.add(container)
            children[parent[container]].append((True, container))
            container = parent[container]
        children[owner].append((False, node))
    return dict(children)


def _equal_runs(children: Sequence[tuple[bool, int]], signature: Sequence[int]) -> list[tuple[int, ...]]:
    """Groups that follow each other and are equal, at least SHORTEST_RUN of them."""
    runs: list[list[int]] = []
    before: int | None = None
    for is_container, ref in children:
        if is_container and before is not None and signature[ref] == signature[before]:
            runs[-1].append(ref)
        elif is_container:
            runs.append([ref])
        before = ref if is_container else None
    return [tuple(run) for run in runs if len(run) >= SHORTEST_RUN]


def _twin_nodes(graph: Graph, node_parent: Sequence[int], edges: NDArray[np.int64]) -> list[tuple[int, ...]]:
    """Equal nodes in one group, fed by the same and feeding the same; merging such never makes a cycle."""
    if not len(edges):
        return []
    # twins share what feeds them: only what a node with many targets feeds can be one
    fans = np.bincount(edges[:, 0], minlength=len(graph.nodes)) >= FEWEST_TWINS
    candidates = np.zeros(len(graph.nodes), np.bool_)
    candidates[edges[fans[edges[:, 0]], 1]] = True
    feeds: dict[int, set[int]] = defaultdict(set)
    fed_by: dict[int, set[int]] = defaultdict(set)
    for source, target in edges[candidates[edges].any(axis=1)].tolist():
        feeds[source].add(target)
        fed_by[target].add(source)
    alike: dict[object, list[int]] = defaultdict(list)
    for at in np.flatnonzero(candidates).tolist():
        node = graph.nodes[at]
        near = (frozenset(fed_by[node.id]), frozenset(feeds[node.id]))
        if node.kind in ("module", "function") and all(near):
            alike[node_parent[node.id], near, node_signature(node)].append(node.id)
    return [tuple(found) for found in alike.values() if len(found) >= FEWEST_TWINS]


def _with_stack(children: list[tuple[bool, int]], run: tuple[int, ...], stack: int) -> list[tuple[bool, int]]:
    at = children.index((True, run[0]))
    return [*children[:at], (True, stack), *children[at + len(run) :]]


def _count_nodes(parent: Sequence[int], node_parent: Sequence[int]) -> tuple[int, ...]:
    count = [0] * len(parent)
    for owner, direct in Counter(node_parent).items():
        container = owner
        while container != ROOT:
            count[container] += direct
            container = parent[container]
    return tuple(count)
