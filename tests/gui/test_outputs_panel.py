"""The outputs panel: the numbers of the reference cases, and what each control does to them."""

import csv
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from panel_states import evaluated, loaded_model, output_values, ran
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from inspector.gui.outputs_panel import OutputsPanel
from inspector.gui.outputs_panel.class_names import read_class_names
from inspector.gui.outputs_panel.model import BAR_ROLE
from inspector.gui.state import PreviewState, RunState, WindowState
from inspector.protocol.events import InputPrepared
from inspector.protocol.files import KeysReport
from inspector.protocol.graph import Failure
from inspector.protocol.outputs import Verdict

E2 = [[-4.6320, 1.3062, 3.2554]]


@pytest.fixture
def panel(qtbot):
    made = OutputsPanel()
    qtbot.addWidget(made)
    made.resize(500, 400)
    made.show()
    return made


def cells(panel, column):
    """A column's texts, from the top: 0 index, 1 class, 2 raw, 3 softmax, 4 sigmoid."""
    return [panel.model.index(row, column).data() for row in range(panel.model.rowCount())]


def header(panel, column):
    return panel.model.headerData(column, Qt.Orientation.Horizontal)


def in_order(panel):
    if panel.order.isChecked():
        panel.order.click()


def test_case_e2_shows_the_three_readings_side_by_side(panel):
    panel.draw(ran(output_values(E2, "logits")))
    in_order(panel)
    assert cells(panel, 0) == ["0", "1", "2"]
    assert cells(panel, 2) == ["-4.6320", "1.3062", "3.2554"]
    assert cells(panel, 3) == ["0.0003", "0.1246", "0.8751"]
    assert cells(panel, 4) == ["0.0096", "0.7869", "0.9629"]
    assert header(panel, 3) == "✓ softmax"
    assert "✓ softmax fits" in panel.evidence.text()


@pytest.mark.parametrize("width", range(300, 500, 10))
def test_no_line_of_the_outputs_facts_is_cut_through(panel, width):
    panel.resize(width, 400)
    panel.draw(ran(output_values(np.linspace(-0.1034, 0.0923, 45 * 16).reshape(1, 16, 45), "features")))
    QApplication.processEvents()
    facts = panel.facts
    assert facts.heightForWidth(facts.width()) <= facts.maximumHeight() + 1
    assert "mean" in facts.toolTip()


def test_case_e3_sigmoids_need_not_sum_to_one(panel):
    panel.draw(ran(output_values([[-3.0, 5.0]], "logits")))
    in_order(panel)
    assert cells(panel, 3) == ["0.0003", "0.9997"]
    assert cells(panel, 4) == ["0.0474", "0.9933"]


def test_case_a1_marks_raw_and_says_what_a_second_softmax_does(panel):
    panel.draw(ran(output_values([[0.2, 0.5, 0.3]], "probabilities")))
    assert header(panel, 2) == "✓ raw"
    assert header(panel, 3) == "softmax"
    note = panel.model.index(0, 3).data(Qt.ItemDataRole.ToolTipRole)
    assert "0.576" in note
    assert panel.model.index(0, 3).data(BAR_ROLE)[3], "the softmax column is dimmed"


def test_case_a2_says_always_1_instead_of_100_percent(panel):
    panel.draw(ran(output_values([[0.63]], "independent_probabilities")))
    assert cells(panel, 3) == ["always 1"]
    assert panel.model.index(0, 3).data(BAR_ROLE)[3]
    assert "always 1" in panel.model.index(0, 3).data(Qt.ItemDataRole.ToolTipRole)
    assert header(panel, 2) == "✓ raw"
    assert [(one.name, round(one.probability, 2)) for one in panel.answer.top()] == [
        ("class 1", 0.63),
        ("class 0", 0.37),
    ]


def test_case_a3_dims_both_readings_of_a_regression(panel):
    panel.draw(ran(output_values([[17.25]], "regression")))
    assert cells(panel, 2) == ["17.2500"]
    assert all(panel.model.index(0, column).data(BAR_ROLE)[3] for column in (3, 4))
    assert panel.answer.top() == ()


