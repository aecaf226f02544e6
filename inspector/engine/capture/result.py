"""What a capture is asked for, and what it gives."""

from dataclasses import dataclass

import torch

from inspector.protocol.graph import Failure, Graph


@dataclass(frozen=True)
class CaptureOptions:
    """`statistics` measures what each node gives; `timed` times each node; with `compared`, plain forwards too."""

    statistics: bool = True
    timed: bool = False
    compared: bool = True


@dataclass(frozen=True)
class NamedOutput:
    """A tensor that forward returned, detached, under its place; `node` is its output node in the graph."""

    name: str
    tensor: torch.Tensor
    node: int | None


@dataclass(frozen=True)
class Captured:
    """One observed forward. Without `failure` it ran to its end.

    `started_s` tells, when timed, when each node of the graph began, by `time.perf_counter` (0 for values).
    """

    graph: Graph
    failure: Failure | None
    outputs: tuple[NamedOutput, ...]
    captured_s: float
    plain_s: float | None
    peak_bytes: int | None
    started_s: tuple[float, ...] = ()
