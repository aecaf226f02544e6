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
from inspector.gui.graph_view import placing
from inspector.gui.graph_view.canvas import Canvas
from inspector.gui.graph_view.captions import Captions
from inspector.gui.graph_view.cards import Fonts, Ruler
from inspector.gui.graph_view.colours import colour
from inspector.gui.graph_view.layout_link import LayoutLink
from inspector.gui.graph_view.making import Wish
from inspector.gui.graph_view.matching import matching_nodes
from inspector.gui.graph_view.minimap import Minimap
from inspector.gui.graph_view.motion import DURATION_MS, start_places
from inspector.gui.graph_view.picture import Hit, Picture
from inspector.gui.graph_view.picture_item import Lighting, Motion, PictureItem
from inspector.gui.graph_view.selection import (
    Pointed,
    Selection,
    group_named,
    leaf_named,
    lighting_of,
    selected_box,
    told_by,
)
from inspector.gui.graph_view.tooltips import tooltip_text
from inspector.gui.state import WindowState
from inspector.gui.theme import theme, theme_source
from inspector.protocol.graph import Failure, Graph

NOTHING = Pointed()
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
        self._selection = Selection()
        self._state_chosen: tuple[int | None, str | None] = (None, None)
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
        self._canvas.left.connect(lambda: self._hover(NOTHING))
        self._canvas.key_pressed.connect(self._key)
        self._canvas.help_requested.connect(self._help)
        self._canvas.view_changed.connect(self._view_changed)
        self._canvas.resized.connect(self._place_again)
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
        self._corner = 0
        self._placed: tuple[int, Callable[[], None]] = (-1, self.fit)
        self._repaint()

    # what others ask

    def draw(self, state: WindowState) -> None:
        """Show the snapshot; only a new graph is laid out."""
        run = state.run
        if run.graph is not self._graph or run.failure is not self._failure:
            self._show_graph(run.graph, run.failure)
        chosen, before = (state.selected_node, state.selected_module), self._state_chosen
        if chosen != before:
            self._state_chosen = chosen
            # when only the node is given up, its module is still in the state, but nothing is selected here
            given_up = chosen[0] is None and before[0] is not None and chosen[1] == before[1]
            self._follow(None, None) if given_up else self._follow(*chosen)

    def fit(self) -> None:
        """Show all of the graph, also when there is more or less room for it."""
        self._canvas.fit()
        self._remember_placed(self.fit)

    def fold_all(self) -> None:
        """Fold every group."""
        if self._hierarchy is not None:
            self._fold(folding.fold_all(self._hierarchy), self._show_refolded)

    def unfold_all(self) -> None:
        """Unfold every group."""
        self._fold(frozenset(), self._show_refolded)

    def fold_to_depth(self, depth: int) -> None:
        """Unfold down to a depth, fold what lies deeper."""
        if self._hierarchy is not None:
            self._fold(folding.fold_to_depth(self._hierarchy, depth), self._show_refolded)

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
        group = group_named(hierarchy, fqn)
        if group is not None:
            self._select(None, group)
            self._reveal(hierarchy.parent[group], lambda picture: picture.container_rect(group) or picture.bounds)
            return
        leaf = leaf_named(hierarchy, fqn)
        if leaf is not None:
            self.centre_on_node(leaf)

    def search(self, text: str) -> int:
        """Light what the text finds, in folded groups too; how many nodes that are."""
        matches = matching_nodes(self._graph, text) if self._graph is not None else ()
        self._selection = replace(self._selection, matches=matches, match_at=-1)
        self._light()
        return len(matches)

    def next_match(self, step: int = 1) -> int:
        """Go to the next of what was found (or back, with −1); its place among them, or −1."""
        matches, before = self._selection.matches, self._selection.match_at
        if not matches or self._hierarchy is None:
            return -1
        at = ((before if before >= 0 or step > 0 else 0) + step) % len(matches)
        self._selection = replace(self._selection, match_at=at)
        self._reveal(self._hierarchy.node_parent[matches[at]], lambda picture: picture.rect_of_node(matches[at]))
        self._light()
        return at

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
        self._selection = Selection()
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
        self._canvas.settle()
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
        if self._picture is not None:
            placing.show_first(self._canvas, self._picture, self._direction)
            self._choose_corner(self._picture)
            self._remember_placed(lambda: self._show_first(None))

    def _choose_corner(self, picture: Picture) -> None:
        """The overview stands where it covers the fewest boxes of a first view; it stays there while one moves."""
        corners = [self._canvas.mapToScene(corner).boundingRect() for corner in self._minimap.corners(self.size())]
        self._corner = int(np.argmin([picture.count_in(corner) for corner in corners]))
        self._place_overlays()

    def _remember_placed(self, again: Callable[[], None]) -> None:
        self._placed = (self._canvas.moved_at, again)

    def _place_again(self) -> bool:
        """Place the view as it was placed last, as when a notice takes room; not once the user has moved it."""
        moved_at, again = self._placed
        if self._asked is not None or self._picture is None or moved_at != self._canvas.moved_at:
            return False
        again()
        return True

    def _show_refolded(self, before: Picture | None) -> None:
        if self._picture is not None:
            placing.show_refolded(self._canvas, before, self._picture)

    def _stay(self, before: Picture | None) -> None:
        if before is None:  # a second run came before the first one's picture
            self._show_first(None)
            return
        if self._picture is None or self._place_again():
            return
        placing.keep_middle(self._canvas, before, self._picture)
        placing.show_what_failed(self._canvas, self._picture)

    def _hold(self, before: Picture | None, container: int) -> None:
        if before is not None and self._picture is not None:
            placing.keep_corner(self._canvas, before, self._picture, container)

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

    def _follow(self, node: int | None, fqn: str | None) -> None:
        """Select what the state says is selected; the container that told it stays selected."""
        hierarchy, container = self._hierarchy, self._selection.container
        if hierarchy is None:
            return
        told = told_by(hierarchy, container) if container is not None else (None, None)
        if (node is not None and told[0] == node) or (node is None and fqn is not None and told[1] == fqn):
            return
        if node is not None or fqn is None:
            self._select(node, None)
        else:
            group = group_named(hierarchy, fqn)
            self._select(None if group is not None else leaf_named(hierarchy, fqn), group)

    def _select(self, node: int | None, container: int | None) -> None:
        self._selection = replace(self._selection, node=node, container=container)
        self._light()

    def _light(self, pointed: Pointed = NOTHING) -> None:
        picture = self._picture
        known = self._item.lighting
        self._item.light(Lighting() if picture is None else lighting_of(picture, self._selection, pointed, known))

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
        self._describe(node)
        self.node_selected.emit(-1 if node is None else node)

    def _choose_container(self, container: int) -> None:
        self._select(None, container)
        node, fqn = told_by(self._hierarchy, container) if self._hierarchy is not None else (None, None)
        if node is not None:
            self.node_selected.emit(node)
        elif fqn is not None:
            self.group_selected.emit(fqn)

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
        self._hover(Pointed(hit.box, wire))

    def _hover(self, pointed: Pointed) -> None:
        known = self._item.lighting
        if pointed != Pointed(known.hovered_box, known.hovered_wire):
            self._light(pointed)

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
            self._canvas.look_at(placing.beginning(picture).center(), 1.0)
        elif key == Qt.Key.Key_Escape:
            self._choose_node(None)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
            self._toggle_selected(picture)
        elif key in steps and modifiers & Qt.KeyboardModifier.AltModifier:
            self._step_selection(picture, steps[Qt.Key(key)])

    def _toggle_selected(self, picture: Picture) -> None:
        if self._selection.container is not None:
            self.toggle(self._selection.container)
        elif self._selection.node is not None:
            parent = picture.visible.boxes[int(picture.visible.box_of_node[self._selection.node])].parent
            if parent != folding.ROOT:
                self.toggle(parent)

    def _step_selection(self, picture: Picture, step: int) -> None:
        """With the keyboard from box to box, in the order in which they ran."""
        if not picture.visible.boxes:
            return
        at = selected_box(picture, self._selection)
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
        corners = self._minimap.corners(self.size())
        self._minimap.move(corners[self._corner].topLeft())
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
