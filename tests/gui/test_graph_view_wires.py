"""What a wire tells under the pointer, and how it is drawn."""

from dataclasses import replace

import numpy as np
import pytest
from graph_view_graphs import open_view, residual, shown
from PySide6.QtCore import QEvent, QPointF
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from inspector.gui.graph_view.canvas import FARTHEST
from inspector.gui.graph_view.picture import TURN, smooth_path
from inspector.gui.state import RunState, WindowState
from inspector.protocol.graph import GraphAxes, TensorAxes

# what the offscreen platform says when a tooltip is shown
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")


@pytest.fixture
def drawn(qtbot):
    view = open_view(qtbot)
    shown(view, qtbot, lambda: view.draw(WindowState(run=RunState(graph=residual()))))
    return view


def hover(view, at):
    """Rest the pointer on a place of the scene; what is told then."""
    viewport = view.canvas.viewport()
    here = view.canvas.mapFromScene(at)
    QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, here, viewport.mapToGlobal(here)))
    return QToolTip.text()


def wire_between(picture, source, target):
    boxes = picture.visible.box_of_node
    pair = [int(boxes[source]), int(boxes[target])]
    return picture.visible.wires.tolist().index(pair)


def middle_of(picture, wire):
    """A place on a wire that is on no box and no header."""
    for segment in picture.layout.segments_of(wire).tolist():
        path = picture.path(segment)
        for share in (0.5, 0.6, 0.4, 0.7, 0.3):
            at = path.pointAtPercent(share)
            hit = picture.hit(at)
            if hit.box is None and not hit.header:
                return at
    raise AssertionError("the wire is nowhere seen alone")


def test_resting_on_a_wire_tells_from_where_to_where_and_what_it_carries(drawn):
    picture = drawn.picture
    told = hover(drawn, middle_of(picture, wire_between(picture, 1, 2)))
    assert "Conv2d blocks.0.conv → ReLU blocks.0.relu" in told
    assert "(1, 8) float32, 32 bytes" in told


def test_once_they_are_known_a_wire_names_the_axes_of_its_tensor(drawn):
    graph = drawn.picture.visible.hierarchy.graph
    axes = GraphAxes(kinds=(TensorAxes(names=("N", "D")),), outputs=tuple((0,) for _ in graph.nodes))
    state = WindowState(run=RunState(graph=graph))
    drawn.draw(replace(state, run=replace(state.run, axes=axes)))
    told = hover(drawn, middle_of(drawn.picture, wire_between(drawn.picture, 1, 2)))
    assert "(N 1, D 8) float32" in told


def test_a_skip_can_be_rested_on_in_its_lane(drawn):
    picture = drawn.picture
    wire = wire_between(picture, 0, 3)
    lane = [s for s in picture.layout.segments_of(wire).tolist() if picture.layout.skips[s]]
    assert lane
    told = hover(drawn, picture.path(lane[-1]).pointAtPercent(0.5))
    assert "input → add" in told


def test_a_wire_along_a_track_has_round_corners_and_ends_where_it_should():
    points = np.array([(0, 0), (0, 20), (200, 20), (200, 60)], np.float32)
    path = smooth_path(points, "down")
    assert path.pointAtPercent(0.0) == QPointF(0, 0)
    assert path.pointAtPercent(1.0) == QPointF(200, 60)
    # the corner itself is cut off, by less than its radius
    corner = min((path.pointAtPercent(t / 1000) - QPointF(0, 20)).manhattanLength() for t in range(1000))
    assert 1.0 < corner < TURN


def test_however_long_a_picture_is_all_of_it_can_be_seen(drawn):
    canvas = drawn.canvas
    canvas.set_picture_rect(drawn.picture.bounds.adjusted(0, 0, 0, 900_000))
    canvas.fit()
    assert canvas.zoom < FARTHEST
    assert canvas.visible_rect.height() >= 900_000
    canvas.zoom_by(0.1)
    assert canvas.visible_rect.height() < 2_000_000
