"""The list of findings."""

from dataclasses import replace

import msgspec
import pytest
from finding_widgets import child, press
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from inspector.client import fake_messages as said
from inspector.gui.findings_panel import FindingsPanel
from inspector.gui.state import RunState, WindowState

RAN = WindowState(run=RunState(graph=said.graph()))
FOUND = replace(RAN, run=replace(RAN.run, findings=said.findings()))


@pytest.fixture
def panel(qtbot: QtBot) -> FindingsPanel:
    made = FindingsPanel()
    qtbot.addWidget(made)
    made.resize(320, 500)
    made.show()
    return made


def test_before_and_after_a_healthy_run_it_says_which(panel: FindingsPanel):
    panel.draw(WindowState())
    assert "once the model has run" in panel.sentence.text()
    panel.draw(RAN)
    assert panel.sentence.text().startswith("No findings")


def test_a_finding_shows_severity_sentence_numbers_and_fix(panel: FindingsPanel):
    panel.draw(FOUND)
    assert panel.count() == 2
    card = child(panel, "finding_input_range")
    assert card.accessibleName().startswith("warning: The first layer sees values")
    assert child(card, "finding_evidence").text() == "min 0 · max 255"
    assert child(card, "finding_fix").text() == "→ Scale the picture to [0, 1]."
    button = child(card, "apply_finding")
    assert not button.isHidden()
    assert not child(panel, "finding_uncalled_module").findChildren(type(button), "apply_finding")


def test_a_failed_run_comes_first_with_its_fix_and_leads_to_its_node(panel: FindingsPanel, qtbot: QtBot):
    failed = replace(FOUND, run=replace(FOUND.run, failure=said.failure()))
    panel.draw(failed)
    assert panel.count() == 3
    assert panel.sentence.isHidden()
    card = child(panel, "finding_run_failed")
    assert child(card, "finding_message").text().startswith("classifier (Linear) failed: ")
    assert child(card, "finding_evidence").text() == "given (1, 64)"
    assert "in_features=64" in child(card, "finding_fix").text()
    qtbot.waitUntil(lambda: card.y() < child(panel, "finding_input_range").y())
    with qtbot.waitSignal(panel.node_selected) as followed:
        qtbot.keyClick(card, Qt.Key.Key_Return)
    assert followed.args == [10]


@pytest.mark.parametrize("width", [240, 307, 400])
def test_the_page_ends_with_its_last_card(panel: FindingsPanel, qtbot: QtBot, width: int):
    fix = 'Linear "linear" expects 12,544 = 64·14·14 features, which an input of 28×28 gives; or set in_features=16384.'
    message = "mat1 and mat2 shapes cannot be multiplied (32×16384 and 12544×10)"
    long = msgspec.structs.replace(said.failure(), message=message, fix=fix)
    panel.resize(width, 120)
    panel.draw(replace(RAN, run=replace(RAN.run, failure=long)))
    page = panel.widget()
    qtbot.waitUntil(lambda: page.height() > panel.viewport().height())
    assert page.height() == page.heightForWidth(page.width())


def test_following_applying_and_copying(panel: FindingsPanel, qtbot: QtBot):
    panel.draw(FOUND)
    card = child(panel, "finding_input_range")
    with qtbot.waitSignal(panel.node_selected) as followed:
        qtbot.keyClick(card, Qt.Key.Key_Return)
    assert followed.args == [0]
    with qtbot.waitSignal(panel.apply_requested) as applied:
        press(qtbot, child(card, "apply_finding"))
    assert applied.args == [said.findings().findings[0]]
    press(qtbot, child(card, "copy_fix"))
    assert "Scale the picture" in QGuiApplication.clipboard().text()


def test_rules_that_could_not_be_checked_are_behind_a_line(panel: FindingsPanel, qtbot: QtBot):
    panel.draw(FOUND)
    assert panel.unchecked_button.text() == "1 rule could not be checked"
    assert not panel.unchecked.isVisible()
    press(qtbot, panel.unchecked_button)
    assert panel.unchecked.text() == "saturation: no probabilities"
    assert panel.unchecked.isVisible()


def test_findings_of_the_evaluation_stand_beside_those_of_the_run(panel: FindingsPanel):
    panel.draw(replace(FOUND, evaluation=replace(FOUND.evaluation, findings=said.findings())))
    assert panel.count() == 4
