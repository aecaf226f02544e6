"""What a search text finds in a graph, as the window's search bar asks for it."""

from inspector.core.search import parse_search
from inspector.core.search_fields import Subject


def matching_nodes(graph, text):
    test = parse_search(text)
    return () if test is None else tuple(node.id for node in graph.nodes if test(Subject(graph, node)))
