"""Searching the graph, going into its groups and out again, and the strip above it that says where one is."""

import pytest
from graph_view_graphs import node, open_view, residual, shown
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QToolButton

from inspector.core.hierarchy import ROOT
from inspector.gui.graph_view.context_menu import make_menu
from inspector.gui.graph_view.finding import Finder
from inspector.gui.graph_view.selection import Pointed
from inspector.gui.state import RunState, WindowState
from inspector.protocol.graph import Edge, Graph


@pytest.fixture
def drawn(qtbot):
    view = open_view(qtbot)
    shown(view, qtbot, lambda: view.draw(WindowState(run=RunState(graph=residual()))))
    return view


def said(view, name):
    label = view.findChild(object, name)
    return label.text() if label.isVisibleTo(view) else ""


def box(view, node):
    return int(view.picture.visible.box_of_node[node])


def double_click(view, qtbot, at):
    place = view.canvas.mapFromScene(at)
    qtbot.mouseDClick(view.canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)


def crumb(view, text):
    return next(b for b in view.bar.crumbs.findChildren(QToolButton) if b.text() == text and b.isVisible())


def test_a_search_lights_what_it_finds_and_steps_through_it(drawn):
    drawn.search("conv2d")
    assert set(drawn.lighting.matches) == {box(drawn, node) for node in (1, 4)}
    assert said(drawn, "search_count") == "2 found"
    assert [drawn.next_match() for _ in range(3)] == [0, 1, 0]
    assert drawn.previous_match() == 1
    assert said(drawn, "search_count") == "2 of 2"
    for text, count in (("blocks.1 relu", 1), ("1,10", 2), ("params > 50 and out[1] = 8", 2)):
        drawn.search(text)
        assert said(drawn, "search_count") == f"{count} found"
    drawn.search("nothing like it")
    assert said(drawn, "search_count") == "nothing found"
    assert drawn.next_match() == -1
    drawn.search("")
    assert not drawn.lighting.matches
    assert said(drawn, "search_count") == ""


def test_a_search_that_cannot_be_read_says_why_and_lights_nothing(drawn):
    drawn.search("conv")
    drawn.search("params > lots")
    assert said(drawn, "search_wrong") == "“lots” is no number; for example: params > 1M"
    assert not drawn.lighting.matches
    drawn.search("params > 1")
    assert said(drawn, "search_wrong") == ""


def test_a_step_selects_the_match_and_tells(drawn, qtbot):
    drawn.search("relu")
    with qtbot.waitSignal(drawn.node_selected) as told:
        drawn.next_match()
    assert told.args == [2]


def test_matches_in_a_folded_group_light_it_with_their_number_and_a_step_unfolds_it(drawn, qtbot):
    shown(drawn, qtbot, lambda: drawn.fold_to_depth(1))
    drawn.search("blocks.1.")
    folded = drawn.picture.visible.box_of_container[2]
    assert dict(drawn.lighting.matches) == {folded: 2}
    picture = shown(drawn, qtbot, drawn.next_match)
    assert picture.visible.boxes[box(drawn, 4)].node == 4
    assert drawn.canvas.visible_rect.contains(picture.rect_of_node(4).center())


def test_a_large_graph_is_searched_in_slices(drawn, qtbot):
    graph = residual(blocks=4000)
    finder = Finder(drawn)
    with qtbot.waitSignal(finder.found) as told:
        finder.look(graph, "conv2d and params > 1")
        assert finder._timer.isActive()
    assert len(told.args[0]) == 4000


