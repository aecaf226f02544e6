"""Which shapes a model takes, from the request to its event; for a model that takes none, what mends it."""

from collections.abc import Callable

import msgspec
import torch
from torch import nn

from inspector.engine.capture import CaptureOptions, capture_forward, unchanged
from inspector.engine.diagnosis import suggest_fix
from inspector.engine.errors import EngineError
from inspector.engine.running import bind_inputs, positional_names, proposed_inputs
from inspector.engine.shape_finder.accepted import find_accepted
from inspector.engine.shape_finder.bench import Fed
from inspector.protocol.events import AnyEvent, Progressed, ShapesFound
from inspector.protocol.inputs import InputSlot, NamedInput, RandomInput
from inspector.protocol.requests import FindShapes

# Sizes tried one by one along an axis; beyond that the search would not come to an end.
MOST_HIGH = 2048
MOST_SECONDS = 120.0


def find_shapes(
    module: nn.Module,
    slots: tuple[InputSlot, ...],
    request: FindShapes,
    emit: Callable[[AnyEvent], None],
    between_steps: Callable[[], None],
) -> ShapesFound:
    """Search from what is fed, or from the proposals.

    Raises:
        EngineError: the model has no input that a shape could be found for, or the input can't be made.
    """
    inputs = request.inputs or proposed_inputs(slots)
    if not inputs:
        raise EngineError("This model's forward takes no tensor: there is no shape to find.")
    fed = _fed(module, inputs)
    accepted = find_accepted(
        module,
        fed,
        high=min(max(request.high, 8), MOST_HIGH),
        seconds=min(max(request.seconds, 0.5), MOST_SECONDS),
        between_steps=between_steps,
        progress=lambda what: emit(Progressed(what=what)),
    )
    if not accepted.choices and not accepted.runs:
        accepted = msgspec.structs.replace(accepted, fix=_mend(module, inputs))
    return ShapesFound(accepted=accepted)


def _fed(module: nn.Module, inputs: tuple[NamedInput, ...]) -> tuple[Fed, ...]:
    """What is fed as shapes and dtypes, in the places where a run would put them."""
    args, kwargs = bind_inputs(module, inputs, "cpu", "")
    names = [named.name for named in inputs]
    places = [*((name, False) for name in names[: len(args)]), *((name, True) for name in kwargs)]
    sources = [named.source for named in inputs[: len(args)]]
    sources += [named.source for name in kwargs for named in inputs[len(args) :] if named.name == name]
    tensors = [*args, *kwargs.values()]
    return tuple(
        Fed(name, tuple(tensor.shape), tensor.dtype, _fill(tensor, source), by_name)
        for (name, by_name), tensor, source in zip(places, tensors, sources, strict=True)
    )


def _fill(tensor: torch.Tensor, source: object) -> float:
    """Indices of 0 are in every table; a mask of zeros would hide everything; numbers are neither."""
    if tensor.is_floating_point() or tensor.is_complex():
        return 0.5
    return 1.0 if isinstance(source, RandomInput) and source.distribution == "ones" else 0.0


def _mend(module: nn.Module, inputs: tuple[NamedInput, ...]) -> str:
    """What mends the model for the input that was fed."""
    args, kwargs = bind_inputs(module, inputs, "cpu", "")
    with unchanged(module, mode="eval", seed=0):
        captured = capture_forward(
            module, args, kwargs, input_names=positional_names(module), options=CaptureOptions(statistics=False)
        )
    if captured.failure is None:
        return ""
    return suggest_fix(module, captured.graph, captured.failure, args, kwargs)
