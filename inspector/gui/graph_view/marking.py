"""Keeps what is selected, found and pointed at, and lights it on the stage."""

from collections.abc import Callable
from dataclasses import replace

from inspector.core.hierarchy import Hierarchy
from inspector.gui.graph_view.picture_item import Lighting
from inspector.gui.graph_view.selection import (
    Pointed,
    Selection,
    group_named,
    leaf_named,
    lighting_of,
    told_by,
)
from inspector.gui.graph_view.stage import Stage

NOTHING = Pointed()


class Marking:
    """What is marked of a graph. `hierarchy` is the graph's, None without one."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.selection = Selection()
        self.hierarchy: Hierarchy | None = None
        self.changed: Callable[[], None] = lambda: None  # told when something else is selected

    @property
    def lighting(self) -> Lighting:
        """What is lit."""
        return self._stage.item.lighting

    def forget(self) -> None:
        """Another graph: nothing of it is marked."""
        self.selection = Selection()

    def light(self, pointed: Pointed = NOTHING) -> None:
        """Light all that is marked, and what is under the pointer."""
        picture, known = self._stage.picture, self.lighting
        lit = Lighting() if picture is None else lighting_of(picture, self.selection, pointed, known)
        self._stage.item.light(lit)

    def point(self, pointed: Pointed) -> None:
        """Something else is under the pointer."""
        if pointed != Pointed(self.lighting.hovered_box, self.lighting.hovered_wire):
            self.light(pointed)

    def select(self, node: int | None, container: int | None) -> None:
        """Select a node, a container, or nothing."""
        self.selection = replace(self.selection, node=node, container=container)
        self._stage.canvas.arrows_choose = node is not None or container is not None
        self.light()
        self.changed()

    def follow(self, node: int | None, fqn: str | None) -> None:
        """Select what the state says is selected; the container that told it stays selected."""
        hierarchy, container = self.hierarchy, self.selection.container
        if hierarchy is None:
            return
        told = told_by(hierarchy, container) if container is not None else (None, None)
        if (node is not None and told[0] == node) or (node is None and fqn is not None and told[1] == fqn):
            return
        if node is not None or fqn is None:
            self.select(node, None)
        else:
            group = group_named(hierarchy, fqn)
            self.select(None if group is not None else leaf_named(hierarchy, fqn), group)

    def found(self, matches: tuple[int, ...]) -> None:
        """Light what a search found, in folded groups too."""
        if matches != self.selection.matches:
            self.selection = replace(self.selection, matches=matches, match_at=-1)
            self.light()

    def next_match(self, step: int) -> int:
        """Go to the next of what was found, or back; its place among them, or −1."""
        matches, before = self.selection.matches, self.selection.match_at
        if not matches:
            return -1
        at = ((before if before >= 0 or step > 0 else 0) + step) % len(matches)
        self.selection = replace(self.selection, match_at=at)
        return at
