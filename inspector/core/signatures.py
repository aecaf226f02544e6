"""What makes containers equal: a number for each, of its class, operations, shapes and inner wiring."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from inspector.core.hierarchy import ROOT
from inspector.protocol.graph import Graph, Node


def group_signatures(
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
            ("group", signature[ref]) if is_container else node_signature(graph.nodes[ref])
            for is_container, ref in children.get(group, ())
        )
        content = (graph.groups[group].class_name, graph.groups[group].failed, parts, inner.get(group, b""))
        signature[group] = interned.setdefault(content, len(interned))
    return signature


def node_signature(node: Node) -> tuple[object, ...]:
    """Equal for nodes that do the same to the same shapes."""
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
