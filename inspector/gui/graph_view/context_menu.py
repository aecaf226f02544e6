"""The menu of a node, a group, a wire or the empty canvas: what can be done there."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from inspector.core.formatting import shape_text
from inspector.core.hierarchy import ROOT
from inspector.gui.graph_view.selection import Pointed
from inspector.gui.parts import named
from inspector.protocol.graph import TensorSpec

if TYPE_CHECKING:
    from inspector.gui.graph_view.view import GraphView

Row = tuple[str, Callable[[], None]] | None  # None is a line


def make_menu(view: "GraphView", pointed: Pointed) -> QMenu:
    """The menu for what is under the pointer: a wire, else what is selected, which a box or header there is already."""
    menu = named(QMenu(view), "graph_menu", "What can be done here")
    for row in _rows(view, pointed):
        if row is None:
            menu.addSeparator()
        else:
            text, deed = row
            menu.addAction(text).triggered.connect(lambda _checked=False, deed=deed: deed())
    return menu


def _rows(view: "GraphView", pointed: Pointed) -> list[Row]:
    rows: list[Row] = []
    if pointed.wire is not None:
        rows = _wire_rows(view, pointed.wire)
    elif view.selection.container is not None:
        rows = _container_rows(view, view.selection.container)
    elif view.selection.node is not None:
        rows = _node_rows(view, view.selection.node)
    if rows:
        rows.append(None)
    rows += [("Fold all", view.fold_all), ("Unfold all", view.unfold_all), ("Fit graph", view.fit)]
    if view.scope != ROOT:
        rows.append(("Back out of this group", view.leave))
    return [*rows, None, ("Copy picture", view.copy_picture), ("Export…", lambda: view.export_requested.emit("svg"))]


def _node_rows(view: "GraphView", at: int) -> list[Row]:
    hierarchy = view.hierarchy
    if hierarchy is None or at >= len(hierarchy.graph.nodes):
        return []
    node = hierarchy.graph.nodes[at]
    rows: list[Row] = [("Copy name", _copied(node.fqn))] if node.fqn else []
    rows.append(("Copy shapes", _copied(_shapes(node.inputs, node.outputs))))
    around = hierarchy.node_parent[at]
    if around not in (ROOT, view.scope):
        rows += [None, ("Fold the group around it", lambda: view.toggle(around))]
        rows.append(("Enter the group around it", lambda: view.enter(around)))
    return rows


def _container_rows(view: "GraphView", container: int) -> list[Row]:
    hierarchy, picture = view.hierarchy, view.picture
    if hierarchy is None or picture is None:
        return []
    rows: list[Row] = []
    group = hierarchy.group_of(container)
    if group != ROOT:
        found = hierarchy.graph.groups[group]
        rows += [("Copy name", _copied(found.fqn or found.class_name))]
        rows += [("Copy shapes", _copied(_shapes(found.inputs, found.outputs))), None]
    fold = "Unfold" if container in picture.visible.box_of_container else "Fold"
    return [*rows, (fold, lambda: view.toggle(container)), ("Enter", lambda: view.enter(container))]


def _wire_rows(view: "GraphView", wire: int) -> list[Row]:
    picture = view.picture
    if picture is None:
        return []
    edge = picture.visible.hierarchy.graph.edges[picture.visible.wire_edges[wire][0]]
    return [
        ("Copy shape", _copied(picture.wire_text(wire))),
        ("Go to its source", lambda: view.go_to_node(edge.source)),
        ("Go to its target", lambda: view.go_to_node(edge.target)),
    ]


def _copied(text: str) -> Callable[[], None]:
    return lambda: QGuiApplication.clipboard().setText(text)


def _shapes(inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]) -> str:
    lines = [f"in {shape_text(spec.shape)} {spec.dtype}" for spec in inputs]
    return "\n".join([*lines, *(f"out {shape_text(spec.shape)} {spec.dtype}" for spec in outputs)])
