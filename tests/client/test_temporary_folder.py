"""Folders of engines: locked while their window lives, removed when it is gone."""

import os
import sys
from pathlib import Path

import pytest

from inspector.client.temporary_folder import TemporaryFolder, remove_abandoned

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders can't be locked on Windows")


@pytest.fixture(autouse=True)
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_lives_until_it_is_removed(tmp: Path):
    folder = TemporaryFolder()
    (Path(folder.path) / "left").write_text("by the engine")
    remove_abandoned(least_age_s=-1)
    assert Path(folder.path).is_dir(), "its window lives"
    folder.remove()
    folder.remove()
    assert list(tmp.iterdir()) == []


def test_the_folder_of_a_window_that_was_killed_goes_with_the_next_start(tmp: Path):
    abandoned = tmp / "model-inspector-gone"
    abandoned.mkdir()
    (abandoned / "left").write_text("by the engine")
    os.utime(abandoned, (0, 0))
    other = tmp / "another-programs"
    other.mkdir()
    folder = TemporaryFolder()
    assert set(tmp.iterdir()) == {other, Path(folder.path)}
    folder.remove()


def test_a_folder_that_is_just_being_made_is_left(tmp: Path):
    fresh = tmp / "model-inspector-fresh"
    fresh.mkdir()
    remove_abandoned()
    assert fresh.is_dir()


def test_a_link_of_that_name_is_not_followed(tmp: Path):
    target = tmp / "precious"
    target.mkdir()
    (target / "kept").write_text("")
    (tmp / "model-inspector-link").symlink_to(target)
    remove_abandoned(least_age_s=-1)
    assert (target / "kept").is_file()
