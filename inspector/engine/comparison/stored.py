"""Weights of a file as they are stored, a tensor at a time: nothing of the file runs, and no model is made."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import torch

from inspector.engine.comparison.weights import NamedTensor, compare_weights
from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.formats.hugging_face import find_weights
from inspector.engine.formats.nests import choose_nest
from inspector.engine.formats.pickle_values import Value, pairs_of
from inspector.engine.formats.pickled_modules import modules_in, state_of
from inspector.engine.formats.plain_values import key_text
from inspector.engine.formats.reading import MAX_READ_BYTES, Refused, Source, open_source
from inspector.engine.formats.safetensors_file import Placed, read_header
from inspector.engine.formats.torch_contents import read_contents
from inspector.engine.formats.torch_tensors import read_tensor
from inspector.engine.loading.rebuilding import Rebuilder
from inspector.engine.loading.steps import SILENT, Steps
from inspector.engine.loading.storages import CantRebuildError, TorchFile, open_torch_file
from inspector.protocol.comparison import WeightsReport
from inspector.protocol.files import FileDescription

READABLE = ("state_dict", "checkpoint", "module", "safetensors", "hugging_face")


def compare_files(path_a: str, path_b: str, steps: Steps = SILENT) -> WeightsReport:
    """The weights of two files, whatever code they name.

    Raises:
        EngineError: one holds no weights that can be read without its code, or is damaged.
        Cancelled: it was asked to stop.
    """
    with ExitStack() as files:
        a, b = (files.enter_context(stored_tensors(path)) for path in (path_a, path_b))
        try:
            return compare_weights(a, b, steps, inert=True)
        except (Refused, CantRebuildError) as reason:
            raise EngineError(f"The weights could not be compared: {reason}", "Copy the file anew.") from reason


@contextmanager
def stored_tensors(path: str) -> Iterator[list[NamedTensor]]:
    """The tensors of a file or folder, to be read while the block lasts.

    Raises:
        EngineError: there are none that can be read without code.
    """
    description = describe_file(path)
    if description.format not in READABLE:
        raise EngineError(
            f"{Path(path).name} holds no weights that can be read without loading it: {description.summary}",
            "Compare it with a model that is open.",
        )
    with ExitStack() as files:
        try:
            yield [
                tensor
                for part in _parts(description)
                for tensor in _tensors_in(files.enter_context(open_source(part)), part)
            ]
        except (Refused, CantRebuildError) as reason:
            raise EngineError(f"{Path(path).name} could not be read: {reason}", "Copy it anew.") from reason


def _parts(description: FileDescription) -> list[str]:
    if description.format != "hugging_face":
        return [description.path]
    files, missing = find_weights(Path(description.path))
    if missing:
        raise EngineError(f"Of its weights, {missing[0]} is missing.", "Fetch the whole folder again.")
    return [str(file) for file in files]


def _tensors_in(source: Source, path: str) -> list[NamedTensor]:
    header = read_header(source)
    if header is not None:
        return _of_safetensors(source, path, header[0])
    file = open_torch_file(source)
    found = [_of_pickle(file, name, value) for name, value in _named_values(file.root)]
    tensors = [tensor for tensor in found if tensor is not None]
    if not tensors:
        raise EngineError(f"{Path(path).name} holds no weights that could be a model's.")
    return tensors


# --- safetensors


def _of_safetensors(source: Source, path: str, placed: tuple[Placed, ...]) -> list[NamedTensor]:
    tensors = []
    for one in sorted(placed, key=lambda one: one.begin):
        entry = one.entry
        dtype = getattr(torch, entry.dtype, None)
        if not isinstance(dtype, torch.dtype):
            where = f"{entry.name} in {Path(path).name}"
            raise EngineError(f"{where} is of the dtype {entry.dtype}, which torch does not know.")
        place = (one.begin, one.end - one.begin)
        read = partial(_view, source, place, dtype, entry.shape)
        tensors.append(NamedTensor(entry.name, entry.shape, entry.dtype, read))
    return tensors


def _view(source: Source, place: tuple[int, int], dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
    return _read(source, *place).view(dtype).view(shape)


def _read(source: Source, offset: int, length: int) -> torch.Tensor:
    """Bytes of the file as uint8, in memory of their own."""
    held = bytearray(length)
    for start in range(0, length, MAX_READ_BYTES):
        piece = source.read_at(offset + start, min(MAX_READ_BYTES, length - start))
        held[start : start + len(piece)] = piece
    return torch.frombuffer(held, dtype=torch.uint8) if length else torch.empty(0, dtype=torch.uint8)


# --- torch's own files


def _of_pickle(file: TorchFile, name: str, value: Value) -> NamedTensor | None:
    entry = read_tensor(value, name)
    if entry is None:
        return None

    def read() -> torch.Tensor:
        made = Rebuilder(file).build(value, name)
        if not isinstance(made, torch.Tensor):
            raise CantRebuildError(f"{name} is no tensor.")
        return made.detach()

    return NamedTensor(entry.name, entry.shape, entry.dtype, read)


def _named_values(root: Value) -> list[tuple[str, Value]]:
    """The likeliest dict of weights, or the parameters and buffers of the module that is in it."""
    modules = modules_in(root)
    if modules:
        return state_of(modules[0][1])
    nest = choose_nest(read_contents(root).groups)
    if nest is None:
        return []
    inner = root
    for part in nest:
        inner = next((value for key, value in pairs_of(inner) or [] if key_text(key) == part), None)
    return [(key_text(key), value) for key, value in pairs_of(inner) or []]
