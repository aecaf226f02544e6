"""The graph of one observed forward: nodes in groups, wires between them, and where it failed.

What a graph has thousands of (`gc=False`) can be part of no cycle, and is not looked at by the garbage collector, whose
rounds would fall into the observed run.
"""

from typing import Literal

from inspector.protocol.base import Message
from inspector.protocol.inputs import NamedInput

NodeKind = Literal["input", "module", "function", "parameter", "constant", "output"]

Category = Literal[
    "convolution",
    "linear",
    "normalisation",
    "activation",
    "pooling",
    "attention",
    "recurrent",
    "embedding",
    "dropout",
    "arithmetic",
    "shape",
    "input",
    "output",
    "parameter",
    "other",
]


class TensorSpec(Message, frozen=True, gc=False):
    """A tensor without its values: `shape` as measured, `dtype` as torch names it without `torch.`.

    In a graph that comes from a file, without a run, a size that the file leaves open is −1.

    `axes` names each axis (`N`, `C`, `C·H·W`; "" where unknown), and is empty where none is known. `batch` says of each
    axis how many times as long as the batch it is: 0 does not follow it, −1 follows it in another way; it is empty
    where that was not found. Both are empty in GraphCaptured, and put in from its GraphAxes where they are printed.
    """

    shape: tuple[int, ...]
    dtype: str
    axes: tuple[str, ...] = ()
    batch: tuple[int, ...] = ()


class TensorAxes(Message, frozen=True):
    """What is known of a tensor's axes: `names` and `batch` as `TensorSpec.axes` and `TensorSpec.batch`."""

    names: tuple[str, ...] = ()
    batch: tuple[int, ...] = ()


class GraphAxes(Message, frozen=True):
    """The axes of every tensor of a graph, each kind once.

    The rows hold places in `kinds`, by node or group and then by tensor; −1 where nothing is known.

    `batch_size` is what was fed, `other_size` what was tried beside it to see which axes follow; both 0 where that
    could not be found, and then `note` says why.
    """

    kinds: tuple[TensorAxes, ...] = ()
    inputs: tuple[tuple[int, ...], ...] = ()
    outputs: tuple[tuple[int, ...], ...] = ()
    group_inputs: tuple[tuple[int, ...], ...] = ()
    group_outputs: tuple[tuple[int, ...], ...] = ()
    batch_size: int = 0
    other_size: int = 0
    note: str = ""


class Statistics(Message, frozen=True, gc=False):
    """What the values of one tensor look like. NaN and infinities are counted, and left out of the other figures.

    `zeros` and the histogram come from a strided sample of `num_sampled` values (all of them when that equals
    `num_elements`), as does `mean_abs`; min, max, mean, std, nan and inf are exact. `std` is the population's.
    `histogram` holds counts over equal bins from `min` to `max`.
    """

    num_elements: int
    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    zeros: int
    nan: int
    inf: int
    num_sampled: int
    histogram: tuple[int, ...] = ()
    mean_abs: float | None = None


class Node(Message, frozen=True, gc=False):
    """One operation that ran, or a value that entered or left.

    `id` is its index in `Graph.nodes`. `op` is the module's class (`Conv2d`) or the function's name
    (`add`, `flatten`). `fqn` is the module's own fully qualified name, for a function that of the module whose
    forward called it, for a parameter its own. `group` is the id of the enclosing group. `details` are the key
    arguments as the card shows them (`64→128 k3 s2`). `call_index` counts operations in the order they ran,
    `call` tells the calls of one shared module apart (0, 1 …). `num_params` counts the node's own parameters.
    `num_trainable` are those of them with gradients, `num_shared` those that an earlier node has counted already (tied
    weights, a module called twice): `num_params - num_shared` adds up to the model's. `macs` are multiply-accumulates,
    None where they could not be counted. `elapsed_s` is wall time, when timed. `device` is that of the output.
    `changed` says what was changed about it for this run, "" for nothing.
    """

    id: int
    kind: NodeKind
    op: str
    fqn: str
    group: int | None
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    num_params: int = 0
    macs: int | None = None
    elapsed_s: float | None = None
    statistics: Statistics | None = None
    category: Category = "other"
    details: str = ""
    call_index: int = 0
    call: int = 0
    failed: bool = False
    notes: tuple[str, ...] = ()
    num_trainable: int = 0
    num_shared: int = 0
    device: str = ""
    changed: str = ""


class Group(Message, frozen=True, gc=False):
    """A module call that holds others. `id` is its index in `Graph.groups`, `parent` the enclosing group's id.

    `elapsed_s`, when timed, is the call's wall time less what observing took of it: also what is no operation.
    """

    id: int
    fqn: str
    class_name: str
    parent: int | None
    call_index: int
    num_params: int = 0
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    failed: bool = False
    elapsed_s: float | None = None
    changed: str = ""


class Edge(Message, frozen=True, gc=False):
    """A tensor that went from output `source_output` of node `source` to input `target_input` of node `target`.

    `inferred` marks a wire whose producer could not be seen (numpy, another thread).
    """

    source: int
    source_output: int
    target: int
    target_input: int
    inferred: bool = False


class Graph(Message, frozen=True):
    """Everything that was seen during one forward. `notes` say what was changed for it or could not be seen.

    `origin` says where it comes from otherwise, without a run: what the `file` tells, or its weights' `names` suggest.
    """

    nodes: tuple[Node, ...]
    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]
    uncalled_modules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    origin: Literal["run", "file", "names"] = "run"


class NearestInput(Message, frozen=True):
    """All inputs of a failed run with the shapes nearest to theirs that were seen to run; `label` names the change."""

    inputs: tuple[NamedInput, ...]
    label: str


class Failure(Message, frozen=True):
    """A forward that raised: at which node, with which shapes, in whose words, and what mends it.

    `code` is the line that mends it; `nearest` the same run with the nearest input that works, where one was found.
    """

    node: int | None
    fqn: str
    op: str
    message: str
    input_shapes: tuple[tuple[int, ...], ...]
    fix: str
    error_class: str = ""
    traceback: str = ""
    code: str = ""
    nearest: NearestInput | None = None
