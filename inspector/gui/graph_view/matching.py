"""Search: which nodes a text means. Every word must be in the op, the name, the details or a shape."""

from inspector.core.formatting import shape_text
from inspector.protocol.graph import Graph, Node


def matching_nodes(graph: Graph, text: str) -> tuple[int, ...]:
    """The nodes that hold every word of the text, whatever its case; none for an empty text."""
    words = text.casefold().split()
    if not words:
        return ()
    return tuple(node.id for node in graph.nodes if _holds(_words_of(graph, node), words))


def _holds(haystack: str, words: list[str]) -> bool:
    return all(word in haystack for word in words)


def _words_of(graph: Graph, node: Node) -> str:
    """All that is searched; shapes also without spaces, so that `64,56` finds `(1, 64, 56, 56)`."""
    shapes = [shape_text(spec.shape) for spec in node.outputs]
    around = graph.groups[node.group].class_name if node.group is not None else ""
    parts = [node.op, node.fqn, node.details, node.category, around, *shapes, *(s.replace(" ", "") for s in shapes)]
    return "\n".join(parts).casefold()
