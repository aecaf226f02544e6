"""What of a graph is seen when some groups are folded: boxes, the containers around them, and the wires between.

Runs of equal sibling groups (the blocks of a transformer) become one virtual container, a stack ×N, so that a
deep model starts as a short picture; so do equal nodes side by side (the arms of a hub), which share all neighbours,
and patterns that repeat in a long flat list (a model without modules, the steps of a loop).
Containers are numbered: the graph's groups first, then the stacks.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inspector.core.repeats import find_repeats
from inspector.protocol.graph import Category, Graph, Node

SHORTEST_RUN = 3  # two equal blocks are clearer side by side than as ×2
FEWEST_TWINS = 6  # nodes side by side with the same neighbours: the arms of a hub
FLAT = 48  # things side by side in one list; in shorter ones nothing that repeats is folded
BOX_BUDGET = 44  # a first picture that can be read without much scrolling
ROOT = -1


@dataclass(frozen=True)
class Hierarchy:
    """Who lies in whom. `parent` and `members` are by container; `children` holds (is_container, id), in time order.

    `signature` is the same for equal containers: same class, operations, shapes and inner wiring. `twins` are the nodes
    of those stacks that hold nodes; `times` says of how many equal parts such a stack is, 1 for one of the parts.
    """

    graph: Graph
    parent: tuple[int, ...]
    members: tuple[tuple[int, ...], ...]
    node_parent: tuple[int, ...]
    children: dict[int, tuple[tuple[bool, int], ...]]
    signature: tuple[int, ...]
    num_nodes: tuple[int, ...]
    edges: NDArray[np.int64]
    twins: dict[int, tuple[int, ...]]
    times: dict[int, int]
    categories: dict[int, Category] = field(default_factory=dict, compare=False)  # of containers, as they are asked for

    @property
    def num_containers(self) -> int:
        """Groups and stacks together."""
        return len(self.parent)

    def is_stack(self, container: int) -> bool:
        """True for a virtual container around equal groups or equal nodes."""
        return container >= len(self.graph.groups)

    def group_of(self, container: int) -> int:
        """The group that a container stands for: itself, the first of a stack, or for twins the one around them."""
        if container in self.twins:
            return self.group_of(self.parent[container]) if self.parent[container] != ROOT else ROOT
        return self.members[container][0] if self.is_stack(container) else container

    def ancestors(self, container: int) -> Iterable[int]:
        """The containers around one, itself first."""
        while container != ROOT:
            yield container
            container = self.parent[container]

    def depth(self, container: int) -> int:
        """How many containers lie around it."""
        return sum(1 for _ in self.ancestors(container)) - 1

    @cached_property
    def filled(self) -> tuple[int, ...]:
        """The containers with at least one node in them."""
        return tuple(c for c in range(self.num_containers) if self.num_nodes[c])

    @cached_property
    def inside(self) -> tuple[NDArray[np.int64], dict[int, tuple[int, int]]]:
        """All nodes, those in one container side by side; and where those of each container start and end."""
        order: list[int] = []
        spans: dict[int, tuple[int, int]] = {}
        todo = [(kind, ref, False) for kind, ref in reversed(self.children.get(ROOT, ()))]
        while todo:
            is_container, ref, done = todo.pop()
            if not is_container:
                order.append(ref)
            elif done:
                spans[ref] = (spans[ref][0], len(order))
            else:
                spans[ref] = (len(order), 0)
                todo.append((True, ref, True))
                todo.extend([(kind, inner, False) for kind, inner in reversed(self.children[ref])])
        return np.array(order, np.int64), spans

    @cached_property
    def structure(self) -> int:
        """The graph's `structure_key`."""
        return structure_key(self.graph)


@dataclass(frozen=True)
class Box:
    """A visible box: a node, or a folded container. `parent` is the container around it, or ROOT.

    A `port` shows a tensor that crosses the border of the container one looks into: ("in" or "out", which output).
    """

    node: int | None
    container: int | None
    parent: int
    port: tuple[str, int] | None = None


