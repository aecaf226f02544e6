"""Small honest files of every format, for mutations to begin with."""

import io
import json
import pickle
import struct
import tarfile
import warnings
import zipfile

import numpy as np
import torch
from safetensors.torch import save
from torch import nn


def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)).eval()


def saved(value, *, zipped=True, protocol=2):
    stream = io.BytesIO()
    torch.save(value, stream, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    return stream.getvalue()


def checkpoint():
    model = net()
    optimiser = torch.optim.Adam(model.parameters())
    model(torch.zeros(1, 3, 4, 4)).sum().backward()
    optimiser.step()
    return {"state_dict": model.state_dict(), "optimizer_states": [optimiser.state_dict()], "epoch": 3,
            "hyper_parameters": {"lr": 0.1, "name": "x"}}  # fmt: skip


def torchscript():
    stream = io.BytesIO()
    torch.jit.save(torch.jit.trace(net(), torch.zeros(1, 3, 4, 4)), stream)
    return stream.getvalue()


def exported():
    stream = io.BytesIO()
    torch.export.save(torch.export.export(net(), (torch.zeros(1, 3, 4, 4),)), stream)
    return stream.getvalue()


def varint(value):
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def field(number, payload):
    if isinstance(payload, int):
        return varint(number << 3) + varint(payload)
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def onnx():
    """With a branch, a function, a scope, weights inside and beside, and a free size."""
    weight = field(1, 2) + field(1, 3) + field(2, 1) + field(8, b"weight") + field(9, bytes(24))
    beside = field(1, 3) + field(2, 1) + field(8, b"bias")
    beside += field(13, field(1, b"location") + field(2, b"m.data")) + field(14, 1)
    gemm = field(1, b"x") + field(1, b"weight") + field(1, b"bias") + field(2, b"y") + field(3, b"/fc/Gemm")
    gemm += field(4, b"Gemm") + field(5, field(1, b"transB") + field(3, 1) + field(20, 2))
    gemm += field(9, field(1, b"pkg.torch.onnx.name_scopes") + field(2, b"['', 'fc', 'linear']"))
    inner = field(1, field(1, b"y") + field(2, b"r") + field(4, b"Relu")) + field(12, field(1, b"r"))
    branch = field(1, b"c") + field(2, b"z") + field(4, b"If")
    branch += field(5, field(1, b"then_branch") + field(6, inner) + field(20, 5))
    call = field(1, b"z") + field(2, b"out") + field(4, b"Twice") + field(7, b"own")
    twice = field(1, b"Twice") + field(4, b"a") + field(5, b"b") + field(10, b"own")
    twice += field(7, field(1, b"a") + field(2, b"b") + field(4, b"Relu")) + field(9, field(1, b"") + field(2, 17))
    shape = field(1, field(2, b"batch")) + field(1, field(1, 3))
    source = field(1, b"x") + field(2, field(1, field(1, 1) + field(2, shape)))
    graph = field(1, gemm) + field(1, branch) + field(1, call) + field(2, b"g") + field(5, weight) + field(5, beside)
    graph += field(11, source) + field(11, field(1, b"c")) + field(12, field(1, b"out"))
    opsets = field(8, field(1, b"") + field(2, 17)) + field(8, field(1, b"own") + field(2, 1))
    return field(1, 8) + field(2, b"pytorch") + field(7, graph) + opsets + field(25, twice)


def gguf_text(text):
    return struct.pack("<Q", len(text)) + text.encode()


def gguf():
    pairs = gguf_text("general.architecture") + struct.pack("<I", 8) + gguf_text("llama")
    pairs += gguf_text("llama.block_count") + struct.pack("<II", 4, 2)
    pairs += gguf_text("tokens") + struct.pack("<IIQ", 9, 8, 2) + gguf_text("a") + gguf_text("b")
    tensors = gguf_text("blk.0.attn_q.weight") + struct.pack("<IQQIQ", 2, 32, 4, 8, 0)
    tensors += gguf_text("output.weight") + struct.pack("<IQIQ", 1, 8, 0, 160)
    return b"GGUF" + struct.pack("<IQQ", 3, 2, 3) + pairs + tensors + bytes(300)


def tar():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            content = pickle.dumps({"a": 1}, 2)
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def npy():
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 3)))
    return stream.getvalue()


def keras():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        config = {"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"units": 3}}]}}
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.1"}))
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(200))
    return stream.getvalue()


def config():
    return json.dumps(
        {"model_type": "bert", "hidden_size": 8, "id2label": {"0": "cat"}, "nested": [[1, 2], {"a": None}]}
    )


SOURCE = "import torch\nfrom torch import nn\n\nclass Net(nn.Module):\n    def forward(self, x):\n        return x\n"

SEEDS = {
    "state_dict": lambda: saved(net().state_dict()),
    "state_dict, older form": lambda: saved(net().state_dict(), zipped=False),
    "module": lambda: saved(net()),
    "module, older form": lambda: saved(net(), zipped=False),
    "module, protocol 4": lambda: saved(net(), protocol=4),
    "checkpoint": lambda: saved(checkpoint()),
    "plain pickle": lambda: pickle.dumps({"weights": [1.5, 2, None, True, b"x"], "n": {"a": (1, 2)}}, 4),
    "text pickle": lambda: pickle.dumps({"weights": [1.5, 2, None, True], "f": print}, 0),
    "TorchScript": torchscript,
    "exported program": exported,
    "safetensors": lambda: save(net().state_dict(), {"format": "pt"}),
    "ONNX": onnx,
    "GGUF": gguf,
    "old tar": tar,
    "npy": npy,
    "Keras zip": keras,
    "Keras HDF5": lambda: b"\x89HDF\r\n\x1a\n" + bytes(range(200)) + b"model_config keras_version",
    "source": SOURCE.encode,
    "JSON": lambda: config().encode(),
}


def honest_files():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: make() for name, make in SEEDS.items()}
