"""What an unpacked archive may bring beside a model: devices, pipes and programs behind harmless names.

Without the sandbox, which stands in the way of some of these on Linux.
"""

import contextlib
import json
import os
import struct
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from test_nothing_runs_unasked import Window
from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.formats.reading import open_source, read_whole
from inspector.engine.formats.safetensors_file import read_header
from inspector.engine.limits import time_limited
from inspector.engine.loading import load_model
from inspector.engine.loading.beside import find_source_beside
from inspector.engine.loading.safetensors_weights import read_safetensors
from inspector.engine.loading.surroundings import config_beside, preprocessing_of
from inspector.protocol.events import FolderScanned, InputPrepared
from inspector.protocol.inputs import ArrayInput, ImageInput, Preprocess
from inspector.protocol.requests import DecodeImages, LoadModel, PreviewInput, ScanFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="made of what POSIX has")
LONGEST_S = 20.0


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


TRAPS = pytest.mark.parametrize("trap", [pipe, endless])


@pytest.fixture(autouse=True)
def in_time():
    """A pipe is waited for, and a device read, for ever."""
    with time_limited(LONGEST_S):
        yield


@TRAPS
def test_a_source_beside_weights_is_a_regular_file_or_none(tmp_path, trap):
    torch.save(nn.Linear(3, 2).state_dict(), tmp_path / "weights.pt")
    for name in ("weights.py", "net.py", "config.json", "preprocessor_config.json"):
        trap(tmp_path / name)
    path = str(tmp_path / "weights.pt")
    assert find_source_beside(path, describe_file(path)) == ""
    assert config_beside(path) == {}
    assert preprocessing_of(nn.Identity(), path) == {}


@TRAPS
def test_a_source_that_is_given_is_a_regular_file_or_refused(tmp_path, trap):
    trap(tmp_path / "net.py")
    torch.save(nn.Linear(3, 2).state_dict(), tmp_path / "weights.pt")
    for path in (tmp_path / "weights.pt", tmp_path / "net.py"):
        with pytest.raises(EngineError, match="device or a pipe"):
            load_model(LoadModel(path=str(path), source=str(tmp_path / "net.py")), describe_file_or_weights(path))


def describe_file_or_weights(path):
    return describe_file(str(path.with_name("weights.pt")))


@TRAPS
def test_an_import_that_is_no_regular_file_is_not_read(tmp_path, trap):
    trap(tmp_path / "parts.py")
    source = tmp_path / "net.py"
    source.write_text("import parts\nfrom torch import nn\nclass Net(nn.Linear):\n    pass\n")
    answer = load_model(LoadModel(path=str(source)), describe_file(str(source)))
    assert answer.items[0].beside == ()


@TRAPS
def test_labels_and_pictures_that_are_no_regular_files_are_told(tmp_path, trap):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    trap(tmp_path / "labels.csv")
    trap(tmp_path / "b.png")
    trap(tmp_path / "c.npy")
    window = Window()
    (scanned,) = [one for one in window.send(ScanFolder(folder=str(tmp_path))) if isinstance(one, FolderScanned)]
    assert scanned.problems
    window.send(DecodeImages(paths=(str(tmp_path / "b.png"),)))
    preprocess = Preprocess(height=4, width=4)
    for source in (
        ImageInput(paths=(str(tmp_path / "b.png"),), preprocess=preprocess),
        ArrayInput(path=str(tmp_path / "c.npy")),
    ):
        assert not [one for one in window.send(PreviewInput(source=source)) if isinstance(one, InputPrepared)]


def test_a_file_that_grows_while_it_is_read_is_not_read_beyond_the_limit(tmp_path):
    (tmp_path / "large").write_bytes(bytes(100))
    assert read_whole(str(tmp_path / "large"), 100) == bytes(100)
    with pytest.raises(EngineError, match="larger than 99 bytes"):
        read_whole(str(tmp_path / "large"), 99)
    with pytest.raises(EngineError, match="is a folder"):
        read_whole(str(tmp_path), 99)


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n%%EOF\n"


def test_no_program_is_called_to_draw_a_picture(tmp_path, monkeypatch):
    """Pillow draws an EPS by Ghostscript, whatever the file is called; here one that leaves a trace."""
    from PIL import EpsImagePlugin

    canary, program = tmp_path / "canary", tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {canary}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # it is looked for once
    picture = tmp_path / "picture.png"
    picture.write_bytes(POSTSCRIPT)
    with contextlib.suppress(OSError), Image.open(picture) as opened:
        opened.load()
    assert canary.exists(), "else this would show nothing"
    canary.unlink()
    window = Window()
    window.send(DecodeImages(paths=(str(picture),)))
    window.send(PreviewInput(source=ImageInput(paths=(str(picture),), preprocess=Preprocess(height=4, width=4))))
    assert not canary.exists()


@pytest.mark.parametrize("suffix", ["png", "jpeg", "bmp", "webp", "tiff", "gif", "ppm"])
def test_the_usual_pictures_are_still_read_whatever_they_are_called(tmp_path, suffix):
    Image.new("RGB", (4, 4), "red").save(tmp_path / "a", format=suffix)
    source = ImageInput(paths=(str(tmp_path / "a"),), preprocess=Preprocess(height=4, width=4))
    assert [one for one in Window().send(PreviewInput(source=source)) if isinstance(one, InputPrepared)]


def test_the_tensors_of_safetensors_come_from_the_file_whose_header_was_checked(tmp_path):
    path, other = tmp_path / "model.safetensors", tmp_path / "other.safetensors"
    save_file({"a": torch.arange(4.0)}, path)
    save_file({"a": torch.zeros(2)}, other)
    with open_source(str(path)) as source:
        (placed,), _ = read_header(source)
        other.replace(path)
        content = source.mapped()
    assert torch.equal(torch.frombuffer(content, dtype=torch.float32, offset=placed.begin), torch.arange(4.0))
    assert torch.equal(read_safetensors(str(path))["a"], torch.zeros(2))


def test_a_dtype_by_torch_s_own_name_is_none_of_safetensors(tmp_path):
    """Its width is not in the table: a shape of any size would be made for no bytes at all."""
    header = json.dumps({"w": {"dtype": "float32", "shape": [2**15, 2**15], "data_offsets": [0, 0]}}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(EngineError, match="dtype FLOAT32, which torch does not know"):
        read_safetensors(str(path))
