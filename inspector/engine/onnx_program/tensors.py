"""The bytes of an ONNX file's tensors: in the file itself, or in a file beside it that was chosen along with it."""

import math
from pathlib import Path

import torch

from inspector.engine.errors import EngineError
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.onnx_file import is_plain_name
from inspector.engine.formats.onnx_parts import External, OnnxTensor
from inspector.engine.formats.reading import Refused, Source, open_source
from inspector.engine.onnx_program.sessions import TYPES, Sessions
from inspector.engine.onnx_program.writing import model_of, tensor_named, text_field

_PIECE = 2**24
_DAMAGED = "The file may be damaged."


class HeldTensors:
    """Reads tensors of one file, each once: what is named twice is shared."""

    def __init__(self, source: Source, sessions: Sessions) -> None:
        self._source = source
        self._sessions = sessions
        self._made: dict[tuple[int, int], torch.Tensor] = {}

    def bytes_at(self, place: tuple[int, int]) -> bytes:
        """A message as it stands in the file.

        Raises:
            EngineError: it is too large for one.
        """
        start, end = place
        try:
            return self._source.read_at(start, end - start)
        except Refused as refused:
            raise EngineError(str(refused), "Export it again with its weights as initialisers.") from None

    def message(self, tensor: OnnxTensor) -> bytes:
        """A tensor's message as it stands in the file.

        Raises:
            EngineError: it is of a kind that is not run.
        """
        _refuse_sparse(tensor)
        return self.bytes_at(tensor.place)

    def read(self, tensor: OnnxTensor) -> torch.Tensor:
        """Its values.

        Raises:
            EngineError: its bytes are not there, are more or fewer than its shape says, or may not be read.
        """
        known = self._made.get(tensor.place)
        if known is None:
            known = self._made[tensor.place] = self._read(tensor)
        return known

    def _read(self, tensor: OnnxTensor) -> torch.Tensor:
        _refuse_sparse(tensor)
        dtype = TYPES.get(tensor.type_number)
        if dtype is None:
            raise EngineError(f"{clean_text(tensor.name, 100)} is of a type that is not run here: {tensor.dtype}.")
        if tensor.external is not None:
            return self._outside(tensor, tensor.external)
        if tensor.raw is None:
            return self._listed(tensor)
        start, end = tensor.raw
        if end - start != tensor.size_bytes:
            raise _misfit(tensor, end - start)
        return _typed(self._source, start, tensor.size_bytes, dtype).reshape(tensor.shape)

    def _listed(self, tensor: OnnxTensor) -> torch.Tensor:
        """Values that the file has one by one: ONNX Runtime reads its own forms."""
        message = tensor_named(self.message(tensor), "held")
        node = text_field(1, "held") + text_field(2, "value") + text_field(4, "Identity")
        model = model_of(node, {}, ["value"], tensors=[message], opsets={"": 17}, functions=(), ir_version=8)
        try:
            (value,) = self._sessions.run(model, lambda: model, {}, ["value"])
        except RuntimeError as error:
            raise EngineError(
                f"{clean_text(tensor.name, 100) or 'A tensor'} can't be read: {error}", _DAMAGED
            ) from None
        finally:
            self._sessions.forget(model)
        assert isinstance(value, torch.Tensor)
        return value

    def _outside(self, tensor: OnnxTensor, external: External) -> torch.Tensor:
        name = clean_text(external.location, 100)
        if not is_plain_name(external.location):
            raise EngineError(
                f'Weights of this model lie in "{name}", which leads out of its folder; that is not followed.',
                "Export it again with its weights beside it, or inside it.",
            )
        path = Path(self._source.path).parent / external.location
        size = tensor.size_bytes
        with open_source(str(path)) as source:
            if external.offset + size > source.size_bytes or external.length not in {None, size}:
                raise _misfit(tensor, external.length if external.length is not None else source.size_bytes)
            return _typed(source, external.offset, size, TYPES[tensor.type_number]).reshape(tensor.shape)


def _refuse_sparse(tensor: OnnxTensor) -> None:
    if tensor.is_sparse:
        raise EngineError(f"{clean_text(tensor.name, 100) or 'A tensor'} is sparse; such weights are not run here.")


def _typed(source: Source, start: int, size_bytes: int, dtype: torch.dtype) -> torch.Tensor:
    """Read by pieces into a tensor's own memory, so that a large file is never there twice."""
    room = torch.empty(size_bytes, dtype=torch.uint8)
    view = memoryview(room.numpy())  # type: ignore[arg-type]  # an array is a buffer
    for at in range(0, size_bytes, _PIECE):
        piece = source.read_at(start + at, min(_PIECE, size_bytes - at))
        if len(piece) != min(_PIECE, size_bytes - at):
            raise EngineError("The file was cut off while it was read.", "Open it again.")
        view[at : at + len(piece)] = piece
    return room.view(dtype)


def _misfit(tensor: OnnxTensor, found: int) -> EngineError:
    return EngineError(
        f"{clean_text(tensor.name, 100) or 'A tensor'} has {math.prod(tensor.shape):,} values of {tensor.dtype}, "
        f"{tensor.size_bytes:,} bytes, by its shape; the file holds {found:,} bytes for it.",
        "The file may be damaged, or its weights' file be another model's.",
    )
