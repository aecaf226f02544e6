"""The graph view: what is drawn, and what clicks, keys and searches do."""

import msgspec
import pytest
from graph_view_graphs import failure_of, open_view, residual, shown
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor

from inspector.gui.graph_view import placing
from inspector.gui.graph_view.captions import Captions
from inspector.gui.graph_view.cards import batch_size, follows_batch
from inspector.gui.graph_view.minimap import Minimap
from inspector.gui.graph_view.tooltips import node_lines, tooltip_text
from inspector.gui.state import RunState, WindowState
from inspector.gui.theme import DARK, LIGHT, theme, theme_source
from inspector.protocol.graph import Edge


def state_of(graph, failure=None, **more):
    return WindowState(run=RunState(graph=graph, failure=failure), **more)


@pytest.fixture
def view(qtbot):
    return open_view(qtbot)


@pytest.fixture
def drawn(view, qtbot):
    shown(view, qtbot, lambda: view.draw(state_of(residual())))
    return view


def place(view, scene_point):
    return view.canvas.mapFromScene(scene_point)


def click(view, qtbot, scene_point):
    qtbot.mouseClick(view.canvas.viewport(), Qt.MouseButton.LeftButton, pos=place(view, scene_point))


def pixel(view, scene_point):
    at = view.canvas.mapTo(view, place(view, scene_point))
    image = view.grab().toImage()
    ratio = image.devicePixelRatio()
    return image.pixelColor(QPoint(round(at.x() * ratio), round(at.y() * ratio)))


def close_to(colour, other, distance=40):
    other = QColor(other)
    parts = ((colour.red(), other.red()), (colour.green(), other.green()), (colour.blue(), other.blue()))
    return all(abs(a - b) <= distance for a, b in parts)


def test_without_a_graph_the_view_says_what_to_do(view):
    view.draw(WindowState())
    label = view.findChild(object, "graph_empty")
    assert label.isVisible()
    assert "press Run" in label.text()
    assert view.picture is None


def test_a_graph_is_laid_out_and_drawn(drawn):
    assert len(drawn.picture.visible.boxes) == 9
    assert not drawn.findChild(object, "graph_empty").isVisible()
    ink = pixel(drawn, drawn.picture.rect_of_node(1).topLeft() + QPointF(7, 30))
    assert close_to(ink, "#0072B2")


def test_a_second_run_before_the_first_picture_still_shows_the_beginning(view, qtbot):
    view.draw(state_of(residual(blocks=30)))
    shown(view, qtbot, lambda: view.draw(state_of(residual(blocks=30))))
    assert view.canvas.visible_rect.contains(view.picture.rect_of_node(0))


def test_a_first_view_cuts_nothing_off_at_the_sides_that_there_is_room_for(view, qtbot):
    graph = residual(blocks=12)
    skips = tuple(
        Edge(source=0, source_output=0, target=at, target_input=1) for at in range(6, len(graph.nodes) - 1, 3)
    )
    graph = msgspec.structs.replace(graph, edges=(*graph.edges, *skips))
    view.resize(900, 500)
    shown(view, qtbot, lambda: view.draw(state_of(graph)))
    shown(view, qtbot, view.unfold_all)
    placing.show_first(view.canvas, view.picture, "down")
    seen, bounds = view.canvas.visible_rect, view.picture.bounds
    assert bounds.height() > seen.height()
    assert bounds.width() < seen.width()
    assert seen.left() <= bounds.left()
    assert seen.right() >= bounds.right()
    view.resize(300, 500)
    placing.show_first(view.canvas, view.picture, "down")
    seen = view.canvas.visible_rect
    assert seen.width() < bounds.width()
    assert seen.right() <= bounds.right() + 20
    assert seen.contains(view.picture.rect_of_node(0))


def test_the_first_view_is_made_anew_in_another_size_until_the_user_moves_it(drawn):
    drawn.resize(900, 400)
    assert drawn.canvas.zoom >= 0.6
    drawn.resize(900, 1200)
    assert drawn.canvas.visible_rect.contains(drawn.picture.bounds)
    drawn.canvas.zoom_by(2.0)
    zoom = drawn.canvas.zoom
    drawn.resize(900, 700)
    assert drawn.canvas.zoom == zoom


