"""The panel Training: what is chosen is told, what came of it is shown, a line of code runs only by its button."""

from dataclasses import replace

import pytest
from panel_states import output_values
from PySide6.QtCore import Qt

from inspector.client import fake_messages as said
from inspector.client.fake_gradients import STOPS_AT, gradients
from inspector.core.losses import LOSSES, TRANSFORMS
from inspector.core.measures import NUMBERS, Measured
from inspector.gui.state import Problem, RunState, TrainingChoice, WindowState
from inspector.gui.training.controls import FIRST
from inspector.gui.training.flow import gradients_request, of_graph
from inspector.gui.training.panel import NO_MODEL, NOT_TRACED, TrainingPanel
from inspector.protocol.gradients import OutputTransform

FLOW = gradients("cross_entropy", OutputTransform()).flow


def open_state(**changes):
    given = {"model": said.model("digits.pth", "", ""), "run": RunState(graph=said.graph(), gradients=FLOW)}
    return WindowState(**(given | changes))


@pytest.fixture
def panel(qtbot):
    panel = TrainingPanel()
    qtbot.addWidget(panel)
    panel.resize(520, 320)
    panel.show()
    return panel


def choose(panel, box, key):
    box.setCurrentIndex(box.findData(key))
    box.activated.emit(box.currentIndex())


def test_an_empty_panel_says_what_it_is_for(panel) -> None:
    panel.draw(WindowState())
    assert panel.empty.text() == NO_MODEL
    assert not panel.controls.run.isEnabled()
    panel.draw(open_state(run=RunState()))
    assert panel.empty.text() == NOT_TRACED
    assert panel.controls.run.isEnabled()


def test_the_choosers_hold_the_tables(panel) -> None:
    controls = panel.controls
    assert [controls.loss.itemData(at) for at in range(controls.loss.count())] == ["", *LOSSES]
    assert [controls.transform.itemData(at) for at in range(controls.transform.count())] == [*TRANSFORMS]


def test_what_is_chosen_is_told_at_once(panel, qtbot) -> None:
    panel.draw(open_state())
    with qtbot.waitSignal(panel.choice_change_requested) as told:
        choose(panel, panel.controls.loss, "mse")
    assert told.args == [TrainingChoice(loss="mse")]
    with qtbot.waitSignal(panel.choice_change_requested) as told:
        choose(panel, panel.controls.transform, "scale_shift")
    assert told.args[0].transform == OutputTransform(kind="scale_shift", scale=2.0, shift=-1.0)
    panel.controls.target.setFocus()
    with qtbot.waitSignal(panel.choice_change_requested) as told:
        qtbot.keyClicks(panel.controls.target, "values 0.5")
    assert told.args[0].target.values == (0.5,)
    panel.controls.scale.clear()
    qtbot.keyClicks(panel.controls.scale, "two")
    qtbot.waitUntil(lambda: "must be a number" in panel.controls.mistake.text())


def test_the_output_is_chosen_where_there_are_several(panel, qtbot) -> None:
    one = (output_values([[1.0, 2.0, 3.0]], name="logits"),)
    both = (*one, output_values([[1.0, 2.0]], name="box"))
    panel.draw(open_state(run=RunState(graph=said.graph(), outputs=one)))
    chooser = panel.controls.output
    assert not chooser.isVisible()
    panel.draw(open_state(run=RunState(graph=said.graph(), outputs=both)))
    assert [chooser.itemText(at) for at in range(chooser.count())] == [FIRST, "logits (1, 3)", "box (1, 2)"]
    with qtbot.waitSignal(panel.choice_change_requested) as told:
        choose(panel, chooser, 1)
    state = open_state(run=RunState(graph=said.graph(), outputs=both), training=told.args[0])
    panel.draw(state)
    assert chooser.currentText() == "box (1, 2)"
    assert gradients_request(state, run_line=False).output == 1
    gone = replace(state, run=replace(state.run, outputs=one))
    assert gradients_request(gone, run_line=False).output == -1, "what was chosen is no more"


