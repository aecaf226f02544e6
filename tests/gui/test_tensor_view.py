"""Looking into a tensor: with the window's own session and a scripted engine, and with states built by hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from inspector.client import fake_messages as said
from inspector.client.base import Reply
from inspector.client.checks import check_reply
from inspector.client.fake import Behaviour, FakeEngine
from inspector.gui import asking
from inspector.gui.plots import value_pixels
from inspector.gui.plots.value_map import NOT_A_NUMBER
from inspector.gui.session import WindowSession
from inspector.gui.settings import SettingsFile
from inspector.gui.state import MapPictures, RunState, Saving, TensorState, WindowState
from inspector.gui.tensor_export import TensorExport
from inspector.gui.tensor_view import TensorView
from inspector.gui.tensor_view.choices import layout_choices, patches_side
from inspector.gui.tensor_view.pictures import PicturesPage
from inspector.gui.tensor_view.values_model import MOST_ROWS, ValuesModel, cell_text
from inspector.gui.updates import apply_event
from inspector.protocol.base import ArrayRef
from inspector.protocol.events import CellsRead, MapsRead, RequestFailed, TensorFetched, TensorMeasured
from inspector.protocol.graph import Graph, Node, TensorSpec
from inspector.protocol.requests import FetchTensor, ReadCells, ReadMaps, ReadRow
from inspector.protocol.tensors import CellWindow, MapWindow, TensorPlace

CONV = 4
WEIGHT = TensorPlace(role="parameter", fqn="block.conv1.weight")


class Desk:
    """A session with a scripted engine, and the view that draws it."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        self.engine = FakeEngine(Behaviour())
        self.session = WindowSession(lambda: self.engine, SettingsFile(folder / "settings.json"))
        self.view = TensorView()
        qtbot.addWidget(self.view)
        self.view.resize(320, 700)
        session, view = self.session, self.view
        view.tensor_requested.connect(session.tensor.fetch)
        view.part_requested.connect(session.tensor.read)
        view.left_requested.connect(session.tensor.leave)
        view.save_requested.connect(session.tensor.save)
        session.changed.connect(lambda: view.draw(session.state, None))
        session.files.open("/m.pth")
        self.wait(lambda: session.state.run.graph is not None and not session.state.pending)
        session.select_node(CONV)
        view.show()
        self.settle()

    def wait(self, holds) -> None:
        self.qtbot.waitUntil(lambda: bool(holds()) and not self.session.has_news)

    def settle(self) -> None:
        self.wait(lambda: not self.session.state.pending)

    def look(self, mode: str) -> None:
        self.qtbot.mouseClick(self.view.mode.button(mode), Qt.MouseButton.LeftButton)
        self.wait(lambda: self.session.state.tensor.fetched is not None)
        self.settle()


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(qtbot, tmp_path)
    yield made
    made.session.close()


def test_nothing_is_fetched_before_it_is_asked_for(desk: Desk):
    assert not desk.engine.sent(FetchTensor)
    desk.look("pictures")
    assert [request.place for request in desk.engine.sent(FetchTensor)] == [TensorPlace(role="output", node=CONV)]
    assert desk.view.pictures.isVisible()
    assert not desk.view.values.isVisible()


def test_another_node_is_fetched_while_looking_and_none_once_it_is_off(desk: Desk):
    desk.look("pictures")
    desk.session.select_node(5)
    desk.wait(lambda: len(desk.engine.sent(FetchTensor)) == 2)
    desk.settle()
    assert desk.session.state.tensor.place == TensorPlace(role="output", node=5)
    desk.qtbot.mouseClick(desk.view.mode.button("off"), Qt.MouseButton.LeftButton)
    desk.session.select_node(6)
    desk.settle()
    assert len(desk.engine.sent(FetchTensor)) == 2
    assert desk.session.state.tensor.place is None


def test_pictures_show_each_channel_with_its_value_under_the_mouse_and_one_large(desk: Desk):
    desk.look("pictures")
    grid, values = desk.view.pictures.grid, said.tensor_values()[0]
    assert len(grid.images()) == 16
    rect = grid.cell_rect(3)
    told = grid.told_at(QPoint(rect.x() + 1, rect.bottom() - 1))
    assert told.startswith("channel 3: row 7, column 0: ")
    assert float(told.rpartition(" ")[2].replace("−", "-")) == pytest.approx(values[3, 7, 0], rel=1e-2)
    desk.qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=rect.center())
    desk.wait(lambda: len(grid.images()) == 1)
    assert desk.engine.sent(ReadMaps)[-1].window.start == 3
    desk.qtbot.mouseClick(desk.view.pictures.back, Qt.MouseButton.LeftButton)
    desk.wait(lambda: len(grid.images()) == 16)