def test_what_failed_stays_in_view_when_a_notice_takes_room(view, qtbot):
    graph = residual(blocks=12, failed=True)
    shown(view, qtbot, lambda: view.draw(state_of(graph, failure_of(graph))))
    view.resize(700, 330)
    failed = view.picture.rect_of_node(graph.nodes[-1].id)
    assert view.canvas.visible_rect.contains(failed)


def test_only_shapes_that_follow_the_inputs_batch_have_it_dimmed():
    assert batch_size(residual()) == 1
    assert follows_batch((1, 64, 8), 1)
    assert not follows_batch((3, 1, 64), 1)
    assert not follows_batch((1,), 1)
    assert not follows_batch((1, 64), None)


def test_drawing_the_same_graph_again_lays_nothing_out(drawn, qtbot):
    graph = drawn.picture.visible.hierarchy.graph
    before = drawn._link.latest
    drawn.draw(state_of(graph, revision=7))
    assert drawn._link.latest == before


def test_clicking_a_card_selects_its_node_and_tells(drawn, qtbot):
    with qtbot.waitSignal(drawn.node_selected) as told:
        click(drawn, qtbot, drawn.picture.rect_of_node(2).center())
    assert told.args == [2]
    assert drawn.lighting.selected_box == int(drawn.picture.visible.box_of_node[2])


