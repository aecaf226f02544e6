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
    weight = field(1, 2) + field(1, 3) + field(2, 1) + field(8, b"weight") + field(9, bytes(24))
    node = field(1, b"x") + field(1, b"weight") + field(2, b"y") + field(4, b"Gemm")
    graph = field(1, node) + field(2, b"g") + field(5, weight) + field(11, field(1, b"x")) + field(12, field(1, b"y"))
    return field(1, 8) + field(2, b"pytorch") + field(7, graph) + field(8, field(1, b"") + field(2, 17))


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