@dataclass(frozen=True)
class Visible:
    """The visible graph. `open_containers` are outermost first; `wires` (m, 2) join boxes by index.

    `wire_edges` gives the indices into `Graph.edges` that each wire stands for, `box_of_node` the box of a node;
    −1 for one that lies outside the `scope` that is looked into.
    """

    hierarchy: Hierarchy
    folded: frozenset[int]
    boxes: tuple[Box, ...]
    open_containers: tuple[int, ...]
    box_of_node: NDArray[np.int64]
    wires: NDArray[np.int64]
    wire_edges: tuple[tuple[int, ...], ...]
    scope: int = ROOT

    @cached_property
    def box_of_container(self) -> dict[int, int]:
        """The box index of every folded container that is seen."""
        return {box.container: index for index, box in enumerate(self.boxes) if box.container is not None}

    @cached_property
    def signature(self) -> int:
        """Equal for equal pictures of one graph."""
        return hash((self.folded, self.scope, len(self.boxes), len(self.open_containers)))


def build_hierarchy(graph: Graph) -> Hierarchy:
    """Find who lies in whom, and the runs of equal siblings."""
    ends = ([edge.source for edge in graph.edges], [edge.target for edge in graph.edges])
    edges = np.array(ends, np.int64).reshape(2, -1).T.copy()
    valid = ((edges >= 0) & (edges < len(graph.nodes))).all(axis=1)
    edges[~valid] = 0
    node_parent = [ROOT if node.group is None else node.group for node in graph.nodes]
    parent = _group_parents(graph)
    children = _children_in_time(parent, node_parent)
    signature = _signatures(graph, parent, node_parent, children, edges)
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
        else known.setdefault(_node_signature(graph.nodes[ref]), len(known))
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


def look_at(hierarchy: Hierarchy, folded: frozenset[int]) -> Visible:
    """The visible graph when these containers are folded; those inside folded ones are kept for when theirs opens."""
    boxes: list[Box] = []
    open_containers: list[int] = []
    box_of_node = np.zeros(len(hierarchy.graph.nodes), np.int64)
    walk(hierarchy, folded, boxes, open_containers, box_of_node)
    wires, wire_edges = _lift(hierarchy.edges, box_of_node)
    return Visible(hierarchy, folded, tuple(boxes), tuple(open_containers), box_of_node, wires, wire_edges)


def fold_all(hierarchy: Hierarchy) -> frozenset[int]:
    """Everything folded: the shortest picture."""
    return frozenset(range(hierarchy.num_containers))


def fold_to_depth(hierarchy: Hierarchy, depth: int) -> frozenset[int]:
    """Fold what lies `depth` groups deep or deeper; a stack has no depth of its own, and opens with its members."""
    return frozenset(c for c in range(hierarchy.num_containers) if module_depth(hierarchy, c) >= depth)


def reveal(hierarchy: Hierarchy, folded: frozenset[int], container: int) -> frozenset[int]:
    """Unfold a container and all around it."""
    return folded.difference(hierarchy.ancestors(container))


def default_folding(hierarchy: Hierarchy, budget: int = BOX_BUDGET) -> frozenset[int]:
    """A first picture: level by level, whole levels of equal rank are opened while the picture stays within the budget.

    A stack of equal blocks stays folded as long as there is something else to see. What failed is always in view.
    """
    folded = set(fold_all(hierarchy))
    shown = len(hierarchy.children.get(ROOT, ()))
    level = [c for is_container, c in hierarchy.children.get(ROOT, ()) if is_container]
    while level:
        cost = sum(len(hierarchy.children[c]) - 1 for c in level if not hierarchy.is_stack(c))
        # what holds the whole model alone is opened however large it is: a single box says nothing
        if shown + cost > budget and len(level) > 1:
            shown += _open_some(hierarchy, level, folded, budget - shown)
            break
        shown += cost
        opened = [c for c in level if not hierarchy.is_stack(c)]
        folded.difference_update(opened)
        level = [inner for c in opened for is_container, inner in hierarchy.children[c] if is_container]
    _open_failures(hierarchy, folded)
    return frozenset(folded)