def test_clicking_beside_everything_selects_nothing(drawn, qtbot):
    click(drawn, qtbot, drawn.picture.rect_of_node(2).center())
    with qtbot.waitSignal(drawn.node_selected) as told:
        qtbot.mouseClick(drawn.canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert told.args == [-1]
    assert drawn.lighting.selected_box is None


def test_a_selection_lights_the_paths_through_it_and_fades_the_rest(drawn):
    drawn.draw(state_of(drawn.picture.visible.hierarchy.graph, selected_node=2))
    lit = drawn.lighting.trace
    visible = drawn.picture.visible
    assert lit.boxes.all()
    skip = [tuple(wire) for wire in visible.wires.tolist()].index((0, int(visible.box_of_node[3])))
    assert not lit.wires[skip]


def test_the_selection_follows_the_state_without_telling_it_back(drawn, qtbot):
    graph = drawn.picture.visible.hierarchy.graph
    with qtbot.assertNotEmitted(drawn.node_selected):
        drawn.draw(state_of(graph, selected_node=4))
    assert drawn.lighting.selected_box == int(drawn.picture.visible.box_of_node[4])


def test_the_selection_follows_the_module_of_the_state(drawn):
    graph = drawn.picture.visible.hierarchy.graph
    drawn.draw(state_of(graph, selected_node=4))
    drawn.draw(state_of(graph, selected_module="blocks.1"))
    assert drawn.lighting.selected_container == 2
    drawn.draw(state_of(graph, selected_module="head"))
    assert drawn.lighting.selected_box == int(drawn.picture.visible.box_of_node[7])
    drawn.draw(state_of(graph))
    assert drawn.lighting.selected_box is None


def test_giving_up_the_selected_node_selects_nothing_though_its_module_stays_in_the_state(drawn):
    graph = drawn.picture.visible.hierarchy.graph
    drawn.draw(state_of(graph, selected_node=4, selected_module="blocks.1.conv"))
    drawn.draw(state_of(graph, selected_node=None, selected_module="blocks.1.conv"))
    assert drawn.lighting.selected_box is None


def test_clicking_a_header_tells_the_group(drawn, qtbot):
    rect = drawn.picture.container_rect(1)
    with qtbot.waitSignal(drawn.group_selected) as told:
        click(drawn, qtbot, rect.topLeft() + QPointF(60, 14))
    assert told.args == ["blocks.0"]


def test_the_chevron_folds_a_group_and_keeps_it_under_the_pointer(drawn, qtbot):
    corner = drawn.picture.container_rect(2).topLeft()
    before = place(drawn, corner)
    picture = shown(drawn, qtbot, lambda: click(drawn, qtbot, corner + QPointF(15, 15)))
    assert len(picture.visible.boxes) == 7
    after = place(drawn, picture.container_rect(2).topLeft())
    assert (after - before).manhattanLength() <= 2
    picture = shown(drawn, qtbot, lambda: click(drawn, qtbot, picture.container_rect(2).topLeft() + QPointF(15, 15)))
    assert len(picture.visible.boxes) == 9


def test_everything_folds_and_unfolds(drawn, qtbot):
    assert len(shown(drawn, qtbot, drawn.fold_all).visible.boxes) == 3
    assert len(shown(drawn, qtbot, drawn.unfold_all).visible.boxes) == 9
    assert len(shown(drawn, qtbot, lambda: drawn.fold_to_depth(1)).visible.boxes) == 5


def test_unfolding_a_tall_graph_stays_where_one_looks_and_can_be_read(view, qtbot):
    shown(view, qtbot, lambda: view.draw(state_of(residual(blocks=40))))
    last = len(view.picture.visible.hierarchy.graph.nodes) - 1
    view.centre_on_node(last)
    before = place(view, view.picture.rect_of_node(last).topLeft())
    picture = shown(view, qtbot, view.unfold_all)
    assert view.canvas.zoom > 0.6
    assert (place(view, picture.rect_of_node(last).topLeft()) - before).manhattanLength() <= 2
    shown(view, qtbot, view.fold_all)
    assert view.canvas.visible_rect.contains(view.picture.bounds)


def test_equal_blocks_are_one_card_with_their_number(view, qtbot):
    picture = shown(view, qtbot, lambda: view.draw(state_of(residual(blocks=12))))
    stack = next(card for card in picture.cards if card.style == "stack")
    assert stack.badge == "×12"
    assert stack.name == "blocks.0 – 11"


def test_a_run_of_the_same_structure_keeps_folds_selection_and_view(drawn, qtbot):
    shown(drawn, qtbot, lambda: drawn.toggle(1))
    click(drawn, qtbot, drawn.picture.rect_of_node(4).center())
    drawn.canvas.zoom_by(1.3)
    before = place(drawn, drawn.picture.rect_of_node(4).center()), drawn.canvas.zoom
    state = state_of(residual(), selected_node=4)
    picture = shown(drawn, qtbot, lambda: drawn.draw(state))
    assert len(picture.visible.boxes) == 7
    after = place(drawn, picture.rect_of_node(4).center()), drawn.canvas.zoom
    assert (after[0] - before[0]).manhattanLength() <= 2
    assert after[1] == before[1]
    assert drawn.lighting.selected_box == int(picture.visible.box_of_node[4])


def test_another_structure_starts_anew(drawn, qtbot):
    shown(drawn, qtbot, lambda: drawn.toggle(1))
    picture = shown(drawn, qtbot, lambda: drawn.draw(state_of(residual(blocks=3, width=4))))
    assert drawn.lighting.selected_box is None
    assert len(picture.visible.hierarchy.graph.nodes) == 12


def test_the_failing_node_is_red_and_says_which_shapes_met(view, qtbot):
    graph = residual(failed=True)
    failure = failure_of(graph)
    picture = shown(view, qtbot, lambda: view.draw(state_of(graph, failure)))
    box = int(picture.visible.box_of_node[failure.node])
    assert picture.cards[box].alarm == "got (1, 512) and (256, 64)"
    rect = picture.box_rect(box)
    assert view.canvas.visible_rect.contains(rect)
    assert close_to(pixel(view, rect.topLeft() + QPointF(7, 30)), theme().failure)
    lines = node_lines(graph.nodes[failure.node], failure)
    assert failure.message in lines
    assert failure.fix in lines


def test_uncalled_modules_are_mentioned(drawn):
    caption = drawn.findChild(Captions)
    assert caption.isVisible()
    assert caption.text() == "1 module was never called: aux"


def test_choosing_a_module_centres_it_and_unfolds_what_hides_it(drawn, qtbot):
    shown(drawn, qtbot, drawn.fold_all)
    picture = shown(drawn, qtbot, lambda: drawn.centre_on_module("blocks.0.relu"))
    box = int(picture.visible.box_of_node[2])
    assert picture.visible.boxes[box].node == 2
    assert drawn.lighting.selected_box == box
    middle = drawn.canvas.visible_rect.center() - picture.box_rect(box).center()
    assert middle.manhattanLength() < 4


def test_choosing_a_group_centres_it(drawn):
    drawn.centre_on_module("blocks.1")
    assert drawn.lighting.selected_container == 2
    middle = drawn.canvas.visible_rect.center() - drawn.picture.container_rect(2).center()
    assert middle.manhattanLength() < 4


def test_choosing_what_is_not_in_the_graph_changes_nothing(drawn):
    before = drawn.canvas.visible_rect
    drawn.centre_on_module("aux")
    drawn.centre_on_node(99)
    assert drawn.canvas.visible_rect == before


def test_the_wheel_zooms_around_the_pointer(drawn):
    at = QPointF(300, 200)
    fixed = drawn.canvas.mapToScene(at.toPoint())
    zoom = drawn.canvas.zoom
    drawn.canvas.zoom_by(1.5, at)
    assert drawn.canvas.zoom == pytest.approx(1.5 * zoom)
    assert (QPointF(place(drawn, fixed)) - at).manhattanLength() <= 2


def test_dragging_moves_the_picture_and_selects_nothing(drawn, qtbot):
    start = place(drawn, drawn.picture.rect_of_node(2).center())
    viewport = drawn.canvas.viewport()
    with qtbot.assertNotEmitted(drawn.node_selected):
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
        for step in range(1, 6):
            qtbot.mouseMove(viewport, start + QPoint(0, -10 * step))
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start + QPoint(0, -50))
    drawn.canvas.pan(0, 40)
    assert place(drawn, drawn.picture.rect_of_node(2).center()).y() < start.y()


