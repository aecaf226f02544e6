"""Whatever lies at the end of a path, the real engine answers with a sentence, and goes on."""

import os
import sys
from pathlib import Path

import pytest
import torch
from speaking import Speaker

from inspector.cli.engine import CommandError
from inspector.protocol.events import FileDescribed, FolderScanned, ModelLoaded
from inspector.protocol.requests import DescribeFile, LoadModel, ScanFolder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="made of what Linux's file systems allow")


def model(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(torch.nn.Sequential(torch.nn.Linear(4, 2)), path)
    return path


def loop(path: Path) -> Path:
    path.symlink_to(path)
    return path


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


def cut(path: Path) -> Path:
    model(path).write_bytes(path.read_bytes()[:700])
    return path


NO_MODELS = {
    "a name that is not there": (lambda path: path, "."),
    "a link to itself": (loop, "."),
    "a pipe that nobody writes": (pipe, "."),
    "a device": (lambda _path: Path("/dev/zero"), "."),
    "a folder called model.pt": (folder, "."),
    "an empty file": (empty, "empty"),
    "a file that was cut off": (cut, "."),
    "a name longer than any": (lambda path: path.with_name("x" * 300), "."),
    "a path longer than any": (lambda path: path.joinpath(*["folder"] * 900), "."),
}


@pytest.mark.parametrize("oddity", NO_MODELS)
def test_what_is_no_model_is_said_in_a_sentence_and_the_engine_goes_on(
    fresh_engine: Speaker, tmp_path: Path, oddity: str
) -> None:
    make, words = NO_MODELS[oddity]
    with pytest.raises(CommandError) as told:
        fresh_engine.ask(LoadModel(path=str(make(tmp_path / "model.pt"))))
    assert words in str(told.value)
    assert "Errno" not in str(told.value)
    assert "fault of the app" not in str(told.value)
    good = fresh_engine.ask(LoadModel(path=str(model(tmp_path / "good.pth"))))
    assert any(isinstance(reply.event, ModelLoaded) for reply in good)


@pytest.mark.parametrize("name", ["two words.pt", "Größe 模型 🙂.pt", "two\nlines.pt", 'it\'s "quoted".pt', "n" * 250])
def test_odd_names_open_as_others_do(fresh_engine: Speaker, tmp_path: Path, name: str) -> None:
    answers = fresh_engine.ask(LoadModel(path=str(model(tmp_path / name))))
    assert any(isinstance(reply.event, ModelLoaded) for reply in answers)


def test_a_name_that_is_no_text_is_said_so(fresh_engine: Speaker, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/model-\xff.pt"))
    model(tmp_path / "model.pt").rename(path)
    with pytest.raises(CommandError, match="UTF-8"):
        fresh_engine.ask(DescribeFile(path=str(path)))
    (described, *_) = fresh_engine.ask(DescribeFile(path=str(model(tmp_path / "good.pth"))))
    assert isinstance(described.event, FileDescribed)


def test_an_empty_picture_in_a_test_folder_is_left_out_or_told_and_the_rest_is_listed(
    fresh_engine: Speaker, tmp_path: Path
) -> None:
    from PIL import Image

    for label in ("cat", "dog"):
        (tmp_path / "set" / label).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / "set" / label / "one.png")
    (tmp_path / "set" / "dog" / "empty.png").touch()
    (tmp_path / "set" / "dog" / "loop.png").symlink_to("loop.png")
    answers = fresh_engine.ask(ScanFolder(folder=str(tmp_path / "set")))
    (scanned,) = [reply.event for reply in answers if isinstance(reply.event, FolderScanned)]
    assert {Path(image.path).name for image in scanned.images} >= {"one.png"}
    assert scanned.classes == ("cat", "dog")


def test_a_folder_on_a_drive_that_vanished_is_said_in_a_sentence(fresh_engine: Speaker, tmp_path: Path) -> None:
    gone = tmp_path / "set"
    gone.mkdir()
    fresh_engine.engine.lend(str(gone))
    gone.rmdir()
    with pytest.raises(CommandError) as told:
        fresh_engine.ask(ScanFolder(folder=str(gone)))
    assert "Errno" not in str(told.value)
    assert "fault of the app" not in str(told.value)
    assert isinstance(fresh_engine.ask(DescribeFile(path=str(model(tmp_path / "m.pth"))))[0].event, FileDescribed)


def test_a_file_that_is_cut_off_after_it_was_described_is_a_sentence(fresh_engine: Speaker, tmp_path: Path) -> None:
    path = model(tmp_path / "model.pth")
    fresh_engine.ask(DescribeFile(path=str(path)))
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(CommandError) as told:
        fresh_engine.ask(LoadModel(path=str(path)))
    assert "fault of the app" not in str(told.value)
