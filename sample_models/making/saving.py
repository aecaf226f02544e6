"""Importing a sample's source, and saving so that nothing of the machine that made a file stays in it."""

import importlib.util
import io
import sys
import warnings
from pathlib import Path
from types import ModuleType

import safetensors.torch
import torch
from torch import nn


def import_source(path: Path) -> ModuleType:
    """Import a sample by its path, under its own name: pickles of its classes then name `digits_cnn.DigitsCNN`."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def save_safetensors(weights: dict[str, torch.Tensor], path: Path) -> None:
    """Written by Python, as the library's own writer leaves a file that only its owner can read."""
    path.write_bytes(safetensors.torch.save(weights))


def save_torchscript(model: nn.Module, path: Path) -> None:
    """Without the debug records, which hold the paths of the sources."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(model), buffer)
    buffer.seek(0)
    reader = torch._C.PyTorchFileReader(buffer)
    writer = torch._C.PyTorchFileWriter(str(path))
    writer.set_min_version(int(reader.get_record("version")))
    for name in reader.get_all_records():
        if not name.endswith(".debug_pkl") and name not in {"version", ".data/serialization_id"}:
            record = reader.get_record(name)
            writer.write_record(name, record, len(record))
    writer.write_end_of_file()


def save_exported(model: nn.Module, path: Path) -> None:
    """For any batch size, without the stack traces, which hold the paths of the sources."""
    batch = torch.export.Dim("batch", min=1)
    program = torch.export.export(model, (torch.zeros(2, 1, 8, 8),), dynamic_shapes={"image": {0: batch}})
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    torch.export.save(program, path)


def save_onnx(model, path):
    """For any batch size, through TorchScript, which writes no paths of this machine; needs the package onnx."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            (torch.zeros(1, 1, 8, 8),),
            str(path),
            dynamo=False,
            input_names=["image"],
            output_names=["scores"],
            dynamic_axes={"image": {0: "batch"}, "scores": {0: "batch"}},
        )
