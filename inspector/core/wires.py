"""Walks along the wires of a graph."""

from collections.abc import Iterable

from inspector.protocol.graph import Graph


def ancestors(graph: Graph, starts: Iterable[int]) -> set[int]:
    """The ids of `starts` and of all nodes from which a wire leads to one of them."""
    sources: dict[int, list[int]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for source in sources.get(waiting.pop(), ()):
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return seen