def test_what_is_random_in_the_model_stands_above_its_outputs(panel):
    state = ran(output_values([2.0, 1.0]))
    panel.draw(state)
    assert not panel.random.isVisibleTo(panel)
    keys = KeysReport(
        matched=6, missing=("head.weight", "head.bias"), random=("head.weight", "head.bias"), num_parameters=8
    )
    panel.draw(replace(state, model=msgspec.structs.replace(state.model, keys=keys)))
    assert panel.random.text() == "2 of 8 parameter tensors are random: head.weight, head.bias"
    assert panel.random.isVisibleTo(panel)


def test_rows_are_sorted_by_value_and_cut_to_the_highest(panel):
    panel.draw(ran(output_values(E2, "logits")))
    assert cells(panel, 0) == ["2", "1", "0"]
    panel.top.setValue(2)
    assert cells(panel, 0) == ["2", "1"]
    in_order(panel)
    assert cells(panel, 0) == ["1", "2"]


def test_the_temperature_redraws_without_a_run(panel):
    panel.draw(ran(output_values(E2, "logits")))
    panel.temperature.set_value(10.0)
    softened = np.exp(np.array(E2[0]) / 10)
    softened /= softened.sum()
    assert cells(panel, 3) == [f"{value:.4f}" for value in sorted(softened, reverse=True)]
    panel.temperature.set_value(1.0)
    assert cells(panel, 3)[0] == "0.8751"


def test_the_threshold_counts_what_passes(panel):
    panel.draw(ran(output_values(E2, "logits")))
    assert "above" not in panel.evidence.text()
    panel.threshold.set_value(0.8)
    assert "1 of 3 are above 0.80 in sigmoid" in panel.evidence.text()
    panel.threshold.set_value(0.75)
    assert "2 of 3 are above 0.75" in panel.evidence.text()


@pytest.mark.parametrize(("names", "can"), [(("cat", "dog", "owl"), False), ((), False), (("a", "b", "c"), True)])
def test_names_are_forgotten_for_the_models_own_which_cannot_be(panel, names, can):
    model = loaded_model(class_names=("cat", "dog", "owl"))
    panel.draw(replace(ran(output_values(E2, "logits"), class_names=names), model=model))
    forget = panel._names_menu().actions()[-1]
    assert forget.text() == "Forget the names"
    assert forget.isEnabled() == can


def test_class_names_are_shown_and_the_answer_names_the_top_class_beside_the_picture(panel):
    picture = np.full((8, 8, 3), 200, np.uint8)
    preview = PreviewState(InputPrepared(shape=(1, 1, 8, 8), dtype="float32", statistics=None), picture)
    panel.draw(ran(output_values(E2, "logits"), class_names=("cat", "dog", "<b>owl</b>"), preview=preview))
    assert cells(panel, 1) == ["<b>owl</b>", "dog", "cat"]
    assert panel.answer.top()[0].name == "<b>owl</b>"
    assert panel.answer.top()[0].probability == pytest.approx(0.8751, abs=1e-4)
    assert panel.answer._picture is picture


def test_names_that_do_not_fit_the_outputs_are_not_shown(panel):
    panel.draw(ran(output_values(E2, "logits"), class_names=("cat", "dog")))
    assert cells(panel, 1) == ["", "", ""]


def test_an_item_of_a_batch_can_be_chosen(panel):
    panel.draw(ran(output_values([[1.0, 2.0], [4.0, 3.0]], "logits")))
    assert cells(panel, 2) == ["2.0000", "1.0000"]
    panel.places.spin(0).setValue(1)
    assert cells(panel, 2) == ["4.0000", "3.0000"]


