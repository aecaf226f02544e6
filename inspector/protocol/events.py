"""What the engine tells. Every request ends with exactly one of RequestFinished, RequestFailed, RequestCancelled."""

from typing import Literal

from inspector.protocol.base import ArrayRef, Message
from inspector.protocol.changes import Comparison
from inspector.protocol.comparison import FolderComparison, RunComparison, WeightsReport
from inspector.protocol.evaluation import ClassMetrics, LabelledImage, LabelRule, Skipped
from inspector.protocol.files import Entry, FileDescription, GlobalUse, KeysReport, ModelInfo, ModuleRow
from inspector.protocol.findings import Findings
from inspector.protocol.gradients import GradientFlow
from inspector.protocol.graph import Failure, Graph, GraphAxes, Statistics
from inspector.protocol.inputs import InputSlot, Preprocess
from inspector.protocol.outputs import Head, OutputTensor, Verdict
from inspector.protocol.shapes import AcceptedShapes
from inspector.protocol.tensors import CellWindow, MapWindow, Sought, TensorPlace


class Event(Message, frozen=True):
    """The base of all events."""


class Device(Message, frozen=True):
    """A device that a model can run on: torch's name (`cuda:0`) and what it is called."""

    name: str
    label: str


class EngineReady(Event, frozen=True, tag="engine_ready"):
    """Torch is loaded. `sandbox` lists what holds on this machine, a few words each; sent once, under request id 0.

    `sandbox_lacks` are sentences on what does not hold, and why.
    """

    torch_version: str
    python_version: str
    devices: tuple[Device, ...]
    sandbox: tuple[str, ...] = ()
    sandbox_lacks: tuple[str, ...] = ()


class FileDescribed(Event, frozen=True, tag="file_described"):
    """What a file holds, read inertly."""

    description: FileDescription


class FileDrawn(Event, frozen=True, tag="file_drawn"):
    """The graph that a file gives without a run, where no model came of it; its `origin` is not "run".

    A size of −1 is one that the file leaves open; `axes` has its name, where the file gives one.
    """

    graph: Graph
    axes: GraphAxes | None = None


class TrustItem(Message, frozen=True):
    """One file whose code would run, and what it would import or define.

    `beside` are the files of its folder that it imports, by their paths there; `sha256` covers these too.
    """

    path: str
    sha256: str
    what: Literal["pickle", "python_source"]
    uses: tuple[GlobalUse, ...] = ()
    beside: tuple[str, ...] = ()


class ConsentNeeded(Event, frozen=True, tag="consent_needed"):
    """Nothing has run yet. `sentence` names what would.

    `missing` are classes that are not to be had here: a source has to supply them before anything can run.
    `weights_only` tells whether the weights can be had without that code.
    """

    sentence: str
    items: tuple[TrustItem, ...]
    missing: tuple[str, ...] = ()
    weights_only: bool = False


class EntryNeeded(Event, frozen=True, tag="entry_needed"):
    """A source gives several models, or one that needs arguments: choose. `sentence` says what is missing."""

    sentence: str
    entries: tuple[Entry, ...]
    chosen: str = ""


class ModelLoaded(Event, frozen=True, tag="model_loaded"):
    """The model is in memory.

    `slots` are forward's arguments with what to feed them; `preprocess` fits the first image slot.
    """

    path: str
    source: str
    info: ModelInfo
    modules: tuple[ModuleRow, ...]
    slots: tuple[InputSlot, ...]
    preprocess: Preprocess | None = None
    class_names: tuple[str, ...] = ()
    keys: KeysReport | None = None
    entries: tuple[Entry, ...] = ()
    entry: str = ""
    notes: tuple[str, ...] = ()


class InputPrepared(Event, frozen=True, tag="input_prepared"):
    """The tensor that the model would see; for images `picture` shows it as (H, W, 3) uint8, un-normalised."""

    shape: tuple[int, ...]
    dtype: str
    statistics: Statistics | None
    picture: ArrayRef | None = None
    note: str = ""


class GraphCaptured(Event, frozen=True, tag="graph_captured"):
    """The graph of one forward, whole or up to its failure. `plain_s` is None unless timed.

    `axes` are those of an earlier run with the same shapes; where there was none, AxesFound follows.
    """

    graph: Graph
    failure: Failure | None
    captured_s: float
    plain_s: float | None = None
    peak_bytes: int | None = None
    axes: GraphAxes | None = None


