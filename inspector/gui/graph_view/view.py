"""The graph view: decides what is visible, has it laid out beside, and shows it; tells what the user selects."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QImage, QPainter, QResizeEvent
from PySide6.QtWidgets import QGraphicsScene, QLabel, QToolTip, QVBoxLayout, QWidget

from inspector.core import folding
from inspector.core.folding import Hierarchy
from inspector.core.layout import Direction
from inspector.gui.graph_view.canvas import Canvas
from inspector.gui.graph_view.captions import Captions
from inspector.gui.graph_view.cards import Fonts, Ruler
from inspector.gui.graph_view.colours import colour
from inspector.gui.graph_view.layout_link import LayoutLink
from inspector.gui.graph_view.making import Wish
from inspector.gui.graph_view.matching import matching_nodes
from inspector.gui.graph_view.minimap import Minimap
from inspector.gui.graph_view.motion import DURATION_MS, start_places
from inspector.gui.graph_view.paths import Trace, touching, trace
from inspector.gui.graph_view.picture import Hit, Picture
from inspector.gui.graph_view.picture_item import Lighting, Motion, PictureItem
from inspector.gui.graph_view.tooltips import tooltip_text
from inspector.gui.state import WindowState
from inspector.gui.theme import theme, theme_source
from inspector.protocol.graph import Failure, Graph

READABLE = 0.62  # the first view is no farther than this, even if not all fits
EMPTY = "Open a model and press Run to see its graph."


@dataclass(frozen=True)
class _Asked:
    """A picture under way, and what to do with the view when it comes."""

    number: int
    then: Callable[[Picture | None], None]
    animated: bool


class GraphView(QWidget):
    """The layer graph. `draw` shows a snapshot; `node_selected` tells a node's id or −1, `group_selected` an fqn."""

    node_selected = Signal(int)
    group_selected = Signal(str)
    picture_shown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("graph_view")
        self.setAccessibleName("Graph of the model")
        self._graph: Graph | None = None
        self._failure: Failure | None = None
        self._structure: int | None = None
        self._hierarchy: Hierarchy | None = None
        self._folded: frozenset[int] = frozenset()
        self._direction: Direction = "down"
        self._asked: _Asked | None = None
        self._picture: Picture | None = None
        self._node: int | None = None
        self._container: int | None = None
        self._state_node: int | None = None
        self._matches: tuple[int, ...] = ()
        self._match_at = -1
        self._fonts = Fonts.of(self.font())
        self._ruler = Ruler(self._fonts)
        self._build()
        self._link = LayoutLink(self)
        self._link.made.connect(self._made)
        # a bound method would be gone by then
        self.destroyed.connect(self._link.close)
        theme_source().changed.connect(self._repaint)

    def _build(self) -> None:
        self._scene = QGraphicsScene(self)
        self._item = PictureItem()
        self._scene.addItem(self._item)
        self._canvas = Canvas(self._scene, self)
        self._canvas.setObjectName("graph_canvas")
        self._canvas.setAccessibleName("Layer graph")
        self._canvas.clicked.connect(self._click)
        self._canvas.double_clicked.connect(self._double_click)
        self._canvas.pointed.connect(self._point)
        self._canvas.left.connect(lambda: self._hover(None, None))
        self._canvas.key_pressed.connect(self._key)
        self._canvas.help_requested.connect(self._help)
        self._canvas.view_changed.connect(self._view_changed)
        frame = QVBoxLayout(self)
        frame.setContentsMargins(0, 0, 0, 0)
        frame.addWidget(self._canvas)
        self.setFocusProxy(self._canvas)
        self._minimap = Minimap(self)
        self._minimap.place_requested.connect(self._canvas.look_at)
        self._captions = Captions(self)
        self._empty = QLabel(EMPTY, self)
        self._empty.setObjectName("graph_empty")
        self._empty.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._animation = QVariantAnimation(self)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.setDuration(DURATION_MS)
        self._animation.valueChanged.connect(self._step)
        self._animation.finished.connect(lambda: self._item.move(None))
        self._motion: Motion | None = None
        self._repaint()

    # what others ask

    def draw(self, state: WindowState) -> None:
        """Show the snapshot; only a new graph is laid out."""
        run = state.run
        if run.graph is not self._graph or run.failure is not self._failure:
            self._show_graph(run.graph, run.failure)
        if state.selected_node != self._state_node:
            self._state_node = state.selected_node
            self._select(state.selected_node, None)

    def fit(self) -> None:
        """Show all of the graph."""
        self._canvas.fit()

    def fold_all(self) -> None:
        """Fold every group."""
        if self._hierarchy is not None:
            self._fold(folding.fold_all(self._hierarchy), self._show_whole)

    def unfold_all(self) -> None:
        """Unfold every group."""
        self._fold(frozenset(), self._show_whole)

    def fold_to_depth(self, depth: int) -> None:
        """Unfold down to a depth, fold what lies deeper."""
        if self._hierarchy is not None:
            self._fold(folding.fold_to_depth(self._hierarchy, depth), self._show_whole)

    def set_direction(self, direction: Direction) -> None:
        """Let the graph run down, or to the right."""
        if direction != self._direction:
            self._direction = direction
            self._ask(self._show_first, animated=False)

    @property
    def direction(self) -> Direction:
        """Which way the graph runs."""
        return self._direction

    def centre_on_node(self, node: int) -> None:
        """Bring a node into the middle and select it; what it lies in is unfolded."""
        hierarchy = self._hierarchy
        if hierarchy is None or not 0 <= node < len(hierarchy.graph.nodes):
            return
        self._select(node, None)
        self._reveal(hierarchy.node_parent[node], lambda picture: picture.rect_of_node(node))

    def centre_on_module(self, fqn: str) -> None:
        """Bring a module, a leaf or a group, into the middle and select it; what it lies in is unfolded."""
        hierarchy = self._hierarchy
        if hierarchy is None:
            return
        group = next((g.id for g in hierarchy.graph.groups if g.fqn == fqn and hierarchy.num_nodes[g.id]), None)
        if group is not None:
            self._select(None, group)
            self._reveal(hierarchy.parent[group], lambda picture: picture.container_rect(group) or picture.bounds)
            return
        leaf = next((node.id for node in hierarchy.graph.nodes if node.fqn == fqn and node.kind == "module"), None)
        if leaf is not None:
            self.centre_on_node(leaf)

    def search(self, text: str) -> int:
        """Light what the text finds, in folded groups too; how many nodes that are."""
        self._matches = matching_nodes(self._graph, text) if self._graph is not None else ()
        self._match_at = -1
        self._light()
        return len(self._matches)

    def next_match(self, step: int = 1) -> int:
        """Go to the next of what was found (or back, with −1); its place among them, or −1."""
        if not self._matches:
            return -1
        before = self._match_at if self._match_at >= 0 or step > 0 else 0
        self._match_at = (before + step) % len(self._matches)
        hierarchy = self._hierarchy
        if hierarchy is not None:
            node = self._matches[self._match_at]
            self._reveal(hierarchy.node_parent[node], lambda picture: picture.rect_of_node(node))
        self._light()
        return self._match_at

    def toggle(self, container: int) -> None:
        """Fold or unfold one container, keeping its corner where it is."""
        folded = self._folded ^ {container}
        self._fold(folded, lambda before: self._hold(before, container))

    def end(self) -> None:
        """Stop laying out; also done when the widget goes."""
        self._link.close()

    def render_image(self, scale: float = 2.0) -> QImage:
        """The whole picture as an image."""
        picture = self._picture
        size = picture.layout.size if picture is not None else (1.0, 1.0)
        image = QImage(round(size[0] * scale), round(size[1] * scale), QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(colour(theme().canvas))
        painter = QPainter(image)
        painter.scale(scale, scale)
        self._item.paint_view(painter, QRectF(0, 0, *size), scale)
        painter.end()
        return image

    @property
    def picture(self) -> Picture | None:
        """What is shown."""
        return self._picture

    @property
    def canvas(self) -> Canvas:
        """The view on it."""
        return self._canvas

    @property
    def lighting(self) -> Lighting:
        """What is lit."""
        return self._item.lighting

    # the graph

    def _show_graph(self, graph: Graph | None, failure: Failure | None) -> None:
        self._graph, self._failure = graph, failure
        self._captions.show_graph(graph)
        if graph is None:
            self._asked = None
            self._hierarchy = None
            self._show_picture(None)
            return
        structure = folding.structure_key(graph)
        self._hierarchy = folding.build_hierarchy(graph)
        same = structure == self._structure
        self._structure = structure
        if same:
            self._ask(self._stay, animated=False)
            return
        self._folded = folding.default_folding(self._hierarchy)
        self._node = self._container = None
        self._matches, self._match_at = (), -1
        self._ask(self._show_first, animated=False)

    def _fold(self, folded: frozenset[int], then: Callable[[Picture | None], None]) -> None:
        if self._hierarchy is None or (folded == self._folded and self._asked is None):
            return
        self._folded = folded
        self._ask(then, animated=True)

    def _ask(self, then: Callable[[Picture | None], None], *, animated: bool) -> None:
        """Have what is visible laid out; `then` places the view, given the picture before."""
        if self._hierarchy is None:
            return
        wish = Wish(self._hierarchy, self._folded, self._failure, self._direction, self._ruler)
        self._asked = _Asked(self._link.ask(wish), then, animated)

    def _made(self, number: int, picture: Picture) -> None:
        asked = self._asked
        if asked is None or number != asked.number:
            return
        self._asked = None
        before = self._picture
        self._show_picture(picture)
        held = self._canvas.mapFromScene(QPointF(0, 0))
        asked.then(before)
        if asked.animated and before is not None and self.isVisible():
            self._glide(before, picture, held)
        self.picture_shown.emit()

    def _show_picture(self, picture: Picture | None) -> None:
        self._animation.stop()
        self._picture = picture
        self._item.show_picture(picture, self._fonts)
        self._minimap.show_picture(picture)
        self._empty.setVisible(picture is None)
        if picture is not None:
            self._canvas.set_picture_rect(picture.bounds)
        self._light()
        self._place_overlays()
        self._view_changed()

    # where the view goes after a layout

    def _show_first(self, _before: Picture | None) -> None:
        """All of it if that can be read; else its beginning; what failed in any case."""
        picture = self._picture
        if picture is None:
            return
        self._canvas.fit(closest=1.0)
        if self._canvas.zoom < READABLE:
            self._show_beginning(picture)
        failed = next((box for box, card in enumerate(picture.cards) if card.alarm), None)
        if failed is not None and not self._canvas.visible_rect.contains(picture.box_rect(failed)):
            # a little below the middle: what led to it is seen too
            above = self._canvas.visible_rect.height() / 5
            self._canvas.look_at(picture.box_rect(failed).center() - QPointF(0, above))

    def _show_beginning(self, picture: Picture) -> None:
        """The first boxes at the near edge, as close as the picture's narrow side allows."""
        view = self._canvas.viewport().size()
        down = self._direction == "down"
        narrow = (
            (view.width() - 24) / picture.bounds.width() if down else (view.height() - 24) / picture.bounds.height()
        )
        zoom = min(max(narrow, READABLE), 1.0)
        half = QPointF(view.width() / 2 - 12, view.height() / 2 - 12) / zoom
        start = _beginning(picture).center()
        self._canvas.look_at(QPointF(start.x(), half.y()) if down else QPointF(half.x(), start.y()), zoom)

    def _show_whole(self, _before: Picture | None) -> None:
        self._canvas.fit()

    def _stay(self, before: Picture | None) -> None:
        """Keep the middle of the view where it is, by the box nearest to it."""
        if before is None or self._picture is None or not len(before.layout.boxes):
            return
        middle = self._canvas.visible_rect.center()
        rects = before.layout.boxes
        far = np.hypot(rects[:, 0] + rects[:, 2] / 2 - middle.x(), rects[:, 1] + rects[:, 3] / 2 - middle.y())
        box = int(np.argmin(far))
        if box < len(self._picture.layout.boxes):
            self._keep_in_place(before.box_rect(box).center(), self._picture.box_rect(box).center())

    def _hold(self, before: Picture | None, container: int) -> None:
        """Keep a container's corner, where its chevron is, in place."""
        old = before.container_rect(container) if before is not None else None
        new = self._picture.container_rect(container) if self._picture is not None else None
        if old is not None and new is not None:
            self._keep_in_place(old.topLeft(), new.topLeft())

    def _keep_in_place(self, old: QPointF, new: QPointF) -> None:
        self._canvas.keep(new, QPointF(self._canvas.mapFromScene(old)))

    def _reveal(self, container: int, where: Callable[[Picture], QRectF]) -> None:
        """Unfold what hides something, then bring it into the middle."""
        hierarchy = self._hierarchy
        if hierarchy is None:
            return

        def centre(_before: Picture | None) -> None:
            if self._picture is not None:
                self._canvas.look_at(where(self._picture).center(), max(self._canvas.zoom, 0.8))

        folded = folding.reveal(hierarchy, self._folded, container) if container != folding.ROOT else self._folded
        if folded != self._folded or self._asked is not None:
            self._folded = folded
            self._ask(centre, animated=True)
        else:
            centre(None)

    # animation

    def _glide(self, before: Picture, after: Picture, held: QPoint) -> None:
        """Let boxes glide from where they were seen to where they are."""
        moved = QPointF(held - self._canvas.mapFromScene(QPointF(0, 0))) / self._canvas.zoom
        self._motion = start_places(before, after, (moved.x(), moved.y()))
        if self._motion is not None:
            self._item.move(self._motion)
            self._animation.start()

    def _step(self, share: float) -> None:
        if self._motion is not None and share < 1.0:
            self._item.move(replace(self._motion, share=share))

    # selection, hover and search

    def _select(self, node: int | None, container: int | None) -> None:
        self._node, self._container = node, container
        self._light()

    def _light(self, hovered_box: int | None = None, hovered_wire: int | None = None) -> None:
        picture = self._picture
        if picture is None:
            self._item.light(Lighting())
            return
        box = self._selected_box(picture)
        open_container = self._container if self._container in picture.place_of_container else None
        count, wires = len(picture.visible.boxes), picture.visible.wires
        self._item.light(
            Lighting(
                selected_box=box,
                selected_container=open_container,
                hovered_box=hovered_box,
                hovered_wire=hovered_wire,
                trace=self._trace(box, count, picture),
                hover=touching(hovered_box, count, wires) if hovered_box is not None else None,
                matches=frozenset(int(picture.visible.box_of_node[node]) for node in self._matches),
                current_match=int(picture.visible.box_of_node[self._matches[self._match_at]])
                if self._match_at >= 0
                else None,
            )
        )

    def _trace(self, box: int | None, count: int, picture: Picture) -> Trace | None:
        known = self._item.lighting
        if box is None:
            return None
        if known.selected_box == box and known.trace is not None and len(known.trace.boxes) == count:
            return known.trace
        return trace(box, count, picture.visible.wires)

    def _selected_box(self, picture: Picture) -> int | None:
        if self._node is not None and self._node < len(picture.visible.box_of_node):
            return int(picture.visible.box_of_node[self._node])
        if self._container is not None:
            return picture.visible.box_of_container.get(self._container)
        return None

    def _click(self, at: QPointF) -> None:
        picture = self._picture
        if picture is None:
            return
        hit = picture.hit(at)
        container = picture.visible.boxes[hit.box].container if hit.box is not None else hit.container
        if hit.chevron and container is not None:
            self.toggle(container)
        elif hit.box is not None and picture.visible.boxes[hit.box].node is not None:
            self._choose_node(picture.visible.boxes[hit.box].node)
        elif container is not None and (hit.box is not None or hit.header):
            self._choose_container(container)
        else:
            self._choose_node(None)

    def _choose_node(self, node: int | None) -> None:
        """Select as the user, and tell."""
        self._select(node, None)
        self._state_node = node
        self._describe(node)
        self.node_selected.emit(-1 if node is None else node)

    def _choose_container(self, container: int) -> None:
        self._select(None, container)
        self._state_node = None
        hierarchy = self._hierarchy
        if hierarchy is None:
            return
        if container in hierarchy.twins:
            self._state_node = hierarchy.twins[container][0]
            self.node_selected.emit(self._state_node)
        else:
            self.group_selected.emit(hierarchy.graph.groups[hierarchy.group_of(container)].fqn)

    def _describe(self, node: int | None) -> None:
        """What a screen reader says of the selection."""
        if self._graph is not None and node is not None:
            found = self._graph.nodes[node]
            self._canvas.setAccessibleDescription(f"{found.op} {found.fqn} {found.details}")

    def _double_click(self, at: QPointF) -> None:
        picture = self._picture
        if picture is None:
            return
        hit = picture.hit(at)
        container = picture.visible.boxes[hit.box].container if hit.box is not None else hit.container
        if container is not None and not hit.chevron and (hit.box is not None or hit.header):
            self.toggle(container)

    def _point(self, at: QPointF) -> None:
        picture = self._picture
        if picture is None or self._animation.state() == QVariantAnimation.State.Running:
            return
        hit = picture.hit(at)
        wire = picture.wire_at(at, 4.0 / self._canvas.zoom) if hit.box is None and not hit.header else None
        clickable = hit.box is not None or hit.chevron
        shape = Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor
        self._canvas.viewport().setCursor(shape)
        self._hover(hit.box, wire)

    def _hover(self, box: int | None, wire: int | None) -> None:
        known = self._item.lighting
        if (box, wire) != (known.hovered_box, known.hovered_wire):
            self._light(box, wire)

    def _help(self, at: QPointF, where: QPoint) -> None:
        picture = self._picture
        if picture is None:
            return
        hit = picture.hit(at)
        wire = picture.wire_at(at, 4.0 / self._canvas.zoom) if hit.box is None and not hit.header else None
        text = tooltip_text(picture, hit if not (hit.header and hit.container is None) else Hit(), wire)
        QToolTip.showText(where, text, self._canvas.viewport())

    def _key(self, key: int, modifiers: Qt.KeyboardModifier) -> None:
        picture = self._picture
        if picture is None:
            return
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Left: -1}
        if key == Qt.Key.Key_Home:
            self._canvas.look_at(_beginning(picture).center(), 1.0)
        elif key == Qt.Key.Key_Escape:
            self._choose_node(None)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
            self._toggle_selected(picture)
        elif key in steps and modifiers & Qt.KeyboardModifier.AltModifier:
            self._step_selection(picture, steps[Qt.Key(key)])

    def _toggle_selected(self, picture: Picture) -> None:
        if self._container is not None:
            self.toggle(self._container)
        elif self._node is not None:
            parent = picture.visible.boxes[int(picture.visible.box_of_node[self._node])].parent
            if parent != folding.ROOT:
                self.toggle(parent)

    def _step_selection(self, picture: Picture, step: int) -> None:
        """With the keyboard from box to box, in the order in which they ran."""
        if not picture.visible.boxes:
            return
        at = self._selected_box(picture)
        box = 0 if at is None else min(max(at + step, 0), len(picture.visible.boxes) - 1)
        seen = picture.visible.boxes[box]
        if seen.node is not None:
            self._choose_node(seen.node)
        elif seen.container is not None:
            self._choose_container(seen.container)
        if not self._canvas.visible_rect.contains(picture.box_rect(box)):
            self._canvas.look_at(picture.box_rect(box).center())

    # the frame

    def _view_changed(self) -> None:
        self._minimap.show_view(self._canvas.visible_rect)

    def _place_overlays(self) -> None:
        self._minimap.move(self.width() - self._minimap.width() - 12, self.height() - self._minimap.height() - 12)
        self._captions.place(self.width(), self.height())
        self._empty.setGeometry(self.rect().adjusted(24, 24, -24, -24))

    def _repaint(self) -> None:
        """The colours changed."""
        look = theme()
        self._scene.setBackgroundBrush(colour(look.canvas))
        palette = self._empty.palette()
        palette.setColor(self._empty.foregroundRole(), colour(look.dimmed))
        self._empty.setPalette(palette)
        self._captions.recolour()
        self._minimap.redraw()
        self._item.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  (Qt's name)
        """Keep the overlays in their corners."""
        super().resizeEvent(event)
        self._minimap.fit_to_window()
        self._place_overlays()
        self._view_changed()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Another font asks for other sizes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_link"):
            self._fonts = Fonts.of(self.font())
            self._ruler = Ruler(self._fonts)
            self._ask(self._stay, animated=False)


def _beginning(picture: Picture) -> QRectF:
    """The first input, or whatever comes first."""
    for at, box in enumerate(picture.visible.boxes):
        if box.node is not None and picture.visible.hierarchy.graph.nodes[box.node].kind == "input":
            return picture.box_rect(at)
    return picture.box_rect(0) if picture.visible.boxes else picture.bounds
