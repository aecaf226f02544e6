"""Tensors of a safetensors file, mapped from the file into memory: nothing is read before it is used.

The library's own reader opens the file by its name in native code, which the sandbox refuses for what is only lent.
"""

import mmap
from pathlib import Path

import torch

from inspector.engine.errors import EngineError
from inspector.engine.formats.reading import Refused, open_source, unreadable
from inspector.engine.formats.safetensors_file import Placed, read_header


def read_safetensors(path: str) -> dict[str, torch.Tensor]:
    """The tensors by name, in the order of the header; writing to one does not change the file.

    The file whose header was checked is the one that is mapped, whatever its name means meanwhile.

    Raises:
        EngineError: it is damaged, can't be read, or holds a dtype that torch does not know.
    """
    name = Path(path).name
    try:
        with open_source(path) as source:
            known = read_header(source)
            if known is None:
                raise EngineError(f"{name} is no safetensors file.", "Copy it anew.")
            content = source.mapped()
        return {placed.name: _tensor(content, placed, f"{placed.name} in {name}") for placed in known[0]}
    except OSError as error:
        raise unreadable(path, error) from error
    except (Refused, ValueError, RuntimeError) as error:
        raise EngineError(f"{name} could not be loaded: {error}", "Copy it anew.") from error


def _tensor(content: mmap.mmap, placed: Placed, where: str) -> torch.Tensor:
    shape = placed.entry.shape
    dtype = getattr(torch, placed.entry.dtype, None)
    if not isinstance(dtype, torch.dtype):
        raise EngineError(
            f"{where} is of the dtype {placed.entry.dtype}, which torch does not know.",
            "Save it in another dtype, or install a newer torch.",
        )
    if placed.begin == placed.end:
        return torch.empty(shape, dtype=dtype)
    count = (placed.end - placed.begin) // dtype.itemsize
    tensor = torch.frombuffer(content, dtype=dtype, count=count, offset=placed.begin)
    # Native code may rely on a value lying at a multiple of its size, which the format does not promise.
    return (tensor if tensor.data_ptr() % dtype.itemsize == 0 else tensor.clone()).view(shape)
