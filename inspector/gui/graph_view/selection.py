"""What is selected, found and under the pointer, and what of a picture that lights."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from inspector.core.hierarchy import ROOT, Hierarchy
from inspector.gui.graph_view.paths import Trace, touching, trace
from inspector.gui.graph_view.picture import Picture
from inspector.gui.graph_view.picture_item import Lighting


@dataclass(frozen=True)
class Selection:
    """A node or a container that is selected, and nodes that a search found; `match_at` is the one gone to, or −1."""

    node: int | None = None
    container: int | None = None
    matches: tuple[int, ...] = ()
    match_at: int = -1


@dataclass(frozen=True)
class Pointed:
    """What is under the pointer."""

    box: int | None = None
    wire: int | None = None


def lighting_of(picture: Picture, selection: Selection, pointed: Pointed, known: Lighting) -> Lighting:
    """What lights. Paths through the selected box are taken from `known` where that shows the same box already."""
    box = selected_box(picture, selection)
    count, box_of_node = len(picture.visible.boxes), picture.visible.box_of_node
    # a search may be of a graph whose picture is still under way
    matches = [node for node in selection.matches if node < len(box_of_node)]
    return Lighting(
        selected_box=box,
        selected_container=selection.container if selection.container in picture.place_of_container else None,
        hovered_box=pointed.box,
        hovered_wire=pointed.wire,
        trace=_trace(picture, box, known),
        hover=touching(pointed.box, count, picture.visible.wires) if pointed.box is not None else None,
        matches=Counter(box for box in box_of_node[list(matches)].tolist() if box >= 0),
        searched=bool(matches),
        current_match=_shown(box_of_node[matches[selection.match_at]])
        if 0 <= selection.match_at < len(matches)
        else None,
    )


def selected_box(picture: Picture, selection: Selection) -> int | None:
    """The box that shows what is selected, unless that is an open container."""
    if selection.node is not None and selection.node < len(picture.visible.box_of_node):
        return _shown(picture.visible.box_of_node[selection.node])
    if selection.container is not None:
        return picture.visible.box_of_container.get(selection.container)
    return None


def group_named(hierarchy: Hierarchy, fqn: str) -> int | None:
    """The first call of a module that holds others."""
    return next((g.id for g in hierarchy.graph.groups if g.fqn == fqn and hierarchy.num_nodes[g.id]), None)


def leaf_named(hierarchy: Hierarchy, fqn: str) -> int | None:
    """The first call of a module that holds none."""
    return next((node.id for node in hierarchy.graph.nodes if node.fqn == fqn and node.kind == "module"), None)


def told_by(hierarchy: Hierarchy, container: int) -> tuple[int | None, str | None]:
    """What selecting a container tells: the first node of a stack of nodes, else its group's fqn."""
    if container in hierarchy.twins:
        return hierarchy.twins[container][0], None
    group = hierarchy.group_of(container)
    return None, None if group == ROOT else hierarchy.graph.groups[group].fqn


def _shown(box: np.int64) -> int | None:
    return int(box) if box >= 0 else None


def _trace(picture: Picture, box: int | None, known: Lighting) -> Trace | None:
    if box is None:
        return None
    if known.selected_box == box and known.trace is not None:
        return known.trace
    return trace(box, len(picture.visible.boxes), picture.visible.wires)
