"""A disk that is full while something is saved: a sentence, what was there stays, and nothing half-written is left.

The kernel itself refuses to let a file grow, as it does on a full disk.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from panel_states import evaluated

from inspector.cli.engine import CommandError
from inspector.cli.graph_file import write_graph
from inspector.client import fake_messages as said
from inspector.core.whole_file import write_whole
from inspector.gui.confusion_panel import ConfusionPanel
from inspector.gui.measures_panel import MeasuresPanel
from inspector.gui.settings import SettingsFile, read_settings
from inspector.gui.state import RunState, WindowState

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the limit is one of POSIX")

MATRIX = [[40, 2], [1, 30]]
OLD = "what was there"


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow beyond 20 bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def confusion(qtbot):
    panel = ConfusionPanel()
    qtbot.addWidget(panel)
    panel.draw(WindowState(evaluation=evaluated(MATRIX, ("cat", "dog"))))
    return panel


def measures(qtbot):
    panel = MeasuresPanel()
    qtbot.addWidget(panel)
    panel.draw(WindowState(run=RunState(graph=said.graph())))
    return panel


def save_measures(qtbot, path):
    panel = measures(qtbot)
    panel.write_csv(str(path))
    if panel.foot.problem.text():
        raise OSError(panel.foot.problem.text())


SAVED = {
    "graph.svg": lambda qtbot, path: write_graph(said.graph(), None, str(path)),
    "graph.png": lambda qtbot, path: write_graph(said.graph(), None, str(path)),
    "graph.pdf": lambda qtbot, path: write_graph(said.graph(), None, str(path)),
    "graph.dot": lambda qtbot, path: write_graph(said.graph(), None, str(path)),
    "graph.json": lambda qtbot, path: write_graph(said.graph(), None, str(path)),
    "matrix.csv": lambda qtbot, path: confusion(qtbot).export_matrix_csv(str(path)),
    "matrix.png": lambda qtbot, path: confusion(qtbot).export_matrix_png(str(path)),
    "images.csv": lambda qtbot, path: confusion(qtbot).export_images_csv(str(path)),
    "measures.csv": save_measures,
    "plain.txt": lambda qtbot, path: write_whole(path, "a text that is longer than the disk has room for"),
}


@pytest.mark.parametrize("name", SAVED)
def test_what_can_not_be_saved_leaves_what_was_there_and_nothing_else(qtbot, tmp_path, name):
    path = tmp_path / name
    path.write_text(OLD)
    with full_disk(), pytest.raises((OSError, CommandError)) as told:
        SAVED[name](qtbot, path)
    assert "File too large" in str(told.value)
    assert path.read_text() == OLD
    assert [one.name for one in tmp_path.iterdir()] == [name]
    SAVED[name](qtbot, path)
    assert path.stat().st_size > 20
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_settings_that_can_not_be_written_are_kept_in_mind_and_the_old_ones_on_the_disk(tmp_path):
    settings = SettingsFile(tmp_path / "settings.json")
    settings.change(theme="dark")
    with full_disk():
        settings.change(recent_files=("/a/model.pt",))
    assert settings.current.recent_files == ("/a/model.pt",)
    assert read_settings(settings.path).theme == "dark"
    assert [one.name for one in tmp_path.iterdir()] == ["settings.json"]
    settings.change(wrap_long_graphs=False)
    assert read_settings(settings.path).recent_files == ("/a/model.pt",)


def test_settings_in_a_folder_that_can_not_be_written_are_kept_in_mind(tmp_path):
    """Root may write anywhere; a file where the folder should be stops everyone."""
    (tmp_path / "config").write_text("not a folder")
    settings = SettingsFile(tmp_path / "config" / "settings.json")
    settings.change(theme="dark")
    assert settings.current.theme == "dark"
    assert (tmp_path / "config").read_text() == "not a folder"


def test_a_link_is_followed_and_a_device_written_to(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "kept" / "real.txt")
    write_whole(tmp_path / "link.txt", "text")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "kept" / "real.txt").read_text() == "text"
    write_whole(Path("/dev/null"), "text")
    assert not Path("/dev/null").is_file()
    shutil.rmtree(tmp_path / "kept")