def test_each_item_has_its_own_value_where_the_output_has_one_an_item(panel):
    ages = output_values([[31.0], [7.5], [64.0]], "regression")
    tensor = msgspec.structs.replace(ages.tensor, shape=(3,), per_item=True)
    panel.draw(ran(replace(ages, tensor=tensor)))
    assert cells(panel, 2) == ["31.0000"]
    assert panel.facts.text().startswith("(3,) float32 · 7.5 … 64")
    panel.places.spin(0).setValue(2)
    assert cells(panel, 2) == ["64.0000"]


def test_a_feature_map_is_read_along_any_axis(panel):
    values = np.arange(2 * 3 * 2 * 2, dtype=np.float64).reshape(2, 3, 2, 2)
    panel.draw(ran(output_values(values, "features")))
    assert cells(panel, 2) == ["0.0000", "4.0000", "8.0000"]
    assert "0 … 23 · mean 11.5" in panel.facts.text()
    panel.places.spin(2).setValue(1)
    assert cells(panel, 2) == ["2.0000", "6.0000", "10.0000"]
    panel.places.axis.setCurrentIndex(3)
    panel.places.axis.activated.emit(3)
    assert cells(panel, 2) == ["2.0000", "3.0000"]


def test_one_of_several_outputs_can_be_chosen(panel):
    panel.draw(ran(output_values([[1.0, 2.0]], "logits", "logits"), output_values([[7.0]], "regression", "age")))
    assert panel.places.output.isVisible()
    panel.places.output.setCurrentIndex(1)
    panel.places.output.activated.emit(1)
    assert cells(panel, 2) == ["7.0000"]


def test_a_typed_expectation_is_asked_for_and_its_verdict_shown(panel, qtbot):
    panel.draw(ran(output_values(E2, "logits"), class_names=("cat", "dog", "owl")))
    panel.expectation.field.setFocus()
    with qtbot.waitSignal(panel.expectation_change_requested) as asked:
        qtbot.keyClicks(panel.expectation.field, "dog")
    assert (asked.args[0].kind, asked.args[0].values) == ("class", (1.0,))
    verdict = Verdict(agrees=False, sentence="The highest is owl.", warnings=("(1,) would broadcast.",))
    state = panel._state
    panel.draw(replace(state, run=replace(state.run, verdict=verdict)))
    assert panel.expectation.sentence.text() == "✗ The highest is owl.\n⚠ (1,) would broadcast."


def test_an_expectation_that_can_not_be_read_is_said_in_place(panel, qtbot):
    panel.draw(ran(output_values(E2, "logits")))
    with qtbot.assertNotEmitted(panel.expectation_change_requested):
        qtbot.keyClicks(panel.expectation.field, "wolf")
        qtbot.keyPress(panel.expectation.field, Qt.Key.Key_Return)
    assert panel.expectation.sentence.isVisible()
    assert panel.expectation.sentence.text()


def test_the_csv_holds_all_classes_with_the_three_readings(panel, tmp_path):
    panel.draw(ran(output_values(E2, "logits"), class_names=("cat", "dog", "owl")))
    panel.top.setValue(1)
    target = tmp_path / "out.csv"
    panel.export_csv(str(target))
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == ["cat", "dog", "owl"]
    assert [float(row["raw"]) for row in rows] == E2[0]
    assert sum(float(row["softmax"]) for row in rows) == pytest.approx(1, abs=1e-12)
    assert float(rows[1]["sigmoid"]) == pytest.approx(1 / (1 + np.exp(-1.3062)), abs=1e-12)


def test_the_table_is_copied_with_its_headers(panel):
    panel.draw(ran(output_values([[-3.0, 5.0]], "logits")))
    panel.copy_button.click()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t") == ["#", "class", "raw", "✓ softmax", "sigmoid"]
    assert lines[1].split("\t") == ["1", "", "5.0000", "0.9997", "0.9933"]