def test_a_double_click_shows_the_inside_of_a_group_alone_with_ports(drawn, qtbot):
    picture = shown(drawn, qtbot, lambda: drawn.toggle(1))
    picture = shown(drawn, qtbot, lambda: double_click(drawn, qtbot, picture.container_rect(1).center()))
    cards = [(card.title, card.shape) for card in picture.cards]
    assert cards == [("Conv2d", (1, 8)), ("ReLU", (1, 8)), ("add", (1, 8)), ("in", (1, 8)), ("out", (1, 8))]
    wires = {(picture.cards[a].title, picture.cards[b].title) for a, b in picture.visible.wires.tolist()}
    assert wires == {("in", "Conv2d"), ("in", "add"), ("Conv2d", "ReLU"), ("ReLU", "add"), ("add", "out")}
    assert drawn.bar.crumbs.texts == ("Net", "blocks.0")


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Backspace])
def test_going_back_restores_folds_and_view(drawn, qtbot, key):
    shown(drawn, qtbot, lambda: drawn.toggle(2))
    drawn.canvas.look_at(QPointF(80, 120), 1.7)
    before = drawn.canvas.visible_rect.center(), drawn.canvas.zoom, len(drawn.picture.visible.boxes)
    shown(drawn, qtbot, lambda: drawn.enter(1))
    shown(drawn, qtbot, lambda: qtbot.keyClick(drawn.canvas, key))
    after = drawn.canvas.visible_rect.center(), drawn.canvas.zoom, len(drawn.picture.visible.boxes)
    assert drawn.scope == ROOT
    assert (before[0] - after[0]).manhattanLength() < 2
    assert before[1:] == after[1:]


def test_breadcrumbs_follow_the_selection_and_lead_there(drawn, qtbot):
    drawn.centre_on_node(4)
    assert drawn.bar.crumbs.texts == ("Net", "blocks.1")
    with qtbot.waitSignal(drawn.group_selected) as told:
        qtbot.mouseClick(crumb(drawn, "blocks.1"), Qt.MouseButton.LeftButton)
    assert told.args == ["blocks.1"]
    shown(drawn, qtbot, lambda: drawn.enter(2))
    shown(drawn, qtbot, lambda: qtbot.mouseClick(crumb(drawn, "Net"), Qt.MouseButton.LeftButton))
    assert drawn.scope == ROOT


def test_what_lies_outside_the_entered_group_is_found_all_the_same(drawn, qtbot):
    shown(drawn, qtbot, lambda: drawn.enter(1))
    drawn.search("head")
    assert not drawn.lighting.matches
    assert drawn.lighting.searched
    shown(drawn, qtbot, drawn.next_match)
    assert drawn.scope == ROOT
    assert drawn.canvas.visible_rect.contains(drawn.picture.rect_of_node(7).center())


def test_another_run_of_the_same_model_stays_in_the_group_another_model_does_not(drawn, qtbot):
    shown(drawn, qtbot, lambda: drawn.enter(1))
    shown(drawn, qtbot, lambda: drawn.draw(WindowState(run=RunState(graph=residual()))))
    assert drawn.scope == 1
    shown(drawn, qtbot, lambda: drawn.draw(WindowState(run=RunState(graph=residual(blocks=1)))))
    assert drawn.scope == ROOT


def test_depth_is_counted_from_the_group_that_is_shown_alone(drawn, qtbot):
    shown(drawn, qtbot, lambda: drawn.enter(0))
    assert len(shown(drawn, qtbot, lambda: drawn.fold_to_depth(0)).visible.boxes) == 5
    assert len(shown(drawn, qtbot, lambda: drawn.fold_to_depth(1)).visible.boxes) == 9


def test_a_search_goes_on_in_the_next_graph(drawn, qtbot):
    drawn.search("conv2d")
    shown(drawn, qtbot, lambda: drawn.draw(WindowState(run=RunState(graph=residual(blocks=1)))))
    assert said(drawn, "search_count") == "1 found"
    assert set(drawn.lighting.matches) == {box(drawn, 1)}


def test_return_enters_the_selected_group_and_space_folds_it(drawn, qtbot):
    drawn.centre_on_module("blocks.0")
    shown(drawn, qtbot, lambda: qtbot.keyClick(drawn.canvas, Qt.Key.Key_Return))
    assert drawn.scope == 1


def test_arrow_keys_go_along_the_wires_from_what_is_selected(drawn, qtbot):
    drawn.centre_on_node(1)
    told = []
    drawn.node_selected.connect(told.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up):
        qtbot.keyClick(drawn.canvas, key)
    assert told == [2, 3, 2, 1, 0]  # ReLU, add, ReLU, Conv2d, the input, and there it ends


