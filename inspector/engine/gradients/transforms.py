"""What is done to an output before the loss: one row each."""

from collections.abc import Callable

import torch

from inspector.core.readings import class_axis
from inspector.engine.errors import EngineError, said_by
from inspector.engine.gradients.own_line import run_line
from inspector.protocol.gradients import OutputTransform, TransformKind

_Row = Callable[[torch.Tensor, OutputTransform, int], torch.Tensor]
_ROWS: dict[TransformKind, _Row] = {
    "none": lambda x, _t, _axis: x,
    "sigmoid": lambda x, _t, _axis: torch.sigmoid(x),
    "softmax": lambda x, _t, axis: torch.softmax(x, axis),
    "log_softmax": lambda x, _t, axis: torch.log_softmax(x, axis),
    "log": lambda x, _t, _axis: torch.log(x),
    "tanh": lambda x, _t, _axis: torch.tanh(x),
    "scale_shift": lambda x, t, _axis: x * t.scale + t.shift,
    "threshold": lambda x, t, _axis: x > t.threshold,
    "round": lambda x, _t, _axis: torch.round(x),
    "argmax": lambda x, _t, axis: x.argmax(axis),
    "line": lambda x, t, _axis: run_line(t.line, x),
}


def transformed(output: torch.Tensor, transform: OutputTransform) -> torch.Tensor:
    """The output behind the transform; softmax and arg max go over the classes' axis.

    Raises:
        EngineError: it can't be done to this output; the sentence says why.
    """
    axis = class_axis(tuple(output.shape)) or 0
    try:
        return _ROWS[transform.kind](output, transform, axis)
    except (RuntimeError, TypeError, IndexError, NotImplementedError) as error:
        told = said_by(error).splitlines()[0]
        raise EngineError(f"The transform can't be done to this output: {told}", "Choose another.") from error
