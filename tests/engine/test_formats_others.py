"""What is not saved by torch: sources, ONNX, folders, zips that lie, and all that is no model."""

import gzip
import io
import json
import os
import struct
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from loading_nets import SOURCE, plain_net
from onnx_bytes import field
from PIL import Image
from safetensors.torch import save_file

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.loading import load_model
from inspector.protocol.requests import LoadModel


def image_bytes(kind):
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, kind)
    return buffer.getvalue()


def npy_bytes():
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def zip_bytes(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def tar_bytes(name):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return buffer.getvalue()


NO_MODELS = {
    "PNG picture": image_bytes("PNG"),
    "JPEG picture": image_bytes("JPEG"),
    "BMP picture": image_bytes("BMP"),
    "WebP picture": image_bytes("WEBP"),
    "TIFF picture": image_bytes("TIFF"),
    "GIF picture": image_bytes("GIF"),
    "numpy array": npy_bytes(),
    "Keras": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "GGUF": b"GGUF" + bytes(100),
    "TensorFlow Lite": b"\x1c\0\0\0TFL3" + bytes(60),
    "ExecuTorch": b"\x1c\0\0\0ET12" + bytes(60),
    "ONNX Runtime model": b"\x1c\0\0\0ORTM" + bytes(60),
    "GGML": b"lmgg" + bytes(60),
    "TensorRT": b"ftrt" + bytes(60),
    "ncnn": b"7767517\n75 83\nInput data 0 1 data",
    "Darknet configuration": b"[net]\nbatch=1\n[convolutional]\nfilters=32\n",
    "Weights of Darknet": struct.pack("<3iq", 0, 2, 0, 32013312) + bytes(400),
    "OpenVINO": b'<?xml version="1.0"?>\n<net name="x" version="11"><layers/></net>',
    "MXNet graph": b'{"nodes": [{"op": "null"}], "arg_nodes": [0]}',
    "Weights of MXNet": struct.pack("<QQ", 0x112, 0) + bytes(60),
    "Caffe": b'name: "LeNet"\nlayer {\n  name: "data"\n}',
    "TensorFlow.js": b'{"format": "layers-model", "modelTopology": {}}',
    "JAX or Flax": b"\x81\xa6params\x82\xa7Dense_0\x81\xa6kernel\xc7",
    "Core ML": b"\x08\x04\x12\x80\x01\x0a\x40com.github.apple.coremltools.version" + b"\x0a\x03x",
    "PaddlePaddle": b"\x0a\xf0\x05\x08\x00\x10\xff\x1a\x0b\x0a\x04feed\x10\x09\x1a\x0c\x0a\x05fetch\x10\x0a\xff",
    "TensorFlow checkpoint": bytes(40) + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb",
    "PDF": b"%PDF-1.7 ...",
    "gzip": gzip.compress(b"x"),
    "plain zip": zip_bytes(a="1", b="2"),
    "npz": zip_bytes(**{"a.npy": "1"}),
    "tar archive": tar_bytes("folder/file"),
    "before 2017": tar_bytes("pickle"),
    "web page": b"<!DOCTYPE html><html></html>",
    "JSON text": b'{"a": 1}',
    "empty file": b"",
    "A text of 5 bytes": b"hello",
    "begin with 01 fe": b"\x01\xfe\x03\x04 and so on" + bytes(range(256)),
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
}


@pytest.mark.parametrize("said", NO_MODELS)
def test_what_is_no_model_is_named_in_a_sentence(tmp_path, said):
    path = tmp_path / "model.pt"
    path.write_bytes(NO_MODELS[said])
    description = describe_file(str(path))
    assert (description.format, description.safety) == ("unknown", "inert")
    assert said.casefold() in description.summary.casefold()
    with pytest.raises(EngineError) as caught:
        load_model(LoadModel(path=str(path), trust_everything=True), description)
    assert caught.value.message == description.summary


@pytest.mark.parametrize(
    ("inside", "said"),
    [("saved_model.pb", "SavedModel"), (".metadata", "distributed checkpoint"), ("_CHECKPOINT_METADATA", "Orbax"),
     ("zero_to_fp32.py", "DeepSpeed"), ("checkpoint", "TensorFlow checkpoints")],
)  # fmt: skip
def test_a_folder_of_another_framework_is_named(tmp_path, inside, said):
    (tmp_path / inside).write_bytes(b"x")
    assert said in describe_file(str(tmp_path)).summary


def gguf_text(text):
    return struct.pack("<Q", len(text)) + text.encode()


def test_a_gguf_file_tells_its_facts_and_its_tensors(tmp_path):
    facts = gguf_text("general.architecture") + struct.pack("<I", 8) + gguf_text("llama")
    facts += gguf_text("tokens") + struct.pack("<IIQ", 9, 8, 2) + gguf_text("a") + gguf_text("b")
    facts += gguf_text("scale") + struct.pack("<If", 6, 0.5)
    tensors = gguf_text("blk.0.attn_q.weight") + struct.pack("<IQQIQ", 2, 32, 4, 12, 0)
    tensors += gguf_text("output_norm.weight") + struct.pack("<IQIQ", 1, 8, 0, 96)
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 2, 3) + facts + tensors + bytes(200))
    description = describe_file(str(path))
    assert "GGUF" in description.summary
    assert "llama" in description.summary
    assert [(tensor.name, tensor.shape, tensor.dtype) for tensor in description.tensors] == [
        ("blk.0.attn_q.weight", (4, 32), "Q4_K"),
        ("output_norm.weight", (8,), "float32"),
    ]
    assert (description.metadata["tokens"], description.metadata["scale"]) == ("2 values", "0.5")


