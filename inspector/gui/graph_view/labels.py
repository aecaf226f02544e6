"""Shapes on the wires: where there is room, never over a box, another wire or another label."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from inspector.gui.graph_view import painting
from inspector.gui.graph_view.colours import colour
from inspector.gui.graph_view.picture import Picture, sampled

if TYPE_CHECKING:
    from inspector.gui.graph_view.picture_item import Lighting

LABELS_FROM = 0.75  # a zoom below which labels would be too small to read
ALL_LABELS_FROM = 1.3  # where every wire says its shape; before that, those from afar
MOST_LABELS = 300
BESIDE = 7.0
HEIGHT = 14.0
AROUND = 400.0  # wider than any label


def paint_labels(
    painter: QPainter, picture: Picture, lighting: "Lighting", look: painting.Look, seen: Sequence[int]
) -> None:
    """Write the shape beside the end of each wire in view that has room for it."""
    ink = colour(look.theme.dimmed)
    for rect, text in place_labels(picture, lighting, look, seen):
        painting.paint_label(painter, rect, text, look, ink)


def place_labels(
    picture: Picture, lighting: "Lighting", look: painting.Look, seen: Sequence[int]
) -> Iterator[tuple[QRectF, str]]:
    """Where the labels of the segments that are seen stand, and what they say: with names of axes where they fit."""
    if look.zoom < LABELS_FROM or len(seen) > 4 * MOST_LABELS:
        return
    taken = _Taken(picture, seen)
    for segment in seen:
        wire = int(picture.wire_of_segment[segment])
        if wire < 0 or picture.layout.ends_at[segment] < 0:
            continue
        lit = lighting.hover is not None and bool(lighting.hover.near[wire])
        if not (lit or look.zoom >= ALL_LABELS_FROM or picture.layout.skips[segment]):
            continue
        for text in dict.fromkeys((picture.wire_text(wire, named=True), picture.wire_text(wire))):
            rect = taken.room(segment, look.metrics.shape.horizontalAdvance(text)) if text else None
            if rect is not None:
                yield rect, text
                break


class _Taken:
    """What labels must not cover: boxes, headers, wires, and each other."""

    def __init__(self, picture: Picture, seen: Sequence[int]) -> None:
        self._picture = picture
        self._points = _all_points(picture, seen)
        layout = picture.layout
        # only what is near: a label is looked for beside the end of a line that is seen
        low, high = self._points.min(axis=0, initial=np.inf), self._points.max(axis=0, initial=-np.inf)
        self._boxes = _near(layout.boxes, low, high)
        self._containers = _near(layout.containers, low, high)
        self._labels: list[QRectF] = []
        self._ground = picture.bounds.adjusted(-BESIDE, -BESIDE, BESIDE, BESIDE)  # beyond it an export is cut off

    def room(self, segment: int, width: float) -> QRectF | None:
        """A free place beside the end of a segment, to the right or else to the left."""
        for rect in self._candidates(segment, width):
            if self._ground.contains(rect) and self._is_free(rect):
                self._labels.append(rect)
                return rect
        return None

    def _candidates(self, segment: int, width: float) -> list[QRectF]:
        points = self._picture.layout.segment(segment)
        x, y = points[-1].tolist()
        if self._picture.layout.direction == "down":
            top = y - BESIDE - HEIGHT
            return [QRectF(x + BESIDE, top, width, HEIGHT), QRectF(x - BESIDE - width, top, width, HEIGHT)]
        left = x - BESIDE - width
        return [QRectF(left, y - 3 - HEIGHT, width, HEIGHT), QRectF(left, y + 3, width, HEIGHT)]

    def _is_free(self, rect: QRectF) -> bool:
        left, top, right, bottom = rect.left(), rect.top(), rect.right(), rect.bottom()
        boxes = self._boxes
        over = (boxes[:, 0] < right + 4) & (boxes[:, 0] + boxes[:, 2] > left - 4)
        over &= (boxes[:, 1] < bottom + 2) & (boxes[:, 1] + boxes[:, 3] > top - 2)
        if over.any() or any(rect.intersects(other) for other in self._labels):
            return False
        if self._crosses_border(left, top, right, bottom):
            return False
        points = self._points
        on_wire = (points[:, 0] > left - 3) & (points[:, 0] < right + 3)
        on_wire &= (points[:, 1] > top) & (points[:, 1] < bottom)
        return not on_wire.any()

    def _crosses_border(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Whether a label would lie on a container's edge or header."""
        rects = self._containers
        x0, y0 = rects[:, 0], rects[:, 1]
        x1, y1 = x0 + rects[:, 2], y0 + rects[:, 3]
        meets = (x0 < right) & (x1 > left) & (y0 < bottom) & (y1 > top)
        within = (x0 <= left) & (x1 >= right) & (y0 + 32 <= top) & (y1 >= bottom)
        return bool((meets & ~within).any())


def _near(rects: NDArray[np.float32], low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float32]:
    """The rectangles that reach to within AROUND of these bounds."""
    meets = (rects[:, 1] <= high[1] + AROUND) & (rects[:, 1] + rects[:, 3] >= low[1] - AROUND)
    meets &= (rects[:, 0] <= high[0] + AROUND) & (rects[:, 0] + rects[:, 2] >= low[0] - AROUND)
    near: NDArray[np.float32] = rects[meets]
    return near


def _all_points(picture: Picture, seen: Sequence[int]) -> NDArray[np.float64]:
    if not seen:
        return np.zeros((0, 2))
    known, layout = picture.line_points, picture.layout
    for segment in seen:
        if segment not in known:
            known[segment] = _dense(sampled(layout.segment(segment), layout.direction))
    return np.concatenate([known[segment] for segment in seen])


def _dense(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points no further apart than a label is high."""
    gaps = np.abs(np.diff(line, axis=0)).max(axis=1, initial=0.0)
    if not len(gaps) or gaps.max() <= HEIGHT / 2:
        return line
    pieces = [line]
    for at in np.flatnonzero(gaps > HEIGHT / 2).tolist():
        steps = np.linspace(0, 1, min(int(gaps[at] / (HEIGHT / 2)) + 2, 400))[:, None]
        pieces.append(line[at] + (line[at + 1] - line[at]) * steps)
    return np.concatenate(pieces)
