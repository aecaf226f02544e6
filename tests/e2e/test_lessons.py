"""Every lesson, step by step, in a real window with a real engine: what a card says is what the window shows."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from window_with_engine import Person, person_at_window

from inspector.gui.lessons import GROUPS, Lesson
from inspector.gui.lessons.guide import node_named, whole_step
from inspector.places import samples


def found(person: Person) -> dict[str, str]:
    """Rule and severity of all that is found, of the run and of the test folder."""
    told = (*person.state.run.findings.findings, *person.state.evaluation.findings.findings)
    return {one.rule: one.severity for one in told}


def check(person: Person, lesson: Lesson) -> None:
    """Where the guide stands, the window shows what the card says."""
    guide = person.window.tour.guide
    step, where = whole_step(lesson, guide.place), f"{lesson.name}, step {guide.place + 1}"
    assert person.window.tour.card.isVisible(), where
    assert person.widget("lesson_title").text() == step.title, where
    state, rules = person.state, found(person)
    assert state.model is not None, f"{where}: {state.problems}"
    assert (state.run.failure is not None) == step.fails, f"{where}: {state.run.failure}"
    assert set(step.rules) <= rules.keys(), f"{where}: {rules}"
    if step.fails:
        assert state.run.failure is not None
        assert state.run.failure.fix, where
    if step.quiet:
        assert "warning" not in rules.values(), f"{where}: {rules}"
        assert "error" not in rules.values(), f"{where}: {rules}"
    if step.node:
        assert state.run.graph is not None, where
        assert node_named(state.run.graph, step.node) == state.selected_node, where
    if state.run.axes is not None and not step.evaluate:  # an evaluation comes before the axes
        assert "another request" not in state.run.axes.note, where
    if step.expected:
        assert state.run.verdict is not None, where
    if step.swap is not None:
        assert state.run.comparison is not None, where
    if step.training is not None:
        flow = state.run.gradients
        assert flow is not None, where
        assert flow.loss == step.training.loss, where
        assert flow.problem == "", where
        assert any(one.reached in {"zero", "cut off"} for one in flow.parameters) == step.cuts, f"{where}: {flow}"
    if step.against:
        compared = state.comparison
        assert compared.weights is not None, where
        assert (compared.weights.num_changed, compared.weights.num_same > 0) == (0, True), where
        assert compared.runs is not None, where
        assert compared.runs.first is not None, where
    if step.evaluate:
        assert state.evaluation.finished is not None, where
    target = person.window.centre if step.dock == "graph" else person.window.docks[step.dock]
    assert target.isVisible(), f"{where}: {step.dock}"
    assert person.widget("lesson_spotlight").isVisible(), where


@pytest.mark.parametrize("group", GROUPS)
def test_each_step_of_each_lesson_shows_what_its_card_says(qtbot: QtBot, tmp_path: Path, group: str) -> None:
    with person_at_window(qtbot, tmp_path, samples=samples()) as person:
        guide = person.window.tour.guide
        for lesson in GROUPS[group]:
            person.window.tour.start(lesson)
            for place in range(len(lesson.steps)):
                person.wait(lambda place=place: guide.place == place and not guide.busy and not person.state.pending)
                check(person, lesson)
                person.click("lesson_next")
            assert guide.lesson is None, "the last button closes the lesson"
            assert not person.widget("lesson_card").isVisible()
            assert not person.widget("lesson_spotlight").isVisible()


def test_an_empty_window_offers_the_lessons(qtbot: QtBot, tmp_path: Path) -> None:
    with person_at_window(qtbot, tmp_path, samples=samples()) as person:
        person.click("lesson_b2")
        person.wait(lambda: person.state.run.failure is not None)
        assert person.widget("lesson_title").text() == "It fails"


def test_going_back_brings_the_broken_sample_again_and_another_file_is_put_aside(qtbot: QtBot, tmp_path: Path) -> None:
    lesson = GROUPS["The output's size is not what I expected"][1]
    own = tmp_path / "own.py"
    own.write_text("import torch\nmodel = torch.nn.Linear(3, 2)\n")
    with person_at_window(qtbot, tmp_path, own, samples=samples()) as person:
        guide = person.window.tour.guide
        person.window.tour.start(lesson)
        person.wait(lambda: not guide.busy and not person.state.pending)
        person.click("lesson_next")
        person.wait(lambda: not guide.busy and not person.state.pending)
        assert person.state.run.failure is None
        person.click("lesson_back")
        person.wait(lambda: not guide.busy and not person.state.pending)
        assert person.state.run.failure is not None
        person.drop(own)
        person.wait(
            lambda: person.state.model is not None and person.state.path == str(own) and not person.state.pending
        )
        person.click("lesson_next")
        person.wait(lambda: not guide.busy and not person.state.pending)
        check(person, lesson)