def test_a_folder_says_what_it_is(tmp_path):
    assert "empty folder" in describe_file(str(tmp_path)).summary
    (tmp_path / "a.png").write_bytes(b"")
    assert "1 entry" in describe_file(str(tmp_path)).summary


def test_what_can_not_be_read_is_an_error_with_a_sentence(tmp_path):
    with pytest.raises(EngineError, match="There is no file"):
        describe_file(str(tmp_path / "gone.pt"))
    with pytest.raises(EngineError, match="not a name"):
        describe_file("a\0b")
    with pytest.raises(EngineError, match="could not be read"):
        describe_file(str(tmp_path / ("x" * 5000)))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(EngineError, match="not a file"):
        describe_file(str(tmp_path / "pipe"))


def test_python_source_is_recognised_without_its_name(tmp_path):
    path = tmp_path / "model.txt"
    path.write_text(SOURCE)
    description = describe_file(str(path))
    assert (description.format, description.safety) == ("python_source", "needs_consent")
    assert "SmallNet" in description.summary


def test_a_mistake_in_python_source_is_placed(tmp_path):
    path = tmp_path / "model.py"
    path.write_text("import torch\nclass Net(:\n")
    assert "line 2" in describe_file(str(path)).summary
    with pytest.raises(EngineError, match="line 2"):
        load_model(LoadModel(path=str(path), trust_everything=True), describe_file(str(path)))


def onnx_bytes():
    weight = field(1, 2) + field(1, 3) + field(2, 1) + field(8, b"weight") + field(9, bytes(24))
    node = field(1, b"x") + field(1, b"weight") + field(2, b"y") + field(4, b"Gemm")
    graph = (
        field(1, node) + field(2, b"main") + field(5, weight) + field(11, field(1, b"x")) + field(12, field(1, b"y"))
    )
    return field(1, 8) + field(2, b"pytorch") + field(7, graph) + field(8, field(1, b"") + field(2, 17))


def test_onnx_is_recognised_and_its_shapes_read(tmp_path):
    path = tmp_path / "anything"
    path.write_bytes(onnx_bytes())
    description = describe_file(str(path))
    assert (description.format, description.safety) == ("onnx", "inert")
    assert [(tensor.name, tensor.shape, tensor.dtype) for tensor in description.tensors] == [
        ("weight", (2, 3), "float32")
    ]
    assert description.metadata["operations"] == "Gemm ×1"
    assert description.metadata["opset"] == "17"


