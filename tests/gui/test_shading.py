"""The graph's colours by a measure: which box gets which, what the legend says, and that nothing is laid out for it."""

from dataclasses import replace as replace_state

import numpy as np
import pytest
from graph_view_graphs import node, open_view, residual, shown
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from inspector.core import folding
from inspector.core.grouping import build_hierarchy
from inspector.core.measures import CHOICES, NUMBERS, Measured
from inspector.core.visible import look_at
from inspector.gui.graph_view.shading import (
    NO_VALUE,
    PLAIN,
    VIRIDIS,
    box_values,
    luminance,
    number_colours,
    on_colour,
    shade,
)
from inspector.gui.graph_view.view import GraphView
from inspector.gui.plots.colour_map import lightness
from inspector.gui.state import Progress, RunState, WindowState
from inspector.gui.theme import DARK, LIGHT
from inspector.protocol.events import ForwardProfiled, NodeProfile
from inspector.protocol.graph import Edge, Graph, Statistics


def look(graph, *, folded=False):
    hierarchy = build_hierarchy(graph)
    return look_at(hierarchy, folding.fold_all(hierarchy) if folded else frozenset())


def measured_like(graph, group_s=0.5):
    nodes = tuple(
        NodeProfile(op=n.op, fqn=n.fqn, call=n.call, elapsed_s=0.01 * n.id, peak_bytes=100 * n.id) for n in graph.nodes
    )
    return ForwardProfiled(
        nodes=nodes,
        group_s=tuple(group_s for _ in graph.groups),
        plain_s=0.1,
        observed_s=0.12,
        runs=3,
        warm_up=1,
        device="cpu",
    )


def test_the_map_climbs_evenly_in_lightness():
    steps = lightness(np.array([[*bytes.fromhex(colour[1:])] for colour in number_colours()], np.uint8))
    assert (np.diff(steps[::4]) > 0).all()
    assert np.diff(steps[::16]).max() < 1.6 * np.diff(steps[::16]).min()
    assert number_colours()[0] == VIRIDIS[0].lower()


def test_the_map_is_viridis_as_pyqtgraph_has_it():
    pyqtgraph = pytest.importorskip("pyqtgraph")
    table = pyqtgraph.colormap.get("viridis").getLookupTable(nPts=256)[:, :3].astype(int)
    own = np.array([[*bytes.fromhex(colour[1:])] for colour in number_colours()])
    assert np.abs(own - table).max() <= 6


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_on_every_colour_of_the_map_can_be_read(theme):
    for ground in number_colours():
        on = on_colour(theme, ground)
        pair = sorted((luminance(ground), luminance(on.text)))
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


def test_more_parameters_are_brighter_and_none_are_plain():
    graph = residual(2)
    graph = Graph(
        nodes=tuple(replace(n, num_params=700) if n.op == "Linear" else n for n in graph.nodes),
        groups=graph.groups,
        edges=graph.edges,
    )
    visible = look(graph)
    colours = shade(visible, Measured(graph), "params").colours
    by_node = {box.node: colour for box, colour in zip(visible.boxes, colours, strict=True)}
    linear = next(n.id for n in graph.nodes if n.op == "Linear")
    assert by_node[linear] == number_colours()[-1]
    assert by_node[1] == number_colours()[0]
    assert by_node[0] == PLAIN


def test_what_no_rule_counts_is_hatched_and_the_legend_says_how_many_and_why():
    graph = residual(1)
    graph = Graph(
        nodes=tuple(replace(n, macs=None if n.op == "add" else 10) for n in graph.nodes),
        groups=graph.groups,
        edges=graph.edges,
    )
    visible = look(graph)
    shading = shade(visible, Measured(graph), "macs")
    hatched = {visible.boxes[at].node for at, colour in enumerate(shading.colours) if colour == NO_VALUE}
    assert {graph.nodes[n].op for n in hatched} == {"input", "add", "output"}
    assert shading.legend.hatched == "3 boxes: MACs not counted by any rule"
    assert Measured(graph).uncounted == {"add": 1}


def test_a_folded_group_has_the_sum_and_for_time_its_whole_call():
    graph = residual(2)
    visible = look(graph, folded=True)
    folded = [at for at, box in enumerate(visible.boxes) if box.container is not None]
    assert folded
    params = box_values(visible, Measured(graph), NUMBERS["params"])
    assert params[folded].sum() == sum(n.num_params for n in graph.nodes)
    times = box_values(visible, Measured(graph, measured_like(graph)), NUMBERS["time"])
    assert times[folded].tolist() == [0.5] * len(folded)


