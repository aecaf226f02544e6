"""One operation as the rules see it: its tensors as tuples of axes; and what several rules say."""

from collections.abc import Sequence
from dataclasses import dataclass

from inspector.engine.axes.variables import Variables
from inspector.engine.capture.arguments import Arguments

Axes = tuple[int, ...]
# By the number of spatial axes. D is depth there, before height and width.
SPATIAL = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation's tensors, in the order of the graph, and its arguments where they are kept."""

    name: str
    variables: Variables
    inputs: tuple[Axes, ...]
    outputs: tuple[Axes, ...]
    arguments: Arguments | None = None


def same_axes(op: Operation, ones: Sequence[int], others: Sequence[int]) -> None:
    """Axis by axis the same, from the first."""
    for one, other in zip(ones, others, strict=False):
        op.variables.same(one, other)


def same_shaped(op: Operation) -> None:
    """Every output that has as many axes as the first input has the same ones."""
    for output in op.outputs:
        if len(output) == len(op.inputs[0]):
            same_axes(op, op.inputs[0], output)


def broadcast(op: Operation, sources: Sequence[Axes], output: Axes) -> None:
    """As torch broadcasts: from the last axis; one of length 1 that was stretched is no axis of the result."""
    for source in sources:
        if len(source) <= len(output):
            same_axes(op, source[::-1], output[::-1])


def call_axes(op: Operation, axes: Axes, names: Sequence[str]) -> None:
    """Name axes, from the first."""
    for axis, name in zip(axes, names, strict=False):
        op.variables.call(axis, name)


def call_feature(op: Operation, axes: Axes) -> None:
    """The last axis holds features."""
    if axes:
        op.variables.call(axes[-1], "D", weak=True)
