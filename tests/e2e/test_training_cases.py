"""Cases C1 to C4 in the real window with a real engine, and on its own line of code the ladder of trust."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from window_with_engine import Person, person_at_window

from inspector.places import samples_folder

CASES = samples_folder() / "cases"
SOURCES = {name: next(CASES.glob(f"{name}_*.py")) for name in ("c1", "c2", "c3", "c4")}


@pytest.fixture(scope="module")
def case_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training")


def opened(person: Person, source: Path, entry: str = "") -> None:
    person.window.session.files.open(str(source), entry=entry)
    person.wait(lambda: person.state.run.has_run)
    person.settle()


def choose(person: Person, name: str, key: str) -> None:
    box = person.widget(name)
    box.setCurrentIndex(box.findData(key))
    box.activated.emit(box.currentIndex())


def backward(person: Person):
    person.click("training_run")
    person.wait(lambda: not person.state.pending and person.state.run.gradients is not None)
    return person.state.run.gradients


def test_cases_c1_to_c4_are_answered_in_the_window(qtbot: QtBot, case_folder: Path) -> None:
    with person_at_window(qtbot, case_folder, *SOURCES.values()) as person:
        person.window.docks["training"].raise_()
        opened(person, SOURCES["c1"], "SigmoidForSquaredError")
        choose(person, "training_loss", "mse")
        flow = backward(person)
        assert [row.reached for row in flow.parameters] == ["reached", "reached"]
        assert [finding.rule for finding in flow.findings] == ["squared_error_on_sigmoid"]

        assert person.widget("finding_squared_error_on_sigmoid").isVisible(), "in the panel Findings too"

        opened(person, SOURCES["c2"], "RawLogits")
        assert backward(person).findings == (), "cross-entropy on logits is right"
        choose(person, "training_transform", "softmax")
        choose(person, "training_loss", "cross_entropy")
        flow = backward(person)
        assert flow.transform.kind == "softmax"
        assert [finding.rule for finding in flow.findings] == ["loss_on_probabilities"]

        opened(person, SOURCES["c3"], "ScaledOutput")
        flow = backward(person)
        (finding,) = flow.findings
        assert finding.evidence["factor"] == pytest.approx(2.0)

        opened(person, SOURCES["c4"], "LargestIndex")
        flow = backward(person)
        (stop,) = flow.stops
        assert stop.op == "argmax"
        assert "argmax" in person.widget("training_sentence").text()
        person.window.panels.training.strip.followed.emit()
        person.wait(lambda: person.state.selected_node == stop.node)
        assert person.state.run.graph.nodes[stop.node].op == "argmax"


def test_a_line_of_code_runs_in_the_sandbox_once_its_button_is_pressed(qtbot: QtBot, case_folder: Path) -> None:
    canary = case_folder / "canary"
    with person_at_window(qtbot, case_folder, *SOURCES.values()) as person:
        person.window.docks["training"].raise_()
        opened(person, SOURCES["c3"], "ScaledOutput")
        choose(person, "training_transform", "line")
        field = person.widget("training_line")
        qtbot.keyClicks(field, "torch.round(x)")
        person.wait(lambda: person.state.training.transform.line == "torch.round(x)")
        person.window.session.training.trace()
        person.wait(lambda: any(problem.place == "training" for problem in person.state.problems))
        assert person.state.run.gradients is None
        flow = backward(person)
        assert [(stop.op, stop.kind) for stop in flow.stops] == [("round", "zero")]

        field.clear()
        qtbot.keyClicks(field, f"open({str(canary)!r}, 'w')")
        person.wait(lambda: "open(" in person.state.training.transform.line)
        person.click("training_run")
        person.wait(lambda: any(problem.place == "training" for problem in person.state.problems))
        assert not canary.exists()
