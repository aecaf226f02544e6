"""A gradient traced, from the request to what is told of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inspector.core.formatting import shape_text
from inspector.core.heads import read_head
from inspector.core.losses import LOSSES, TRANSFORMS, fitting_loss, fitting_transform, head_after
from inspector.core.readings import class_axis
from inspector.engine.capture import Captured, CaptureOptions, capture_forward, unchanged
from inspector.engine.errors import EngineError, said_by
from inspector.engine.foreign import ForeignOperation
from inspector.engine.gradients.backward import Aim, Traced, observed_backward, plain_backward
from inspector.engine.gradients.own_line import parsed
from inspector.engine.gradients.targets import Target, target_for
from inspector.engine.gradients.telling import flow_of
from inspector.engine.loading import Loaded
from inspector.engine.placing import placed
from inspector.engine.running import bind_inputs, input_dtype, output_values, positional_names, proposed_inputs
from inspector.protocol.gradients import GradientFlow, LossName
from inspector.protocol.inputs import InputSlot
from inspector.protocol.outputs import HeadKind
from inspector.protocol.requests import TraceGradients

_SCRIPT_NOTE = (
    "TorchScript runs out of sight here: parameters are measured, operations are not. Its .py, or a .pt2 of it, "
    "shows where a gradient ends."
)
_FROZEN_NOTE = (
    "torch.jit.freeze made constants of its weights: nothing of it can be trained. Take the program from before."
)
_PLAIN_NOTE = "Watching each operation failed on this model; parameters were measured in a run that nobody watched."


def trace_gradients(
    loaded: Loaded, slots: tuple[InputSlot, ...], request: TraceGradients, between_steps: Callable[[], None]
) -> GradientFlow:
    """Run forward and backward once; nothing of the model is changed by it.

    Raises:
        EngineError: forward fails also without gradients, or the input, transform or target can't be made.
        Cancelled: `between_steps` said so.
    """
    if request.transform.kind == "line":
        parsed(request.transform.line)
        if not request.run_line:
            raise EngineError("The line of code has not been agreed to, and was not run.", "Press Run this line.")
    if any(isinstance(part, ForeignOperation) for part in loaded.module.modules()):
        raise EngineError(
            "A model from an ONNX file has no gradients here: its operations are computed forward only.",
            "Open the PyTorch model that it was exported from.",
        )
    with placed(loaded.module, request.device, request.dtype) as module:
        inputs = request.inputs or proposed_inputs(slots)
        args, kwargs = bind_inputs(module, inputs, request.device, input_dtype(request.dtype))
        return flow_through(module, args, kwargs, request, between_steps)


def flow_through(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    request: TraceGradients,
    between_steps: Callable[[], None] = lambda: None,
) -> GradientFlow:
    """The same for a module at hand, with its input made.

    Raises:
        EngineError: as above.
    """
    chosen = _Chosen(request)
    traced, notes = _traced(_Asked(module, args, kwargs, request, chosen), between_steps)
    return flow_of(module, traced, chosen.head, [*chosen.notes, *notes])


class _Chosen:
    """Chooses what was left open as soon as the outputs are there.

    `head` is what the output is behind the transform, `notes` say what was chosen.
    """

    def __init__(self, request: TraceGradients) -> None:
        self._request = request
        self.head: HeadKind = "unknown"
        self.notes: list[str] = []

    def __call__(self, captured: Captured | None, outputs: list[tuple[str, torch.Tensor]]) -> Aim:
        request = self._request
        self.notes = []
        place = _output(outputs, request.output)
        output = outputs[place][1]
        head = _head(captured, place, output)
        transform, loss = request.transform, request.loss
        if loss is None:
            transform = fitting_transform(head, transform)
            loss = fitting_loss(head_after(head, transform), _columns(output))
            if transform != request.transform:
                self.notes.append(
                    f"The output holds probabilities; their {TRANSFORMS[transform.kind].title} goes into "
                    f"{LOSSES[loss].torch_class}, the loss that fits them."
                )
        if len(outputs) > 1:
            self.notes.append(f"Of {len(outputs)} outputs {outputs[place][0]} is trained.")
        self.head = head_after(head, transform)
        if transform.kind == "line":
            self.head = "unknown"
        return Aim(place, loss, transform, lambda changed: self._target(loss, changed))

    def _target(self, loss: LossName, changed: torch.Tensor) -> Target:
        if self._request.transform.kind == "line" and changed.is_floating_point():
            self.head = read_head(None, None, _values(changed)).kind
        return target_for(loss, changed, self._request.target)


@dataclass(frozen=True)
class _Asked:
    """A model with its input, and what is wanted of it."""

    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    request: TraceGradients
    chosen: _Chosen

    def plain(self) -> Traced:
        """Without watching; raises what forward raises."""
        request = self.request
        return plain_backward(self.module, self.args, self.kwargs, self.chosen, mode=request.mode, seed=request.seed)

    def runs_without_gradients(self) -> bool:
        """Whether forward runs where no gradient is wanted."""
        with unchanged(self.module, mode=self.request.mode, seed=self.request.seed):
            captured = capture_forward(self.module, self.args, self.kwargs, options=CaptureOptions(statistics=False))
        return captured.failure is None


def _traced(asked: _Asked, between_steps: Callable[[], None]) -> tuple[Traced, list[str]]:
    """Watched where it can be; and notes on how it went."""
    if isinstance(asked.module, torch.jit.ScriptModule):
        frozen = next(asked.module.parameters(), None) is None
        return _of_script(asked), [_FROZEN_NOTE if frozen else _SCRIPT_NOTE]
    traced = observed_backward(
        asked.module,
        asked.args,
        asked.kwargs,
        asked.chosen,
        between_steps,
        mode=asked.request.mode,
        seed=asked.request.seed,
        names=positional_names(asked.module),
    )
    failure = traced.captured.failure if traced.captured is not None else None
    if failure is None and not traced.raised:
        return traced, []
    try:  # perhaps it is the watching that it does not take
        plain = asked.plain()
    except EngineError:
        raise
    except Exception as error:
        told = _first_line(error)
        if asked.runs_without_gradients():
            traced.problem = f"With gradients on, forward fails: {told}"
            return traced, []
        where = f" at {failure.fqn or failure.op}" if failure is not None else ""
        raise EngineError(f"The forward failed{where}: {told}", "Run it to see where and why.") from error
    return (traced, []) if plain.raised else (plain, [_PLAIN_NOTE])


def _of_script(asked: _Asked) -> Traced:
    try:
        return asked.plain()
    except (RuntimeError, ValueError, TypeError, torch.jit.Error) as error:
        told = said_by(error).strip().splitlines()
        raise EngineError(f"The forward failed: {told[-1] if told else ''}", "Run it to see where and why.") from error


def _first_line(error: BaseException) -> str:
    return next(iter(said_by(error).splitlines()), "") or type(error).__name__


def _output(outputs: list[tuple[str, torch.Tensor]], wanted: int) -> int:
    if not outputs:
        raise EngineError("forward returned no tensor: there is nothing to train.")
    if wanted >= len(outputs):
        raise EngineError(f"There is no output {wanted}: forward gave {len(outputs)}.")
    with_gradient = [place for place, (_name, tensor) in enumerate(outputs) if tensor.requires_grad]
    order = [wanted] if wanted >= 0 else [*with_gradient, 0]
    place = next((place for place in order if outputs[place][1].numel()), None)
    if place is None:
        name, tensor = outputs[order[0]]
        raise EngineError(
            f"The output {name} {shape_text(tuple(tensor.shape))} is empty on this input: there is nothing to train.",
            "Feed another input. A detector that finds nothing is trained in train mode, with its targets as input.",
        )
    return place


def _head(captured: Captured | None, place: int, output: torch.Tensor) -> HeadKind:
    if captured is None or place >= len(captured.outputs):
        return read_head(None, None, _values(output)).kind
    return read_head(captured.graph, captured.outputs[place].node, _values(output)).kind


def _values(output: torch.Tensor) -> NDArray[np.generic]:
    return output_values(output)


def _columns(output: torch.Tensor) -> int:
    axis = class_axis(tuple(output.shape))
    return output.shape[axis] if axis is not None else 1