class AxesFound(Event, frozen=True, tag="axes_found"):
    """What the axes of the captured graph's tensors mean, and which follow the batch."""

    axes: GraphAxes


class NodeProfile(Message, frozen=True):
    """One node over all runs: the median of its time, with the fastest and the slowest run.

    `op`, `fqn` and `call` tell which node it is, as in the graph. `peak_bytes` is the most memory in use at any moment
    of the node, of all that the forward had allocated until then; None where it is not watched.
    """

    op: str
    fqn: str
    call: int
    elapsed_s: float | None = None
    fastest_s: float | None = None
    slowest_s: float | None = None
    peak_bytes: int | None = None


class ForwardProfiled(Event, frozen=True, tag="forward_profiled"):
    """Several runs timed. `nodes` and `group_s` are in the graph's order; all times are medians.

    `group_s` are whole calls of modules, without what observing took. `plain_s` is a run that nobody observed,
    `observed_s` one with every node timed: the difference is what timing costs. `memory` says in a sentence what
    `peak_bytes` measured, or why nothing was.
    """

    nodes: tuple[NodeProfile, ...]
    group_s: tuple[float | None, ...]
    plain_s: float
    observed_s: float
    runs: int
    warm_up: int
    device: str
    plain_fastest_s: float = 0.0
    plain_slowest_s: float = 0.0
    peak_bytes: int | None = None
    memory: str = ""
    notes: tuple[str, ...] = ()


class GradientsTraced(Event, frozen=True, tag="gradients_traced"):
    """What the gradient of a loss reached, and where it ended."""

    flow: GradientFlow


class ShapesFound(Event, frozen=True, tag="shapes_found"):
    """Which shapes the model takes."""

    accepted: AcceptedShapes


class OutputsComputed(Event, frozen=True, tag="outputs_computed"):
    """What forward returned, flattened, in order."""

    outputs: tuple[OutputTensor, ...]
    verdict: Verdict | None = None


class ChangesCompared(Event, frozen=True, tag="changes_compared"):
    """What the changes of a run did, against the same run without them."""

    comparison: Comparison


class WeightsCompared(Event, frozen=True, tag="weights_compared"):
    """The keys and weights of two sides."""

    report: WeightsReport


class RunsCompared(Event, frozen=True, tag="runs_compared"):
    """The same input through two sides."""

    comparison: RunComparison


class FolderCompared(Event, frozen=True, tag="folder_compared"):
    """Two sides over one test folder."""

    comparison: FolderComparison


class FindingsFound(Event, frozen=True, tag="findings_found"):
    """What the rules say of the run, or of the evaluation so named by the request id."""

    findings: Findings


class TensorStatistics(Message, frozen=True):
    """A named tensor measured."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    statistics: Statistics


class ParametersMeasured(Event, frozen=True, tag="parameters_measured"):
    """A module's own parameters and buffers, measured."""

    fqn: str
    tensors: tuple[TensorStatistics, ...]


class FolderScanned(Event, frozen=True, tag="folder_scanned"):
    """A test folder, listed.

    `classes` sort naturally (C2 before C10). `labels` is the rule in force; `sentence` says what it found.

    `mapping` is the proposed output index per class (empty without a model); `problems` are sentences
    (an empty folder, one class, more classes than outputs). `patterns` are other label patterns that fit the names.
    """

    folder: str
    labels: LabelRule
    classes: tuple[str, ...]
    images: tuple[LabelledImage, ...]
    skipped: tuple[Skipped, ...]
    mapping: dict[str, int]
    sentence: str
    problems: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


class EvaluationProgressed(Event, frozen=True, tag="evaluation_progressed"):
    """Some images done. `indices` (n,) int64 point into FolderScanned.images; `outputs` (n, K) float32 are raw."""

    done: int
    total: int
    images_per_s: float
    indices: ArrayRef
    outputs: ArrayRef
    skipped: tuple[Skipped, ...] = ()


