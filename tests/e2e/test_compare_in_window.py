"""A comparison in the window: dropped on the right, asked about, shown on the graph, ended; cases D3 and D4."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from torch import nn
from window_with_engine import person_at_window

from inspector.places import samples, samples_folder

CASES = samples_folder() / "cases"


@pytest.fixture
def person(qtbot, tmp_path):
    with person_at_window(qtbot, tmp_path) as made:
        yield made


def opened(person, path):
    person.window.open_paths([str(path)])
    person.wait(lambda: person.state.run.outputs and not person.state.pending)


def drop_at_the_right(person, path):
    """Over the right edge a model that is dropped is compared; the overlay says so before."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    buttons, keys, copy = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    surface, at = person.window.windowHandle(), QPoint(1100, 400)
    QApplication.sendEvent(surface, QDragEnterEvent(QPoint(200, 400), copy, mime, buttons, keys))
    overlay = person.window.overlay
    assert not overlay.beside
    assert overlay.plan.sentence == f"Open {path.name}"
    QApplication.sendEvent(surface, QDragMoveEvent(at, copy, mime, buttons, keys))
    assert overlay.beside
    assert overlay.plan.beside.sentence == f"Compare {Path(person.state.path).name} with {path.name}"
    person.window.overlay.grab()
    QApplication.sendEvent(surface, QDropEvent(QPointF(at), copy, mime, buttons, keys))


def compared(person):
    person.wait(lambda: person.state.comparison.runs is not None and not person.state.pending)
    return person.state.comparison


def test_case_d3_the_twin_is_dropped_and_the_activation_is_marked_as_the_first_to_differ(person):
    opened(person, CASES / "d3_relu.pth")
    drop_at_the_right(person, CASES / "d3_tanh.pth")
    comparison = compared(person)
    panel = person.window.panels.comparison
    assert panel.isVisible()
    assert "Outputs differ from 1 ReLU / 1 Tanh on" in panel.sentence.text()
    assert "its input is the same bit for bit" in panel.sentence.text()
    assert panel.head.sides.text() == "A d3_relu.pth (eval) · B d3_tanh.pth (eval)"
    relu = next(node.id for node in person.state.run.graph.nodes if node.op == "ReLU")
    item = person.window.panels.graph.stage.item
    assert item.comparison.first == relu
    assert panel.pages.currentWidget() is panel.nodes, "the weights are all the same: the nodes are what differs"
    assert panel.which.current() == "nodes"
    table = panel.nodes.table
    row = next(at for at, one in enumerate(table.both.rows) if one.is_first)
    assert table.both.index(row, 0).data() == "1 ReLU / 1 Tanh"
    table.clicked.emit(table.both.index(row, 0))
    person.settle()
    assert person.state.selected_node == relu
    panel.which.button("outputs").click()
    models = [torch.load(CASES / f"d3_{name}.pth", weights_only=False) for name in ("relu", "tanh")]
    source = person.state.model.slots[0].proposed
    x = torch.randn(source.shape, generator=torch.Generator().manual_seed(source.seed))
    both = panel.outputs.table.both
    shown = [float(side.reshape(-1)[0]) for side in (both.before, both.after)]
    np.testing.assert_allclose(shown, [float(model(x).detach().reshape(-1)[0]) for model in models], rtol=1e-6)
    person.settle()
    person.click("comparison_again")
    compared(person)
    assert panel.pages.currentWidget() is panel.outputs, "the page that the user chose stays"
    drop_at_the_right(person, CASES / "d3_tanh.pth")
    compared(person)
    assert panel.pages.currentWidget() is panel.nodes, "another comparison is shown anew"
    person.click("comparison_end")
    person.settle()
    assert not person.state.comparison.begun
    assert item.comparison is None
    assert panel.empty.isVisible()
    assert comparison.weights.num_changed == 0


def test_case_d4_the_other_mode_is_compared_and_a_batch_of_one_says_why_it_fails(person, tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    torch.save(model, tmp_path / "normed.pt")
    np.save(tmp_path / "one.npy", np.ones((1, 6), np.float32))
    np.save(tmp_path / "eight.npy", np.random.default_rng(0).standard_normal((8, 6)).astype(np.float32))
    opened(person, tmp_path / "normed.pt")
    for name in ("eight", "one"):
        person.window.session.use_array(str(tmp_path / f"{name}.npy"))
        person.settle()
        person.window.compare_with_itself()
        runs = compared(person).runs
        panel = person.window.panels.comparison
        if name == "eight":
            assert "Outputs differ from 1 BatchNorm1d on" in panel.sentence.text()
            assert "all buffers were put back" in panel.notes.text()
        else:
            assert runs.failure_b is not None
            assert "feed a batch of 2 or more" in panel.sentence.text()


def net(num_classes=3, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, num_classes))


def notice_buttons(person):
    panel = person.window.panels.comparison
    return {name: button for banner in panel.banners.banners for name, button in banner.buttons.items()}