def test_the_table_asks_for_the_blocks_that_show_and_goes_to_the_greatest_value(desk: Desk):
    desk.look("values")
    values = said.tensor_values()
    model = desk.view.values.model
    desk.wait(lambda: model.index(2, 5).data() == f"{values[0, 0, 2, 5]:.4g}")
    assert len(desk.engine.sent(ReadCells)) == 1
    desk.qtbot.mouseClick(desk.view.values.finders[0], Qt.MouseButton.LeftButton)
    index = tuple(int(place) for place in np.unravel_index(values.argmax(), values.shape))
    current = desk.view.values.table.currentIndex
    desk.wait(lambda: (current().row(), current().column()) == index[2:])
    assert desk.view.values.places[1].value() == index[1]
    desk.wait(lambda: current().data() == f"{values.max():.4g}")
    assert desk.view.values.table.rows_text() == f"{values.max():.4g}"
    desk.view.values.go_to.setText("0, 99, 0, 0")
    desk.qtbot.keyClick(desk.view.values.go_to, Qt.Key.Key_Return)
    assert "4 numbers within (1, 16, 8, 8)" in desk.view.values.told.text()


def test_a_tensor_is_saved_whole_and_nothing_else_is_left_in_the_folder(desk: Desk, tmp_path: Path):
    desk.look("values")
    folder = tmp_path / "saved"
    folder.mkdir()
    desk.view.save_requested.emit(str(folder / "a.npy"))
    desk.wait(lambda: desk.session.state.tensor.saving is not None and desk.session.state.tensor.saving.done)
    assert np.array_equal(np.load(folder / "a.npy"), said.tensor_values())
    assert [path.name for path in folder.iterdir()] == ["a.npy"]
    assert "Saved as a.npy" in desk.view.saved.text()


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(desk: Desk, tmp_path: Path):
    desk.look("values")
    desk.view.save_requested.emit(str(tmp_path / "nowhere" / "a.npy"))
    desk.wait(lambda: desk.session.state.tensor.saving is not None and desk.session.state.tensor.saving.problem)
    assert desk.view.saved.text() == "a.npy could not be written: No such file or directory."


def test_saving_that_is_cancelled_leaves_no_file(desk: Desk, tmp_path: Path):
    desk.look("values")
    desk.engine.behave(hang_on="ReadRow")
    desk.session.tensor.save(str(tmp_path / "b.npy"))
    desk.wait(lambda: desk.engine.sent(ReadRow))
    desk.session.tensor.stop_saving()
    assert not list(tmp_path.glob("*.npy"))
    assert not list(tmp_path.glob(".*.part"))
    assert desk.session.state.tensor.saving is None


def test_a_fetch_that_fails_is_told_in_its_place_and_not_tried_for_ever(desk: Desk):
    desk.engine.behave(hang_on="FetchTensor")
    desk.qtbot.mouseClick(desk.view.mode.button("pictures"), Qt.MouseButton.LeftButton)
    desk.wait(lambda: desk.session.state.tensor.fetching)
    assert desk.view.cancel.isVisible()
    assert desk.view.status.text() == "Fetching …"
    (request_id,) = [number for number, what in desk.session.state.pending.items() if what == "tensor"]
    failed = RequestFailed(message="This tensor takes 5.0 GB; at most 4.0 GB are kept.")
    desk.engine._say(Reply(request_id, failed))
    desk.wait(lambda: not desk.session.state.pending)
    assert "5.0 GB" in desk.view.status.text()
    assert len(desk.engine.sent(FetchTensor)) == 1


def test_a_fetch_that_was_stopped_says_so_and_how_to_look_again(desk: Desk):
    desk.engine.behave(hang_on="FetchTensor")
    desk.qtbot.mouseClick(desk.view.mode.button("values"), Qt.MouseButton.LeftButton)
    desk.wait(lambda: desk.session.state.tensor.fetching)
    desk.session.cancel()
    desk.settle()
    assert desk.view.status.text() == "Fetching was stopped: choose Off, then look again."
    assert not desk.view.cancel.isVisible()
    desk.engine.behave(hang_on="")
    desk.qtbot.mouseClick(desk.view.mode.button("off"), Qt.MouseButton.LeftButton)
    desk.look("values")
    assert desk.view.status.text() == ""


