"""What clicks, keys and the pointer mean on a picture: what is chosen, folded and told."""

from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtWidgets import QToolTip

from inspector.core.hierarchy import ROOT
from inspector.gui.graph_view import placing
from inspector.gui.graph_view.marking import NOTHING, Marking
from inspector.gui.graph_view.neighbours import neighbour
from inspector.gui.graph_view.picture import Hit, Picture
from inspector.gui.graph_view.selection import Pointed, selected_box, told_by
from inspector.gui.graph_view.stage import Stage
from inspector.gui.graph_view.tooltips import tooltip_text

STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Left: -1}
ARROWS = {Qt.Key.Key_Down: (0, 1), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Left: (-1, 0)}
REACH = 4.0  # pixels beside a wire that still mean it


class Gestures(QObject):
    """Listens to the canvas.

    Signals:
        node_chosen: a node's id, −1 for none.
        group_chosen: the fqn of a group.
        toggle_requested: a container to fold or unfold.
        enter_requested: a container to look into.
        leave_requested: back out of it.
        menu_requested: what a menu is wanted for, and where on the screen.
    """

    node_chosen = Signal(int)
    group_chosen = Signal(str)
    toggle_requested = Signal(int)
    enter_requested = Signal(int)
    leave_requested = Signal()
    menu_requested = Signal(object, QPoint)

    def __init__(self, stage: Stage, marking: Marking) -> None:
        super().__init__(stage)
        self._stage = stage
        self._marking = marking
        canvas = stage.canvas
        canvas.clicked.connect(self._click)
        canvas.double_clicked.connect(self._double_click)
        canvas.pointed.connect(self._point)
        canvas.left.connect(lambda: marking.point(NOTHING))
        canvas.key_pressed.connect(self._key)
        canvas.help_requested.connect(self._help)
        canvas.menu_requested.connect(self._menu)

    # choosing

    def choose_node(self, node: int | None) -> None:
        """Select as the user, and tell."""
        self._marking.select(node, None)
        self._describe(node)
        self.node_chosen.emit(-1 if node is None else node)

    def choose_container(self, container: int) -> None:
        """Select a container as the user, and tell what it stands for."""
        marking = self._marking
        marking.select(None, container)
        node, fqn = told_by(marking.hierarchy, container) if marking.hierarchy is not None else (None, None)
        if node is not None:
            self.node_chosen.emit(node)
        elif fqn is not None:
            self.group_chosen.emit(fqn)

    def _choose_box(self, picture: Picture, box: int) -> None:
        seen = picture.visible.boxes[box]
        if seen.node is not None:
            self.choose_node(seen.node)
        elif seen.container is not None:
            self.choose_container(seen.container)

    def _describe(self, node: int | None) -> None:
        """What a screen reader says of the selection."""
        if self._marking.hierarchy is not None and node is not None:
            found = self._marking.hierarchy.graph.nodes[node]
            self._stage.canvas.setAccessibleDescription(f"{found.op} {found.fqn} {found.details}")

    # the mouse

    def _click(self, at: QPointF) -> None:
        picture = self._stage.picture
        if picture is None:
            return
        hit = picture.hit(at)
        container = _container_at(picture, hit)
        if hit.chevron and container is not None:
            self.toggle_requested.emit(container)
        elif hit.box is not None:
            self._choose_box(picture, hit.box)
        elif container is not None and hit.header:
            self.choose_container(container)
        else:
            self.choose_node(None)

    def _double_click(self, at: QPointF) -> None:
        picture = self._stage.picture
        if picture is None:
            return
        hit = picture.hit(at)
        container = _container_at(picture, hit)
        if container is not None and not hit.chevron and (hit.box is not None or hit.header):
            self.enter_requested.emit(container)

    def _point(self, at: QPointF) -> None:
        picture = self._stage.picture
        if picture is None or self._stage.moves:
            return
        hit = picture.hit(at)
        clickable = hit.box is not None or hit.chevron
        shape = Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor
        self._stage.canvas.viewport().setCursor(shape)
        self._marking.point(Pointed(hit.box, self._wire_at(picture, hit, at)))

    def _help(self, at: QPointF, where: QPoint) -> None:
        picture = self._stage.picture
        if picture is None:
            return
        hit = picture.hit(at)
        wire = self._wire_at(picture, hit, at)
        text = tooltip_text(
            picture, hit if not (hit.header and hit.container is None) else Hit(), wire, self._stage.item.marks
        )
        QToolTip.showText(where, text, self._stage.canvas.viewport())

    def _menu(self, at: QPointF, where: QPoint) -> None:
        """What is under the pointer is selected, so that the menu's deeds are seen on it."""
        picture = self._stage.picture
        if picture is None:
            return
        hit = picture.hit(at)
        container = _container_at(picture, hit)
        if hit.box is not None:
            self._choose_box(picture, hit.box)
        elif container is not None and hit.header:
            self.choose_container(container)
        self.menu_requested.emit(Pointed(hit.box, self._wire_at(picture, hit, at)), where)

    def _wire_at(self, picture: Picture, hit: Hit, at: QPointF) -> int | None:
        """Boxes and headers lie over wires."""
        if hit.box is not None or hit.header:
            return None
        return picture.wire_at(at, REACH / self._stage.canvas.zoom)

    # the keyboard

    def _key(self, key: int, modifiers: Qt.KeyboardModifier) -> None:
        picture = self._stage.picture
        if picture is None:
            return
        if key == Qt.Key.Key_Home:
            self._stage.canvas.look_at(placing.beginning(picture).center(), 1.0)
        elif key == Qt.Key.Key_Backspace or (key == Qt.Key.Key_Escape and picture.visible.scope != ROOT):
            self.leave_requested.emit()
        elif key == Qt.Key.Key_Escape:
            self.choose_node(None)
        elif key == Qt.Key.Key_Space:
            self._toggle_selected(picture)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter_selected()
        elif key in STEPS and modifiers & Qt.KeyboardModifier.AltModifier:
            self._step_selection(picture, STEPS[Qt.Key(key)])
        elif key in ARROWS:
            self._follow_wire(picture, ARROWS[Qt.Key(key)])

    def _toggle_selected(self, picture: Picture) -> None:
        """Fold or unfold what is selected, or what the selected node lies in."""
        selection = self._marking.selection
        box = selected_box(picture, selection)
        if selection.container is not None:
            self.toggle_requested.emit(selection.container)
        elif box is not None:
            around = picture.visible.boxes[box].parent
            if around not in (ROOT, picture.visible.scope):
                self.toggle_requested.emit(around)

    def _enter_selected(self) -> None:
        if self._marking.selection.container is not None:
            self.enter_requested.emit(self._marking.selection.container)

    def _step_selection(self, picture: Picture, step: int) -> None:
        """With the keyboard from box to box, in the order in which they ran."""
        if not picture.visible.boxes:
            return
        at = selected_box(picture, self._marking.selection)
        box = 0 if at is None else min(max(at + step, 0), len(picture.visible.boxes) - 1)
        self._choose_box(picture, box)
        self._bring_into_view(picture, box)

    def _follow_wire(self, picture: Picture, way: tuple[int, int]) -> None:
        """From the selected box along a wire, or across to its neighbour; from an open group into it."""
        at = selected_box(picture, self._marking.selection)
        inside = self._marking.selection.container
        if at is not None:
            box = neighbour(picture, at, way)
        else:
            box = next((n for n, seen in enumerate(picture.visible.boxes) if seen.parent == inside), None)
        if box is not None:
            self._choose_box(picture, box)
            self._bring_into_view(picture, box)

    def _bring_into_view(self, picture: Picture, box: int) -> None:
        canvas = self._stage.canvas
        if not canvas.visible_rect.contains(picture.box_rect(box)):
            canvas.look_at(picture.box_rect(box).center())


def _container_at(picture: Picture, hit: Hit) -> int | None:
    return picture.visible.boxes[hit.box].container if hit.box is not None else hit.container
