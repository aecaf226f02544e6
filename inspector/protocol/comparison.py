"""Two models, or one model run in two ways, side by side: weights, nodes, outputs, and a test folder.

A is the model that is open, B what it is compared with.
"""

from typing import Literal

from inspector.protocol.base import Message
from inspector.protocol.changes import Change
from inspector.protocol.evaluation import Skipped
from inspector.protocol.graph import Failure, Graph
from inspector.protocol.outputs import Head, OutputTensor

WeightStatus = Literal["same", "changed", "added", "gone", "reshaped"]
Alignment = Literal["name", "place", "order"]


class Side(Message, frozen=True):
    """How one side runs; the same seed and the same input go to both."""

    device: str = "cpu"
    dtype: str = ""
    mode: Literal["eval", "train"] = "eval"
    changes: tuple[Change, ...] = ()


class WeightRow(Message, frozen=True):
    """A parameter or buffer of either side. `name` is A's, or B's where A has none; `name_b` is what B calls it.

    `same` is bit for bit and of one dtype; `gone` is only in A, `added` only in B, `reshaped` has another shape in B.
    `num_different` counts elements; `l2` is ‖b − a‖, `relative` that over ‖a‖, `max_abs` the greatest |b − a|, and
    `cosine` that of the angle between them, all as float64. They are None where they are not defined: no partner,
    another shape, nothing but zeros, NaN or infinities, or a dtype that can't be computed with.
    """

    name: str
    status: WeightStatus
    name_b: str = ""
    shape_a: tuple[int, ...] = ()
    shape_b: tuple[int, ...] = ()
    dtype_a: str = ""
    dtype_b: str = ""
    num_different: int | None = None
    l2: float | None = None
    relative: float | None = None
    max_abs: float | None = None
    cosine: float | None = None


class WeightsReport(Message, frozen=True):
    """The keys and weights of both sides, in A's order, then those that only B has.

    `prefix_a` and `prefix_b` stand before the names of one side alone (`module.`), and were left out of the comparison.
    `relative` is ‖b − a‖ / ‖a‖ over all weights of one shape together. `inert` says that the files were read without
    loading a model.
    """

    rows: tuple[WeightRow, ...]
    num_same: int
    num_changed: int
    num_added: int
    num_gone: int
    num_reshaped: int
    sentence: str
    prefix_a: str = ""
    prefix_b: str = ""
    relative: float | None = None
    inert: bool = False
    notes: tuple[str, ...] = ()


class NodePair(Message, frozen=True, gc=False):
    """A node of A's graph and the one of B's that it is compared with; None where there is none.

    `how` says what they have in common: their `name` and operation, their `place` with another operation there, or the
    `order` in which alike operations ran; None for a node without partner. `equal` is bit for bit, and None where
    that can't be told; `relative` and `max_abs` are over `num_compared` of `num_elements` values of the first output.
    """

    a: int | None
    b: int | None
    how: Alignment | None = None
    equal: bool | None = None
    relative: float | None = None
    max_abs: float | None = None
    num_compared: int = 0
    num_elements: int = 0


class FirstDifference(Message, frozen=True):
    """The first operation, in the order of A's run, whose output differs. `pair` is its place in the pairs.

    The figures are of all values, from running both sides once more; `relative` is ‖b − a‖ / ‖a‖. They are None where
    the outputs have other shapes or can't be kept. `inputs_equal` says whether what went in was the same, bit for bit,
    and `weights_differ` whether its own weights do.
    """

    pair: int
    num_different: int | None = None
    num_elements: int = 0
    max_abs: float | None = None
    relative: float | None = None
    inputs_equal: bool | None = None
    weights_differ: bool | None = None
    sentence: str = ""


class OutputPair(Message, frozen=True):
    """An output of both sides; one is None where only the other has it."""

    a: OutputTensor | None
    b: OutputTensor | None
    equal: bool | None = None
    max_abs: float | None = None
    relative: float | None = None
    sentence: str = ""


class RunComparison(Message, frozen=True):
    """The same input through both sides.

    `pairs` are in the order of A's run, those that only B has behind. `buffers_a` and `buffers_b` are those that the
    run moved; they were put back, as were all random states.
    """

    graph_a: Graph
    graph_b: Graph
    pairs: tuple[NodePair, ...]
    outputs: tuple[OutputPair, ...] = ()
    first: FirstDifference | None = None
    num_same: int = 0
    num_different: int = 0
    num_only_a: int = 0
    num_only_b: int = 0
    failure_a: Failure | None = None
    failure_b: Failure | None = None
    buffers_a: tuple[str, ...] = ()
    buffers_b: tuple[str, ...] = ()
    sentence: str = ""
    notes: tuple[str, ...] = ()


class Disagreement(Message, frozen=True):
    """An image for which the two sides predict different classes.

    `label`, `predicted_a` and `predicted_b` are places in the folder's classes, −1 for an output that none has;
    `probability_…` is what each side gives to its own prediction.
    """

    path: str
    label: int
    predicted_a: int
    predicted_b: int
    probability_a: float
    probability_b: float


class FolderSide(Message, frozen=True):
    """One side over the test folder; rows of `matrix` are true classes, `outside` as in EvaluationFinished."""

    matrix: tuple[tuple[int, ...], ...]
    outside: tuple[int, ...]
    accuracy: float | None
    balanced_accuracy: float | None
    head: Head | None
    mapping: dict[str, int]


class FolderComparison(Message, frozen=True):
    """Both sides over one test folder. The counts are of the images that both could be given.

    `disagreements` are in the folder's order, at most MAX_DISAGREEMENTS of `num_disagreements`.
    """

    folder: str
    classes: tuple[str, ...]
    a: FolderSide
    b: FolderSide
    num_images: int
    num_disagreements: int
    both_right: int
    only_a_right: int
    only_b_right: int
    both_wrong: int
    disagreements: tuple[Disagreement, ...]
    skipped: tuple[Skipped, ...] = ()
    sentence: str = ""
    problems: tuple[str, ...] = ()
    cancelled: bool = False
