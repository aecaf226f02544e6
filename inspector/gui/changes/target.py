"""What of the graph a change would be made to: the chosen node, or the group of the chosen module."""

from inspector.core.changes import place_of_group, place_of_node
from inspector.gui.state import WindowState
from inspector.protocol.changes import NodePlace
from inspector.protocol.graph import Group, Node


def target_of(state: WindowState) -> Node | Group | None:
    """The chosen node, or the first call of the chosen module; None where nothing of the graph is chosen."""
    graph = state.run.graph
    if graph is None:
        return None
    if state.selected_node is not None and state.selected_node < len(graph.nodes):
        return graph.nodes[state.selected_node]
    return next((group for group in graph.groups if group.fqn == state.selected_module), None)


def place_of(state: WindowState) -> NodePlace | None:
    """Its place; None for what can't be changed at all."""
    graph, target = state.run.graph, target_of(state)
    if graph is None or target is None:
        return None
    return place_of_group(graph, target.id) if isinstance(target, Group) else place_of_node(graph, target.id)