def structure_key(graph: Graph) -> int:
    """Equal for two runs with the same operations, names, groups and wires, whatever their shapes were."""
    nodes, groups, edges = graph.nodes, graph.groups, graph.edges
    columns = (
        [node.op for node in nodes],
        [node.fqn for node in nodes],
        [node.group for node in nodes],
        [node.kind for node in nodes],
        [node.failed for node in nodes],
        [group.fqn for group in groups],
        [group.class_name for group in groups],
        [group.parent for group in groups],
        [edge.source for edge in edges],
        [edge.target for edge in edges],
    )
    return hash(tuple([tuple(column) for column in columns]))


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


def _signatures(
    graph: Graph,
    parent: Sequence[int],
    node_parent: Sequence[int],
    children: dict[int, list[tuple[bool, int]]],
    edges: NDArray[np.int64],
) -> list[int]:
    """A number a group, equal for equal ones; deepest first, so that inner numbers stand for inner structure."""
    inner = _inner_edges(parent, node_parent, children, edges)
    interned: dict[object, int] = {}
    signature = [0] * len(parent)
    for group in sorted(range(len(parent)), key=lambda g: -_level(parent, g)):
        parts = tuple(
            ("group", signature[ref]) if is_container else _node_signature(graph.nodes[ref])
            for is_container, ref in children.get(group, ())
        )
        content = (graph.groups[group].class_name, graph.groups[group].failed, parts, inner.get(group, b""))
        signature[group] = interned.setdefault(content, len(interned))
    return signature


def _node_signature(node: Node) -> tuple[object, ...]:
    return (node.op, node.kind, node.details, node.failed, *[spec.shape for spec in node.outputs])


