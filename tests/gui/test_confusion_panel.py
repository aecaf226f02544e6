"""The confusion panel: the figures of the reference cases, and the way from a cell to its images."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from panel_states import LOGITS, evaluated, loaded_model, output_values
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

from inspector.gui.confusion_panel import ConfusionPanel
from inspector.gui.confusion_panel.counting import RowCounter, head_of
from inspector.gui.confusion_panel.matrix_painting import share_text
from inspector.gui.confusion_panel.short_names import short_names
from inspector.gui.state import EvaluationState, Problem, RunState, WindowState
from inspector.protocol.evaluation import LabelRule, Skipped
from inspector.protocol.outputs import Head

E5 = [[84, 3, 0], [2, 78, 0], [0, 0, 6]]
NAMES = ("cat", "dog", "owl")


@pytest.fixture
def panel(qtbot):
    made = ConfusionPanel()
    qtbot.addWidget(made)
    made.resize(700, 420)
    made.show()
    return made


def state_of(evaluation, **changes):
    return WindowState(model=loaded_model(), evaluation=evaluation, **changes)


def figures(panel):
    model = panel.body.classes.figures
    return [[model.index(row, column).data() for column in range(5)] for row in range(model.rowCount())]


def click_cell(qtbot, panel, row, column):
    centre = panel.body.matrix.cell_rect(row, column).center()
    qtbot.mouseClick(panel.body.matrix, Qt.MouseButton.LeftButton, pos=centre)


def test_case_e5_gives_its_accuracy_recall_and_precision(panel):
    panel.draw(state_of(evaluated(E5, NAMES)))
    assert panel.counted().matrix.tolist() == E5
    assert [row[:3] for row in figures(panel)] == [
        ["cat", "0.9767", "0.9655"],
        ["dog", "0.9630", "0.9750"],
        ["owl", "1.0000", "1.0000"],
    ]
    assert [row[4] for row in figures(panel)] == ["87", "80", "6"]
    assert panel.summary.text().startswith("accuracy 97.11 % · balanced 98.02 %")


def test_figures_agree_with_scikit_learn(panel):
    matrix = np.random.default_rng(3).integers(0, 9, (7, 7))
    panel.draw(state_of(evaluated(matrix.tolist(), [f"c{place}" for place in range(7)])))
    counted = panel.counted()
    precision, recall, f1, support = precision_recall_fscore_support(counted.true, counted.claimed, zero_division=0)
    for place, row in enumerate(counted.per_class):
        assert row.precision == pytest.approx(precision[place], abs=1e-9)
        assert row.recall == pytest.approx(recall[place], abs=1e-9)
        assert row.f1 == pytest.approx(f1[place], abs=1e-9)
        assert row.support == support[place]
    assert counted.balanced_accuracy == pytest.approx(balanced_accuracy_score(counted.true, counted.claimed), abs=1e-9)


def test_undefined_figures_are_a_dash(panel):
    panel.draw(state_of(evaluated([[2, 0, 0], [1, 0, 0], [0, 0, 0]], NAMES)))
    assert figures(panel)[1][:4] == ["dog", "—", "0.0000", "0.0000"]
    assert figures(panel)[2] == ["owl", "—", "—", "—", "0"]


def test_cells_show_counts_and_shares(panel, qtbot):
    panel.draw(state_of(evaluated(E5, NAMES)))
    matrix = panel.body.matrix
    assert [matrix.content().text(0, column) for column in range(3)] == ["84", "3", ""]
    qtbot.mouseClick(panel.body.normalise.button("row"), Qt.MouseButton.LeftButton)
    assert [matrix.content().text(0, column) for column in range(2)] == [".97", ".03"]
    qtbot.mouseClick(panel.body.normalise.button("column"), Qt.MouseButton.LeftButton)
    assert matrix.content().shares[0, 0] == pytest.approx(84 / 86)
    qtbot.mouseClick(panel.body.normalise.button("all"), Qt.MouseButton.LeftButton)
    assert matrix.content().shares.sum() == pytest.approx(1)
    assert "true cat → predicted dog: 3 images" in matrix.cell_text(0, 1)
    assert "3.4 % of the row" in matrix.cell_text(0, 1)


def test_shares_are_short():
    assert [share_text(value) for value in (0.0, 0.034, 0.974, 0.999, 1.0)] == [".00", ".03", ".97", "1", "1"]


def test_a_click_on_a_cell_lists_its_images_and_a_click_on_one_runs_it(panel, qtbot):
    panel.draw(state_of(evaluated(E5, NAMES)))
    with qtbot.waitSignal(panel.thumbnails_requested) as asked:
        click_cell(qtbot, panel, 0, 1)
    assert panel.body.matrix.current() == (0, 1)
    listed = panel.body.images.images.images
    assert [image.path for image in listed] == ["/test/cat/84.png", "/test/cat/85.png", "/test/cat/86.png"]
    assert asked.args[0] == tuple(image.path for image in listed)
    expected = np.exp(4) / (np.exp(4) + 2)
    assert listed[0].probability == pytest.approx(expected)
    assert (listed[0].true, listed[0].predicted, listed[0].right) == ("cat", "dog", False)
    view = panel.body.images
    with qtbot.waitSignal(panel.image_run_requested) as run:
        qtbot.mouseClick(
            view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(view.images.index(1, 0)).center()
        )
    assert run.args == ["/test/cat/85.png"]


def test_the_arrows_move_from_cell_to_cell(panel, qtbot):
    panel.draw(state_of(evaluated(E5, NAMES)))
    matrix = panel.body.matrix
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Up):
        qtbot.keyPress(matrix, key)
    assert matrix.current() == (0, 1)
    assert "predicted dog" in matrix.accessibleDescription()
    assert len(panel.body.images.images.images) == 3


def test_without_a_cell_all_mistakes_are_listed_the_surest_first(panel, qtbot):
    panel.draw(state_of(evaluated(E5, NAMES)))
    qtbot.mouseClick(panel.body.views.button("images"), Qt.MouseButton.LeftButton)
    assert [image.right for image in panel.body.images.images.images] == [False] * 5
    assert panel.body.images_title.text() == "5 taken for another class, the surest first"


def test_thumbnails_are_asked_for_once_and_only_those_in_sight(panel, qtbot):
    evaluation = evaluated([[300, 0], [0, 1]], ("cat", "dog"))
    panel.draw(state_of(evaluation))
    with qtbot.waitSignal(panel.thumbnails_requested) as asked:
        click_cell(qtbot, panel, 0, 0)
    assert 0 < len(asked.args[0]) <= 32
    pictures = {path: np.zeros((4, 4, 3), np.uint8) for path in asked.args[0]}
    panel.draw(state_of(evaluation, thumbnails=pictures))
    panel.body.images.grab()
    later = []
    panel.thumbnails_requested.connect(later.append)
    with qtbot.waitSignal(panel.body.images._later.timeout):
        panel.body.images.verticalScrollBar().setValue(panel.body.images.verticalScrollBar().maximum())
    assert later
    assert not set(later[0]) & set(asked.args[0])


def test_the_matrix_grows_while_it_runs_and_counts_only_new_rows(panel, qtbot):
    whole = evaluated(E5, NAMES, running=True)
    half = replace(whole, indices=whole.indices[:90], outputs=whole.outputs[:90], done=90)
    panel.draw(state_of(half))
    assert panel.counted().matrix.sum() == 90
    assert panel.progress.isVisible()
    assert panel.line.text() == "90 of 173 images · 100 images/s"
    panel.draw(state_of(whole))
    assert panel.line.text() == "173 of 173 images · 100 images/s"
    qtbot.waitUntil(lambda: panel.counted().matrix.sum() == 173)
    assert panel.counted().matrix.tolist() == E5


def test_counting_begins_anew_when_the_rows_are_others():
    counter = RowCounter()
    first = evaluated(E5, NAMES)
    mapping = first.scan.mapping
    assert counter.count(first, LOGITS, mapping, 0.5).matrix.tolist() == E5
    other = replace(first, indices=first.indices[::-1], outputs=first.outputs[::-1])
    assert counter.count(other, LOGITS, mapping, 0.5).matrix.tolist() == E5
    swapped = {"cat": 1, "dog": 0, "owl": 2}
    assert counter.count(other, LOGITS, swapped, 0.5).matrix.tolist() == [[3, 84, 0], [78, 2, 0], [0, 0, 6]]


def test_another_mapping_is_counted_at_once_and_asked_for(panel, qtbot):
    panel.draw(state_of(evaluated(E5, NAMES)))
    panel._fill_mapping()
    table = panel.mapping_popover.table
    table.item(0, 1).setText("1")
    table.item(1, 1).setText("0")
    assert panel.counted().matrix.tolist() == [[3, 84, 0], [78, 2, 0], [0, 0, 6]]
    with qtbot.waitSignal(panel.evaluation_requested) as asked:
        panel.head.evaluate.click()
    assert asked.args == [{"cat": 1, "dog": 0, "owl": 2}, 32]
    panel.mapping_popover.reset.click()
    assert panel.counted().matrix.tolist() == E5


def test_an_output_that_does_not_exist_is_refused_in_the_mapping(panel):
    panel.draw(state_of(evaluated(E5, NAMES)))
    panel._fill_mapping()
    panel.mapping_popover.table.item(0, 1).setText("3")
    assert "0 to 2" in panel.mapping_popover.sentence.text()
    assert panel.counted().matrix.tolist() == E5


def test_predictions_of_no_class_have_a_column_of_their_own(panel):
    evaluation = evaluated([[3, 1, 2], [0, 4, 0]], ("cat", "dog"), columns=4)
    panel.draw(state_of(evaluation, class_names=("cat", "dog", "owl", "eel")))
    assert panel.body.matrix.content().counts.tolist() == [[3, 1, 2], [0, 4, 0]]
    assert panel.body.matrix.content().column_name(2) == "other"
    assert "2 taken for no class of the folder" in panel.summary.text()
    panel._choose_cell(0, 2)
    panel.body.matrix._choose((0, 2))
    assert [image.predicted for image in panel.body.images.images.images] == ["owl", "owl"]
    assert panel.counted().per_class[0].recall == pytest.approx(3 / 6)


def test_the_threshold_moves_images_of_a_yes_or_no_model(panel):
    evaluation = evaluated([[1, 0], [0, 1]], ("no", "yes"))
    probabilities = np.array([[0.2], [0.4], [0.6], [0.9]], np.float32)
    images = tuple(
        replace_label(evaluation.scan.images[0], f"/{place}.png", label) for place, label in enumerate((0, 0, 1, 1))
    )
    head = Head(kind="independent_probabilities", evidence="")
    evaluation = replace(
        evaluation,
        scan=structs_replace(evaluation.scan, images=images),
        indices=np.arange(4),
        outputs=probabilities,
        finished=structs_replace(evaluation.finished, head=head),
    )
    panel.draw(state_of(evaluation))
    assert panel.body.threshold.isVisible()
    assert panel.counted().matrix.tolist() == [[2, 0], [0, 2]]
    panel.body.threshold.set_value(0.7)
    assert panel.counted().matrix.tolist() == [[2, 0], [1, 1]]
    panel.body.threshold.set_value(0.3)
    assert panel.counted().matrix.tolist() == [[1, 1], [0, 2]]


def replace_label(image, path, label):
    return type(image)(path=path, label=label)


def structs_replace(message, **changes):
    import msgspec

    return msgspec.structs.replace(message, **changes)


def test_rows_are_read_like_the_last_run_before_the_engine_has_finished():
    evaluation = evaluated(E5, NAMES, running=True)
    run = RunState(outputs=(output_values([[0.1, 0.2, 0.7]], "probabilities"),))
    assert head_of(evaluation, run).kind == "probabilities"
    assert head_of(evaluation, RunState(outputs=(output_values([[1.0, 2.0]], "regression"),))).kind == "logits"


def test_skipped_files_are_counted_and_a_click_away(panel, qtbot):
    skipped = (Skipped(path="/test/broken.png", reason="It ends too early."),)
    panel.draw(state_of(evaluated(E5, NAMES, skipped=skipped)))
    assert panel.body.views.button("skipped").text() == "Skipped 1"
    qtbot.mouseClick(panel.body.views.button("skipped"), Qt.MouseButton.LeftButton)
    table = panel.body.skipped
    assert table.isVisible()
    assert [table.model().index(0, column).data() for column in (0, 1)] == ["broken.png", "It ends too early."]


def test_problems_of_folder_and_evaluation_are_said(panel):
    evaluation = evaluated(E5, NAMES, problems=("The folder has 3 classes, but the model has 5 outputs.",))
    panel.draw(state_of(evaluation, problems=(Problem("evaluation", "The model failed.", "Run it first."),)))
    assert panel.warning.text() == "The folder has 3 classes, but the model has 5 outputs."
    assert panel.problem.text() == "The model failed. Run it first."


def test_a_running_evaluation_can_be_cancelled(panel, qtbot):
    panel.draw(state_of(evaluated(E5, NAMES, running=True)))
    assert panel.head.evaluate.text() == "Cancel"
    with qtbot.waitSignal(panel.cancel_requested):
        panel.head.evaluate.click()


def test_a_dropped_folder_is_asked_for(panel, qtbot, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    action, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(panel, QDragEnterEvent(QPoint(20, 20), action, data, buttons, keys))
    event = QDropEvent(QPointF(20, 20), action, data, buttons, keys)
    with qtbot.waitSignal(panel.folder_requested) as asked:
        QApplication.sendEvent(panel, event)
    assert asked.args == [str(tmp_path), LabelRule()]


def test_a_label_pattern_is_checked_before_it_is_asked_for(panel, qtbot):
    panel.draw(state_of(evaluated(E5, NAMES)))
    popover = panel.labels_popover
    panel._fill_labels()
    with qtbot.waitSignal(panel.folder_requested) as asked:
        popover.source.button("names").click()
    assert asked.args == ["/test", LabelRule(source="names", pattern=r"_(C\d)_")]
    with qtbot.assertNotEmitted(panel.folder_requested):
        popover.pattern.setEditText("(")
        popover._read()
    assert "regular expression" in popover.sentence.text()
    with qtbot.waitSignal(panel.folder_requested) as asked:
        popover.pattern.setEditText(r"^(\w+)_")
    assert asked.args[1].pattern == r"^(\w+)_"


def test_matrix_and_images_are_saved(panel, tmp_path):
    panel.draw(state_of(evaluated(E5, NAMES)))
    panel.export_matrix_csv(str(tmp_path / "matrix.csv"))
    with (tmp_path / "matrix.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["true \\ predicted", *NAMES],
        *([name, *map(str, row)] for name, row in zip(NAMES, E5, strict=True)),
    ]
    panel.export_images_csv(str(tmp_path / "images.csv"))
    with (tmp_path / "images.csv").open(newline="") as file:
        images = list(csv.DictReader(file))
    assert len(images) == 173
    assert sum(row["true"] == row["predicted"] for row in images) == 168
    assert float(images[0]["probability"]) == pytest.approx(np.exp(4) / (np.exp(4) + 2))
    panel.export_matrix_png(str(tmp_path / "matrix.png"))
    assert QImage(str(tmp_path / "matrix.png")).width() > 300


def test_a_narrow_panel_keeps_every_view_within_reach(panel, qtbot):
    panel.draw(state_of(evaluated(E5, NAMES, skipped=(Skipped(path="/a", reason="b"),))))
    panel.resize(300, 300)
    assert panel.body.matrix.isVisible()
    assert not panel.body.classes.isVisible()
    for key, view in (("classes", panel.body.classes), ("skipped", panel.body.skipped), ("matrix", panel.body.matrix)):
        qtbot.mouseClick(panel.body.views.button(key), Qt.MouseButton.LeftButton)
        assert view.isVisible()


def test_an_empty_window_says_how_to_begin_and_a_scanned_folder_what_is_next(panel):
    panel.draw(WindowState())
    assert panel.empty.text().startswith("Choose or drop a folder")
    assert not panel.head.evaluate.isEnabled()
    evaluation = evaluated(E5, NAMES, running=True)
    empty = EvaluationState(folder="/test", scan=evaluation.scan)
    panel.draw(state_of(empty))
    assert panel.empty.text() == "Evaluate to fill the matrix."
    assert panel.line.text() == "173 images in 3 class folders."
    assert panel.head.evaluate.isEnabled()


def test_ten_thousand_images_are_counted_as_they_come():
    count, classes = 10_000, 10
    rng = np.random.default_rng(0)
    base = evaluated([[1] * classes] * classes, [str(place) for place in range(classes)], running=True)
    images = tuple(replace_label(base.scan.images[0], f"/{place}.png", place % classes) for place in range(count))
    scan = structs_replace(base.scan, images=images)
    outputs = rng.normal(size=(count, classes)).astype(np.float32)
    counter = RowCounter()
    for end in range(512, count + 1, 512):
        evaluation = replace(base, scan=scan, indices=np.arange(end), outputs=outputs[:end])
        counted = counter.count(evaluation, LOGITS, scan.mapping, 0.5)
    assert counted.matrix.sum() == end
    whole = RowCounter().count(evaluation, LOGITS, scan.mapping, 0.5)
    assert np.array_equal(counted.matrix, whole.matrix)


@pytest.mark.parametrize("classes", [1, 2, 150])
def test_matrices_of_any_size_are_painted(panel, classes):
    matrix = np.eye(classes, dtype=int) * 2
    panel.draw(state_of(evaluated(matrix.tolist(), [f"class number {place}" for place in range(classes)])))
    image = panel.body.matrix.grab().toImage()
    first, last = (panel.body.matrix.cell_rect(place, place).center() for place in (0, classes - 1))
    assert image.rect().contains(last)
    assert image.pixelColor(first) != image.pixelColor(0, 0)


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (("species 02 of bird", "species 10 of bird"), ("02", "10")),
        (("a_long_class_11", "a_long_class_12"), ("11", "12")),
        (("cat", "dog"), ("cat", "dog")),
        (("a rather long name", "another long name"), ("a rather", "another")),
        (("long name - ", "long name - b"), ("long name - ", "long name - b")),
    ],
)
def test_names_beside_the_matrix_leave_out_what_all_have_in_common(names, short):
    assert short_names(names) == short
