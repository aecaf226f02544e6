"""Drag and drop: what a drop would do is decided, said, and done."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from inspector.client import fake_messages as said
from inspector.gui.drops import plan_drop
from inspector.gui.state import WindowState
from inspector.protocol.inputs import ArrayInput, ImageInput
from inspector.protocol.requests import LoadModel, RunForward, ScanFolder


def with_model() -> WindowState:
    return WindowState(path="/m.pth", model=said.model("/m.pth", "", ""))


def mime_of(*paths: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return mime


def enter(window, mime: QMimeData) -> QDragEnterEvent:
    event = QDragEnterEvent(
        QPoint(300, 300), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window, event)
    return event


def drop(window, *paths: str) -> None:
    mime = mime_of(*paths)
    enter(window, mime)
    event = QDropEvent(
        QPointF(300, 300), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window, event)


def settled(window) -> bool:
    return not window.session.state.pending and window.is_drawn


@pytest.mark.parametrize(
    ("names", "kind", "sentence"),
    [
        (["net.pth"], "open", "Open net.pth"),
        (["net.py"], "open", "Open net.py"),
        (["net.py", "net.safetensors"], "open", "Open net.safetensors with net.py"),
        (["a.pth", "b.pth"], "open", "Open a.pth; one at a time, the other one is left"),
        (["a.pth", "b.pth", "c.pth"], "open", "Open a.pth; one at a time, the other 2 are left"),
        (["weights"], "open", "Open weights"),
        (["a.PNG"], "images", "Feed a.PNG to the model"),
        (["a.png", "b.jpg"], "images", "Feed 2 images as one batch to the model"),
        (["x.npy"], "array", "Feed x.npy to the model"),
        (["labels.csv"], "labels", "Evaluate the images that labels.csv lists"),
        ([], "refuse", "Only files and folders of this computer can be dropped here."),
    ],
)
def test_files_are_taken_for_what_they_are(tmp_path: Path, names, kind, sentence):
    plan = plan_drop([str(tmp_path / name) for name in names], with_model())
    assert (plan.kind, plan.sentence) == (kind, sentence)


def test_weights_dropped_with_their_source_are_opened_with_it(tmp_path: Path):
    plan = plan_drop([str(tmp_path / "net.py"), str(tmp_path / "net.pth")], WindowState())
    assert plan.paths == (str(tmp_path / "net.pth"),)
    assert plan.source == str(tmp_path / "net.py")


def test_source_dropped_on_weights_that_wait_for_it_is_attached(tmp_path: Path):
    waiting = WindowState(path="/m.pth", description=said.description("/m.pth"))
    plan = plan_drop([str(tmp_path / "net.py")], waiting)
    assert (plan.kind, plan.sentence) == ("source", "Open m.pth with net.py")
    loaded = replace(waiting, model=said.model("/m.pth", "", ""))
    assert plan_drop([str(tmp_path / "net.py")], loaded).kind == "open"


def test_source_is_attached_to_a_file_that_asks_for_consent_only_where_its_class_is_missing(tmp_path: Path):
    asks = WindowState(path="/m.pth", description=said.description("/m.pth"), consent=said.consent("/m.pth"))
    plan = plan_drop([str(tmp_path / "other.py")], asks)
    assert (plan.kind, plan.sentence, plan.paths) == ("open", "Open other.py", (str(tmp_path / "other.py"),))
    lacks = replace(asks, consent=msgspec.structs.replace(asks.consent, missing=("__main__.Net",)))
    plan = plan_drop([str(tmp_path / "net.py")], lacks)
    assert (plan.kind, plan.sentence) == ("source", "Open m.pth with net.py")


def test_a_source_dropped_on_a_question_about_another_file_is_opened_by_itself(window, qtbot, engines, tmp_path: Path):
    engines.latest.behave(consent=True)
    asking, other = tmp_path / "asking.pth", tmp_path / "other.py"
    for path in (asking, other):
        path.write_bytes(b"")
    window.open_paths([str(asking)])
    qtbot.waitUntil(lambda: window.session.state.consent is not None and settled(window))
    enter(window, mime_of(str(other)))
    assert window.overlay.plan.sentence == "Open other.py"
    assert window.overlay.accessibleDescription() == "Open other.py"
    drop(window, str(other))
    request = engines.latest.sent(LoadModel)[-1]
    assert (request.path, request.source) == (str(other), "")


def test_a_folder_is_a_test_folder_unless_it_is_a_hugging_face_model(tmp_path: Path):
    plan = plan_drop([str(tmp_path)], with_model())
    assert plan.kind == "folder"
    (tmp_path / "config.json").write_text("{}")
    assert plan_drop([str(tmp_path)], WindowState()).kind == "open"


@pytest.mark.parametrize("name", ["a.png", "x.npy", "labels.csv"])
def test_what_needs_a_model_is_refused_without_one(tmp_path: Path, name: str):
    plan = plan_drop([str(tmp_path / name)], WindowState())
    assert (plan.kind, plan.sentence) == ("refuse", "Open a model first: drop its file here.")


def test_a_picture_that_is_opened_without_a_model_is_told_what_is_needed(window, qtbot, tmp_path: Path):
    window.open_paths([str(tmp_path / "photo.png")])
    qtbot.waitUntil(lambda: window.is_drawn)
    assert window.banners.isVisible()
    assert [problem.message for problem in window.session.state.problems] == ["Open a model first: drop its file here."]


def test_a_picture_that_was_chosen_to_compare_with_is_told_to_be_none(opened, qtbot, tmp_path: Path):
    opened._compare_files([str(tmp_path / "photo.png")])
    (problem,) = opened.session.state.problems
    assert problem.message.startswith("photo.png can't be compared with")
    assert not opened.session.state.comparison.begun
    qtbot.waitUntil(lambda: settled(opened))


def test_while_dragging_the_window_says_what_will_happen_and_forgets_it_when_the_drag_leaves(window, model_files):
    event = enter(window, mime_of(*model_files))
    assert event.isAccepted()
    assert window.overlay.isVisible()
    assert window.overlay.plan.sentence == "Open digits.pth with digits_cnn.py"
    assert window.overlay.size() == window.size()
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not window.overlay.isVisible()


def test_a_drop_that_would_do_nothing_is_not_accepted(window, tmp_path: Path):
    event = enter(window, mime_of(str(tmp_path / "photo.png")))
    assert not event.isAccepted()
    assert window.overlay.isVisible(), "it says why"
    QApplication.sendEvent(window, QDragLeaveEvent())


def test_dragged_text_is_left_to_the_fields(window):
    mime = QMimeData()
    mime.setText("conv1")
    enter(window, mime)
    assert not window.overlay.isVisible()


def test_dropped_files_are_opened(window, qtbot, engines, model_files):
    drop(window, *model_files)
    assert not window.overlay.isVisible()
    qtbot.waitUntil(lambda: bool(window.session.state.run.outputs) and settled(window))
    assert engines.latest.sent(LoadModel)[0].source == model_files[1]


def test_a_file_dragged_over_a_text_field_is_still_the_windows(window, qtbot, model_files, engines):
    """Qt hands the drag to the native surface first; the field below must not take the file's name as text."""
    mime = mime_of(*model_files)
    where = window.panels.module_tree.mapTo(window, QPoint(20, 60))
    event = QDragEnterEvent(
        where, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window.windowHandle(), event)
    assert window.overlay.isVisible()
    dropped = QDropEvent(
        QPointF(where), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(window.windowHandle(), dropped)
    qtbot.waitUntil(lambda: bool(window.session.state.run.outputs) and settled(window))
    assert window.panels.module_tree.search.text() == ""


def test_dropped_images_become_the_input_and_run(opened, qtbot, engines, tmp_path: Path):
    paths = [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    drop(opened, *paths)
    qtbot.waitUntil(lambda: len(engines.latest.sent(RunForward)) == 2 and settled(opened))
    source = engines.latest.sent(RunForward)[-1].inputs[0].source
    assert isinstance(source, ImageInput)
    assert source.paths == tuple(paths)


def test_a_dropped_array_becomes_the_input(opened, qtbot, engines, tmp_path: Path):
    drop(opened, str(tmp_path / "x.npy"))
    qtbot.waitUntil(lambda: len(engines.latest.sent(RunForward)) == 2 and settled(opened))
    assert engines.latest.sent(RunForward)[-1].inputs[0].source == ArrayInput(path=str(tmp_path / "x.npy"))


def test_a_dropped_folder_is_listed(opened, qtbot, engines, tmp_path: Path):
    drop(opened, str(tmp_path))
    qtbot.waitUntil(lambda: opened.session.state.evaluation.scan is not None and settled(opened))
    assert engines.latest.sent(ScanFolder)[0].folder == str(tmp_path)


def test_a_dropped_csv_gives_the_labels_of_its_folder(opened, qtbot, engines, tmp_path: Path):
    drop(opened, str(tmp_path / "labels.csv"))
    qtbot.waitUntil(lambda: opened.session.state.evaluation.scan is not None and settled(opened))
    request = engines.latest.sent(ScanFolder)[0]
    assert request.folder == str(tmp_path)
    assert (request.labels.source, request.labels.csv_path) == ("csv", str(tmp_path / "labels.csv"))