class EvaluationFinished(Event, frozen=True, tag="evaluation_finished"):
    """The whole folder, or what was counted until it was cancelled. `matrix` rows are true classes.

    Columns are the classes of the folder; a predicted output that no class maps to is counted in `outside`, per true
    class.
    """

    classes: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]
    outside: tuple[int, ...]
    num_images: int
    skipped: tuple[Skipped, ...]
    accuracy: float | None
    balanced_accuracy: float | None
    per_class: tuple[ClassMetrics, ...]
    expected_calibration_error: float | None
    images_per_s: float
    cancelled: bool = False
    head: Head | None = None
    notes: tuple[str, ...] = ()


class ImagesDecoded(Event, frozen=True, tag="images_decoded"):
    """Pictures as (H, W, 3) uint8, in the order asked.

    None for one that could not be read, with the reason in `problems`.
    """

    paths: tuple[str, ...]
    pictures: tuple[ArrayRef | None, ...]
    problems: tuple[str, ...] = ()


class TensorFetched(Event, frozen=True, tag="tensor_fetched"):
    """The engine keeps this tensor. `array_dtype` is numpy's name of what its values travel as.

    `notes` say what is not as in the run: recomputed attention, a run that took another way.
    """

    place: TensorPlace
    shape: tuple[int, ...]
    dtype: str
    array_dtype: str
    size_bytes: int
    notes: tuple[str, ...] = ()


class TensorMeasured(Event, frozen=True, tag="tensor_measured"):
    """All values measured. `is_attention`: none is negative, and each row along the last axis adds up to 1."""

    place: TensorPlace
    statistics: Statistics
    is_attention: bool = False


class CellsRead(Event, frozen=True, tag="cells_read"):
    """A block of values, (rows, columns); smaller than asked at the tensor's ends."""

    place: TensorPlace
    window: CellWindow
    values: ArrayRef


class MapsRead(Event, frozen=True, tag="maps_read"):
    """A page of pictures: `maps` (n, h, w) float32, or (n, h, w, 3) for `tiles`.

    `channels` are their places in the tensor, `lows` and `highs` their finite extremes, `low` and `high` those of all
    `total` maps; `height` and `width` what each has before it is made smaller.
    """

    place: TensorPlace
    window: MapWindow
    maps: ArrayRef
    channels: tuple[int, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    low: float
    high: float
    total: int
    height: int
    width: int


class ValueFound(Event, frozen=True, tag="value_found"):
    """Where the value is, and what; an empty `index` with no `value` where there is none."""

    place: TensorPlace
    sought: Sought
    index: tuple[int, ...]
    value: float | None


class RowRead(Event, frozen=True, tag="row_read"):
    """Values in a row from `start` on."""

    place: TensorPlace
    start: int
    values: ArrayRef


class Progressed(Event, frozen=True, tag="progressed"):
    """A step of long work: what it is doing, and how far (total 0 when unknown)."""

    what: str
    done: int = 0
    total: int = 0


class RequestFinished(Event, frozen=True, tag="request_finished"):
    """The request is done; `elapsed_s` of the engine's time."""

    elapsed_s: float = 0.0


class RequestFailed(Event, frozen=True, tag="request_failed"):
    """The request could not be done: a sentence, the fix where there is one, and the traceback for those who ask."""

    message: str
    fix: str = ""
    traceback: str = ""
    wrong_use: bool = False


class RequestCancelled(Event, frozen=True, tag="request_cancelled"):
    """The request stopped because it was asked to."""


AnyEvent = (
    EngineReady
    | FileDescribed
    | FileDrawn
    | ConsentNeeded
    | EntryNeeded
    | ModelLoaded
    | InputPrepared
    | GraphCaptured
    | ForwardProfiled
    | GradientsTraced
    | ShapesFound
    | AxesFound
    | OutputsComputed
    | ChangesCompared
    | WeightsCompared
    | RunsCompared
    | FolderCompared
    | FindingsFound
    | ParametersMeasured
    | FolderScanned
    | EvaluationProgressed
    | EvaluationFinished
    | ImagesDecoded
    | TensorFetched
    | TensorMeasured
    | CellsRead
    | MapsRead
    | ValueFound
    | RowRead
    | Progressed
    | RequestFinished
    | RequestFailed
    | RequestCancelled
)

Ending = RequestFinished | RequestFailed | RequestCancelled


class EventFrame(Message, frozen=True):
    """An event under the id of the request that it answers.

    `array_bytes` is the ring's running byte count behind it.
    """

    id: int
    body: AnyEvent
    array_bytes: int = 0
