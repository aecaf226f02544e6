"""Tensors from `.npy` and `.pt` files, recognised by content and read without running anything."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.formats.reading import open_source
from inspector.engine.inputs.dtypes import dtype_name, torch_dtype, wanted_dtype
from inspector.engine.loading.weights import read_plainly
from inspector.protocol.inputs import ArrayInput

_NPY_MAGIC = b"\x93NUMPY"
_AS_NPY = "Save it with numpy.save, or with torch.save(tensor, path)."


def array_tensor(source: ArrayInput, dtype: str = "") -> tuple[torch.Tensor, str]:
    """The tensor in the file, on the CPU, and a note on where in the file it was ("" for one alone).

    Raises:
        EngineError: there is no such file, or no plain tensor in it.
    """
    path = Path(source.path)
    with open_source(source.path) as opened:
        start = opened.read_at(0, 8)
    if start.startswith(_NPY_MAGIC):
        tensor, note = _read_npy(path), ""
    elif start.startswith(b"PK") and _is_npz(path):
        raise EngineError(f"{path.name} holds several arrays (.npz).", "Save the one to feed with numpy.save.")
    else:
        tensor, note = _read_pt(path)
    own = torch_dtype(source.dtype) if source.dtype else tensor.dtype
    return tensor.to(wanted_dtype(own, dtype)), note


def _is_npz(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist()[:64])
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _read_npy(path: Path) -> torch.Tensor:
    try:
        # A map first: a header that lies about the size is refused before any memory is taken for it.
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        array = np.array(mapped)
    except (ValueError, OSError, EOFError, MemoryError) as error:
        if "Object arrays" in str(error) or "object" in str(error):
            raise EngineError(f"{path.name} holds Python objects, not numbers.", _AS_NPY) from error
        raise EngineError(f"{path.name} is not a whole .npy file: {error}.", _AS_NPY) from error
    if array.dtype.kind not in "biufc":
        raise EngineError(f"{path.name} holds {array.dtype}, not numbers.", _AS_NPY)
    array = array.astype(array.dtype.newbyteorder("="))
    try:
        return torch.from_numpy(array)
    except TypeError as error:
        raise EngineError(f"{path.name} holds {array.dtype}, which torch does not know.", _AS_NPY) from error


def _read_pt(path: Path) -> tuple[torch.Tensor, str]:
    nothing = f"{path.name} holds no plain tensor: neither a .npy nor a .pt file of tensors."
    description = describe_file(str(path))  # torch's safe reader alone hangs on keys that take for ever to hash
    if description.safety == "needs_consent":
        named = ", ".join(description.blocked_globals[:3]) or "code"
        raise EngineError(f"{nothing} To read it would run {named}, so it was not read.", _AS_NPY)
    if not description.tensors:  # also what the inert reader refused to follow
        in_torchs_form = "form" in description.metadata
        raise EngineError(f"{path.name} holds no tensor. {description.summary}" if in_torchs_form else nothing, _AS_NPY)
    try:
        loaded = read_plainly(str(path), description.globals)
    except EngineError as error:
        raise EngineError(nothing, _AS_NPY) from error
    found = next(_tensors(loaded, "", depth=4), None)
    if found is None:
        raise EngineError(f"{path.name} holds no tensor, but an object of type {type(loaded).__name__}.", _AS_NPY)
    where, tensor = found
    tensor = tensor.detach()
    if not where:
        return tensor, ""
    return tensor, f"the first tensor, {where}, of {tuple(tensor.shape)} {dtype_name(tensor.dtype)}"


def _tensors(value: object, where: str, depth: int) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        if value.layout is torch.strided and not value.is_quantized:
            yield where, value
    elif isinstance(value, dict) and depth:
        for key, item in value.items():
            yield from _tensors(item, f"{where}[{key!r:.60}]", depth - 1)
    elif isinstance(value, list | tuple) and depth:
        for index, item in enumerate(value):
            yield from _tensors(item, f"{where}[{index}]", depth - 1)
