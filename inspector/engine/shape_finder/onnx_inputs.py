"""What an ONNX model can be fed: its file says the types and sizes, and which sizes are free."""

from collections.abc import Iterator, Sequence

from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats.onnx_parts import OnnxValue
from inspector.engine.inputs import make_tensor
from inspector.engine.onnx_program.modules import OnnxModel, argument_names
from inspector.engine.shape_finder.practice import practising
from inspector.protocol.inputs import InputSlot, RandomInput

# Tried for free sizes, in this order: those of pictures, then lengths.
_SIDES = (224, 64, 32, 28, 256, 299, 384, 512)
_LENGTHS = (16, 1, 8, 32, 64, 128, 512)
_BATCHES = (1, 2)


def onnx_slots(module: nn.Module, *, tries: bool) -> tuple[InputSlot, ...]:
    """A slot for each input; empty where `module` is no ONNX model. `tries` runs it to find free sizes."""
    if not isinstance(module, OnnxModel) or not module.onnx_inputs:
        return ()
    names = argument_names([value.name for value in module.onnx_inputs])
    first: tuple[InputSlot, ...] = ()
    for sizes in _sizes(module.onnx_inputs):
        slots = tuple(_slot(name, value, sizes) for name, value in zip(names, module.onnx_inputs, strict=True))
        first = first or slots
        if not tries or _runs(module, slots):
            return slots
    return first


def _sizes(values: Sequence[OnnxValue]) -> Iterator[tuple[int, int, int]]:
    """Batch, side of a picture and length, for what is free."""
    if all(value.dims is not None and all(isinstance(size, int) for size in value.dims) for value in values):
        yield (1, _SIDES[0], _LENGTHS[0])
        return
    pictures = any(value.dims is None or len(value.dims) == 4 for value in values)
    for step in range(len(_SIDES) if pictures else len(_LENGTHS)):
        for batch in _BATCHES if step == 0 else _BATCHES[:1]:
            yield (batch, _SIDES[step % len(_SIDES)], _LENGTHS[step % len(_LENGTHS)])


def _slot(name: str, value: OnnxValue, sizes: tuple[int, int, int]) -> InputSlot:
    dims = value.dims if value.dims is not None else (None, 3, None, None)
    shape = tuple(size if isinstance(size, int) else _free(place, len(dims), sizes) for place, size in enumerate(dims))
    integers = value.dtype.startswith(("int", "uint", "bool"))
    mask = integers and "mask" in value.name.lower()
    proposed = RandomInput(
        shape=shape,
        dtype=value.dtype if value.dtype not in {"", "unknown", "string"} else "float32",
        distribution="ones" if mask else "integers" if integers else "normal",
        high=2.0 if integers else 1.0,
    )
    free = [size if isinstance(size, str) else f"axis {place}" for place, size in enumerate(dims)
            if not isinstance(size, int)]  # fmt: skip
    told = f"free sizes: {', '.join(free)}" if free else "no size is free"
    if value.dims is None:
        told = "its shape is not told, and was guessed"
    image_like = not integers and len(shape) == 4 and shape[1] in {1, 3, 4}
    return InputSlot(name=name, proposed=proposed, image_like=image_like, why=f"The file says so; {told}.")


def _free(place: int, rank: int, sizes: tuple[int, int, int]) -> int:
    batch, side, length = sizes
    if place == 0:
        return batch
    if rank == 4:
        return 3 if place == 1 else side
    return length


def _runs(module: OnnxModel, slots: Sequence[InputSlot]) -> bool:
    """It has no state that a run could change, so that it may be tried itself."""
    try:
        with practising("cpu"):
            module(*[make_tensor(slot.proposed) for slot in slots])
    except (EngineError, RuntimeError, TypeError, ValueError, KeyError, MemoryError):
        return False
    return True
