"""Names of axes come after the graph, and show without laying it out again."""

from dataclasses import replace

from inspector.client import fake_messages as said
from inspector.gui.graph_view import GraphView
from inspector.gui.graph_view.picture import Hit
from inspector.gui.graph_view.tooltips import node_lines, tooltip_text
from inspector.gui.node_panel import NodePanel
from inspector.gui.state import RunState, WindowState


def test_names_appear_on_cards_and_in_tooltips_without_a_new_layout(qtbot):
    view = GraphView()
    qtbot.addWidget(view)
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
    view.end()


def test_the_node_panel_names_axes_and_says_how_the_batch_was_found(qtbot):
    panel = NodePanel()
    qtbot.addWidget(panel)
    run = RunState(graph=said.graph(), axes=said.graph_axes())
    panel.draw(WindowState(run=run, selected_node=0))
    rows = dict(panel.shapes.rows())
    assert rows["out"].startswith("(N 1, C ")
    assert rows["batch"] == "N is the batch: seen by running with 1 and with 2."
    assert any("out" in line for line in node_lines(said.graph().nodes[0], None))
