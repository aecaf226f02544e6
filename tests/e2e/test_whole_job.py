"""From the drop to the matrix, by hand: window and engine are real, torch and scikit-learn tell the truth."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from window_with_engine import Person, person_at_window

from inspector.protocol.inputs import ImageInput

DIGITS = Path(__file__).parents[2] / "sample_models" / "digits"
WEIGHTS, SOURCE = DIGITS / "digits_state_dict.pth", DIGITS / "digits_cnn.py"
FOLDER = DIGITS / "digits_test" / "by_folder"


def true_model() -> torch.nn.Module:
    spec = importlib.util.spec_from_file_location("digits_cnn_of_the_test", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    source = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(source)
    model = source.DigitsCNN()
    model.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    return model.eval()


def true_logits(model: torch.nn.Module, *paths: Path) -> torch.Tensor:
    scans = np.stack([np.asarray(Image.open(path).convert("L"), np.float32) / 255 for path in paths])
    with torch.no_grad():
        return model(torch.from_numpy(scans).unsqueeze(1))


def open_by_drop(person: Person) -> None:
    person.drop(WEIGHTS, SOURCE)
    person.wait(lambda: person.state.consent is not None)
    person.wait(lambda: person.widget("consent_card").isVisible())
    assert "digits_cnn.py" in person.state.consent.sentence
    assert person.state.model is None, "nothing has run"
    person.click("consent_once")
    person.wait(lambda: person.state.run.outputs and not person.state.pending)


def check_outputs(person: Person, truth: torch.Tensor) -> None:
    """The table's three readings are torch's."""
    table = person.window.panels.outputs.table()
    assert table is not None
    np.testing.assert_allclose(table.values("raw"), truth.numpy(), atol=1e-5)
    np.testing.assert_allclose(table.values("softmax"), torch.softmax(truth.double(), 0).numpy(), atol=1e-6)
    np.testing.assert_allclose(table.values("sigmoid"), torch.sigmoid(truth.double()).numpy(), atol=1e-6)
    assert table.fitting == "softmax"


def test_from_the_drop_to_the_matrix_and_back_to_an_image(qtbot: QtBot, tmp_path: Path) -> None:
    model = true_model()
    with person_at_window(qtbot, tmp_path) as person:
        window = person.window
        open_by_drop(person)

        # the graph
        assert window.windowTitle() == "digits_state_dict.pth — Model Inspector"
        assert window.centre.currentWidget() is window.panels.graph
        graph = person.state.run.graph
        shapes = {node.fqn: node.outputs[0].shape for node in graph.nodes if node.kind == "module"}
        assert shapes["stem.0"] == shapes["block.conv"] == (1, 16, 8, 8)
        assert shapes["pool"] == (1, 16, 4, 4)
        assert shapes["head.4"] == (1, 10)
        qtbot.waitUntil(lambda: window.panels.graph.picture is not None)
        assert len(window.panels.graph.picture.visible.boxes) > 10

        # an image
        scan = sorted((FOLDER / "3").glob("*.png"))[0]
        runs = person.state.run.outputs
        person.drop(scan)
        person.wait(lambda: person.state.run.outputs is not runs and not person.state.pending)
        check_outputs(person, true_logits(model, scan)[0])
        assert person.state.preview.picture is not None

        # a folder
        person.drop(FOLDER)
        person.wait(lambda: person.state.evaluation.scan is not None and not person.state.pending)
        person.click("confusion_evaluate")
        person.wait(lambda: person.state.evaluation.finished is not None and not person.state.pending)
        paths = sorted(FOLDER.glob("*/*.png"))
        true = [int(path.parent.name) for path in paths]
        predicted = true_logits(model, *paths).argmax(1).tolist()
        panel = window.panels.confusion
        qtbot.waitUntil(lambda: panel.counted() is not None and int(panel.counted().matrix.sum()) == len(paths))
        counted = panel.counted()
        expected = confusion_matrix(true, predicted, labels=range(10))
        np.testing.assert_array_equal(counted.matrix, expected)
        assert person.state.evaluation.finished.accuracy == pytest.approx(accuracy_score(true, predicted), abs=1e-9)
        figures = precision_recall_fscore_support(true, predicted, labels=range(10), zero_division=0)
        for column, name in enumerate(("precision", "recall", "f1", "support")):
            shown = [getattr(one, name) for one in counted.per_class]
            np.testing.assert_allclose(shown, figures[column], atol=1e-9)

        # a cell, its images, and one of them as input
        wrong = expected - np.diag(np.diag(expected))
        row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
        matrix = panel.body.matrix
        person.click_at(matrix, matrix.cell_rect(int(row), int(column)).center())
        images = panel.body.images
        assert images.isVisible()
        assert images.images.rowCount() == wrong[row, column]
        chosen = images.images.images[0]
        assert (chosen.true, chosen.predicted) == (str(row), str(column))
        qtbot.waitUntil(lambda: person.state.thumbnails.get(chosen.path) is not None)
        runs = person.state.run.outputs
        place = images.visualRect(images.images.index(0, 0)).center()
        person.click_at(images.viewport(), QPoint(place))
        person.wait(lambda: person.state.run.outputs is not runs and not person.state.pending)
        fed = person.state.settings.inputs[0].source
        assert isinstance(fed, ImageInput)
        assert fed.paths == (chosen.path,)
        truth = true_logits(model, Path(chosen.path))[0]
        check_outputs(person, truth)
        assert int(truth.argmax()) == column
        assert person.told() == "", "nothing went wrong"
