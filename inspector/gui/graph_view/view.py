"""The graph view: decides what is visible, has it laid out beside, and shows it; tells what the user selects."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.client.layout_process import LayoutProcess
from inspector.core import folding
from inspector.core.hierarchy import ROOT, Hierarchy, module_depth
from inspector.core.layout import Direction
from inspector.core.scope import crumbs_to, deepest, lies_in
from inspector.core.search import SearchError
from inspector.gui.comparison.updates import marks_on
from inspector.gui.graph_view import placing
from inspector.gui.graph_view.canvas import Canvas
from inspector.gui.graph_view.cards import Fonts, Ruler
from inspector.gui.graph_view.context_menu import make_menu
from inspector.gui.graph_view.drawing import Drawing, whole
from inspector.gui.graph_view.entering import Entered, Look
from inspector.gui.graph_view.finding import Finder
from inspector.gui.graph_view.gestures import Gestures
from inspector.gui.graph_view.layout_link import LayoutLink
from inspector.gui.graph_view.making import Wish
from inspector.gui.graph_view.marking import Marking
from inspector.gui.graph_view.picture import KnownAxes, Picture
from inspector.gui.graph_view.picture_item import Lighting
from inspector.gui.graph_view.place_bar import PlaceBar
from inspector.gui.graph_view.selection import Pointed, Selection, group_named, leaf_named
from inspector.gui.graph_view.stage import Stage
from inspector.gui.graph_view.waiting import Waiting
from inspector.gui.state import WindowState
from inspector.gui.theme import Theme, theme_source
from inspector.protocol.changes import Comparison
from inspector.protocol.comparison import RunComparison
from inspector.protocol.events import ForwardProfiled
from inspector.protocol.gradients import NodeGradient
from inspector.protocol.graph import Failure, Graph


@dataclass(frozen=True)
class _Asked:
    """A picture under way, and what to do with the view when it comes."""

    number: int
    then: Callable[[Picture | None], None]
    animated: bool


# What the boxes are coloured by, and what is known of the graph's nodes.
Coloured = tuple[str, Graph | None, ForwardProfiled | None, tuple[NodeGradient, ...]]


class GraphView(QWidget):
    """The layer graph. `draw` shows a snapshot; `node_selected` tells a node's id or −1, `group_selected` an fqn."""

    node_selected = Signal(int)
    group_selected = Signal(str)
    picture_shown = Signal()
    profile_requested = Signal()
    export_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None, layout: LayoutProcess | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("graph_view")
        self.setAccessibleName("Graph of the model")
        self._graph: Graph | None = None
        self._failure: Failure | None = None
        self._structure: int | None = None
        self._hierarchy: Hierarchy | None = None
        self._folded: frozenset[int] = frozenset()
        self._direction: Direction = "down"
        self._wrapped = False
        self._axes = KnownAxes()
        self._asked: _Asked | None = None
        self._state_chosen: tuple[int | None, str | None] = (None, None)
        self._follow: tuple[int | None, str | None] | None = None  # chosen, and still to be selected here
        self._coloured: Coloured = ("kind", None, None, ())
        self._compared: tuple[Graph | None, RunComparison | None] = (None, None)
        self._marks: Comparison | None = None
        self._fonts = Fonts.of(self.font())
        self._ruler = Ruler(self._fonts)
        self.stage = Stage(self)
        self._canvas = self.stage.canvas
        self._marking = Marking(self.stage)
        self._gestures = Gestures(self.stage, self._marking)
        self._finder = Finder(self)
        self._search_text = ""
        self._entered = Entered()
        self._link = LayoutLink(self, layout)
        self._waiting = Waiting(self._canvas)
        self.bar = PlaceBar(self)
        self._connect()
        frame = QVBoxLayout(self)
        frame.setContentsMargins(0, 0, 0, 0)
        frame.setSpacing(0)
        frame.addWidget(self.bar)
        frame.addWidget(self._canvas, 1)
        frame.addWidget(self.stage.captions)
        self.setFocusProxy(self._canvas)
        self.stage.recolour()

    def _connect(self) -> None:
        self._gestures.node_chosen.connect(self.node_selected)
        self._gestures.group_chosen.connect(self.group_selected)
        self._gestures.toggle_requested.connect(self.toggle)
        self._gestures.enter_requested.connect(self.enter)
        self._gestures.leave_requested.connect(self.leave)
        self._gestures.menu_requested.connect(self._show_menu)
        self._finder.found.connect(self._found)
        self.bar.step_requested.connect(self.next_match)
        self.bar.back_requested.connect(self.leave)
        self.bar.depth_requested.connect(lambda depth: self.unfold_all() if depth < 0 else self.fold_to_depth(depth))
        self.bar.crumbs.place_requested.connect(self.go_to)
        self._marking.changed = self._say_place
        self.stage.legend.profile_requested.connect(self.profile_requested)
        self._canvas.resized.connect(self._place_again)
        self._link.made.connect(self._made)
        self._link.progressed.connect(self._progressed)
        self._waiting.cancelled.connect(self.cancel_layout)
        # a bound method would be gone by then
        self.destroyed.connect(self._link.close)
        theme_source().changed.connect(self.stage.recolour)

    # what others ask

    def _differences(self, state: WindowState) -> Comparison | None:
        """What differs from the model that is compared with; else what the changes in force did."""
        compared = (state.run.graph, state.comparison.runs)
        if any(now is not then for now, then in zip(compared, self._compared, strict=True)):
            self._compared = compared
            self._marks = marks_on(*compared)
        return self._marks or state.run.comparison

    def draw(self, state: WindowState) -> None:
        """Show the snapshot; only a new graph is laid out."""
        run = state.run
        new_axes = self._axes.axes is not run.axes  # they come after the graph
        self._axes.axes = run.axes
        if run.graph is not self._graph or run.failure is not self._failure:
            self._show_graph(run.graph, run.failure)
        gradients = run.gradients.nodes if run.gradients is not None else ()
        coloured = (state.colour_by, run.graph, run.profile, gradients)
        if any(now is not then for now, then in zip(coloured, self._coloured, strict=True)):
            self._coloured = coloured
            self.stage.colour_by(*coloured)
        self.stage.legend.set_busy(state.progress is not None)
        if new_axes:
            self.stage.captions.show_graph(run.graph, run.axes)
            self.stage.item.update()
        self.stage.item.show_comparison(self._differences(state))
        self.stage.item.show_findings(run.graph, state.findings)
        chosen, before = (state.selected_node, state.selected_module), self._state_chosen
        if chosen != before:
            self._state_chosen = chosen
            # when only the node is given up, its module is still in the state, but nothing is selected here
            given_up = chosen[0] is None and before[0] is not None and chosen[1] == before[1]
            self._follow = (None, None) if given_up else chosen
        if self._follow is not None and self._known is not None:
            self._marking.follow(*self._follow)
            self._follow = None

    def fit(self) -> None:
        """Show all of the graph, also when there is more or less room for it."""
        self._canvas.fit()
        self.stage.remember_placed(self.fit)

    def fold_all(self) -> None:
        """Fold every group."""
        if self._known is not None:
            self._fold(folding.fold_all(self._known), self._show_refolded)

    def unfold_all(self) -> None:
        """Unfold every group."""
        self._fold(frozenset(), self._show_refolded)

    def fold_to_depth(self, depth: int) -> None:
        """Unfold down to a depth, fold what lies deeper; counted from the container that is shown alone, if one is."""
        if self._known is not None:
            if self.scope != ROOT:
                depth += module_depth(self._known, self.scope) + 1
            self._fold(folding.fold_to_depth(self._known, depth), self._show_refolded)

    def set_direction(self, direction: Direction) -> None:
        """Let the graph run down, or to the right."""
        if direction != self._direction:
            self._direction = direction
            self._ask(self._show_first, animated=False)

    def set_wrapped(self, wrapped: bool) -> None:
        """Let a graph that is too long for the view run on in further columns, or rows."""
        if wrapped != self._wrapped:
            self._wrapped = wrapped
            self._ask(self._show_first, animated=False)

    @property
    def direction(self) -> Direction:
        """Which way the graph runs."""
        return self._direction

    def centre_on_node(self, node: int) -> None:
        """Bring a node into the middle and select it; what it lies in is unfolded."""
        hierarchy = self._known
        if hierarchy is None or not 0 <= node < len(hierarchy.graph.nodes):
            return
        self._marking.select(node, None)
        self._reveal(hierarchy.node_parent[node], lambda picture: picture.rect_of_node(node))

    def centre_on_module(self, fqn: str) -> None:
        """Bring a module, a leaf or a group, into the middle and select it; what it lies in is unfolded."""
        hierarchy = self._known
        if hierarchy is None:
            return
        group = group_named(hierarchy, fqn)
        if group is not None:
            self._marking.select(None, group)
            self._show_container(hierarchy, group)
            return
        leaf = leaf_named(hierarchy, fqn)
        if leaf is not None:
            self.centre_on_node(leaf)

    def search(self, text: str) -> None:
        """Light what the text finds, in folded groups too, and say how many or what is wrong with it."""
        self._search_text = text
        try:
            self._finder.look(self._graph, text)
        except SearchError as error:
            self.bar.show_wrong(text, error)

    def _found(self, matches: tuple[int, ...]) -> None:
        self._marking.found(matches)
        self._say_found()

    def _say_found(self) -> None:
        selection = self._marking.selection
        self.bar.show_found(self._search_text, selection.matches, selection.match_at)

    def next_match(self, step: int = 1) -> int:
        """Go to the next of what was found (or back, with −1); its place among them, or −1."""
        at = self._marking.next_match(step)
        if at >= 0 and self._known is not None:
            node = self._marking.selection.matches[at]
            self._gestures.choose_node(node)
            self._reveal(self._known.node_parent[node], lambda picture: picture.rect_of_node(node))
            self._say_found()
        return at

    def previous_match(self) -> int:
        """Go to the match before."""
        return self.next_match(-1)

    # in and out of groups

    def enter(self, container: int) -> None:
        """Show the inside of a container alone; with ROOT, or one that was come through, go back to it."""
        if self._known is None or container == self._entered.scope:
            return
        before = self._entered.leave(container)
        if before is not None:
            self._restore(before)
        elif container == ROOT:
            self._entered.forget()
            self._ask(self._show_first, animated=False)
        else:
            canvas = self._canvas
            look = Look(self._entered.scope, self._folded, canvas.visible_rect.center(), canvas.zoom)
            self._entered.enter(container, look)
            self._folded -= {container}
            self._ask(self._show_first, animated=False)

    def leave(self) -> None:
        """Back to where the last container was entered."""
        before = self._entered.leave() if self._known is not None else None
        if before is not None:
            self._restore(before)

    @property
    def scope(self) -> int:
        """The container whose inside is shown, or ROOT."""
        return self._entered.scope

    def _restore(self, look: Look) -> None:
        self._folded = look.folded
        self._ask(lambda _before: self._canvas.look_at(look.centre, look.zoom), animated=False)

    def go_to(self, container: int) -> None:
        """Bring a container into the middle and select it; out of the one that is shown alone, if it lies around."""
        hierarchy = self._known
        if hierarchy is None:
            return
        if container == self.scope:
            self.fit()
            return
        if container == ROOT or not lies_in(hierarchy, container, self.scope):
            self.enter(container)
            return
        self._gestures.choose_container(container)
        self._show_container(hierarchy, container)

    def _show_container(self, hierarchy: Hierarchy, container: int) -> None:
        self._reveal(hierarchy.parent[container], lambda picture: picture.container_rect(container) or picture.bounds)

    def _say_place(self) -> None:
        hierarchy, selection = self._hierarchy, self._marking.selection
        if hierarchy is None:
            self.bar.setVisible(False)
            return
        place = self.scope
        if selection.container is not None:
            place = selection.container
        elif selection.node is not None and selection.node < len(hierarchy.node_parent):
            place = hierarchy.node_parent[selection.node]
        if not lies_in(hierarchy, place, self.scope):
            place = self.scope
        self.bar.show_place(crumbs_to(hierarchy, place), entered=self.scope != ROOT)

    def toggle(self, container: int) -> None:
        """Fold or unfold one container, keeping its corner where it is."""
        folded = self._folded ^ {container}
        self._fold(folded, lambda before: self._hold(before, container))

    def end(self) -> None:
        """Stop laying out; also done when the widget goes."""
        self._link.close()

    def go_to_node(self, node: int) -> None:
        """Select a node as the user, tell it, and bring it into the middle."""
        self._gestures.choose_node(node)
        self.centre_on_node(node)

    def copy_picture(self) -> None:
        """What is in view, as an image, for other programs."""
        QGuiApplication.clipboard().setPixmap(self._canvas.grab())

    def _show_menu(self, pointed: Pointed, where: QPoint) -> None:
        menu = make_menu(self, pointed)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)

    @property
    def selection(self) -> Selection:
        """What is selected and found."""
        return self._marking.selection

    @property
    def hierarchy(self) -> Hierarchy | None:
        """Who lies in whom, of the graph that is shown."""
        return self._hierarchy

    def drawing(self, in_view: bool, colours: Theme, scale: float) -> Drawing | None:
        """What is shown, to be written to a file: all of it, or what is in view."""
        picture = self.picture
        if picture is None:
            return None
        area = self._canvas.visible_rect.intersected(whole(picture)) if in_view else whole(picture)
        return Drawing(picture, self._fonts, colours, area, scale, self.stage.item.shading)

    @property
    def picture(self) -> Picture | None:
        """What is shown."""
        return self.stage.picture

    @property
    def canvas(self) -> Canvas:
        """The view on it."""
        return self._canvas

    @property
    def lighting(self) -> Lighting:
        """What is lit."""
        return self._marking.lighting

    # the graph

    def _show_graph(self, graph: Graph | None, failure: Failure | None) -> None:
        self._graph, self._failure = graph, failure
        self.stage.captions.show_graph(graph, self._axes.axes)
        if graph is None:
            self._asked = None
            self._waiting.end()
            self._hierarchy = self._marking.hierarchy = None
            self._show_picture(None)
            return
        self._ask(self._stay, animated=False)

    @property
    def _known(self) -> Hierarchy | None:
        """The hierarchy; None while that of another graph is being made: what is seen till then stays as it is."""
        return self._hierarchy if self._hierarchy is not None and self._hierarchy.graph is self._graph else None

    def _adopt(self, hierarchy: Hierarchy, folded: frozenset[int]) -> bool:
        """The hierarchy of a new graph has come; whether all is built as before, so that marks and view hold."""
        same = hierarchy.structure == self._structure
        self._hierarchy = self._marking.hierarchy = hierarchy
        self._structure, self._folded = hierarchy.structure, folded
        if not same:
            self._marking.forget()
            self._entered.forget()
            self.bar.show_depth(deepest(hierarchy))
        return same

    @property
    def _page(self) -> float:
        """How long the columns are now, which folding should leave as they are."""
        picture = self.picture
        same = picture is not None and picture.visible.scope == self.scope
        return picture.page if picture is not None and same and picture.layout.direction == self._direction else 0.0

    def _fold(self, folded: frozenset[int], then: Callable[[Picture | None], None]) -> None:
        if self._known is None or (folded == self._folded and self._asked is None):
            return
        self._folded = folded
        self._ask(then, animated=True)

    def _ask(self, then: Callable[[Picture | None], None], *, animated: bool) -> None:
        """Have what is visible laid out; `then` places the view, given the picture before."""
        if self._graph is None:
            return
        wish = Wish(
            graph=self._graph,
            hierarchy=self._known,
            folded=self._folded,
            structure=self._structure,
            failure=self._failure,
            direction=self._direction,
            ruler=self._ruler,
            scope=self.scope,
            axes=self._axes,
            room=self._canvas.viewport().size().toTuple() if self._wrapped else None,
            page=self._page,
        )
        self._asked = _Asked(self._link.ask(wish), then, animated)
        self._waiting.begin()

    def _progressed(self, number: int, percent: int) -> None:
        if self._asked is not None and number == self._asked.number:
            self._waiting.progress(percent)

    def cancel_layout(self) -> None:
        """Give up the picture that is under way: what was seen before stays."""
        if self._asked is None:
            return
        self._asked = None
        self._link.cancel()
        self._waiting.end()
        picture = self.picture
        if picture is not None and picture.visible.hierarchy is self._known:
            if picture.visible.scope != self.scope:
                self._entered.leave(picture.visible.scope)
            self._folded, self._direction = picture.visible.folded, picture.layout.direction
        else:
            self._show_picture(None)
            self.stage.say("The layout was cancelled. Run again to see the graph.")

    def _made(self, number: int, picture: Picture) -> None:
        asked = self._asked
        if asked is None or number != asked.number:
            return
        self._asked = None
        self._waiting.end()
        before, then = self.picture, asked.then
        if self._known is None and not self._adopt(picture.visible.hierarchy, picture.visible.folded):
            then = self._show_first
        self._show_picture(picture)
        if self._search_text and self._graph is not self._finder.graph:
            self.search(self._search_text)
        held = self._canvas.mapFromScene(QPointF(0, 0))
        then(before)
        if self._follow is not None:
            self._marking.follow(*self._follow)
            self._follow = None
        self._canvas.settle()
        if asked.animated and before is not None and self.isVisible():
            self.stage.glide(before, picture, held)
        self.picture_shown.emit()

    def _show_picture(self, picture: Picture | None) -> None:
        self.stage.show_picture(picture, self._fonts)
        self._marking.light()
        self.bar.setVisible(picture is not None)
        self._say_place()

    # where the view goes after a layout

    def _show_first(self, _before: Picture | None) -> None:
        if self.picture is not None:
            placing.show_first(self._canvas, self.picture, self._direction)
            self.stage.choose_corner(self.picture)
            self.stage.remember_placed(lambda: self._show_first(None))

    def _place_again(self) -> bool:
        """Place the view as it was placed last, unless another picture is on its way."""
        return self._asked is None and self.stage.place_again()

    def _show_refolded(self, before: Picture | None) -> None:
        if self.picture is not None:
            placing.show_refolded(self._canvas, before, self.picture)

    def _stay(self, before: Picture | None) -> None:
        if before is None:  # a second run came before the first one's picture
            self._show_first(None)
            return
        if self.picture is None or self._place_again():
            return
        placing.keep_middle(self._canvas, before, self.picture)
        placing.show_what_failed(self._canvas, self.picture)

    def _hold(self, before: Picture | None, container: int) -> None:
        if before is not None and self.picture is not None:
            placing.keep_corner(self._canvas, before, self.picture, container)

    def _reveal(self, container: int, where: Callable[[Picture], QRectF]) -> None:
        """Unfold what hides something, then bring it into the middle."""
        hierarchy = self._known
        if hierarchy is None:
            return

        def centre(_before: Picture | None) -> None:
            if self.picture is not None:
                self._canvas.look_at(where(self.picture).center(), max(self._canvas.zoom, 0.8))

        folded = folding.reveal(hierarchy, self._folded, container) if container != ROOT else self._folded
        left = not lies_in(hierarchy, container, self.scope)
        if left:
            self._entered.forget()
        if left or folded != self._folded or self._asked is not None:
            self._folded = folded
            self._ask(centre, animated=True)
        else:
            centre(None)

    # Qt's events

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  (Qt's name)
        """Keep the overlays in their corners."""
        super().resizeEvent(event)
        self.stage.place()
        self._waiting.place()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Another font asks for other sizes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_link"):
            self._fonts = Fonts.of(self.font())
            self._ruler = Ruler(self._fonts)
            self._ask(self._stay, animated=False)
