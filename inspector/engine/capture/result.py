"""What a capture is asked for, and what it gives."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from inspector.engine.capture.arguments import Arguments
from inspector.engine.capture.keeping import Keep
from inspector.engine.capture.signatures import SAMPLED, Signature
from inspector.engine.capture.traces import Traces
from inspector.engine.capture.watching import GradientWatch
from inspector.protocol.changes import Change, ChangeOutcome
from inspector.protocol.graph import Failure, Graph


@dataclass(frozen=True)
class CaptureOptions:
    """`statistics` measures what each node gives; `timed` times each node; with `compared`, plain forwards too.

    `changes` are made to what operations give; with `signed` a signature of each node's output is kept, with a sample
    of at most `sampled` values, so that two runs can be compared.

    `keep` is the one tensor that is wanted itself.

    With `watch` forward runs with gradients, and it is told what carries them; its outputs lie in the watch.

    `between` is called at each operation; the TimeUp that it may raise ends the run, and is passed on.
    """

    statistics: bool = True
    timed: bool = False
    compared: bool = True
    changes: tuple[Change, ...] = ()
    signed: bool = False
    sampled: int = SAMPLED
    keep: Keep | None = None
    between: Callable[[], None] | None = None
    watch: GradientWatch | None = None


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
    `signatures` are by the ids of the graph's nodes.
    `arguments` are, by node, those of the functions that move axes about; None for all other nodes.
    `traces` is what it would have left behind, where the caller knows.
    """

    graph: Graph
    failure: Failure | None
    outputs: tuple[NamedOutput, ...]
    captured_s: float
    plain_s: float | None
    peak_bytes: int | None
    started_s: tuple[float, ...] = ()
    signatures: dict[int, Signature] = field(default_factory=dict)
    outcomes: tuple[ChangeOutcome, ...] = ()
    arguments: tuple[Arguments | None, ...] = ()
    traces: Traces = field(default_factory=Traces)