def test_the_second_file_is_watched_and_compared_again_once_it_changed(person, tmp_path):
    torch.save(net(), tmp_path / "a.pt")
    torch.save(net(seed=1), tmp_path / "b.pt")
    opened(person, tmp_path / "a.pt")
    drop_at_the_right(person, tmp_path / "b.pt")
    assert compared(person).weights.num_changed == 4
    watch = person.window.session.comparison.watch
    person.wait(lambda: watch.watching)
    torch.save(net(), tmp_path / "b.pt")
    person.wait(lambda: "again" in notice_buttons(person))
    assert person.state.comparison.changed_on_disk.startswith("b.pt changed on disk at ")
    assert person.state.comparison.weights.num_changed == 4, "nothing is read again unasked"
    notice_buttons(person)["again"].click()
    person.wait(lambda: person.state.comparison.runs is not None and not person.state.pending)
    assert person.state.comparison.weights.num_changed == 0
    assert "again" not in notice_buttons(person)
    person.window.change_reload_when_changed(True)
    torch.save(net(seed=2), tmp_path / "b.pt")
    person.wait(lambda: person.state.comparison.weights and person.state.comparison.weights.num_changed == 4)
    person.click("comparison_end")
    person.settle()
    assert not watch.watching or not person.state.comparison.begun


def test_weights_with_other_names_are_mended_beside_the_open_model(person, tmp_path):
    torch.save(net(), tmp_path / "a.pt")
    renamed = {"old_" + key.replace(".", "_"): value for key, value in net().state_dict().items()}
    torch.save(renamed, tmp_path / "b.pth")
    opened(person, tmp_path / "a.pt")
    drop_at_the_right(person, tmp_path / "b.pth")
    weights = compared(person).weights
    assert weights.num_same == 0, "what the file lacks is random, and not the open model's"
    assert "0 do, 4 missing, 4 unexpected" in person.window.panels.comparison.banners.banners[0].accessibleName()
    notice_buttons(person)["mend:by_order"].click()
    person.wait(lambda: person.state.comparison.runs is not None and not person.state.pending)
    comparison = person.state.comparison
    assert (comparison.weights.num_same, comparison.runs.num_different) == (4, 0)


def test_a_head_with_more_classes_is_compared_as_the_file_has_it(person, tmp_path):
    torch.save(net(), tmp_path / "a.pt")
    torch.save({"module." + key: value for key, value in net(5).state_dict().items()}, tmp_path / "b.pth")
    opened(person, tmp_path / "a.pt")
    drop_at_the_right(person, tmp_path / "b.pth")
    comparison = compared(person)
    assert comparison.weights.num_reshaped == 2
    assert comparison.runs.outputs[0].b.shape == (1, 5)
    assert comparison.other.keys.mended == ('removed "module."', 'gave "2" 5 outputs')


class Writes:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_hostile_second_model_is_asked_about_and_does_not_run_and_its_weights_can_be_compared(person, tmp_path):
    torch.manual_seed(0)
    torch.save(nn.Sequential(nn.Linear(4, 2)), tmp_path / "honest.pt")
    canary = tmp_path / "canary"
    torch.save({"model": nn.Sequential(nn.Linear(4, 2)), "notes": Writes(str(canary))}, tmp_path / "hostile.pt")
    opened(person, tmp_path / "honest.pt")
    drop_at_the_right(person, tmp_path / "hostile.pt")
    person.wait(lambda: person.state.comparison.consent is not None and not person.state.pending)
    assert person.state.consent is None, "the open model is asked nothing"
    panel = person.window.panels.comparison
    assert panel.question.isVisible()
    panel.question.widget().refuse.click()
    person.settle()
    assert "its code did not run" in panel.sentence.text()
    person.click("comparison_alone")
    person.wait(lambda: person.state.comparison.weights is not None and not person.state.pending)
    weights = person.state.comparison.weights
    assert weights.inert
    assert math.isfinite(weights.relative)
    assert not canary.exists()


def test_both_are_run_over_the_test_folder_and_an_image_on_which_they_disagree_is_fed(person, tmp_path):
    digits = samples_folder() / "digits"
    person.window.open_sample(next(sample for sample in samples() if sample.name == "digits"))
    person.wait(lambda: person.state.run.outputs and person.state.evaluation.scan and not person.state.pending)
    state = torch.load(digits / "digits_state_dict.pth", weights_only=True)
    name = [key for key in state if state[key].dim() == 1 and state[key].is_floating_point()][-1]
    torch.manual_seed(1)
    state[name] = state[name] + 8 * torch.randn_like(state[name])
    torch.save(state, tmp_path / "other.pth")
    drop_at_the_right(person, tmp_path / "other.pth")
    compared(person)
    panel = person.window.panels.comparison
    assert f"{name} (" in panel.sentence.text()
    panel.which.button("folder").click()
    person.settle()
    person.click("comparison_folder_run")
    person.wait(lambda: person.state.comparison.folder is not None and not person.state.pending)
    folder = person.state.comparison.folder
    assert folder.num_disagreements == len(panel.folder.images.images.images) > 0
    assert int(panel.folder.matrices[0].content().counts.sum()) == folder.num_images
    panel.folder.images.image_chosen.emit(folder.disagreements[0].path)
    person.settle()
    assert person.state.settings.inputs[0].source.paths == (folder.disagreements[0].path,)
    assert panel.head.again.isVisible()
