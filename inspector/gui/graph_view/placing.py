"""Where the view goes when another picture is shown: to its beginning, or so that what one looks at stays in place."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from inspector.core.layout import Direction
from inspector.gui.graph_view.canvas import Canvas
from inspector.gui.graph_view.picture import Picture

READABLE = 0.65  # after unfolding all, the view is no farther than this, even if not all fits
COMFORTABLE = 0.8  # a first view shows the beginning rather than be farther than this
LENGTH = 720.0  # of the graph that a first view shows, if that is comfortable
EDGE = 12


def show_first(canvas: Canvas, picture: Picture, direction: Direction) -> None:
    """All of it if that can be read; else its beginning; what failed in any case."""
    canvas.fit(closest=1.0)
    if canvas.zoom < COMFORTABLE:
        _show_beginning(canvas, picture, direction)
    show_what_failed(canvas, picture)


def show_what_failed(canvas: Canvas, picture: Picture) -> None:
    """Bring the node that failed, if any, into view, its frame seen whole."""
    failed = next((box for box, card in enumerate(picture.cards) if card.alarm), None)
    if failed is None:
        return
    rect = picture.box_rect(failed)
    around = rect.adjusted(-EDGE, -EDGE, EDGE, EDGE)
    if canvas.visible_rect.contains(around):
        return
    # a little below the middle, as far as it fits: what led to it is seen too
    above = min(canvas.visible_rect.height() / 5, max((canvas.visible_rect.height() - around.height()) / 2, 0.0))
    canvas.look_at(rect.center() - QPointF(0, above))


def beginning(picture: Picture) -> QRectF:
    """The first input, or whatever comes first."""
    for at, box in enumerate(picture.visible.boxes):
        if box.port is not None and box.port[0] == "in":
            return picture.box_rect(at)
        if box.node is not None and picture.visible.hierarchy.graph.nodes[box.node].kind == "input":
            return picture.box_rect(at)
    return picture.box_rect(0) if picture.visible.boxes else picture.bounds


def keep_middle(canvas: Canvas, before: Picture, after: Picture) -> None:
    """Keep the middle of the view where it is, by the box nearest to it; of the same graph, folded the same or not."""
    rects = before.layout.boxes
    if not len(rects):
        return
    middle = canvas.visible_rect.center()
    far = np.hypot(rects[:, 0] + rects[:, 2] / 2 - middle.x(), rects[:, 1] + rects[:, 3] / 2 - middle.y())
    box = int(np.argmin(far))
    node, container = before.visible.boxes[box].node, before.visible.boxes[box].container
    if node is not None:
        _keep(canvas, before.box_rect(box).topLeft(), after.rect_of_node(node).topLeft())
        return
    around = before.visible.hierarchy.ancestors(container) if container is not None else ()
    shown = next((rect for c in around if (rect := after.container_rect(c)) is not None), None)
    if shown is not None:
        _keep(canvas, before.box_rect(box).topLeft(), shown.topLeft())


def show_refolded(canvas: Canvas, before: Picture | None, after: Picture) -> None:
    """All of it where that can be read; else what was in the middle stays there."""
    zoom = canvas.zoom
    place = canvas.visible_rect.center()
    canvas.fit()
    if canvas.zoom < READABLE:
        canvas.look_at(place, max(zoom, READABLE))
        if before is not None:
            keep_middle(canvas, before, after)


def keep_corner(canvas: Canvas, before: Picture, after: Picture, container: int) -> None:
    """Keep a container's corner, where its chevron is, in place."""
    old, new = before.container_rect(container), after.container_rect(container)
    if old is not None and new is not None:
        _keep(canvas, old.topLeft(), new.topLeft())


def _show_beginning(canvas: Canvas, picture: Picture, direction: Direction) -> None:
    """The first boxes at the near edge, as close as the picture's narrow side allows."""
    view = canvas.viewport().size()
    down = direction == "down"
    room, narrow = (view.width(), picture.bounds.width()) if down else (view.height(), picture.bounds.height())
    along = view.height() if down else view.width()
    zoom = max(min((room - 2 * EDGE) / narrow, along / LENGTH, 1.0), COMFORTABLE)
    half = QPointF(view.width() / 2 - EDGE, view.height() / 2 - EDGE) / zoom
    start = beginning(picture).center()
    x = _middle(start.x(), half.x(), picture.bounds.width())
    y = _middle(start.y(), half.y(), picture.bounds.height())
    canvas.look_at(QPointF(x, half.y()) if down else QPointF(half.x(), y), zoom)


def _middle(start: float, half: float, size: float) -> float:
    """The middle of the view across: the picture's; in a larger one the first box, and no empty ground beside it."""
    return min(max(start, half), size - half) if size > 2 * half else size / 2


def _keep(canvas: Canvas, old: QPointF, new: QPointF) -> None:
    canvas.keep(new, QPointF(canvas.mapFromScene(old)))
