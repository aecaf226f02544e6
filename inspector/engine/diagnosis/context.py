"""What the rules are given: one run, or one evaluation."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from inspector.engine.capture import NamedOutput
from inspector.protocol.events import EvaluationFinished, FolderScanned
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Failure, Graph
from inspector.protocol.inputs import NamedInput, Preprocess
from inspector.protocol.outputs import Expectation, Head
from inspector.protocol.requests import Mode

# What a rule can need: a forward that went through to outputs, statistics on the nodes, which axes follow the batch.
Need = Literal["outputs", "statistics", "axes"]


class CannotTellError(Exception):
    """A rule could not be checked on this run; says why."""


@dataclass(frozen=True)
class RunContext:
    """One observed forward, which took `captured_s`. `fresh` says that the weights are as the source draws them.

    `values` are the outputs as numpy, `heads` what they are, in the outputs' order. The graph's tensors say their axes.
    """

    module: nn.Module
    graph: Graph
    failure: Failure | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: tuple[NamedInput, ...]
    outputs: tuple[NamedOutput, ...]
    heads: tuple[Head, ...]
    values: tuple[NDArray[Any], ...]
    mode: Mode
    expectation: Expectation | None
    captured_s: float = 0.0
    fresh: bool = False


@dataclass(frozen=True)
class EvaluationContext:
    """One folder through the model: `outputs` (n, K) raw, `indices` (n,) into the scan's images."""

    scan: FolderScanned
    finished: EvaluationFinished
    outputs: NDArray[Any]
    indices: NDArray[Any]
    head: Head
    mapping: Mapping[str, int]
    preprocess: Preprocess

    def true_labels(self) -> NDArray[np.int64]:
        """The class of each row of `outputs`, as an index into the scan's classes."""
        labels = np.array([image.label for image in self.scan.images], np.int64)
        return labels[np.asarray(self.indices, np.int64)]


@dataclass(frozen=True)
class RunRule:
    """A rule's name, what it needs to be checked, and the check. `by_axes`: it says more once the axes are known."""

    name: str
    check: Callable[[RunContext], Iterable[Finding]]
    needs: tuple[Need, ...] = ("outputs",)
    by_axes: bool = False


@dataclass(frozen=True)
class EvaluationRule:
    """A rule's name, how many images it needs to say anything, and the check."""

    name: str
    check: Callable[[EvaluationContext], Iterable[Finding]]
    least_images: int = 1
