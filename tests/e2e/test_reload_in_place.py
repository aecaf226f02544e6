"""The open file changes on disk: a real window with the real engine offers to reload, and keeps what was set."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot
from torch import nn

from inspector.client.process import ProcessEngine
from inspector.gui.main_window import MainWindow
from inspector.gui.settings import SettingsFile
from inspector.protocol.inputs import NamedInput, RandomInput
from inspector.protocol.requests import LoadModel

SLOW_MS = 60_000


def save(path: Path, value: float) -> None:
    """A net whose output tells which one it is; put in place whole."""
    net = nn.Sequential(nn.Sequential(nn.Linear(3, 3), nn.ReLU()), nn.Linear(3, 2))
    nn.init.zeros_(net[1].weight)
    nn.init.constant_(net[1].bias, value)
    fresh = path.with_suffix(".new")
    torch.save(net, fresh)
    fresh.replace(path)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.pth"
    save(path, 1.0)
    return path


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, model: Path) -> Iterator[MainWindow]:
    made = MainWindow(ProcessEngine, SettingsFile(tmp_path / "settings.json"))
    made.resize(1200, 800)
    made.show()
    made.session.start()
    made.open_paths([str(model)])
    qtbot.waitUntil(
        lambda: output_of(made) == 1.0 and settled(made) and made.session.files.watch.watching, timeout=SLOW_MS
    )
    yield made
    made.close()
    made.deleteLater()


def settled(window: MainWindow) -> bool:
    return not window.session.state.pending and window.is_drawn


def output_of(window: MainWindow) -> float | None:
    outputs = window.session.state.run.outputs
    return float(np.asarray(outputs[0].values).reshape(-1)[0]) if outputs else None


def reload_button(window: MainWindow, name: str = "reload"):
    found = [banner.buttons[name] for banner in window.banners.banners if name in banner.buttons]
    return found[0] if found else None


def test_a_changed_file_is_offered_and_reloaded_in_place(qtbot: QtBot, window: MainWindow, model: Path) -> None:
    session, graph = window.session, window.panels.graph
    session.change_inputs((NamedInput(source=RandomInput(shape=(4, 3), seed=5), name="input"),))
    session.change_class_names(("left", "right"))
    session.run()
    qtbot.waitUntil(lambda: settled(window) and graph.picture is not None, timeout=SLOW_MS)
    relu = next(node.id for node in session.state.run.graph.nodes if node.op == "ReLU")
    session.select_node(relu)
    with qtbot.waitSignal(graph.picture_shown, timeout=SLOW_MS):
        graph.fold_all()
    qtbot.waitUntil(lambda: settled(window), timeout=SLOW_MS)
    graph.canvas.zoom_by(1.3)
    zoom, middle = graph.canvas.transform().m11(), graph.canvas.mapToScene(graph.canvas.viewport().rect().center())
    boxes = len(graph.picture.visible.boxes)
    save(model, 2.0)
    qtbot.waitUntil(lambda: reload_button(window) is not None, timeout=SLOW_MS)
    assert output_of(window) == 1.0, "nothing is reloaded unasked"
    assert "model.pth changed on disk at" in session.state.changed_on_disk
    reload_button(window).click()
    qtbot.waitUntil(lambda: output_of(window) == 2.0 and settled(window), timeout=SLOW_MS)
    assert reload_button(window) is None
    state = session.state
    assert state.selected_node == relu
    assert state.class_names == ("left", "right")
    assert state.settings.inputs[0].source.shape == (4, 3)
    assert state.run.outputs[0].values.shape == (4, 2)
    assert len(graph.picture.visible.boxes) == boxes, "folds are kept"
    assert graph.canvas.transform().m11() == pytest.approx(zoom)
    now = graph.canvas.mapToScene(graph.canvas.viewport().rect().center())
    assert QPointF(now - middle).manhattanLength() < 60, "the banner took its height, no more"


def test_two_changes_in_quick_succession_cause_one_reload(qtbot: QtBot, window: MainWindow, model: Path) -> None:
    loads = []
    send = window.session.link.send

    def counted(request):
        loads.extend([request] if isinstance(request, LoadModel) else [])
        return send(request)

    window.session.link.send = counted
    window.change_reload_when_changed(True)
    save(model, 2.0)
    save(model, 3.0)
    qtbot.waitUntil(lambda: output_of(window) == 3.0 and settled(window), timeout=SLOW_MS)
    with qtbot.waitSignal(window.session.files.watch._looked, timeout=SLOW_MS):
        pass
    assert len(loads) == 1


def test_a_reload_that_fails_leaves_the_graph_and_says_why(qtbot: QtBot, window: MainWindow, model: Path) -> None:
    graph = window.session.state.run.graph
    window.change_reload_when_changed(True)
    model.write_bytes(model.read_bytes()[:200])
    qtbot.waitUntil(
        lambda: settled(window) and any(problem.place == "file" for problem in window.session.state.problems),
        timeout=SLOW_MS,
    )
    assert window.session.state.run.graph is graph
    window.session.run()
    qtbot.waitUntil(
        lambda: settled(window) and any(problem.place == "run" for problem in window.session.state.problems),
        timeout=SLOW_MS,
    )
    said = next(problem for problem in window.session.state.problems if problem.place == "run")
    assert said.message.startswith("No model is open: model.pth could not be loaded the last time")
    assert "reopen it" in said.fix
    assert window.centre.currentWidget() is window.panels.graph
    save(model, 4.0)
    qtbot.waitUntil(lambda: output_of(window) == 4.0 and settled(window), timeout=SLOW_MS)
    assert not window.session.state.problems


def test_a_file_deleted_and_made_again_is_offered(qtbot: QtBot, window: MainWindow, model: Path) -> None:
    kept = model.with_suffix(".kept")
    shutil.copy(model, kept)
    model.unlink()
    with qtbot.waitSignal(window.session.files.watch._looked, timeout=SLOW_MS):
        pass
    assert not window.session.state.changed_on_disk
    kept.rename(model)
    qtbot.waitUntil(lambda: reload_button(window, "ignore_change") is not None, timeout=SLOW_MS)
    reload_button(window, "ignore_change").click()
    qtbot.waitUntil(lambda: reload_button(window) is None, timeout=SLOW_MS)
    assert window.session.state.changed_on_disk == ""


def test_a_source_that_changed_asks_for_consent_again(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    source = tmp_path / "net.py"
    text = "from torch import nn\nclass Net(nn.Linear):\n    def __init__(self):\n        super().__init__(3, {})\n"
    source.write_text(text.format(2))
    session = window.session
    window.open_paths([str(source)])
    qtbot.waitUntil(lambda: session.state.consent is not None, timeout=SLOW_MS)
    session.files.trust(always=True)
    qtbot.waitUntil(lambda: settled(window) and bool(session.state.run.outputs), timeout=SLOW_MS)
    source.write_text(text.format(7))
    qtbot.waitUntil(lambda: reload_button(window) is not None, timeout=SLOW_MS)
    reload_button(window).click()
    qtbot.waitUntil(lambda: session.state.consent is not None and settled(window), timeout=SLOW_MS)
    assert session.state.run.outputs[0].values.shape[-1] == 2, "its code has not run"
    session.files.trust(always=False)
    qtbot.waitUntil(
        lambda: settled(window) and bool(o := session.state.run.outputs) and o[0].values.shape[-1] == 7,
        timeout=SLOW_MS,
    )
