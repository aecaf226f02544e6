"""What came out of a forward, and how it is to be read."""

from typing import Literal

from inspector.protocol.base import ArrayRef, Message

HeadKind = Literal[
    "logits",
    "probabilities",
    "independent_probabilities",
    "log_probabilities",
    "regression",
    "features",
    "unknown",
]


class Head(Message, frozen=True):
    """What the last values of a model are. `evidence` is the sentence that says why, with its numbers."""

    kind: HeadKind
    evidence: str


class OutputTensor(Message, frozen=True):
    """One tensor that forward returned. `name` is its place (`output`, `output[1]`, `logits`).

    `per_item`: of shape (N,), it has one value for each item of the batch, so no axis runs over classes.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    array: ArrayRef
    head: Head
    node: int | None = None
    per_item: bool = False


class Expectation(Message, frozen=True):
    """What the user expected of one output: a class (its index), a one-hot row, or values (row-major)."""

    kind: Literal["class", "one_hot", "values"]
    values: tuple[float, ...]
    shape: tuple[int, ...]


class Verdict(Message, frozen=True):
    """An expectation compared with the output, in sentences. `agrees` is None where they can't be compared."""

    agrees: bool | None
    sentence: str
    warnings: tuple[str, ...] = ()
