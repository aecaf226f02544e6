"""The layer graph: cards in nested groups, wires with live shapes. Draws a snapshot; emits what is selected."""

from inspector.gui.graph_view.view import GraphView

__all__ = ["GraphView"]