def test_the_stop_is_said_and_a_click_goes_there(panel, qtbot) -> None:
    panel.draw(open_state())
    assert panel.strip.sentence.text() == FLOW.sentence
    assert "2.303" in panel.strip.caption.text()
    with qtbot.waitSignal(panel.node_selected) as told:
        qtbot.mouseClick(panel.strip, Qt.MouseButton.LeftButton)
    assert told.args == [STOPS_AT]


def test_the_plot_marks_what_got_none_and_the_table_sorts(panel, qtbot) -> None:
    panel.draw(open_state())
    assert "× cut off 3" in panel.plot._caption.text()
    assert "■ frozen 1" in panel.plot._caption.text()
    model = panel.model
    assert [model.index(row, 0).data() for row in range(3)] == [row.fqn for row in FLOW.parameters[:3]]
    model.sort(3, Qt.SortOrder.DescendingOrder)
    assert model.index(0, 0).data() == "classifier.weight"
    assert model.index(5, 3).data() == "–"
    panel.by.button("table").click()
    with qtbot.waitSignal(panel.module_selected) as told:
        panel.table.clicked.emit(model.index(0, 0))
    assert told.args == ["classifier"]


def test_findings_are_cards_that_lead_to_their_node(panel, qtbot) -> None:
    panel.draw(open_state())
    assert panel.by.button("advice").text() == "Advice (1)"
    panel.by.button("advice").click()
    card = panel.findChild(object, "finding_gradient_stops")
    with qtbot.waitSignal(panel.node_selected) as told:
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert told.args == [STOPS_AT]


def test_a_line_of_code_runs_only_by_the_button_that_says_so(panel, qtbot) -> None:
    panel.draw(open_state())
    choose(panel, panel.controls.transform, "line")
    controls = panel.controls
    assert controls.run.text() == "Run this line"
    assert not controls.run.isEnabled()
    assert "code" in controls.mistake.text()
    with qtbot.waitSignal(panel.choice_change_requested) as told:
        qtbot.keyClicks(controls.line, "y = x * 2")
    panel.draw(open_state(training=told.args[0]))
    with qtbot.assertNotEmitted(panel.line_requested), qtbot.assertNotEmitted(panel.trace_requested):
        qtbot.keyClick(controls.line, Qt.Key.Key_Return)
    with qtbot.waitSignal(panel.line_requested) as told, qtbot.assertNotEmitted(panel.trace_requested):
        qtbot.mouseClick(controls.run, Qt.MouseButton.LeftButton)
    assert told.args == ["y = x * 2"]


def test_while_it_runs_the_button_stops_it(panel, qtbot) -> None:
    panel.draw(open_state(pending={3: "gradients"}))
    assert panel.controls.run.text() == "Stop"
    with qtbot.waitSignal(panel.cancel_requested):
        qtbot.mouseClick(panel.controls.run, Qt.MouseButton.LeftButton)


def test_what_went_wrong_is_said_in_place(panel) -> None:
    panel.draw(open_state(problems=(Problem("training", "It failed", "Mend it."),)))
    assert panel.strip.sentence.text() == "It failed. Mend it."


def test_places_in_another_graph_are_left_out() -> None:
    assert of_graph(FLOW, said.graph()) is FLOW
    other = of_graph(FLOW, said.graph(up_to=5))
    assert other.nodes == ()
    assert [stop.node for stop in other.stops] == [None]
    assert [finding.node for finding in other.findings] == [None]


def test_the_gradient_is_a_measure_of_the_graphs_nodes() -> None:
    told = Measured(said.graph(), None, FLOW.nodes).column(NUMBERS["gradient"])
    assert told[STOPS_AT + 1] == pytest.approx(0.1 * (STOPS_AT + 1))
    assert str(told[STOPS_AT]) == "nan"
