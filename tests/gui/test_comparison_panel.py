"""The comparison panel: what it says while there is nothing to show, and what it offers next."""

from dataclasses import replace

import pytest
from panel_states import evaluated, loaded_model

from inspector.client import fake_comparison as compared
from inspector.client import fake_messages as said
from inspector.gui.comparison.panel import ComparisonPanel
from inspector.gui.run_bar import DTYPES
from inspector.gui.state import ComparisonState, WindowState
from inspector.protocol.comparison import Side

BEGUN = ComparisonState(begun=True, path="/b.pth", weights=compared.weights_report())
BOTH = replace(BEGUN, runs=compared.runs_compared())


@pytest.fixture
def panel(qtbot):
    made = ComparisonPanel()
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    return made


def state(comparison, **more):
    return WindowState(path="/a.pth", model=loaded_model(), comparison=comparison, **more)


@pytest.mark.parametrize(
    ("comparison", "told"),
    [
        (replace(BEGUN, alone=True), "The weights were compared alone: nothing ran."),
        (replace(BEGUN, running=True), "Running both …"),
        (BEGUN, "The two were not run side by side: compare again."),
    ],
    ids=["weights alone", "under way", "stopped"],
)
def test_why_nothing_ran_is_said_on_every_page_that_needs_a_run(panel, comparison, told):
    panel.draw(state(BOTH))
    panel.draw(state(comparison))
    assert panel.nodes.empty.text() == told
    assert panel.outputs.sentence.text() == told
    assert panel.folder.sentence.text() == told
    assert not panel.folder.go.isVisibleTo(panel.folder)


@pytest.mark.parametrize("dtype", [key for key, _ in DTYPES])
def test_every_dtype_that_a_run_may_have_is_shown_as_bs(panel, dtype):
    panel.draw(state(replace(BOTH, b=Side(dtype=dtype))))
    assert panel.head.dtype.currentData() == dtype


def test_differing_rows_come_first_and_all_of_them_when_asked_for(panel):
    panel.draw(state(BOTH))
    report = BOTH.weights
    assert len(panel.weights.table.both.rows) == report.num_changed
    panel.weights.which.button("all").click()
    assert len(panel.weights.table.both.rows) == len(report.rows)
    panel.draw(state(replace(BOTH, weights=None)))
    assert panel.weights.table.isHidden()
    assert panel.weights.empty.text() == ""


def test_the_first_node_that_differs_is_marked_and_a_click_goes_there(panel, qtbot):
    panel.draw(state(replace(BOTH, page="nodes")))
    rows = panel.nodes.table.both.rows
    (first,) = [row for row in rows if row.is_first]
    assert panel.nodes.table.both.marked is first
    with qtbot.waitSignal(panel.node_selected) as chosen:
        panel.nodes.table.clicked.emit(panel.nodes.table.both.index(rows.index(first), 0))
    assert chosen.args == [first.pair.a]


def test_both_can_be_run_over_the_folder_that_is_chosen_by_now(panel, qtbot):
    evaluation = evaluated([[3, 1], [0, 4]], ("cat", "dog"))
    panel.draw(state(replace(BOTH, page="folder"), evaluation=evaluation))
    assert panel.folder.go.text() == "Run both over the folder"
    done = replace(BOTH, page="folder", folder=compared.folder_compared("/other", 8))
    panel.draw(state(done, evaluation=evaluation))
    assert panel.folder.go.text() == "Run again"
    with qtbot.waitSignal(panel.folder_requested):
        panel.folder.go.click()
    panel.draw(state(replace(done, running=True), evaluation=evaluation))
    assert not panel.folder.go.isEnabled()


def test_one_question_takes_the_place_of_the_other_and_comes_back(panel):
    consent = state(replace(BEGUN, consent=said.consent("/b.pth")))
    panel.draw(consent)
    card = panel.question.widget()
    assert card.objectName() == "comparison_consent"
    panel.draw(state(replace(BEGUN, entry_needed=said.entry_needed())))
    assert panel.question.widget().objectName() == "comparison_entry"
    panel.draw(consent)
    assert panel.question.widget() is card
    panel.draw(state(BEGUN))
    assert not panel.question.isVisible()
