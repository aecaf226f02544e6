"""A change made in the window: the real engine runs it, the outputs stand side by side, and each is taken back."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from inspector.client.process import ProcessEngine
from inspector.gui.main_window import MainWindow
from inspector.gui.settings import SettingsFile
from inspector.places import samples_folder

CASES = samples_folder() / "cases"
SLOW_MS = 60_000


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(ProcessEngine, SettingsFile(tmp_path / "settings.json"))
    made.show()
    made.session.start()
    made.open_paths([str(CASES / "d3_relu.pth")])
    qtbot.waitUntil(lambda: bool(made.session.state.run.outputs) and settled(made), timeout=SLOW_MS)
    yield made
    made.close()
    made.deleteLater()


def settled(window: MainWindow) -> bool:
    return not window.session.state.pending and window.is_drawn


def test_case_d3_swapping_relu_for_tanh_gives_its_twin_and_is_undone(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    session, panels = window.session, window.panels
    given = np.random.default_rng(0).standard_normal((3, 10)).astype(np.float32)
    np.save(tmp_path / "given.npy", given)
    session.use_array(str(tmp_path / "given.npy"))
    qtbot.waitUntil(lambda: settled(window) and session.state.run.outputs[0].values.shape == (3, 1), timeout=SLOW_MS)
    plain = session.state.run.outputs[0].values
    relu = next(node.id for node in session.state.run.graph.nodes if node.op == "ReLU")
    session.select_node(relu)
    qtbot.waitUntil(lambda: settled(window) and not panels.node_panel.change.isHidden(), timeout=SLOW_MS)
    section = panels.node_panel.change
    section.swap.setCurrentIndex(section.swap.findData("tanh"))
    section.swap.activated.emit(section.swap.currentIndex())
    qtbot.waitUntil(lambda: session.state.run.comparison is not None and settled(window), timeout=SLOW_MS)
    with torch.no_grad():
        relu_net, tanh_net = (torch.load(CASES / f"d3_{name}.pth", weights_only=False) for name in ("relu", "tanh"))
        before, after = (net.eval()(torch.from_numpy(given)).numpy() for net in (relu_net, tanh_net))
    np.testing.assert_allclose(session.state.run.outputs[0].values, after, rtol=1e-6)
    comparison = session.state.run.comparison
    assert comparison.first == relu, "what it is given is the same bit for bit"
    outputs = panels.outputs
    strip, table = outputs.changes, outputs.both
    assert not strip.isHidden()
    assert strip.title.text() == "For runs only: 1 ReLU → Tanh"
    assert "First to differ is" in strip.sentence.text()
    assert strip.shows_both
    assert not table.isHidden()
    assert outputs.view.isHidden()
    for item in (0, 2):
        outputs.places.spin(0).setValue(item)
        np.testing.assert_allclose(table.both.before, before[item], rtol=1e-6)
        np.testing.assert_allclose(table.both.after, after[item], rtol=1e-6)
    assert strip.folder.isHidden()
    strip.reading.findChild(QToolButton, "changes_reading_off").click()
    assert table.isHidden()
    assert not outputs.view.isHidden()
    item = panels.graph.stage.item
    qtbot.waitUntil(lambda: bool(item.effects.changed), timeout=SLOW_MS)
    boxes = item.picture.visible.box_of_node
    assert item.effects.changed == {int(boxes[relu])}
    assert item.effects.first == int(boxes[relu])
    qtbot.waitUntil(lambda: settled(window), timeout=SLOW_MS)
    strip.undo_all.click()
    qtbot.waitUntil(lambda: session.state.run.comparison is None and settled(window), timeout=SLOW_MS)
    assert strip.isHidden()
    assert np.array_equal(session.state.run.outputs[0].values, plain)
    qtbot.waitUntil(lambda: not item.effects.changed, timeout=SLOW_MS)


def test_undo_all_takes_every_change_back_and_a_refused_one_says_why(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    session = window.session
    graph = session.state.run.graph
    first, last = [node.id for node in graph.nodes if node.op == "Linear"]
    session.select_node(last)
    qtbot.waitUntil(lambda: settled(window), timeout=SLOW_MS)
    section = window.panels.node_panel.change
    assert not section.buttons["bypass"].isEnabled()
    assert "of (1, 5)" in section.buttons["bypass"].toolTip()
    assert section.swap.isHidden()
    section.buttons["zero"].click()
    session.select_node(first)
    qtbot.waitUntil(lambda: settled(window) and session.state.run.comparison is not None, timeout=SLOW_MS)
    assert not session.state.run.outputs[0].values.any()
    window.actions_by_name["noise_node"].trigger()
    qtbot.waitUntil(lambda: settled(window) and len(session.state.run.comparison.outcomes) == 2, timeout=SLOW_MS)
    strip = window.panels.outputs.changes
    assert len(strip.rows) == 2
    session.folder.choose(str(tmp_path))
    qtbot.waitUntil(lambda: settled(window), timeout=SLOW_MS)
    assert strip.folder.text() == "The test folder is evaluated without changes."
    strip.rows[1].findChild(QToolButton, "change_undo").click()
    qtbot.waitUntil(lambda: settled(window) and len(session.state.run.comparison.outcomes) == 1, timeout=SLOW_MS)
    strip.undo_all.click()
    qtbot.waitUntil(lambda: session.state.run.comparison is None and settled(window), timeout=SLOW_MS)
    assert session.state.settings.changes == ()
