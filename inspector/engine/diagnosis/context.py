"""What the rules are given: one run, or one evaluation."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from inspector.engine.capture import NamedOutput, Traces
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

    `values` are the outputs as numpy, `heads` what they are, in the outputs' order. The graph's tensors say their axes;
    `axes_note` says why they don't. `class_names` came with the model, and `traces`
    is what the forward would have left behind.
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
    class_names: tuple[str, ...] = ()
    axes_note: str = ""
    traces: Traces = field(default_factory=Traces)

    @property
    def may_lose_scale(self) -> bool:
        """Before training a deep model whose BatchNorms stand at 0 and 1 may blow values up, or lose them, in eval."""
        norms = (part for part in self.module.modules() if isinstance(part, _BatchNorm))
        return self.fresh and self.mode == "eval" and any(part.running_mean is not None for part in norms)


def own_parameter(part: nn.Module, name: str) -> nn.Parameter | None:
    """A module's own parameter, also of a TorchScript module; None where it has none, or makes it from others."""
    return dict(part.named_parameters(recurse=False, remove_duplicate=False)).get(name)


class FolderTrial(Protocol):
    """Runs some images of the folder again; see `evaluation.trial`."""

    def outputs(
        self,
        places: Sequence[int],
        preprocess: Preprocess,
        watch: Callable[[], AbstractContextManager[object]] = ...,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
        """Places (n,) and raw outputs (n, K) of those images, so prepared; None where the model fails on them."""


@dataclass(frozen=True)
class EvaluationContext:
    """One folder through the model: `outputs` (n, K) raw, `indices` (n,) into the scan's images.

    `trial` runs some of them again; None where the evaluation was cancelled. `graph` is of a run before it.
    """

    scan: FolderScanned
    finished: EvaluationFinished
    outputs: NDArray[Any]
    indices: NDArray[Any]
    head: Head
    mapping: Mapping[str, int]
    preprocess: Preprocess
    mode: Mode = "eval"
    module: nn.Module | None = None
    graph: Graph | None = None
    trial: FolderTrial | None = None

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