def test_keys_zoom_fit_and_go_home(drawn, qtbot):
    zoom = drawn.canvas.zoom
    qtbot.keyClick(drawn.canvas, Qt.Key.Key_Plus)
    assert drawn.canvas.zoom > zoom
    qtbot.keyClick(drawn.canvas, Qt.Key.Key_0)
    assert drawn.canvas.visible_rect.contains(drawn.picture.bounds)
    qtbot.keyClick(drawn.canvas, Qt.Key.Key_Home)
    assert drawn.canvas.zoom == 1.0
    assert drawn.canvas.visible_rect.contains(drawn.picture.rect_of_node(0))


def test_the_keyboard_reaches_every_box_and_folds_groups(drawn, qtbot):
    found = []
    drawn.node_selected.connect(found.append)
    for _ in drawn.picture.visible.boxes:
        qtbot.keyClick(drawn.canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert found == list(range(9))
    qtbot.keyClick(drawn.canvas, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    drawn.centre_on_module("blocks.0")
    picture = shown(drawn, qtbot, lambda: qtbot.keyClick(drawn.canvas, Qt.Key.Key_Space))
    assert len(picture.visible.boxes) == 7
    qtbot.keyClick(drawn.canvas, Qt.Key.Key_Escape)
    assert found[-1] == -1


def test_the_overview_shows_only_when_there_is_more_than_fits(drawn, qtbot):
    minimap = drawn.findChild(Minimap)
    drawn.fit()
    assert not minimap.isVisible()
    drawn.canvas.zoom_by(3)
    assert minimap.isVisible()
    qtbot.mouseClick(minimap, Qt.MouseButton.LeftButton, pos=QPoint(minimap.width() // 2, minimap.height() - 8))
    assert drawn.canvas.visible_rect.contains(drawn.picture.rect_of_node(8).center())


def test_the_overview_of_thousands_has_each_box_in_its_place_and_colour(view, qtbot):
    view.set_wrapped(True)
    shown(view, qtbot, lambda: view.draw(state_of(residual(blocks=600))))
    picture = shown(view, qtbot, view.unfold_all)
    assert len(picture.visible.boxes) > 1_500
    minimap = view.findChild(Minimap)
    image = minimap.grab().toImage()
    ratio, scale = image.devicePixelRatio(), minimap._scale(picture)
    named = {"Conv2d": 0, "ReLU": 0}
    for at, box in enumerate(picture.visible.boxes):
        op = picture.visible.hierarchy.graph.nodes[box.node].op
        if op in named:
            x, y = (scale[1:][i] + scale[0] * float(picture.layout.boxes[at, i]) + 0.5 for i in (0, 1))
            found = image.pixelColor(int(x * ratio), int(y * ratio))
            named[op] += close_to(found, picture.cards[at].colour, 60)
    # where several share a pixel the last is seen
    assert min(named.values()) > 100


def test_the_graph_can_run_to_the_right(drawn, qtbot):
    picture = shown(drawn, qtbot, lambda: drawn.set_direction("right"))
    assert picture.layout.size[0] > picture.layout.size[1]
    assert picture.rect_of_node(0).right() < picture.rect_of_node(8).left()


def test_what_is_under_the_pointer_is_told_in_full(drawn):
    picture = drawn.picture
    text = tooltip_text(picture, picture.hit(picture.rect_of_node(1).center()), None)
    assert "8→8 k3" in text
    assert "out  (1, 8) float32" in text
    wire = tooltip_text(picture, picture.hit(QPointF(-50, -50)), 0)
    assert "input → Conv2d blocks.0.conv: (1, 8) float32, 32 bytes" in wire


def test_names_from_files_are_never_read_as_markup(view, qtbot):
    graph = residual()
    nodes = tuple(msgspec.structs.replace(node, fqn="<img src=x>") for node in graph.nodes)
    picture = shown(view, qtbot, lambda: view.draw(state_of(msgspec.structs.replace(graph, nodes=nodes))))
    text = tooltip_text(picture, picture.hit(picture.rect_of_node(1).center()), None)
    assert "<img" not in text
    assert "&lt;img" in text


def test_every_wire_can_be_hit_where_it_is_drawn(drawn):
    picture = drawn.picture
    for segment in range(picture.layout.num_segments):
        middle = picture.path(segment).pointAtPercent(0.5)
        wire = picture.wire_at(middle, 2.0)
        assert wire is not None


def test_the_view_follows_the_theme(drawn):
    light = pixel(drawn, QPointF(-60, 100))
    theme_source().current = DARK
    theme_source().changed.emit()
    try:
        dark = pixel(drawn, QPointF(-60, 100))
    finally:
        theme_source().current = LIGHT
        theme_source().changed.emit()
    assert close_to(light, LIGHT.canvas, 4)
    assert close_to(dark, DARK.canvas, 4)


def test_when_the_graph_is_taken_away_the_view_is_empty_and_folds_come_back_with_it(drawn, qtbot):
    shown(drawn, qtbot, lambda: drawn.toggle(1))
    drawn.draw(WindowState())
    assert drawn.picture is None
    assert len(shown(drawn, qtbot, lambda: drawn.draw(state_of(residual()))).visible.boxes) == 7


def test_only_the_latest_of_many_requests_is_shown(drawn, qtbot):
    with qtbot.waitSignal(drawn.picture_shown):
        drawn.fold_all()
        drawn.unfold_all()
        drawn.fold_to_depth(1)
    assert len(drawn.picture.visible.boxes) == 5


def test_widgets_are_named(drawn):
    for child in (drawn, drawn.canvas, drawn.findChild(Minimap), drawn.findChild(Captions)):
        assert child.objectName()
        assert child.accessibleName()


def test_a_large_graph_is_laid_out_in_the_process(view, qtbot):
    picture = shown(view, qtbot, lambda: view.draw(state_of(residual(blocks=60))))
    picture = shown(view, qtbot, view.unfold_all)
    assert view._link.process.outcome == "process"
    assert len(picture.visible.boxes) == 183


def test_names_too_long_for_a_card_are_cut(view, qtbot):
    graph = residual()
    named = msgspec.structs.replace(graph.nodes[1], fqn="a." * 200 + "conv")
    nodes = (graph.nodes[0], named, *graph.nodes[2:])
    picture = shown(view, qtbot, lambda: view.draw(state_of(msgspec.structs.replace(graph, nodes=nodes))))
    assert picture.rect_of_node(1).width() <= 288
