"""The one item of the scene: paints the picture from arrays, only what is in view, in levels of detail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget
from shiboken6 import isValid

from inspector.gui.graph_view import effects as changes
from inspector.gui.graph_view import labels, painting
from inspector.gui.graph_view.cards import Fonts
from inspector.gui.graph_view.colours import band_of, colour, mixed
from inspector.gui.graph_view.far import MANY_BOXES, Far
from inspector.gui.graph_view.finding_marks import Mark, marks_on, paint_mark
from inspector.gui.graph_view.found_badge import paint_found
from inspector.gui.graph_view.metrics import Metrics
from inspector.gui.graph_view.panning import KeptView
from inspector.gui.graph_view.paths import Trace
from inspector.gui.graph_view.picture import Picture
from inspector.gui.graph_view.shading import NO_VALUE, PLAIN, Shading, on_colour
from inspector.gui.theme import Theme, theme
from inspector.protocol.changes import Comparison
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Graph

MARGIN = 24.0
ARROWS_FROM = 0.42  # a zoom below which a wire's head is a speck
THINNEST = 0.9  # pixels of a wire: from afar it would fade


@dataclass(frozen=True)
class Lighting:
    """What is lit: the selected box or container, what is under the pointer, the paths, and what a search found.

    `matches` is how many nodes were found in each box; `searched` is also true where all of them are out of sight.
    """

    selected_box: int | None = None
    selected_container: int | None = None
    hovered_box: int | None = None
    hovered_wire: int | None = None
    trace: Trace | None = None
    hover: Trace | None = None
    matches: Mapping[int, int] = field(default_factory=dict)
    searched: bool = False
    current_match: int | None = None


@dataclass(frozen=True)
class Motion:
    """Where boxes and containers come from while a fold is animated; `share` of the way is done."""

    boxes: NDArray[np.float32]
    containers: NDArray[np.float32]
    share: float = 1.0


@dataclass
class _Frame:
    """What one call of paint works with."""

    painter: QPainter
    look: painting.Look
    view: QRectF
    boxes: NDArray[np.float32]
    containers: NDArray[np.float32]
    segment_lit: NDArray[np.int8]
    share: float = 1.0
    seen: list[int] = field(default_factory=list)
    looks: dict[str, painting.Look] = field(default_factory=dict)
    pens: dict[tuple[bool, int, float], QPen] = field(default_factory=dict)


class PictureItem(QGraphicsItem):
    """Paints a Picture under a Lighting."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.picture: Picture | None = None
        self.lighting = Lighting()
        self.comparison: Comparison | None = None
        self.effects = changes.NONE
        self._found: tuple[Graph | None, tuple[Finding, ...]] = (None, ())
        self.marks: dict[int, Mark] = {}
        self.motion: Motion | None = None
        self.fonts: Fonts | None = None
        self._metrics: Metrics | None = None
        self.colours: Theme | None = None  # None for those of the window
        self.tick: Callable[[], None] | None = None  # called for every box and wire, where painting takes long
        self._far: Far | None = None
        self._inks: tuple[Theme, NDArray[np.int64]] | None = None
        self.shading: Shading | None = None
        self._version = 0  # of what is painted: each update is another
        self._kept = KeptView(self._rest)

    def show_picture(self, picture: Picture | None, fonts: Fonts, shading: Shading | None = None) -> None:
        """Paint another picture."""
        self.prepareGeometryChange()
        self.picture = picture
        self.shading = shading
        if fonts != self.fonts:
            self.fonts, self._metrics = fonts, Metrics(fonts)
        self.lighting = Lighting()
        self.motion = None
        self._far = None
        self._find_effects()
        self.update()

    def shade(self, shading: Shading | None) -> None:
        """Other colours for the boxes of this picture; None colours by kind."""
        self.shading = shading
        self._inks = None
        self.update()

    def show_comparison(self, comparison: Comparison | None) -> None:
        """Mark what changes did to a run of this graph."""
        if comparison is not self.comparison:
            self.comparison = comparison
            self._find_effects()
            self.update()

    def show_findings(self, graph: Graph | None, findings: tuple[Finding, ...]) -> None:
        """Mark the boxes that findings of a run of `graph` are about."""
        if findings != self._found[1] or graph is not self._found[0]:
            self._found = (graph, findings)
            self._find_effects()
            self.update()

    def _find_effects(self) -> None:
        self._inks = None
        self.marks = {} if self.picture is None else marks_on(self.picture, *self._found)
        self.effects = changes.NONE if self.picture is None else changes.effects_on(self.picture, self.comparison)

    def light(self, lighting: Lighting) -> None:
        """Light something else."""
        if lighting != self.lighting:
            self.lighting = lighting
            self.update()

    def move(self, motion: Motion | None) -> None:
        """Show a step of an animation."""
        self.prepareGeometryChange()
        self.motion = motion
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802  (Qt's name)
        """All that may be painted, and more while things move."""
        if self.picture is None:
            return QRectF()
        more = 4000.0 if self.motion is not None else MARGIN
        return self.picture.bounds.adjusted(-more, -more, more, more)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint what is exposed; of a view that was panned, what was not seen before."""
        if self.picture is None or self.fonts is None or self._metrics is None:
            return
        zoom = painter.worldTransform().m11()
        if widget is None or self.motion is not None:
            self.paint_view(painter, QRectF(option.exposedRect), zoom, most_boxes=MANY_BOXES)
            return
        back, _ = painter.worldTransform().inverted()
        in_view = back.mapRect(QRectF(widget.rect())).adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
        most = -1.0 if len(_inside(self.picture.layout.boxes, in_view)) > MANY_BOXES else float("inf")
        self._kept.paint(
            painter,
            widget.size(),
            (self._version, most),
            colour(self._theme.canvas),
            lambda inside, part, whole: self.paint_view(inside, part, zoom, most_boxes=most, labelled=whole),
        )

    def _rest(self) -> None:
        if isValid(self):  # the window may have been closed meanwhile
            self.update()

    def update(self) -> None:  # type: ignore[override]  # Qt's takes a part, too
        """Paint all anew."""
        self._version += 1
        super().update()

    def paint_view(
        self,
        painter: QPainter,
        view: QRectF,
        zoom: float,
        *,
        most_boxes: float = float("inf"),
        labelled: bool = True,
    ) -> None:
        """Paint what lies in `view`, in scene units; with more boxes than that as from afar, whatever the zoom."""
        if self.picture is None or self.fonts is None or self._metrics is None:
            return
        boxes, containers, share = self._places(self.picture)
        frame = _Frame(
            painter=painter,
            look=painting.Look(self._theme, self.fonts, zoom, self._metrics),
            view=view.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN),
            boxes=boxes,
            containers=containers,
            segment_lit=self._lit_segments(self.picture),
            share=share,
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, zoom >= painting.ROUND_FROM)
        open_seen = _inside(containers, frame.view)
        boxes_seen = _inside(boxes, frame.view)
        if share >= 1.0 and (zoom < painting.ROUND_FROM or len(boxes_seen) > most_boxes):
            self._paint_far(frame, self.picture, open_seen, boxes_seen)
            return
        self._paint_grounds(frame, self.picture, open_seen)
        painter.setOpacity(max(0.0, 2 * share - 1))
        self._paint_wires(frame, self.picture)
        painter.setOpacity(1.0)
        self._paint_headers(frame, self.picture, open_seen)
        self._paint_boxes(frame, self.picture, boxes_seen)
        if labelled and frame.look.has_text and share >= 1.0:
            labels.paint_labels(painter, self.picture, self.lighting, frame.look, frame.seen)

    @property
    def _theme(self) -> Theme:
        return self.colours or theme()

    def _places(self, picture: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
        motion = self.motion
        if motion is None:
            return picture.layout.boxes, picture.layout.containers, 1.0
        t = np.float32(1 - (1 - motion.share) ** 3)
        boxes = motion.boxes + (picture.layout.boxes - motion.boxes) * t
        return boxes, motion.containers + (picture.layout.containers - motion.containers) * t, motion.share

    def _lit_segments(self, picture: Picture) -> NDArray[np.int8]:
        """0 plain, 1 on a lit path, 2 touching what is selected or hovered, −1 faded."""
        lit = np.zeros(picture.layout.num_segments, np.int8)
        if self.lighting.trace is None and self.lighting.hover is None and self.lighting.hovered_wire is None:
            return lit
        counts = np.diff(picture.layout.wire_starts)
        found = self.lighting
        if found.trace is not None:
            lit[:] = -1
            lit[picture.layout.wire_segments[np.repeat(found.trace.wires, counts)]] = 1
            lit[picture.layout.wire_segments[np.repeat(found.trace.near, counts)]] = 2
        if found.hover is not None:
            lit[picture.layout.wire_segments[np.repeat(found.hover.near, counts)]] = 2
        if found.hovered_wire is not None and found.hovered_wire < len(counts):
            lit[picture.layout.segments_of(found.hovered_wire)] = 2
        return lit

    def _paint_grounds(self, frame: _Frame, picture: Picture, seen: list[int]) -> None:
        for at in seen:
            chosen = picture.visible.open_containers[at] == self.lighting.selected_container
            painting.paint_container(
                frame.painter,
                QRectF(*frame.containers[at].tolist()),
                picture.headers[at],
                frame.look,
                depth=int(picture.layout.depth[at]),
                border=colour(frame.look.theme.accent) if chosen else None,
            )

    def _paint_headers(self, frame: _Frame, picture: Picture, seen: list[int]) -> None:
        if frame.look.zoom < 0.25:
            return
        for at in seen:
            painting.paint_header(
                frame.painter,
                QRectF(*frame.containers[at].tolist()),
                picture.headers[at],
                frame.look,
                depth=int(picture.layout.depth[at]),
                lit=picture.visible.open_containers[at] == self.lighting.selected_container,
            )
            if picture.visible.open_containers[at] in self.effects.changed_containers:
                changes.dash_frame(frame.painter, QRectF(*frame.containers[at].tolist()), frame.look)

    def _paint_wires(self, frame: _Frame, picture: Picture) -> None:
        if frame.share <= 0.5:
            return
        bounds, view = picture.segment_bounds, frame.view
        inside = (
            (bounds[:, 0] <= view.right())
            & (bounds[:, 2] >= view.left())
            & (bounds[:, 1] <= view.bottom())
            & (bounds[:, 3] >= view.top())
        )
        frame.seen = np.flatnonzero(inside).tolist()
        lights = frame.segment_lit[inside]
        for lit in np.unique(lights).tolist():  # what is lit lies on top
            for segment in np.asarray(frame.seen)[lights == lit].tolist():
                if self.tick is not None:
                    self.tick()
                self._paint_segment(frame, picture, segment, lit)

    def _paint_segment(self, frame: _Frame, picture: Picture, segment: int, lit: int) -> None:
        skip = bool(picture.layout.skips[segment])
        width = max(float(picture.widths[segment]) + (0.6 if lit == 2 else 0.0), THINNEST / frame.look.zoom)
        pen = frame.pens.get((skip, lit, width))
        if pen is None:
            pen = frame.pens[skip, lit, width] = QPen(_wire_ink(skip, lit, frame.look.theme), width)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        ink = pen.color()
        frame.painter.setPen(pen)
        frame.painter.setBrush(Qt.BrushStyle.NoBrush)
        frame.painter.drawPath(picture.path(segment))
        if frame.look.zoom >= ARROWS_FROM and picture.layout.ends_at[segment] >= 0:
            painting.paint_arrow(frame.painter, picture.layout.segment(segment), picture.layout.direction, ink, width)

    def _paint_far(self, frame: _Frame, picture: Picture, open_seen: list[int], boxes: list[int]) -> None:
        """All in a few calls; what is marked is painted on top, as near by."""
        if self._far is None:
            self._far = Far(picture.layout)
        painter, zoom, look = frame.painter, frame.look.zoom, frame.look.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        grounds = [mixed(look.group, look.accent, 0.03 * depth + 0.01) for depth in (0, 1)]
        self._far.paint_grounds(painter, open_seen, zoom, grounds)
        self._far.paint_wires(painter, frame.view, _wire_ink(False, 0, look))
        lit = np.flatnonzero(frame.segment_lit > 0)
        if len(lit) < MANY_BOXES:
            for segment in lit.tolist():
                self._paint_segment(frame, picture, segment, int(frame.segment_lit[segment]))
        seen = np.asarray(self._far.apart(boxes, zoom), np.int64)
        stands_out = self._standing_out(picture)
        plain = seen[~stands_out[seen]]
        inks = np.where(self._faded(picture)[plain], 0x60FFFFFF, 0xFFFFFFFF) & self._far_inks(picture, look)[plain]
        order = np.argsort(inks, kind="stable")
        groups = np.split(plain[order], np.flatnonzero(np.diff(inks[order])) + 1) if len(plain) else []
        firsts = [int(ink) for ink in np.unique(inks)]
        self._far.paint_boxes(painter, {ink: found.tolist() for ink, found in zip(firsts, groups, strict=True)})
        self._paint_boxes(frame, picture, seen[stands_out[seen]].tolist())

    def _standing_out(self, picture: Picture) -> NDArray[np.bool_]:
        """The boxes that are painted as near by also from afar: what is chosen, found, pointed at or marked."""
        lighting, effects = self.lighting, self.effects
        alone = (lighting.selected_box, lighting.hovered_box, lighting.current_match, effects.first)
        found = {*lighting.matches, *effects.changed, *self.marks, *(box for box in alone if box is not None)}
        stands_out = np.zeros(len(picture.cards), np.bool_)
        stands_out[[box for box in found if 0 <= box < len(picture.cards)]] = True
        return stands_out

    def _faded(self, picture: Picture) -> NDArray[np.bool_]:
        """The boxes that what is lit lets fade, all at once (see `_is_faded`)."""
        lighting = self.lighting
        if lighting.searched:
            faded = np.ones(len(picture.cards), np.bool_)
            faded[list(lighting.matches)] = False
            return faded
        return np.zeros(len(picture.cards), np.bool_) if lighting.trace is None else ~lighting.trace.boxes

    def _far_inks(self, picture: Picture, look: Theme) -> NDArray[np.int64]:
        """The colour of every box from afar, as a number; what differs after a change shows by how much."""
        if self._inks is None or self._inks[0] != look:
            known: dict[tuple[str, float], int] = {}
            inks: list[int] = []
            for box, card in enumerate(picture.cards):
                name, share = band_of(picture, box).name(), 0.6
                if card.failed:
                    name, share = look.failure, 1.0
                elif self.shading is not None:
                    ink = self.shading.colours[box]
                    name, share = (look.border, 0.6) if ink in (PLAIN, NO_VALUE) else (ink, 1.0)
                elif box in self.effects.shares:
                    name, share = look.warning, round(0.3 + 0.7 * self.effects.shares[box], 1)
                if (name, share) not in known:
                    known[name, share] = mixed(look.card, name, share).rgba()
                inks.append(known[name, share])
            self._inks = (look, np.array(inks, np.int64))
        return self._inks[1]

    def _is_faded(self, box: int) -> bool:
        lighting = self.lighting
        # what was searched for is asked for last, and so counts for more than paths
        if lighting.searched:
            return box not in lighting.matches
        return lighting.trace is not None and not lighting.trace.boxes[box]

    def _paint_boxes(self, frame: _Frame, picture: Picture, boxes: list[int]) -> None:
        lighting = self.lighting
        for box in boxes:
            frame.painter.setOpacity(painting.FADED if self._is_faded(box) else 1.0)
            if self.tick is not None:
                self.tick()
            card = picture.card_to_paint(box)
            node = picture.visible.boxes[box].node
            rect = QRectF(*frame.boxes[box].tolist())
            look, band, hatched = self._dress(frame, picture, box)
            painting.paint_card(frame.painter, rect, card, look, band, ring=self._ring(box), hatched=hatched)
            if box in self.effects.changed or box in self.effects.shares:
                changes.paint_effect(frame.painter, rect, box, self.effects, frame.look)
            if box in self.marks:
                paint_mark(frame.painter, rect, self.marks[box], frame.look)
            if node is None and box in lighting.matches:
                paint_found(frame.painter, rect, lighting.matches[box], frame.look)
        frame.painter.setOpacity(1.0)

    def _dress(self, frame: _Frame, picture: Picture, box: int) -> tuple[painting.Look, QColor, bool]:
        """The look of a box, its band, and whether it is hatched: by kind, or by the measure's colour."""
        card, shading = picture.cards[box], self.shading
        if shading is None:
            return frame.look, band_of(picture, box), False
        ink = shading.colours[box]
        if ink in (PLAIN, NO_VALUE) or card.failed:
            return frame.look, colour(frame.look.theme.border), ink == NO_VALUE
        look = frame.looks.get(ink)
        if look is None:
            look = frame.looks[ink] = replace(frame.look, theme=on_colour(frame.look.theme, ink))
        return look, colour(ink), False

    def _ring(self, box: int) -> QColor | None:
        """The frame around what is selected, found or under the pointer."""
        lighting = self.lighting
        if box in (lighting.selected_box, lighting.current_match):
            return colour(self._theme.accent)
        if box == lighting.hovered_box or box in lighting.matches:
            return mixed(self._theme.accent, self._theme.border, 0.45)
        return None


def _inside(rects: NDArray[np.float32], view: QRectF) -> list[int]:
    inside = (
        (rects[:, 0] <= view.right())
        & (rects[:, 0] + rects[:, 2] >= view.left())
        & (rects[:, 1] <= view.bottom())
        & (rects[:, 1] + rects[:, 3] >= view.top())
    )
    found: list[int] = np.flatnonzero(inside).tolist()
    return found


def _wire_ink(skip: bool, lit: int, look: Theme) -> QColor:
    plain = look.skip_wire if skip else look.wire
    if lit == 2:
        return colour(look.accent)
    if lit == 1:
        return mixed(plain, look.accent, 0.55)
    return mixed(plain, look.canvas, 0.55) if lit < 0 else colour(plain)
