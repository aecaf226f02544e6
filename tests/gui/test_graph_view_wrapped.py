"""Long graphs in columns, as the view shows them: what is seen first, what folding keeps, what is exported."""

import pytest
from graph_view_graphs import open_view, residual, shown
from PySide6.QtCore import QPointF, QRectF

from inspector.gui.state import RunState, WindowState
from inspector.gui.theme import LIGHT

BLOCKS = 60


@pytest.fixture
def view(qtbot):
    view = open_view(qtbot)
    view.set_wrapped(True)
    shown(view, qtbot, lambda: view.draw(WindowState(run=RunState(graph=residual(BLOCKS)))))
    shown(view, qtbot, view.unfold_all)
    return view


@pytest.mark.parametrize("direction", ["down", "right"])
def test_a_fitted_long_graph_can_be_told_apart_when_wrapped(view, qtbot, direction):
    if direction == "right":
        shown(view, qtbot, lambda: view.set_direction("right"))
    view.fit()
    wrapped = view.canvas.zoom
    shown(view, qtbot, lambda: view.set_wrapped(False))
    view.fit()
    assert wrapped > 4 * view.canvas.zoom


def test_the_beginning_is_seen_at_first_and_no_empty_ground_beside_it(view, qtbot):
    shown(view, qtbot, lambda: view.set_wrapped(False))
    picture = shown(view, qtbot, lambda: view.set_wrapped(True))
    seen = view.canvas.visible_rect
    assert seen.contains(picture.rect_of_node(0))
    assert seen.left() > picture.bounds.left() - 40


def test_folding_a_block_keeps_it_and_all_before_it_where_they_were(view, qtbot):
    picture = view.picture
    block = next(c for c in picture.visible.open_containers if c not in (0,) and picture.container_rect(c).left() > 900)
    before = [picture.rect_of_node(node) for node in range(1, 20)]
    view.canvas.look_at(picture.container_rect(block).center(), 0.8)
    corner = view.canvas.mapFromScene(picture.container_rect(block).topLeft())
    after = shown(view, qtbot, lambda: view.toggle(block))
    assert after.page == picture.page
    moved = view.canvas.mapFromScene(after.container_rect(block).topLeft()) - corner
    assert moved.manhattanLength() <= 2
    assert [after.rect_of_node(node) for node in range(1, 20)] == before


def test_a_wire_from_column_to_column_can_be_pointed_at(view):
    picture = view.picture
    boxes, layout = picture.layout.boxes, picture.layout
    for wire, (source, target) in enumerate(picture.visible.wires.tolist()):
        if boxes[target, 1] < boxes[source, 1]:
            lane = max(layout.segments_of(wire).tolist(), key=lambda at: float(layout.segment(at)[:, 1].min()))
            points = layout.segment(lane)
            at = points[len(points) // 2]
            assert picture.wire_at(QPointF(float(at[0]), float(at[1])), 4.0) is not None
            return
    raise AssertionError("nothing was wrapped")


def test_what_is_exported_is_what_is_seen(view):
    drawing = view.drawing(in_view=False, colours=LIGHT, scale=1.0)
    assert drawing.picture is view.picture
    assert QRectF(drawing.area).contains(view.picture.bounds)
    assert drawing.area.height() < 3 * drawing.area.width()
