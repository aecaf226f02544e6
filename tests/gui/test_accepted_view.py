"""The shapes that a model takes, in the input panel: asked for, told, chosen; and the nearest on a failure's card."""

from dataclasses import replace

import pytest
from panel_states import loaded_model
from PySide6.QtCore import Qt

from inspector.client import fake_messages as said
from inspector.core.input_shapes import can_take, in_shape
from inspector.gui import asking
from inspector.gui.findings_panel.panel import finding_of
from inspector.gui.input_panel import InputPanel
from inspector.gui.input_panel.accepted import SEARCHING
from inspector.gui.state import WindowState
from inspector.protocol.graph import Failure, NearestInput
from inspector.protocol.inputs import ArrayInput, ImageInput, NamedInput, Preprocess, RandomInput

OPEN = WindowState(model=loaded_model())
FOUND = replace(OPEN, accepted=said.accepted())
PICTURE = NamedInput(source=ImageInput(paths=("a.png",), preprocess=Preprocess(height=32, width=32)), name="x")


@pytest.fixture
def panel(qtbot):
    made = InputPanel()
    qtbot.addWidget(made)
    made.resize(300, 520)
    made.show()
    made.draw(OPEN)
    return made


def test_the_search_is_asked_for_with_a_button_and_said_while_it_goes_on(panel, qtbot):
    with qtbot.waitSignal(panel.accepted.search_requested):
        qtbot.mouseClick(panel.accepted.button, Qt.MouseButton.LeftButton)
    panel.draw(replace(OPEN, pending={4: "shapes"}))
    assert panel.accepted.sentence.text() == SEARCHING
    assert not panel.accepted.button.isVisible()


def test_what_runs_is_told_with_why_and_can_be_chosen(panel, qtbot):
    panel.draw(FOUND)
    assert panel.accepted.sentence.text().startswith('Takes 32×32 to 35×35: Linear "fc" expects 400 features.')
    chips = panel.accepted.chips()
    assert [chip.text() for chip in chips] == ["32×32", "35×35"]
    qtbot.waitUntil(lambda: chips[0].visibleRegion().boundingRect().height() == chips[0].height())
    with qtbot.waitSignal(panel.accepted.choice_requested) as chosen:
        qtbot.mouseClick(chips[1], Qt.MouseButton.LeftButton)
    assert chosen.args[0].shapes == ((1, 3, 35, 35),)


def test_another_model_begins_without_an_answer(panel):
    panel.draw(FOUND)
    panel.draw(OPEN)
    assert panel.accepted.chips() == ()
    assert panel.accepted.button.isVisible()


def test_a_chosen_shape_changes_the_random_input_and_the_way_pictures_are_resized():
    state = asking.with_shapes(OPEN, ((1, 3, 35, 35),))
    assert [given.source.shape for given in state.settings.inputs] == [(1, 3, 35, 35)]
    fed = asking.with_settings(OPEN, inputs=(PICTURE,))
    state = asking.with_shapes(fed, ((1, 3, 35, 35),))
    assert (state.preprocess.height, state.preprocess.width) == (35, 35)
    assert state.settings.inputs[0].source.preprocess == state.preprocess


def test_shapes_of_other_inputs_than_are_fed_change_nothing():
    assert asking.with_shapes(OPEN, ((1, 3, 35, 35), (1, 8))) is OPEN


def test_a_picture_keeps_its_batch_and_a_file_its_shape():
    assert can_take(PICTURE, (1, 3, 28, 28), (1, 3, 32, 32))
    assert not can_take(PICTURE, (4, 3, 28, 28), (1, 3, 32, 32))
    array = NamedInput(source=ArrayInput(path="x.npy"))
    assert in_shape(array, (1, 2)) is array
    assert not can_take(array, (1, 2), (1, 3))


def test_a_failures_card_offers_the_nearest_input():
    near = (NamedInput(source=RandomInput(shape=(1, 3, 28, 28)), name="x"),)
    failure = Failure(
        node=None,
        fqn="fc",
        op="Linear",
        message="no",
        input_shapes=(),
        fix="",
        nearest=NearestInput(inputs=near, label="Use 28×28"),
    )
    finding = finding_of(failure)
    assert finding.apply_label == "Use 28×28"
    assert asking.with_finding_applied(OPEN, finding).settings.inputs == near