@pytest.mark.parametrize(
    ("hangs", "ask"),
    [
        ("TraceGradients", lambda session: session.training.trace()),
        ("CompareModels", lambda session: session.comparison.with_itself()),
        ("Evaluate", lambda session: session.folder.evaluate({})),
    ],
)
def test_a_tensor_is_fetched_once_what_is_under_way_has_ended(desk: Desk, hangs, ask):
    desk.session.folder.choose("/images")
    desk.look("values")
    desk.engine.behave(hang_on=hangs)
    ask(desk.session)
    doing = desk.session.state.progress
    desk.session.select_node(5)
    desk.wait(lambda: desk.view.status.text() == "Waits for what is under way …")
    assert desk.session.state.progress == doing, "it is still told how far it is"
    desk.session.cancel()
    desk.wait(lambda: desk.session.state.tensor.fetched is not None)
    assert desk.session.state.tensor.place == TensorPlace(role="output", node=5)
    desk.settle()


def test_an_engine_that_has_ended_fetches_nothing_and_the_view_says_so(desk: Desk):
    desk.engine.behave(die_on="FetchTensor")
    desk.qtbot.mouseClick(desk.view.mode.button("values"), Qt.MouseButton.LeftButton)
    desk.wait(lambda: desk.session.state.engine.phase == "ended")
    assert desk.view.status.text() == "The engine has ended: restart it."


def test_an_answer_about_another_tensor_is_dropped(desk: Desk):
    state = asking.asked(asking.fetching(desk.session.state, WEIGHT), 900, "tensor")
    other = TensorPlace(role="output", node=1)
    late = TensorFetched(place=other, shape=(1,), dtype="float32", array_dtype="float32", size_bytes=4)
    assert apply_event(state, Reply(900, late)).tensor.fetched is None
    assert asking.running(state).tensor.place is None


def test_a_table_of_a_hundred_million_rows_asks_for_one_block_and_shows_any_of_them(qtbot: QtBot):
    model = ValuesModel()
    asked: list[CellWindow] = []
    model.wanted.connect(asked.append)
    model.show_slice((100_000_000,), (0, -1), (0,), (99_000_000, 0))
    assert (model.rowCount(), model.columnCount()) == (MOST_ROWS, 1)
    assert model.index(999_999, 0).data() == "…"
    qtbot.waitUntil(lambda: bool(asked))
    (window,) = asked
    assert window.row <= 99_999_999 < window.row + window.num_rows
    block = np.arange(window.row, min(window.row + 256, 100_000_000), dtype=np.int64)[:, None]
    model.show_blocks({window: block})
    assert model.index(999_999, 0).data() == "99999999"
    assert model.headerData(0, Qt.Orientation.Vertical) == "99000000"


def test_nan_stands_out_in_table_and_picture(qtbot: QtBot):
    model = ValuesModel()
    model.show_slice((2,), (0, -1), (0,), (0, 0))
    window = CellWindow(row_axis=0, column_axis=-1, index=(0,), row=0, column=0, num_rows=256, num_columns=64)
    model.show_blocks({window: np.array([[np.nan], [1.5]], np.float32)})
    assert model.data(model.index(0, 0), Qt.ItemDataRole.BackgroundRole) is not None
    assert model.data(model.index(1, 0), Qt.ItemDataRole.BackgroundRole) is None
    pixels = value_pixels(np.array([np.nan, -1.0, 0.0, 1.0], np.float32), -1, 1, two_way=True, dark=False)
    assert tuple(pixels[0]) == NOT_A_NUMBER
    assert pixels[2].min() > 240
    assert pixels[1][2] > pixels[1][0]
    assert pixels[3][0] > pixels[3][2]


def test_values_are_written_as_chosen():
    value = np.float32(1 / 3)
    assert cell_text(value, "short") == "0.3333"
    assert float(cell_text(value, "full")) == pytest.approx(1 / 3, abs=1e-8)
    assert cell_text(value, "scientific") == "3.333e-01"
    assert cell_text(np.int64(1 << 60), "short") == str(1 << 60)


