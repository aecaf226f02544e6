"""What the window knows, as one frozen snapshot. Views draw it and never change it; they emit `…_requested`.

Arrays are numpy, already copied out of shared memory.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.protocol.changes import Change, Comparison
from inspector.protocol.comparison import FolderComparison, RunComparison, Side, WeightsReport
from inspector.protocol.evaluation import LabelRule, Skipped
from inspector.protocol.events import (
    ConsentNeeded,
    Device,
    EntryNeeded,
    EvaluationFinished,
    FolderScanned,
    ForwardProfiled,
    InputPrepared,
    MapsRead,
    ModelLoaded,
    ParametersMeasured,
    TensorFetched,
    TensorMeasured,
    ValueFound,
)
from inspector.protocol.files import FileDescription
from inspector.protocol.findings import Finding, Findings
from inspector.protocol.gradients import GradientFlow, LossName, OutputTransform
from inspector.protocol.graph import Failure, Graph, GraphAxes
from inspector.protocol.inputs import NamedInput, Preprocess
from inspector.protocol.outputs import Expectation, OutputTensor, Verdict
from inspector.protocol.requests import Mode
from inspector.protocol.shapes import AcceptedShapes
from inspector.protocol.tensors import CellWindow, TensorPlace

AS_IT_IS = Side()
EnginePhase = Literal["starting", "ready", "busy", "ended"]
Place = Literal["file", "input", "run", "evaluation", "engine", "tensor", "training", "comparison"]
Concern = Literal[
    "load",
    "reload",
    "run",
    "preview",
    "scan",
    "evaluate",
    "parameters",
    "thumbnails",
    "profile",
    "shapes",
    "tensor",
    "tensor_part",
    "gradients",
    "compare",
    "compare_folder",
]


@dataclass(frozen=True)
class EngineState:
    """How the engine is. `sentence` says why it ended, or what it is doing; `log` is the tail of what was printed.

    `quiet_restarts` counts how often it ended while nothing was asked of it, and was started again; `restarted` says
    how it ended the last time, until another file is opened.
    """

    phase: EnginePhase = "starting"
    sentence: str = ""
    torch_version: str = ""
    devices: tuple[Device, ...] = (Device(name="cpu", label="CPU"),)
    sandbox: tuple[str, ...] = ()
    sandbox_lacks: tuple[str, ...] = ()
    log: str = ""
    quiet_restarts: int = 0
    restarted: str = ""


@dataclass(frozen=True)
class Problem:
    """Something that went wrong, said where it happened. `place` is the panel: file, input, run, evaluation."""

    place: Place
    message: str
    fix: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class Progress:
    """Long work under way, with the request to cancel."""

    request_id: int
    what: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class RunSettings:
    """What a run is made of; kept when the engine is restarted. Empty `inputs` means the proposed ones."""

    inputs: tuple[NamedInput, ...] = ()
    device: str = "cpu"
    dtype: str = ""
    mode: Mode = "eval"
    seed: int = 0
    live: bool = False
    expectation: Expectation | None = None
    timed: bool = False
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class TrainingChoice:
    """What a gradient is traced for; without `loss` the one that fits, without `target` what is expected or made up.

    `output` is the place of one of the run's outputs; −1 is the first with a gradient.
    """

    loss: LossName | None = None
    transform: OutputTransform = OutputTransform()  # noqa: RUF009 - frozen
    target: Expectation | None = None
    output: int = -1


@dataclass(frozen=True)
class OutputValues:
    """One output with its values (float64 where floating)."""

    tensor: OutputTensor
    values: NDArray[np.generic]


@dataclass(frozen=True)
class RunState:
    """The last run, or the graph of a file that was not run. `outputs` is empty when it failed.

    `profile` are times and memory of this graph, when measured; `gradients` what a loss's gradient reached in it.

    With changes in force `comparison` tells what they did, and `outputs_before` are the outputs without them.
    """

    graph: Graph | None = None
    failure: Failure | None = None
    outputs: tuple[OutputValues, ...] = ()
    verdict: Verdict | None = None
    comparison: Comparison | None = None
    outputs_before: tuple[OutputValues, ...] = ()
    findings: Findings = field(default_factory=Findings)
    captured_s: float | None = None
    plain_s: float | None = None
    peak_bytes: int | None = None
    axes: GraphAxes | None = None
    running: bool = False
    profile: ForwardProfiled | None = None
    gradients: GradientFlow | None = None

    @property
    def has_run(self) -> bool:
        """Whether the graph is that of a run."""
        return self.graph is not None and self.graph.origin == "run"


@dataclass(frozen=True)
class PreviewState:
    """What the model sees: the prepared tensor, and its picture (H, W, 3) uint8 where there is one."""

    prepared: InputPrepared
    picture: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class MapPictures:
    """A page of a tensor's values as pictures, (n, H, W) or (n, H, W, 3) float32."""

    page: MapsRead
    maps: NDArray[np.float32]


@dataclass(frozen=True)
class Saving:
    """A tensor on its way into a file; `problem` says why it is not there, `done` that all of it is."""

    path: str
    saved_bytes: int = 0
    total_bytes: int = 0
    done: bool = False
    problem: str = ""


