"""What of a graph is seen when some containers are folded: boxes, the containers around them, the wires between."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inspector.core.hierarchy import ROOT, Hierarchy


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


def look_at(hierarchy: Hierarchy, folded: frozenset[int]) -> Visible:
    """The visible graph when these containers are folded; those inside folded ones are kept for when theirs opens."""
    boxes: list[Box] = []
    open_containers: list[int] = []
    box_of_node = np.zeros(len(hierarchy.graph.nodes), np.int64)
    walk(hierarchy, folded, boxes, open_containers, box_of_node)
    wires, wire_edges = _lift(hierarchy.edges, box_of_node)
    return Visible(hierarchy, folded, tuple(boxes), tuple(open_containers), box_of_node, wires, wire_edges)


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