def test_arrow_keys_move_the_view_with_shift_or_when_nothing_is_selected(drawn, qtbot):
    drawn.canvas.zoom_by(3.0)
    before = drawn.canvas.visible_rect.top()
    qtbot.keyClick(drawn.canvas, Qt.Key.Key_Down)
    lower = drawn.canvas.visible_rect.top()
    assert lower > before
    drawn.centre_on_node(4)
    before = drawn.canvas.visible_rect.top()
    qtbot.keyClick(drawn.canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert drawn.canvas.visible_rect.top() > before
    assert drawn.selection.node == 4


def test_arrow_keys_across_the_flow_go_to_the_box_beside(qtbot, drawn):
    shown(drawn, qtbot, lambda: drawn.draw(WindowState(run=RunState(graph=two_arms()))))
    left, right = sorted((1, 2), key=lambda node: drawn.picture.rect_of_node(node).left())
    assert drawn.picture.rect_of_node(left).right() < drawn.picture.rect_of_node(right).left()
    drawn.centre_on_node(left)
    qtbot.keyClick(drawn.canvas, Qt.Key.Key_Right)
    assert drawn.selection.node == right
    qtbot.keyClick(drawn.canvas, Qt.Key.Key_Right)
    assert drawn.selection.node == right


def two_arms():
    nodes = tuple(node(at, op, f"arm{at}", None) for at, op in enumerate(("Conv2d", "ReLU", "Linear", "add")))
    ends = ((0, 1), (0, 2), (1, 3), (2, 3))
    edges = tuple(Edge(source=a, source_output=0, target=b, target_input=0) for a, b in ends)
    return Graph(nodes=nodes, groups=(), edges=edges)


def menu_of(view, pointed):
    return {action.text(): action for action in make_menu(view, pointed).actions() if action.text()}


def test_the_menu_of_a_node_copies_its_name_and_shapes(drawn, qtbot):
    drawn.centre_on_node(1)
    menu = menu_of(drawn, Pointed(box=box(drawn, 1)))
    menu["Copy name"].trigger()
    assert QGuiApplication.clipboard().text() == "blocks.0.conv"
    menu["Copy shapes"].trigger()
    assert QGuiApplication.clipboard().text() == "in (1, 8) float32\nout (1, 8) float32"
    shown(drawn, qtbot, menu["Enter the group around it"].trigger)
    assert drawn.scope == 1


def test_the_menu_of_a_group_folds_and_enters_it(drawn, qtbot):
    drawn.centre_on_module("blocks.0")
    shown(drawn, qtbot, menu_of(drawn, Pointed())["Fold"].trigger)
    shown(drawn, qtbot, menu_of(drawn, Pointed())["Unfold"].trigger)
    shown(drawn, qtbot, menu_of(drawn, Pointed())["Enter"].trigger)
    shown(drawn, qtbot, menu_of(drawn, Pointed())["Back out of this group"].trigger)
    assert drawn.scope == ROOT


def test_the_menu_of_a_wire_leads_to_its_ends(drawn, qtbot):
    menu = menu_of(drawn, Pointed(wire=0))
    edge = drawn.hierarchy.graph.edges[drawn.picture.visible.wire_edges[0][0]]
    menu["Go to its target"].trigger()
    assert drawn.selection.node == edge.target
    menu["Copy shape"].trigger()
    assert QGuiApplication.clipboard().text() == "(1, 8)"


def test_the_menu_of_the_canvas_copies_and_exports(drawn, qtbot):
    menu = menu_of(drawn, Pointed())
    menu["Copy picture"].trigger()
    assert not QGuiApplication.clipboard().image().isNull()
    with qtbot.waitSignal(drawn.export_requested):
        menu["Export…"].trigger()


def test_a_right_click_selects_what_is_there_and_asks_for_its_menu(drawn, qtbot):
    at = drawn.canvas.mapFromScene(drawn.picture.rect_of_node(2).center())
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, drawn.canvas.viewport().mapToGlobal(at))
    drawn._gestures.menu_requested.disconnect(drawn._show_menu)  # the offscreen platform warns of every pop-up
    with qtbot.waitSignal(drawn._gestures.menu_requested) as told:
        QApplication.sendEvent(drawn.canvas.viewport(), event)
    assert drawn.selection.node == 2
    assert told.args[0] == Pointed(box(drawn, 2), None)
