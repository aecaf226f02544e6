"""Tensors of a safetensors file, mapped from the file into memory: nothing is read before it is used.

The library's own reader opens the file by its name in native code, which the sandbox refuses for what is only lent.
"""

import json
import math
import mmap
import struct
from pathlib import Path

import torch

from inspector.engine.errors import EngineError
from inspector.engine.formats.reading import Refused, open_source, unreadable
from inspector.engine.formats.safetensors_file import DTYPES, read_header


def read_safetensors(path: str) -> dict[str, torch.Tensor]:
    """The tensors by name, in the order of the header; writing to one does not change the file.

    Raises:
        EngineError: it is damaged, can't be read, or holds a dtype that torch does not know.
    """
    name = Path(path).name
    try:
        with open_source(path) as source:
            known = read_header(source)  # which checks every place and size
        if known is None:
            raise EngineError(f"{name} is no safetensors file.", "Copy it anew.")
        return _mapped(path, name)
    except OSError as error:
        raise unreadable(path, error) from error
    except (Refused, ValueError, RuntimeError) as error:
        raise EngineError(f"{name} could not be loaded: {error}", "Copy it anew.") from error


def _mapped(path: str, name: str) -> dict[str, torch.Tensor]:
    with Path(path).open("rb") as stream:
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    return {key: _tensor(content, 8 + length, entry, f"{key} in {name}") for key, entry in header.items()}


def _tensor(content: mmap.mmap, start: int, entry: dict[str, object], where: str) -> torch.Tensor:
    dtype = getattr(torch, DTYPES.get(str(entry["dtype"]), ("", 0))[0], None)
    if not isinstance(dtype, torch.dtype):
        raise EngineError(
            f"{where} is of the dtype {str(entry['dtype'])[:20]}, which torch does not know.",
            "Save it in another dtype, or install a newer torch.",
        )
    shape, offsets = entry["shape"], entry["data_offsets"]
    assert isinstance(shape, list)
    assert isinstance(offsets, list)
    count = math.prod(shape)
    if not count:
        return torch.empty(shape, dtype=dtype)
    tensor = torch.frombuffer(content, dtype=dtype, count=count, offset=start + offsets[0])
    # Native code may rely on a value lying at a multiple of its size, which the format does not promise.
    return (tensor if tensor.data_ptr() % dtype.itemsize == 0 else tensor.clone()).view(shape)
