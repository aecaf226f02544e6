"""What is changed about a model for one run, and what that did: the same run before and after, compared."""

from typing import Literal

from inspector.protocol.base import Message
from inspector.protocol.outputs import OutputTensor

ChangeKind = Literal["bypass", "zero", "noise", "swap"]


class NodePlace(Message, frozen=True):
    """Where an operation or a group is, said so that another run of the same model finds it again.

    `fqn`, `op` and `call` are the node's own; a group is the call of its module, numbered by its calls. `occurrence`
    counts the functions of one name within one call of a module (`x + y + z` is `add` 0 and 1); `call_index` is the
    place among all operations, and tells those of TorchScript, which have no other. An empty `op` is not compared.
    """

    kind: Literal["module", "function", "group"]
    fqn: str
    op: str = ""
    call: int = 0
    occurrence: int = 0
    call_index: int = -1


class Change(Message, frozen=True):
    """One change for a run; the model itself is never altered.

    `bypass` passes the input on as output, `zero` makes all of it zero, `noise` adds normal noise whose standard
    deviation is `amount` times that of the output, drawn from a generator of its own seeded with `seed`; `swap`
    computes `activation` in place of the activation function that is there.
    """

    place: NodePlace
    kind: ChangeKind
    amount: float = 0.1
    seed: int = 0
    activation: str = ""


class ChangeOutcome(Message, frozen=True):
    """Whether a change was made; if not, `sentence` says why."""

    change: Change
    applied: bool
    sentence: str = ""


class NodeDifference(Message, frozen=True):
    """A node whose output is not bit for bit the same.

    `relative` is ‖after − before‖ / ‖before‖, over a strided sample where the output is large; None where it can't be
    told (another shape, NaN, zero before, or a difference outside the sample).
    """

    node: int
    relative: float | None


class Comparison(Message, frozen=True):
    """A run with changes against the same run without: same input, same seed, same mode.

    `differences` and `first` name nodes of the changed run's graph. `outputs_before` are those of the run without.
    `unmatched` counts operations that ran in only one of the two.
    """

    outcomes: tuple[ChangeOutcome, ...]
    outputs_before: tuple[OutputTensor, ...] = ()
    differences: tuple[NodeDifference, ...] = ()
    first: int | None = None
    num_same: int = 0
    unmatched: int = 0
    sentence: str = ""