@pytest.mark.parametrize(
    ("shape", "role", "category", "layouts"),
    [
        ((2, 64, 56, 56), "output", "convolution", ["maps", "plane"]),
        ((2, 3, 50, 50), "output", "attention", ["maps", "query", "plane"]),
        ((64, 3, 7, 7), "parameter", "convolution", ["tiles", "kernels", "plane"]),
        ((64, 32, 3, 3), "parameter", "convolution", ["kernels", "plane"]),
        ((1, 197, 768), "output", "linear", ["tokens", "strips", "channels", "plane"]),
        ((2, 8, 101), "output", "convolution", ["strips", "channels", "plane"]),
        ((2, 7, 32), "output", "recurrent", ["plane", "channels", "strips"]),
        ((1, 16, 80), "output", "recurrent", ["plane", "channels", "strips"]),
        ((1, 64, 64, 64), "output", "convolution", ["maps", "plane"]),
        ((1, 8, 16, 16, 16), "output", "convolution", ["slices", "plane"]),
        ((8, 3, 3, 3, 3), "parameter", "convolution", ["kernels", "plane"]),
        ((10, 20), "parameter", "linear", ["plane"]),
        ((), "output", "other", ["plane"]),
    ],
)
def test_axes_are_read_as_their_number_and_sizes_allow(shape, role, category, layouts):
    place = TensorPlace(role=role, node=0)
    found = [choice.layout for choice in layout_choices(place, shape, category)]
    if shape == (2, 3, 50, 50):
        assert patches_side(50) == 7
    assert found == layouts


def test_a_block_larger_than_asked_is_refused():
    window = CellWindow(row_axis=0, column_axis=1, index=(0, 0), row=0, column=0, num_rows=2, num_columns=2)
    values = ArrayRef(shape=(3, 2), dtype="uint8", inline=bytes(6))
    with pytest.raises(ValueError, match="do not fit"):
        check_reply(Reply(1, CellsRead(place=WEIGHT, window=window, values=values)))


def test_a_pixel_of_a_large_map_is_the_greatest_or_the_mean_of_its_block_as_chosen(desk: Desk):
    desk.engine.behave(hang_on="ReadMaps")
    pictures = desk.view.pictures
    desk.qtbot.mouseClick(desk.view.mode.button("pictures"), Qt.MouseButton.LeftButton)
    desk.wait(lambda: desk.engine.sent(ReadMaps))
    assert desk.engine.sent(ReadMaps)[-1].window.reduction == "max_abs"
    pictures.blocks.setCurrentIndex(1)
    pictures.blocks.activated.emit(1)
    desk.wait(lambda: desk.engine.sent(ReadMaps)[-1].window.reduction == "mean")


def test_square_maps_of_scores_that_are_no_attention_are_called_what_they_are(qtbot: QtBot):
    page = PicturesPage()
    qtbot.addWidget(page)
    told = []
    for is_attention in (False, True):
        state = scores_state(is_attention=is_attention)
        page.draw(state)
        told.append(page.told.text())
    assert told == [
        "Square maps, not attention: not every row adds up to 1.",
        "Attention: each row adds up to 1 (checked over all).",
    ]
    assert page.grid.told_at(page.grid.cell_rect(0).topLeft()).startswith("channel 0: query 0 → key 0: ")


def scores_state(*, is_attention: bool) -> WindowState:
    """A product of queries and keys (1, 2, 5, 5) that was looked into."""
    place, shape = TensorPlace(role="output", node=0), (1, 2, 5, 5)
    spec = TensorSpec(shape=shape, dtype="float32")
    node = Node(id=0, kind="function", op="matmul", fqn="", group=None, outputs=(spec,), category="attention")
    values = np.full((2, 5, 5), 0.2 if is_attention else 0.7, np.float32)
    page = MapsRead(
        place=place,
        window=MapWindow(layout="maps"),
        maps=ArrayRef(shape=values.shape, dtype="float32"),
        channels=(0, 1),
        lows=(0.0, 0.0),
        highs=(1.0, 1.0),
        low=0.0,
        high=1.0,
        total=2,
        height=5,
        width=5,
    )
    tensor = TensorState(
        place=place,
        fetched=TensorFetched(place=place, shape=shape, dtype="float32", array_dtype="float32", size_bytes=200),
        measured=TensorMeasured(place=place, statistics=said.statistics(1), is_attention=is_attention),
        maps=MapPictures(page, values),
    )
    return WindowState(run=RunState(graph=Graph(nodes=(node,), groups=(), edges=())), selected_node=0, tensor=tensor)


def full_disk(_path: Path) -> BinaryIO:
    return Path("/dev/full").open("wb", 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_a_full_disk_is_told_in_a_sentence(desk: Desk, tmp_path: Path):
    desk.look("values")
    fetched = desk.session.state.tensor.fetched
    assert fetched is not None
    told: list[Saving] = []
    folder = tmp_path / "full"
    folder.mkdir()
    export = TensorExport(fetched, str(folder / "c.npy"), open_file=full_disk)
    export.changed.connect(told.append)
    export.row_requested.connect(lambda asked: export.take(asked.start, said.tensor_values().reshape(-1)))
    export.start()
    desk.qtbot.waitUntil(lambda: any(saving.problem for saving in told))
    assert told[-1].problem == "c.npy could not be written: No space left on device."
    assert not list(folder.iterdir())
