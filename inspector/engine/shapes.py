"""Which shapes a model takes, from the request to its event; for a model that takes none, what mends it."""

from collections.abc import Callable

import msgspec
from torch import nn

from inspector.engine.capture import CaptureOptions, capture_forward, unchanged
from inspector.engine.diagnosis import suggest_fix
from inspector.engine.errors import EngineError
from inspector.engine.nearest_input import fed_shapes
from inspector.engine.running import bind_inputs, positional_names, proposed_inputs
from inspector.engine.shape_finder.accepted import find_accepted
from inspector.protocol.events import AnyEvent, Progressed, ShapesFound
from inspector.protocol.inputs import InputSlot, NamedInput
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
    args, kwargs = bind_inputs(module, inputs, "cpu", "")
    fed = fed_shapes(inputs, args, kwargs)
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
