"""Looking into a convolution by hand: window and engine are real, a plain hook of torch's tells the truth."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from torch import nn
from window_with_engine import Person, person_at_window

from inspector.gui.plots import value_pixels
from inspector.gui.tensor_view import TensorView
from inspector.gui.theme import theme
from inspector.protocol.tensors import TensorPlace


def made(folder: Path) -> tuple[Path, Path]:
    """A model and an input as files."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 100, 4))
    torch.save(net, folder / "net.pth")
    np.save(folder / "x.npy", torch.randn(2, 3, 10, 10).numpy())
    return folder / "net.pth", folder / "x.npy"


def hooked(model: Path, array: Path) -> NDArray[np.float32]:
    """What the convolution gives, as torch's own hook sees it."""
    net = torch.load(model, weights_only=False).eval()
    seen: list[torch.Tensor] = []
    net[0].register_forward_hook(lambda _module, _args, out: seen.append(out.detach().clone()))
    with torch.no_grad():
        net(torch.from_numpy(np.load(array)))
    return seen[0].numpy()


def run_on(person: Person, model: Path, array: Path) -> None:
    person.window.open_paths([str(model)])
    person.wait(lambda: person.state.run.graph is not None and not person.state.pending)
    person.window.session.use_array(str(array))
    person.settle()


def pixels_of(image: QImage) -> NDArray[np.uint8]:
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return rows[:, : rgb.width() * 3].reshape(rgb.height(), rgb.width(), 3)


def test_maps_table_and_file_of_a_convolution_are_what_a_hook_sees(qtbot: QtBot, tmp_path: Path) -> None:
    model, array = made(tmp_path)
    expected = hooked(model, array)
    with person_at_window(qtbot, tmp_path) as person:
        run_on(person, model, array)
        graph = person.state.run.graph
        assert graph is not None
        conv = next(node.id for node in graph.nodes if node.op == "Conv2d")
        person.window.session.select_node(conv)
        person.settle()
        view = person.widget("tensor_view")
        assert isinstance(view, TensorView)
        place = TensorPlace(role="output", node=conv)

        person.click("tensor_mode_pictures")
        person.wait(
            lambda: person.state.tensor.place == place and person.state.tensor.maps and not person.state.pending
        )
        pictures, grid = person.state.tensor.maps, view.pictures.grid
        assert pictures is not None
        assert np.array_equal(pictures.maps, expected[0])
        assert (pictures.page.low, pictures.page.high) == (expected[0].min(), expected[0].max())
        painted = value_pixels(expected[0][3], expected[0].min(), expected[0].max(), two_way=True, dark=theme().dark)
        assert np.array_equal(pixels_of(grid.images()[3]), painted)
        rect = grid.cell_rect(3)
        told = grid.told_at(QPoint(rect.right() - 1, rect.y() + 1))
        assert told.startswith("channel 3: row 0, column 9: ")
        assert float(told.rpartition(" ")[2]) == pytest.approx(expected[0, 3, 0, 9], rel=1e-3, abs=1e-4)

        person.click("tensor_mode_values")
        table = view.values.model
        person.wait(lambda: table.index(9, 9).data() not in (None, "…") and not person.state.pending)
        view.values.places[0].setValue(1)
        view.values.places[1].setValue(5)
        person.wait(lambda: table.index(9, 9).data() not in (None, "…") and not person.state.pending)
        shown = [
            [float(table.index(row, column).data(Qt.ItemDataRole.ToolTipRole)) for column in range(10)]
            for row in range(10)
        ]
        assert np.array_equal(np.array(shown, np.float32), expected[1, 5])

        person.window.session.tensor.save(str(tmp_path / "conv.npy"))
        person.wait(lambda: person.state.tensor.saving is not None and person.state.tensor.saving.done)
        saved = np.load(tmp_path / "conv.npy")
        assert hashlib.sha256(saved.tobytes()).digest() == hashlib.sha256(expected.tobytes()).digest()
        assert saved.shape == expected.shape


def test_what_is_looked_into_stays_at_the_top_of_the_panel_from_node_to_node(qtbot: QtBot, tmp_path: Path) -> None:
    model, array = made(tmp_path)
    with person_at_window(qtbot, tmp_path) as person:
        run_on(person, model, array)
        panel, session = person.window.panels.node_panel, person.window.session
        session.select_node(1)
        person.settle()
        person.click("tensor_mode_pictures")
        top = lambda: panel.tensor.mapTo(panel.viewport(), QPoint(0, 0)).y()  # noqa: E731
        person.wait(lambda: person.state.tensor.maps and not person.state.pending and 0 <= top() < 40)
        session.select_node(2)
        person.wait(lambda: person.state.tensor.maps and not person.state.pending and 0 <= top() < 40)
        person.click("tensor_mode_values")
        person.settle()
        assert panel.tensor.values.table.height() < panel.viewport().height()
