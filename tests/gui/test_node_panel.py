"""The panel of the chosen node."""

from dataclasses import replace

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from inspector.client import fake_messages as said
from inspector.core.formatting import bytes_text, percent_text, seconds_text
from inspector.gui.node_panel import NodePanel
from inspector.gui.node_panel.facts import statistics_rows, subject_of
from inspector.gui.node_panel.panel import LEAST_WIDTH
from inspector.gui.state import RunState, WindowState
from inspector.protocol.events import ParametersMeasured, TensorStatistics

RAN = WindowState(path="/m.pth", model=said.model("/m.pth", "", ""), run=RunState(graph=said.graph()))


@pytest.fixture
def panel(qtbot: QtBot) -> NodePanel:
    made = NodePanel()
    qtbot.addWidget(made)
    made.resize(300, 600)
    made.show()
    return made


def test_with_nothing_chosen_it_says_what_to_do(panel: NodePanel):
    panel.draw(RAN)
    assert panel.empty.isVisible()
    assert "Choose a node" in panel.empty.text()
    assert not panel.header.isVisible()


def test_a_node_shows_its_shapes_figures_and_values(panel: NodePanel):
    panel.draw(replace(RAN, selected_node=7, selected_module="block"))
    assert panel.header.accessibleName() == "add block"
    assert panel.shapes.rows() == (
        ("in 0", "(1, 16, 8, 8)  float32"),
        ("in 1", "(1, 16, 8, 8)  float32"),
        ("out", "(1, 16, 8, 8)  float32"),
    )
    assert ("order", "8 of 12") in panel.figures.rows()
    assert [name for name, _ in panel.values.rows()] == ["min", "max", "mean", "std", "zeros"]
    assert panel.histogram.isVisible()
    assert not panel.measure.isVisible(), "an addition has no parameters, though its module has"


def test_nan_and_infinities_are_listed_only_where_there_are_any():
    broken = msgspec.structs.replace(said.statistics(1), nan=3, inf=1, mean=None)
    rows = dict(statistics_rows(broken))
    assert rows["NaN"] == "3"
    assert rows["inf"] == "1"
    assert rows["mean"] == "–"


def test_parameters_show_their_statistics_once_measured(panel: NodePanel, qtbot: QtBot):
    chosen = replace(RAN, selected_node=4, selected_module="block.conv1")
    panel.draw(chosen)
    assert panel.parameters.rows()[0] == ("weight", "(16, 16, 3, 3)  float32")
    with qtbot.waitSignal(panel.parameters_requested) as asked:
        panel.measure.click()
    assert asked.args == ["block.conv1"]
    weight = TensorStatistics(name="weight", shape=(16, 16, 3, 3), dtype="float32", statistics=said.statistics(2))
    measured = ParametersMeasured(fqn="block.conv1", tensors=(weight,))
    panel.draw(replace(chosen, parameters={"block.conv1": measured}))
    assert "mean" in panel.parameters.rows()[0][1]
    assert not panel.measure.isVisible()


def test_a_module_that_was_not_called_says_so(panel: NodePanel):
    panel.draw(replace(RAN, selected_module="auxiliary"))
    assert panel.notes.text() == "This module was not called in the last run."
    assert panel.header.accessibleName() == "Linear auxiliary"


def test_a_failed_node_has_no_output(panel: NodePanel):
    failed = replace(RAN, run=RunState(graph=said.graph(up_to=10), failure=said.failure()), selected_node=10)
    subject = subject_of(failed)
    assert subject is not None
    assert subject.failed
    assert [name for name, _ in subject.shapes] == ["in"]
    panel.draw(failed)
    assert not panel.histogram.isVisible()


def test_before_a_run_a_module_shows_what_is_known(panel: NodePanel):
    panel.draw(replace(RAN, run=RunState(), selected_module="classifier"))
    assert "Run the model" in panel.empty.text()
    assert ("parameters", "170") in panel.figures.rows()


def test_a_profile_shows_medians_with_their_range_shares_and_memory(panel: NodePanel):
    profiled = replace(RAN, run=replace(RAN.run, profile=said.profile(7, 2)))
    panel.draw(replace(profiled, selected_node=4, selected_module="block.conv1"))
    told, found = dict(panel.figures.rows()), said.profile(7, 2).nodes[4]
    assert told["time"] == (
        f"{seconds_text(found.elapsed_s)}  ({seconds_text(found.fastest_s)} – {seconds_text(found.slowest_s)})"
    )
    assert told["share of all"] == percent_text(found.elapsed_s / said.profile(7, 2).observed_s)
    assert told["peak memory"] == bytes_text(found.peak_bytes)
    panel.draw(replace(profiled, selected_module="block"))
    told = dict(panel.figures.rows())
    assert "without the modules inside" in told["self time"]
    assert told["time"].startswith(seconds_text(said.profile(7, 2).group_s[group_of("block")]))


def group_of(fqn: str) -> int:
    return next(group.id for group in said.graph().groups if group.fqn == fqn)


@pytest.mark.parametrize("width", [LEAST_WIDTH, 320, 600])
def test_nothing_in_the_panel_is_wider_than_the_panel(panel: NodePanel, qtbot: QtBot, width: int):
    panel.resize(width, 700)
    panel.draw(replace(RAN, selected_node=4, selected_module="block.conv1"))
    for mode in ("off", "histogram", "pictures", "values"):
        panel.tensor.mode.button(mode).click()
        for page in (panel.tensor.pictures, panel.tensor.values):
            page.setVisible(mode != "off")
        qtbot.waitUntil(lambda: panel.widget().width() <= panel.viewport().width())
