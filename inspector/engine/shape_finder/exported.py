"""Exported programs and traced graphs: their own graph says what each input looks like, so nothing is guessed."""

from collections.abc import Iterator, Sequence

import torch
from torch import fx, nn

from inspector.engine.inputs import make_tensor
from inspector.engine.inputs.dtypes import dtype_name
from inspector.engine.shape_finder.practice import practising
from inspector.protocol.inputs import InputSlot, RandomInput

# What a free axis other than the batch is given where the export left no example of it.
_FREE_AXIS = 16


def exported_slots(module: nn.Module) -> tuple[InputSlot, ...]:
    """A slot for each placeholder of the module's own graph; empty where there is none, or it does not say."""
    graph = getattr(module, "graph", None)
    if not isinstance(graph, fx.Graph):
        return ()
    examples = list(_examples(graph))
    if not examples:
        return ()
    # A free batch is tried as one item first; an export may have kept the example's own size.
    for batch in (1, 0):
        slots = tuple(_slot(name, example, batch) for name, example in examples)
        if _runs(module, slots):
            return slots
    return tuple(_slot(name, example, 1) for name, example in examples)


def _examples(graph: fx.Graph) -> Iterator[tuple[str, torch.Tensor]]:
    for node in graph.nodes:
        value = node.meta.get("val") if node.op == "placeholder" else None
        if isinstance(value, torch.Tensor):
            yield node.name, value


def _slot(name: str, example: torch.Tensor, batch: int) -> InputSlot:
    """`batch` 0 keeps the example's own size."""
    shape = tuple(_side(side, batch if place == 0 else 0) for place, side in enumerate(example.shape))
    integers = not (example.dtype.is_floating_point or example.dtype.is_complex)
    proposed = RandomInput(
        shape=shape,
        dtype=dtype_name(example.dtype),
        distribution="integers" if integers else "normal",
        high=2.0 if integers else 1.0,
    )
    free = [str(place) for place, side in enumerate(example.shape) if not isinstance(side, int)]
    told = f"axes that may change: {', '.join(free)}" if free else "no axis may change"
    image_like = not integers and len(shape) == 4 and shape[1] in {1, 3, 4}
    return InputSlot(name=name, proposed=proposed, image_like=image_like, why=f"The exported graph says so; {told}.")


def _side(side: int | torch.SymInt, wanted: int) -> int:
    if isinstance(side, int):
        return side
    if wanted:
        return wanted
    hint = getattr(side.node, "hint", None)
    return int(hint) if isinstance(hint, int) else _FREE_AXIS


def _runs(module: nn.Module, slots: Sequence[InputSlot]) -> bool:
    """An exported graph has no state but its buffers, which the export made read-only or returns; so it may be run."""
    try:
        with practising("cpu"):
            module(*[make_tensor(slot.proposed) for slot in slots])
    except Exception:  # noqa: BLE001 - an export refuses with whatever its guards raise
        return False
    return True
