"""How the gradient of a loss flows back through a model, and where it ends."""

from typing import Literal

from inspector.protocol.base import Message
from inspector.protocol.findings import Finding, Unchecked

LossName = Literal["cross_entropy", "nll", "bce", "bce_with_logits", "mse", "l1", "huber"]
TransformKind = Literal[
    "none",
    "sigmoid",
    "softmax",
    "log_softmax",
    "log",
    "tanh",
    "scale_shift",
    "threshold",
    "round",
    "argmax",
    "line",
]
Reached = Literal["reached", "zero", "cut off", "frozen", "unused", "not reached"]


class OutputTransform(Message, frozen=True):
    """What is done to the model's output before the loss.

    `scale` and `shift` are those of `scale_shift` (scale · x + shift), `threshold` that of `threshold` (x > threshold).
    `line` is a line of the user's own code for `line`: it is given `x`, and runs only with consent.
    """

    kind: TransformKind = "none"
    scale: float = 1.0
    shift: float = 0.0
    threshold: float = 0.5
    line: str = ""


class ParameterGradient(Message, frozen=True, gc=False):
    """What came of the gradient of one parameter, in the model's order.

    `norm` is its Euclidean norm, `max_abs` its largest absolute value, `zeros` the share of exact zeros; None where no
    gradient came. `weight_norm` is the norm of the parameter itself. `stop` is the place in `stops` of what cut it off
    or made it zero.

    `reached` says `reached`; `zero` where all of it is exactly zero; `cut off` where an operation stopped it; `frozen`
    where the parameter asks for none; `unused` where the loss does not depend on it in this run; `not reached` where
    none came and it can't be told why.
    """

    fqn: str
    shape: tuple[int, ...]
    norm: float | None
    max_abs: float | None
    zeros: float | None
    requires_grad: bool
    reached: Reached
    weight_norm: float | None = None
    stop: int | None = None


class NodeGradient(Message, frozen=True, gc=False):
    """The norm of the gradient of the loss by a node's first output; None where none came.

    `op`, `fqn` and `call` tell which node it is, as in the graph.
    """

    op: str
    fqn: str
    call: int
    norm: float | None = None


class GradientStop(Message, frozen=True):
    """An operation at which the gradient ends: it `stops` (there is none behind it), or is all exactly `zero`.

    `node` is the id in the run's graph where the operation is one of the model's; None for one of the transform or the
    loss, or where it could not be told. `source_line` says where in the model's own code it stands (`net.py:14`).
    `parameters` are those that it keeps the gradient from. `by_values` tells that it depends on the values at hand: a
    dead ReLU, a clamp, a saturated sigmoid, weights that are zero.
    """

    kind: Literal["stops", "zero"]
    op: str
    message: str
    node: int | None = None
    fqn: str = ""
    where: Literal["model", "transform", "loss"] = "model"
    source_line: str = ""
    parameters: tuple[str, ...] = ()
    by_values: bool = False


class GradientFlow(Message, frozen=True):
    """The gradient of one loss at one input: its value, what reached each parameter, and where it ended.

    `loss_value` is None where it could not be computed, and then `problem` says why. `target` says in a sentence what
    the output was compared with, and whether that was made up. `nodes` are in the order of the graph's nodes, and empty
    where operations could not be watched. `sentence` sums it up.
    """

    loss: LossName
    transform: OutputTransform
    output: str
    sentence: str
    loss_value: float | None = None
    target: str = ""
    target_made: bool = True
    problem: str = ""
    parameters: tuple[ParameterGradient, ...] = ()
    nodes: tuple[NodeGradient, ...] = ()
    stops: tuple[GradientStop, ...] = ()
    total_norm: float | None = None
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    notes: tuple[str, ...] = ()