def hugging_face_folder(folder, *, sharded):
    state = plain_net().state_dict()
    (folder / "config.json").write_text(json.dumps({"model_type": "small", "id2label": {"0": "cat", "1": "dog"}}))
    if not sharded:
        save_file(state, folder / "model.safetensors")
        return
    names = list(state)
    shards = {"a.safetensors": names[:4], "b.safetensors": names[4:]}
    for file, keys in shards.items():
        save_file({key: state[key] for key in keys}, folder / file)
    table = {key: file for file, keys in shards.items() for key in keys}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": table}))


@pytest.mark.parametrize("sharded", [True, False])
def test_a_hugging_face_folder_is_described_from_its_headers(tmp_path, sharded):
    hugging_face_folder(tmp_path, sharded=sharded)
    description = describe_file(str(tmp_path))
    assert (description.format, description.safety) == ("hugging_face", "inert")
    assert {tensor.name: tensor.shape for tensor in description.tensors} == {
        name: tuple(value.shape) for name, value in plain_net().state_dict().items()
    }
    assert description.metadata["model_type"] == "small"


def test_a_missing_shard_is_named(tmp_path):
    hugging_face_folder(tmp_path, sharded=True)
    (tmp_path / "b.safetensors").unlink()
    assert "b.safetensors" in describe_file(str(tmp_path)).warnings[0]


def test_old_pickled_weights_in_a_folder_are_read_inertly_too(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    torch.save(plain_net().state_dict(), tmp_path / "pytorch_model.bin")
    description = describe_file(str(tmp_path))
    assert (description.format, description.safety) == ("hugging_face", "inert")
    assert len(description.tensors) == 9


def saved(tmp_path):
    path = tmp_path / "model.pt"
    torch.save(plain_net().state_dict(), path)
    return path


def add_entry(path, name, content="x"):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, content)


def append_another_zip(path):
    path.write_bytes(path.read_bytes() + zip_bytes(x="1"))


def overlap(path):
    data = bytearray(path.read_bytes())
    places = [place for place in range(len(data)) if data[place : place + 4] == b"PK\x01\x02"]
    (first,) = struct.unpack_from("<I", data, places[0] + 42)
    struct.pack_into("<I", data, places[1] + 42, first)
    path.write_bytes(data)


ZIP_TRICKS = {
    "the same name": lambda path: add_entry(path, "model/DATA.PKL"),
    "points outside": lambda path: add_entry(path, "model/../../evil.py"),
    "behind the end": lambda path: path.write_bytes(path.read_bytes() + b"more"),
    "beyond its end": append_another_zip,
    "overlap": overlap,
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-300]),
}


@pytest.mark.parametrize("said", ZIP_TRICKS)
def test_a_zip_that_two_readers_could_read_differently_is_refused(tmp_path, said):
    path = saved(tmp_path)
    ZIP_TRICKS[said](path)
    description = describe_file(str(path))
    assert (description.format, description.safety) == ("unknown", "needs_consent")
    assert "Not opened" in description.summary
    with pytest.raises(EngineError, match="Not opened"):
        load_model(LoadModel(path=str(path), trust_everything=True), description)


def test_a_zip_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", bytes(50_000_000))
    assert "zip bomb" in describe_file(str(path)).summary


def test_safetensors_that_lie_about_their_sizes_are_refused(tmp_path):
    path = Path(tmp_path / "lie.safetensors")
    for entry, said in (
        ('{"dtype":"F32","shape":[100],"data_offsets":[0,400]}', "cut off"),
        ('{"dtype":"F32","shape":[2],"data_offsets":[0,4]}', "needs 8"),
        ('{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}', "no valid shape"),
        ('{"dtype":"F32","shape":[1],"data_offsets":[4,0]}', "cut off"),
    ):
        header = ('{"w":' + entry + "}").encode()
        path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
        assert said in describe_file(str(path)).summary