@dataclass(frozen=True)
class TensorState:
    """The one tensor that is looked into, and what is known of its values. `blocks` are those asked for last."""

    place: TensorPlace | None = None
    fetching: bool = False
    fetched: TensorFetched | None = None
    measured: TensorMeasured | None = None
    maps: MapPictures | None = None
    large: MapPictures | None = None
    blocks: dict[CellWindow, NDArray[np.generic]] = field(default_factory=dict)
    found: ValueFound | None = None
    saving: Saving | None = None


@dataclass(frozen=True)
class EvaluationState:
    """The test folder. `indices` (n,) point into `scan.images`, `outputs` (n, K) float32 are raw, in the order done."""

    folder: str = ""
    labels: LabelRule = field(default_factory=LabelRule)
    scan: FolderScanned | None = None
    mapping: dict[str, int] = field(default_factory=dict)
    indices: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    outputs: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    skipped: tuple[Skipped, ...] = ()
    done: int = 0
    total: int = 0
    images_per_s: float = 0.0
    running: bool = False
    finished: EvaluationFinished | None = None
    findings: Findings = field(default_factory=Findings)


@dataclass(frozen=True)
class ComparisonState:
    """What the open model (A) is compared with (B), and what came of it; nothing is, unless `begun`.

    An empty `path` is the model itself, run otherwise. `source`, `entry`, `arguments`, `mends`, `weights_only`,
    `consent`, `entry_needed` and `changed_on_disk` are about B's file, as those of the window's state about A's.
    `alone` compares the weights as they are stored, without models. `inputs` and `seed` are those that were fed;
    `outputs` are of both sides. `page` is the one that the user chose, "" while none was.
    """

    begun: bool = False
    path: str = ""
    source: str = ""
    entry: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    weights_only: bool = False
    mends: tuple[str, ...] = ()
    alone: bool = False
    declined: bool = False
    changed_on_disk: str = ""
    page: str = ""
    a: Side = AS_IT_IS
    b: Side = AS_IT_IS
    inputs: tuple[NamedInput, ...] = ()
    seed: int = 0
    description: FileDescription | None = None
    consent: ConsentNeeded | None = None
    entry_needed: EntryNeeded | None = None
    other: ModelLoaded | None = None
    weights: WeightsReport | None = None
    runs: RunComparison | None = None
    outputs: tuple[tuple[OutputValues | None, OutputValues | None], ...] = ()
    folder: FolderComparison | None = None
    running: bool = False


@dataclass(frozen=True)
class WindowState:
    """All of it. `revision` grows with every change; `selected_node` is a node's id in `run.graph`.

    `pending` are the requests whose answers count, and what each was asked for; an answer to any other is stale.
    `colour_by` is the key of a measure (`core/measures.py`), or "kind".
    `mends` are ways to make more keys of the file fit, done when it is loaded.
    `weights_only` is set once the user chose to open the file without the code that it names.
    `listed` is set while what the file holds is shown as lists in place of its graph.
    `declined` is set once the user chose not to run the code that loading needs.
    `accepted` tells which shapes the model takes, once that was asked.
    `changed_on_disk` says which files are other than when they were opened, and since when.
    """

    revision: int = 0
    engine: EngineState = EngineState()
    path: str = ""
    source: str = ""
    entry: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    mends: tuple[str, ...] = ()
    loading: bool = False
    description: FileDescription | None = None
    consent: ConsentNeeded | None = None
    entry_needed: EntryNeeded | None = None
    model: ModelLoaded | None = None
    class_names: tuple[str, ...] = ()
    preprocess: Preprocess = field(default_factory=Preprocess)
    settings: RunSettings = RunSettings()
    training: TrainingChoice = TrainingChoice()
    run: RunState = field(default_factory=RunState)
    preview: PreviewState | None = None
    evaluation: EvaluationState = field(default_factory=EvaluationState)
    parameters: dict[str, ParametersMeasured] = field(default_factory=dict)
    thumbnails: dict[str, NDArray[np.uint8] | None] = field(default_factory=dict)
    tensor: TensorState = field(default_factory=TensorState)
    comparison: ComparisonState = field(default_factory=ComparisonState)
    selected_node: int | None = None
    selected_module: str | None = None
    progress: Progress | None = None
    problems: tuple[Problem, ...] = ()
    recent_files: tuple[str, ...] = ()
    pending: dict[int, Concern] = field(default_factory=dict)
    declined: bool = False
    weights_only: bool = False
    changed_on_disk: str = ""
    accepted: AcceptedShapes | None = None
    colour_by: str = "kind"
    listed: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that was found: in the run, in the evaluation, and on the gradient that was traced in this run."""
        traced = self.run.gradients.findings if self.run.gradients is not None else ()
        return (*self.run.findings.findings, *self.evaluation.findings.findings, *traced)

    @property
    def num_findings(self) -> int:
        """How many cards there are: what was found, and a run that failed."""
        return len(self.findings) + (0 if self.run.failure is None else 1)
