"""What changes for a run did, on the graph: changed boxes have a dashed frame, those that differ a bar of how much."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from inspector.gui.graph_view.colours import colour
from inspector.gui.graph_view.painting import Look
from inspector.gui.graph_view.picture import Picture
from inspector.protocol.changes import Comparison

# Relative differences from 1e-6 (a bar just seen) to 1 and more (the whole width), by their logarithm.
_DECADES = 6.0


@dataclass(frozen=True)
class Effects:
    """By box: those that hold a change, and how far the bar of each that differs goes (0 to 1)."""

    changed: frozenset[int]
    shares: dict[int, float]
    first: int | None
    changed_containers: frozenset[int]


NONE = Effects(frozenset(), {}, None, frozenset())


def effects_on(picture: Picture, comparison: Comparison | None) -> Effects:
    """Where on the picture the changes show; a folded box shows the most of what lies in it."""
    graph, boxes = picture.visible.hierarchy.graph, picture.visible.box_of_node
    changed = {int(boxes[node.id]) for node in graph.nodes if node.changed}
    groups = {group.id for group in graph.groups if group.changed}
    changed |= {box for group, box in picture.visible.box_of_container.items() if group in groups}
    shares: dict[int, float] = {}
    for difference in comparison.differences if comparison is not None else ():
        if difference.node < len(boxes) and (box := int(boxes[difference.node])) >= 0:
            shares[box] = max(shares.get(box, 0.0), share_of(difference.relative))
    first = comparison.first if comparison is not None else None
    first_box = int(boxes[first]) if first is not None and first < len(boxes) else -1
    opened = frozenset(groups & set(picture.visible.open_containers))
    return Effects(frozenset(changed - {-1}), shares, first_box if first_box >= 0 else None, opened)


def share_of(relative: float | None) -> float:
    """How long the bar of a relative difference is; one that can't be told has the whole length."""
    if relative is None:
        return 1.0
    return min(1.0, max(0.04, 1 + math.log10(max(relative, 1e-300)) / _DECADES))


def paint_effect(painter: QPainter, rect: QRectF, box: int, effects: Effects, look: Look) -> None:
    """The frame of a changed box, and the bar under one that differs; under the first to differ it is thicker."""
    share = effects.shares.get(box)
    if share is not None:
        height = 6.0 if box == effects.first else 4.0
        bar = QRectF(rect.left(), rect.bottom() + 2, rect.width() * share, height)
        track = QRectF(rect.left(), rect.bottom() + 2, rect.width(), height)
        painter.setOpacity(0.25)
        painter.fillRect(track, colour(look.theme.warning))
        painter.setOpacity(1.0)
        painter.fillRect(bar, colour(look.theme.warning))
    if box in effects.changed:
        dash_frame(painter, rect.adjusted(-3, -3, 3, 3), look)


def dash_frame(painter: QPainter, rect: QRectF, look: Look) -> None:
    """The frame of what is changed."""
    pen = QPen(colour(look.theme.warning), max(2.0, 1.5 / max(look.zoom, 0.01)))
    pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect, 9, 9)
