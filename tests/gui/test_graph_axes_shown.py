"""Names of axes come after the graph, and show without laying it out again."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed
from PySide6.QtCore import QRect

from inspector.client import fake_messages as said
from inspector.gui.graph_view import GraphView
from inspector.gui.graph_view.captions import Captions
from inspector.gui.graph_view.cards import Fonts
from inspector.gui.graph_view.labels import place_labels
from inspector.gui.graph_view.metrics import Metrics
from inspector.gui.graph_view.painting import Look
from inspector.gui.graph_view.picture import Hit
from inspector.gui.graph_view.picture_item import Lighting
from inspector.gui.graph_view.tooltips import node_lines, tooltip_text
from inspector.gui.node_panel import NodePanel
from inspector.gui.state import RunState, WindowState
from inspector.gui.theme import LIGHT


def test_names_appear_on_cards_and_in_tooltips_without_a_new_layout(qtbot):
    view = GraphView()
    qtbot.addWidget(view, before_close_func=lambda w: w.end())
    view.resize(800, 600)
    state = WindowState(run=RunState(graph=said.graph()))
    with qtbot.waitSignal(view.picture_shown):
        view.draw(state)
    picture = view.picture
    assert picture is not None
    box = next(index for index, shown in enumerate(picture.visible.boxes) if shown.node is not None)
    assert picture.card_to_paint(box).axis_names == ""
    view.draw(replace(state, run=replace(state.run, axes=said.graph_axes())))
    assert view.picture is picture
    assert picture.card_to_paint(box).axis_names in ("N C H W", "N D")
    assert picture.card_to_paint(box).dimmed[0]
    assert not any(picture.card_to_paint(box).dimmed[1:])
    assert "N 1" in tooltip_text(picture, Hit(box=box), None)
    assert "N 1" in picture.tooltip(0)


def test_the_node_panel_names_axes_and_says_how_the_batch_was_found(qtbot):
    panel = NodePanel()
    qtbot.addWidget(panel)
    run = RunState(graph=said.graph(), axes=said.graph_axes())
    panel.draw(WindowState(run=run, selected_node=0))
    rows = dict(panel.shapes.rows())
    assert rows["out"].startswith("(N 1, C ")
    assert rows["batch"] == "N is the batch: seen by running with 1 and with 2."
    assert any("out" in line for line in node_lines(said.graph().nodes[0], None))


@pytest.mark.parametrize("room", ["there", "taken"])
def test_wires_name_their_axes_where_there_is_room(qtbot, room):
    view = GraphView()
    qtbot.addWidget(view, before_close_func=lambda w: w.end())
    view.resize(800, 600)
    state = WindowState(run=RunState(graph=said.graph(), axes=said.graph_axes()))
    with qtbot.waitSignal(view.picture_shown):
        view.draw(state)
    picture, fonts = view.picture, Fonts.of(view.font())
    look = Look(LIGHT, fonts, 1.5, Metrics(fonts))
    if room == "taken":  # a box stands where the names would
        layout = picture.layout
        shape = look.metrics.shape.horizontalAdvance(picture.wire_text(0))
        x, y = layout.segment(int(layout.segments_of(0)[-1]))[-1].tolist()
        layout.boxes[-1] = (x + 7 + shape + 6, y - 30, 40, 24)
        layout.boxes[-2] = (x - 7 - shape - 46, y - 30, 40, 24)
    labels = {text for _, text in place_labels(picture, Lighting(), look, [int(picture.layout.segments_of(0)[-1])])}
    assert labels == {"(N 1, C 1, H 8, W 8)" if room == "there" else "(1, 1, 8, 8)"}


def test_what_the_batch_measurement_could_not_tell_is_said_below_the_picture(qtbot):
    view = GraphView()
    qtbot.addWidget(view, before_close_func=lambda w: w.end())
    view.resize(800, 600)
    view.show()
    state = WindowState(run=RunState(graph=changed(said.graph(), notes=(), uncalled_modules=())))
    with qtbot.waitSignal(view.picture_shown):
        view.draw(state)
    strip = view.findChild(Captions)
    assert not strip.isVisible()
    axes = changed(said.graph_axes(), batch_size=0, other_size=0, note="it takes one size only")
    view.draw(replace(state, run=replace(state.run, axes=axes)))
    assert strip.text() == "Which axes follow the batch is unknown: it takes one size only"
    assert strip.isVisible()
    view.layout().activate()
    assert not QRect(strip.geometry()).intersects(view.canvas.geometry())