def _inner_edges(
    parent: Sequence[int],
    node_parent: Sequence[int],
    children: dict[int, list[tuple[bool, int]]],
    edges: NDArray[np.int64],
) -> dict[int, bytes]:
    """For each container the wires between its children, as places among them: sorted pairs, as bytes."""
    place = np.zeros(len(node_parent), np.int64)
    container_place = [0] * len(parent)
    for found in children.values():
        for at, (is_container, ref) in enumerate(found):
            if is_container:
                container_place[ref] = at
            else:
                place[ref] = at
    owners = np.asarray(node_parent, np.int64)[edges]
    within = owners[:, 0] == owners[:, 1]
    rows = np.stack([owners[:, 0], place[edges[:, 0]], place[edges[:, 1]]], axis=1)[within]
    chains: dict[int, list[int]] = {}
    across: list[tuple[int, int, int]] = []
    for source, target in edges[~within].tolist():
        up, down = (_chain(parent, node_parent[node], chains) for node in (source, target))
        common = 1
        while common < min(len(up), len(down)) and up[-common - 1] == down[-common - 1]:
            common += 1
        a = container_place[up[-common - 1]] if len(up) > common else int(place[source])
        b = container_place[down[-common - 1]] if len(down) > common else int(place[target])
        across.append((up[-common], a, b))
    rows = np.concatenate([rows, np.array(across, np.int64).reshape(-1, 3)])
    rows = rows[(rows[:, 0] != ROOT) & (rows[:, 1] != rows[:, 2])]
    # one number a row: numpy sorts those ten times as fast
    base = int(rows[:, 1:].max(initial=0)) + 1
    keys = np.unique((rows[:, 0] * base + rows[:, 1]) * base + rows[:, 2])
    owner, pairs = keys // base**2, keys % base**2
    starts = np.flatnonzero(np.diff(owner, prepend=ROOT)).tolist()
    wide = np.stack([pairs // base, pairs % base], axis=1)
    return {int(owner[start]): wide[start:stop].tobytes() for start, stop in pairwise([*starts, len(owner)])}


def _chain(parent: Sequence[int], owner: int, known: dict[int, list[int]]) -> list[int]:
    """A container and those around it, ROOT last; kept in `known`."""
    chain = known.get(owner)
    if chain is None:
        chain = known[owner] = [owner]
        while chain[-1] != ROOT:
            chain.append(parent[chain[-1]])
    return chain


def _level(parent: Sequence[int], container: int) -> int:
    level = 0
    while parent[container] != ROOT:
        container = parent[container]
        level += 1
    return level


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
            alike[node_parent[node.id], near, _node_signature(node)].append(node.id)
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


def walk(
    hierarchy: Hierarchy,
    folded: frozenset[int],
    boxes: list[Box],
    open_containers: list[int],
    box_of_node: NDArray[np.int64],
    *,
    start: int = ROOT,
) -> None:
    """Visit what is seen of a container, in time order, without recursion: models nest deeper than Python does."""
    order, spans = hierarchy.inside
    todo = [(kind, ref, ROOT) for kind, ref in reversed(hierarchy.children.get(start, ()))]
    while todo:
        is_container, ref, owner = todo.pop()
        if not is_container:
            box_of_node[ref] = len(boxes)
            boxes.append(Box(node=ref, container=None, parent=owner))
        elif ref in folded:
            first, stop = spans[ref]
            box_of_node[order[first:stop]] = len(boxes)
            boxes.append(Box(node=None, container=ref, parent=owner))
        else:
            open_containers.append(ref)
            todo.extend([(kind, inner, ref) for kind, inner in reversed(hierarchy.children[ref])])


def _lift(
    edges: NDArray[np.int64], box_of_node: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[tuple[int, ...], ...]]:
    """Edges between nodes as wires between their boxes, each pair once, in order of first use."""
    if not len(edges):
        return np.zeros((0, 2), np.int64), ()
    ends = box_of_node[edges]
    between = np.flatnonzero(ends[:, 0] != ends[:, 1])
    pairs = ends[between, 0] * (int(box_of_node.max()) + 1) + ends[between, 1]
    _, first, which = np.unique(pairs, return_index=True, return_inverse=True)
    in_time = np.argsort(first)
    number = np.empty(len(first), np.int64)
    number[in_time] = np.arange(len(first))
    order = np.argsort(number[which], kind="stable")
    sorted_edges = between[order].tolist()
    stops = np.cumsum(np.bincount(which, minlength=len(first))[in_time]).tolist()
    wire_edges = tuple(tuple(sorted_edges[start:stop]) for start, stop in pairwise([0, *stops]))
    return ends[between[first[in_time]]].reshape(-1, 2), wire_edges


def module_depth(hierarchy: Hierarchy, container: int) -> int:
    """How many groups lie around a container; a stack has the depth of its members."""
    around = sum(1 for c in hierarchy.ancestors(container) if not hierarchy.is_stack(c))
    return around if hierarchy.is_stack(container) else around - 1


def _open_some(hierarchy: Hierarchy, level: Sequence[int], folded: set[int], room: int) -> int:
    """Open, of a level that is too large as a whole, what is small: all containers of one signature, or none."""
    alike: dict[int, list[int]] = defaultdict(list)
    for container in level:
        if not hierarchy.is_stack(container):
            alike[hierarchy.signature[container]].append(container)
    used = 0
    if len(alike) > 1 and len(level) > 6:
        return used
    for group in sorted(alike.values(), key=lambda g: sum(len(hierarchy.children[c]) for c in g)):
        cost = sum(len(hierarchy.children[c]) - 1 for c in group)
        if used + cost <= room:
            folded.difference_update(group)
            used += cost
    return used


def _open_failures(hierarchy: Hierarchy, folded: set[int]) -> None:
    for node in hierarchy.graph.nodes:
        if node.failed:
            folded.difference_update(hierarchy.ancestors(hierarchy.node_parent[node.id]))
