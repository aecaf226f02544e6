"""Who lies in whom, in a graph: the graph's groups, and stacks of what is equal in it.

Containers are numbered: the groups first, then the stacks.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inspector.protocol.graph import Category, Graph

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


def module_depth(hierarchy: Hierarchy, container: int) -> int:
    """How many groups lie around a container; a stack has the depth of its members."""
    around = sum(1 for c in hierarchy.ancestors(container) if not hierarchy.is_stack(c))
    return around if hierarchy.is_stack(container) else around - 1