def test_class_names_come_from_lines_lists_and_indexed_objects(panel, tmp_path, qtbot):
    lines = tmp_path / "names.txt"
    lines.write_text("cat\ndog\n\n", encoding="utf-8")
    with qtbot.waitSignal(panel.class_names_change_requested) as asked:
        panel.load_class_names(str(lines))
    assert asked.args == [("cat", "dog")]
    listed = tmp_path / "names.json"
    listed.write_text('{"1": "dog", "0": ["n01", "cat"]}', encoding="utf-8")
    assert read_class_names(str(listed)) == ("cat", "dog")
    listed.write_text('{"dog": 1, "cat": 0}', encoding="utf-8")
    assert read_class_names(str(listed)) == ("cat", "dog")


@pytest.mark.parametrize("text", ['{"0": "cat", "2": "dog"}', "[", "\n\n", '{"a": "b"}'])
def test_a_file_without_names_is_said_in_a_sentence(panel, tmp_path, qtbot, text):
    path = tmp_path / "names.json"
    path.write_text(text, encoding="utf-8")
    with qtbot.assertNotEmitted(panel.class_names_change_requested):
        panel.load_class_names(str(path))
    assert "names.json" in panel.problem.text()


def test_a_failed_run_is_said_with_its_fix_instead_of_a_table(panel):
    failure = Failure(
        node=3,
        fqn="fc",
        op="linear",
        message="mat1 and mat2 shapes cannot be multiplied (32x128 and 138x10)",
        input_shapes=((32, 128),),
        fix="Set in_features to 128.",
    )
    panel.draw(WindowState(model=loaded_model(), run=RunState(failure=failure)))
    assert "fc (linear) failed: mat1 and mat2" in panel.problem.text()
    assert "It was given (32, 128)." in panel.problem.text()
    assert panel.fix.text() == "Set in_features to 128."
    assert not panel.view.isVisible()


def test_an_empty_window_says_what_to_do(panel):
    panel.draw(WindowState())
    assert panel.empty.isVisible()
    assert panel.empty.text().startswith("Open a model")


def test_nan_is_shown_as_such_and_goes_last(panel):
    panel.draw(ran(output_values([[np.nan, 2.0, 1.0]], "unknown")))
    assert cells(panel, 2) == ["2.0000", "1.0000", "NaN"]
    assert "1 NaN or infinite" in panel.facts.text()


def test_a_hundred_thousand_rows_are_drawn(panel):
    values = np.random.default_rng(0).normal(size=(1, 100_000))
    state = ran(output_values(values, "logits"))
    panel.draw(state)
    panel.grab()
    assert panel.model.rowCount() == 100_000


def test_drawing_the_same_state_again_does_nothing(panel, qtbot):
    state = ran(output_values(E2, "logits"))
    panel.draw(state)
    with qtbot.assertNotEmitted(panel.model.dataChanged), qtbot.assertNotEmitted(panel.model.modelReset):
        panel.draw(replace(state, revision=2))


def test_the_names_of_the_test_folder_can_be_taken(panel, qtbot):
    state = replace(ran(output_values(E2, "logits")), evaluation=evaluated([[1, 0, 0]] * 3, ("cat", "dog", "owl")))
    panel.draw(state)
    assert panel.names_from_folder() == ("cat", "dog", "owl")
    panel.draw(replace(state, evaluation=evaluated([[1, 0]] * 2, ("cat", "dog"))))
    assert panel.names_from_folder() == (), "the third output has no name there"


@pytest.mark.parametrize(("width", "height"), [(260, 220), (500, 330), (700, 240), (1200, 800)])
def test_the_table_has_room_and_no_sideways_scrolling_at_any_size(panel, width, height):
    panel.draw(ran(output_values(np.arange(10.0)[None] - 5, "logits"), class_names=tuple("abcdefghij")))
    panel.resize(width, height)
    QApplication.processEvents()
    assert panel.view.viewport().height() >= 40
    assert not panel.view.horizontalScrollBar().isVisible()
    header = panel.view.horizontalHeader()
    assert sum(header.sectionSize(column) for column in range(header.count())) <= panel.view.viewport().width()
    assert panel.answer.isVisible() == (height >= 270 or width >= 560)
