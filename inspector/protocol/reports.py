"""The objects that the command line prints with `--format json`. Their keys are kept stable; others may be added.

What `describe` prints is a FileDescription.
"""

from typing import Any

from inspector.protocol.base import Message
from inspector.protocol.changes import Change, ChangeOutcome, NodeDifference
from inspector.protocol.comparison import (
    FirstDifference,
    FolderComparison,
    NodePair,
    Side,
    WeightsReport,
)
from inspector.protocol.evaluation import ClassMetrics, Skipped
from inspector.protocol.events import NodeProfile
from inspector.protocol.files import KeysReport, ModelInfo
from inspector.protocol.findings import Finding, Unchecked
from inspector.protocol.gradients import GradientFlow
from inspector.protocol.graph import Failure, Graph
from inspector.protocol.outputs import Head, Verdict


class OutputReport(Message, frozen=True):
    """One output with its three readings, nested as the tensor is; softmax runs over the class axis.

    Complex values are given as magnitudes; NaN and infinities as null. `truncated` says how much was cut, or "".
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    raw: Any
    softmax: Any
    sigmoid: Any
    classes: tuple[str, ...]
    head: Head
    notes: tuple[str, ...] = ()
    truncated: str = ""


class Timing(Message, frozen=True):
    """Seconds of one plain forward (None unless asked for) and of the captured one."""

    plain_s: float | None
    captured_s: float | None


class TimesReport(Message, frozen=True):
    """Several runs timed: nodes and groups of the graph have the medians, here are what the whole forward took.

    `plain_s` are medians of runs that nobody observed, `observed_s` of those with every node timed, and
    `overhead` is their difference as a share of the plain one. `nodes` are in the graph's order.
    """

    runs: int
    warm_up: int
    plain_s: float
    plain_fastest_s: float
    plain_slowest_s: float
    observed_s: float
    overhead: float
    peak_bytes: int | None
    memory: str
    nodes: tuple[NodeProfile, ...]
    notes: tuple[str, ...] = ()


class ComparisonReport(Message, frozen=True):
    """A run with changes against the same run without: `outputs_before` are those without, as `outputs` are printed.

    `sentences` tell for each output what changed.
    """

    outcomes: tuple[ChangeOutcome, ...]
    outputs_before: tuple[OutputReport, ...]
    differences: tuple[NodeDifference, ...]
    first: int | None
    num_same: int
    unmatched: int
    sentence: str
    sentences: tuple[str, ...] = ()


class SideReport(Message, frozen=True):
    """One side of a comparison; `model` is None where the weights were compared as they are stored."""

    path: str
    model: ModelInfo | None
    run: Side


class OutputPairReport(Message, frozen=True):
    """One output of both sides, as `run` prints outputs; None where a side has none."""

    a: OutputReport | None
    b: OutputReport | None
    equal: bool | None
    max_abs: float | None
    relative: float | None
    sentence: str


class RunsReport(Message, frozen=True):
    """The same input through both sides, as in RunComparison."""

    graph_a: Graph
    graph_b: Graph
    pairs: tuple[NodePair, ...]
    first: FirstDifference | None
    num_same: int
    num_different: int
    num_only_a: int
    num_only_b: int
    failure_a: Failure | None
    failure_b: Failure | None
    buffers_a: tuple[str, ...]
    buffers_b: tuple[str, ...]
    sentence: str
    notes: tuple[str, ...]


class CompareReport(Message, frozen=True):
    """All of one comparison. `sentences` sum it up; `runs` is None where the weights alone were compared.

    `outputs` are those of `runs` with their values; `folder` is None without a test folder.
    """

    a: SideReport
    b: SideReport
    weights: WeightsReport | None
    runs: RunsReport | None
    outputs: tuple[OutputPairReport, ...]
    folder: FolderComparison | None
    sentences: tuple[str, ...]


class RunReport(Message, frozen=True):
    """All of one run. `batch` says how it was found which axes follow the batch, or why that is unknown.

    `times` are those of several runs, where they were asked for.
    """

    model: ModelInfo
    graph: Graph | None
    outputs: tuple[OutputReport, ...]
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    failure: Failure | None
    timing: Timing
    keys: KeysReport | None = None
    verdict: Verdict | None = None
    changes: tuple[Change, ...] = ()
    comparison: ComparisonReport | None = None
    batch: str = ""
    times: TimesReport | None = None


class GradientReport(Message, frozen=True):
    """What a loss's gradient reached in a model."""

    model: ModelInfo
    gradients: GradientFlow


class EvaluateReport(Message, frozen=True):
    """All of one evaluation; rows of `matrix` are true classes."""

    classes: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]
    num_images: int
    skipped: tuple[Skipped, ...]
    accuracy: float | None
    balanced_accuracy: float | None
    per_class: tuple[ClassMetrics, ...]
    expected_calibration_error: float | None
    images_per_s: float
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...] = ()
    mapping: dict[str, int] = {}
    outside: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()
    cancelled: bool = False
