"""The picture from afar: boxes as plain rectangles, wires as straight lines, thousands in a few calls.

Making Qt's objects takes longer than painting them, so they are made once for each picture, when first seen.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from inspector.core.layout import Layout

T = TypeVar("T")
MANY_BOXES = 450  # so many in view are painted as from afar, whatever the zoom
SPECK = 1.5  # pixels: of what is smaller, one a spot is painted
MOST_LINES = 8_000  # in one frame: of more the longest, the others are hardly a pixel each
FEWEST_SPECKS = 1_500


class Far:
    """Qt's rectangles and lines of one layout."""

    def __init__(self, layout: Layout) -> None:
        self._boxes, self._containers = layout.boxes, layout.containers
        self._depth = layout.depth
        self._box_rects: dict[int, QRectF] = {}
        self._container_rects: dict[int, QRectF] = {}
        inner = np.ones(max(len(layout.points) - 1, 0), np.bool_)
        inner[layout.starts[1:-1] - 1] = False
        self._ends = np.concatenate([layout.points[:-1], layout.points[1:]], axis=1)[inner]
        self._low = np.minimum(self._ends[:, :2], self._ends[:, 2:])
        self._high = np.maximum(self._ends[:, :2], self._ends[:, 2:])
        self._length = (self._high - self._low).max(axis=1, initial=0.0)
        self._lines: dict[int, QLineF] = {}
        self._apart: tuple[float, NDArray[np.bool_]] | None = None

    def paint_grounds(self, painter: QPainter, seen: Sequence[int], zoom: float, inks: Sequence[QColor]) -> None:
        """The containers' grounds, in turn by depth; those too small to tell are left out."""
        if not seen:
            return
        large = self._containers[seen, 2:].min(axis=1) * zoom >= 2 * SPECK
        by_depth: dict[int, list[int]] = defaultdict(list)
        for at in np.asarray(seen)[large].tolist():
            by_depth[int(self._depth[at])].append(at)
        painter.setPen(Qt.PenStyle.NoPen)
        for depth, found in sorted(by_depth.items()):
            painter.setBrush(inks[depth % len(inks)])
            painter.drawRects(_made(found, self._container_rects, self._containers, _rect))

    def paint_wires(self, painter: QPainter, view: QRectF, ink: QColor) -> None:
        """The lines that are in view, in one colour."""
        inside = (self._low[:, 0] <= view.right()) & (self._high[:, 0] >= view.left())
        inside &= (self._low[:, 1] <= view.bottom()) & (self._high[:, 1] >= view.top())
        found = np.flatnonzero(inside)
        if len(found) > MOST_LINES:
            found = found[np.argpartition(-self._length[found], MOST_LINES)[:MOST_LINES]]
        painter.setPen(QPen(ink, 0))
        painter.drawLines(_made(found.tolist(), self._lines, self._ends, _line))

    def paint_boxes(self, painter: QPainter, by_ink: dict[int, list[int]]) -> None:
        """Boxes, by their colour as a number."""
        painter.setPen(Qt.PenStyle.NoPen)
        for ink, boxes in by_ink.items():
            painter.setBrush(QColor.fromRgba(ink))
            painter.drawRects(_made(boxes, self._box_rects, self._boxes, _rect))

    def apart(self, seen: list[int], zoom: float) -> list[int]:
        """Of these boxes, those that can be told apart: where they are specks, one a spot."""
        if len(seen) < FEWEST_SPECKS:
            return seen
        if self._apart is None or self._apart[0] != zoom:
            spots = np.floor(self._boxes[:, :2] * (zoom / SPECK)).astype(np.int64)
            _, first = np.unique(spots[:, 0] * (1 << 31) + spots[:, 1], return_index=True)
            kept = np.zeros(len(self._boxes), np.bool_)
            kept[first] = True
            self._apart = (zoom, kept)
        found = np.asarray(seen)
        kept_here: list[int] = found[self._apart[1][found]].tolist()
        return kept_here


def _made(
    wanted: Iterable[int], known: dict[int, T], places: NDArray[np.float32], make: Callable[[Sequence[float]], T]
) -> list[T]:
    """Qt's objects for these places, made where they aren't known yet."""
    missing = [at for at in wanted if at not in known]
    if missing:
        known.update(zip(missing, map(make, places[missing].tolist()), strict=True))
    return [known[at] for at in wanted]


def _rect(place: Sequence[float]) -> QRectF:
    return QRectF(*place)


def _line(place: Sequence[float]) -> QLineF:
    return QLineF(*place)