def test_times_ask_for_a_profile_until_there_is_one():
    graph = residual(1)
    assert shade(look(graph), Measured(graph), "time").legend.needs_profile
    assert not shade(look(graph), Measured(graph, measured_like(graph)), "time").legend.needs_profile


def statistics(nan):
    return Statistics(
        num_elements=8, min=0.0, max=1.0, mean=0.5, std=0.1, zeros=2, nan=nan, inf=0, num_sampled=8, mean_abs=0.5
    )


def test_the_first_nan_stands_out_from_those_it_was_passed_on_to():
    nodes = [replace(node(at, "ReLU", f"r{at}", None), statistics=statistics(nan)) for at, nan in enumerate((0, 3, 3))]
    edges = tuple(Edge(source=at, source_output=0, target=at + 1, target_input=0) for at in range(2))
    graph = Graph(nodes=tuple(nodes), groups=(), edges=edges)
    shading = shade(look(graph), Measured(graph), "nan")
    assert [word for word, _, _ in shading.legend.swatches] == ["finite", "passed on", "starts here"]
    finite, first, passed_on = shading.colours
    assert finite == PLAIN
    assert first == "#D55E00"
    assert passed_on not in (first, PLAIN)


def test_trainable_frozen_and_mixed_groups_are_told_apart():
    graph = residual(1)
    nodes = tuple(replace(n, num_params=10, num_trainable=10 * (n.op == "Linear")) for n in graph.nodes)
    graph = Graph(nodes=nodes, groups=graph.groups, edges=graph.edges)
    swatches = shade(look(graph), Measured(graph), "trainable").legend.swatches
    assert [(word, count) for word, _, count in swatches] == [("trainable", 1), ("frozen", 5)]
    swatches = shade(look(graph, folded=True), Measured(graph), "trainable").legend.swatches
    assert "partly frozen" in [word for word, _, _ in swatches]


def test_every_choice_colours_every_box_without_laying_anything_out(qtbot):
    view, graph = open_view(qtbot), residual(3)
    picture = shown(view, qtbot, lambda: view.draw(WindowState(run=RunState(graph=graph))))
    profile = measured_like(graph)
    for key, _ in CHOICES:
        view.draw(WindowState(run=RunState(graph=graph, profile=profile), colour_by=key))
        assert view.picture is picture
        shading = view.stage.item.shading
        assert (shading is None) == (key == "kind")
        assert view.stage.legend.isVisible() == (key != "kind")
        if shading is not None:
            assert len(shading.colours) == len(picture.cards)
            assert not view.stage.legend.geometry().intersects(view.stage.minimap.geometry()) or (
                not view.stage.minimap.isVisible()
            )
            assert view.rect().contains(view.stage.legend.geometry())
        view.grab()


def test_the_legend_offers_to_measure_times_while_nothing_else_is_under_way(qtbot):
    view, graph = open_view(qtbot), residual(1)
    timed = WindowState(run=RunState(graph=graph), colour_by="time")
    shown(view, qtbot, lambda: view.draw(timed))
    button = view.findChild(QPushButton, "legend_profile")
    assert button.text() == "Profile"
    with qtbot.waitSignal(view.profile_requested):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    view.draw(replace_state(timed, progress=Progress(3, "Profiling")))
    assert not button.isEnabled()
    view.draw(replace_state(timed, run=RunState(graph=graph, profile=measured_like(graph))))
    assert not button.isVisible()


def test_a_fitted_picture_keeps_out_from_under_the_legend(qtbot):
    view = GraphView()
    qtbot.addWidget(view, before_close_func=lambda w: w.end())
    view.resize(420, 700)
    view.show()
    state = WindowState(run=RunState(graph=residual(1)))
    with qtbot.waitSignal(view.picture_shown):
        view.draw(state)
    view.fit()
    before = view.canvas.zoom
    view.draw(replace_state(state, colour_by="params"))
    legend = view.stage.legend.geometry().translated(-view.canvas.pos())
    assert not view.stage.legend.isHidden()
    boxes = [
        view.canvas.mapFromScene(view.picture.box_rect(at)).boundingRect() for at in range(len(view.picture.cards))
    ]
    assert not any(box.intersects(legend) for box in boxes)
    assert all(view.canvas.viewport().rect().contains(box) for box in boxes)
    view.draw(state)
    assert view.canvas.zoom == before
