"""What the window or the command line asks of the engine. Each frame carries one with its id."""

from typing import Literal

from inspector.protocol.base import Message
from inspector.protocol.changes import Change
from inspector.protocol.comparison import Side
from inspector.protocol.evaluation import LabelRule
from inspector.protocol.gradients import LossName, OutputTransform
from inspector.protocol.inputs import InputSource, NamedInput, Preprocess
from inspector.protocol.outputs import Expectation
from inspector.protocol.tensors import CellWindow, MapWindow, Sought, TensorPlace

Mode = Literal["eval", "train"]


class Request(Message, frozen=True):
    """The base of all requests."""


class DescribeFile(Request, frozen=True, tag="describe_file"):
    """Read a file inertly. Answer: FileDescribed."""

    path: str


class LoadModel(Request, frozen=True, tag="load_model"):
    """Open a model. Answers: FileDescribed, then ModelLoaded, ConsentNeeded or EntryNeeded.

    With `try_inputs` the model is run on small stand-ins until an input is found that it takes; without it nothing of
    the model runs before RunForward, and the input is a guess.

    `source` is the `.py` that defines the class of a state_dict. `arguments` are Python literals as text.
    `entry` may also be a constructor of an installed library (`torchvision.resnet18`). `mends` are names of
    `KeysReport.mends`, done in this order.
    `trusted` are the SHA-256 of files whose code may run; `trust_everything` is the command line's `--trust`.
    With `weights_only` a pickle that would run code is opened without it: its weights, or its model where all classes
    of that are torch's own.
    """

    path: str
    source: str = ""
    entry: str = ""
    arguments: dict[str, str] = {}
    trusted: tuple[str, ...] = ()
    trust_everything: bool = False
    weights_only: bool = False
    try_inputs: bool = True
    mends: tuple[str, ...] = ()


class RunForward(Request, frozen=True, tag="run_forward"):
    """Run the loaded model once, observed. Answers: GraphCaptured, OutputsComputed (unless it failed), FindingsFound.

    Unless GraphCaptured told them, AxesFound follows, and FindingsFound once more where the axes tell more.

    Without `inputs` the proposed ones are used. `timed` adds a plain run for comparison, and times per node.
    With `changes` the model is run without them first, and ChangesCompared tells what they did.
    """

    inputs: tuple[NamedInput, ...] = ()
    device: str = "cpu"
    dtype: str = ""
    mode: Mode = "eval"
    seed: int = 0
    statistics: bool = True
    timed: bool = False
    expectation: Expectation | None = None
    changes: tuple[Change, ...] = ()


class CompareModels(Request, frozen=True, tag="compare_models"):
    """Compare the open model (A) with another one (B), or with itself run in another way.

    Where `other` names a file, it is opened first, by the ladder of LoadModel and with its answers: FileDescribed, then
    ModelLoaded, or ConsentNeeded or EntryNeeded, behind which nothing more comes. Weights whose keys are all A's are
    opened in a copy of A, without a question. Without `other`, B is the one that was compared with last where
    `again`, else A itself.

    Answers then: WeightsCompared, and RunsCompared of the same `inputs` and `seed` through both; without `inputs` the
    proposed ones.
    """

    other: LoadModel | None = None
    again: bool = False
    a: Side = Side()
    b: Side = Side()
    inputs: tuple[NamedInput, ...] = ()
    seed: int = 0


class CompareWeights(Request, frozen=True, tag="compare_weights"):
    """Compare the weights of two files as they are stored; nothing of either runs. Answer: WeightsCompared."""

    path_a: str
    path_b: str


class CompareFolder(Request, frozen=True, tag="compare_folder"):
    """Run both sides of the last CompareModels over a labelled folder. Answers: Progressed …, FolderCompared.

    Fields mean what they do in Evaluate; the mapping of each side is proposed from its own class names.
    """

    folder: str
    labels: LabelRule = LabelRule()
    preprocess: Preprocess = Preprocess()
    mapping: dict[str, int] = {}
    class_names: tuple[str, ...] = ()
    a: Side = Side()
    b: Side = Side()
    batch_size: int = 32
    workers: int = 0


class EndComparison(Request, frozen=True, tag="end_comparison"):
    """Let go of B. No answer of its own."""


class ProfileForward(Request, frozen=True, tag="profile_forward"):
    """Time each node over several runs, and watch the memory in one more. Answers: Progressed …, ForwardProfiled.

    Inputs and settings mean what they do in RunForward. `warm_up` runs come first and are not counted; every run begins
    from the same seed and buffers.
    """

    inputs: tuple[NamedInput, ...] = ()
    device: str = "cpu"
    dtype: str = ""
    mode: Mode = "eval"
    seed: int = 0
    runs: int = 7
    warm_up: int = 2


class TraceGradients(Request, frozen=True, tag="trace_gradients"):
    """Run forward and backward once, and tell what gradient reaches each parameter. Answer: GradientsTraced.

    Inputs and settings mean what they do in RunForward; nothing of the model is changed. Without `loss` the one that
    fits the output is taken, without `target` one is made up. `output` is the place of the output that is trained;
    −1 takes the first with a gradient. A line of code as transform runs only with `run_line`, which the user's own
    consent sets.
    """

    inputs: tuple[NamedInput, ...] = ()
    device: str = "cpu"
    dtype: str = ""
    mode: Mode = "eval"
    seed: int = 0
    loss: LossName | None = None
    transform: OutputTransform = OutputTransform()
    target: Expectation | None = None
    output: int = -1
    run_line: bool = False


class FindShapes(Request, frozen=True, tag="find_shapes"):
    """Try which shapes the model takes, beginning from these inputs. Answers: Progressed …, ShapesFound.

    Without `inputs` the proposed ones are used. Sizes from 1 to `high` are tried, for about `seconds` of work.
    """

    inputs: tuple[NamedInput, ...] = ()
    high: int = 512
    seconds: float = 8.0


class PreviewInput(Request, frozen=True, tag="preview_input"):
    """Make the tensor that the model would see. Answer: InputPrepared."""

    source: InputSource


class MeasureParameters(Request, frozen=True, tag="measure_parameters"):
    """Measure a module's own parameters and buffers. Answer: ParametersMeasured."""

    fqn: str


class ScanFolder(Request, frozen=True, tag="scan_folder"):
    """List a test folder and its labels without decoding an image. Answer: FolderScanned."""

    folder: str
    labels: LabelRule = LabelRule()


class Evaluate(Request, frozen=True, tag="evaluate"):
    """Run the loaded model over a labelled folder. Answers: FolderScanned, EvaluationProgressed …, EvaluationFinished.

    `mapping` tells the output index of each class name; empty means by the classes' natural order.
    `class_names` are the model's own, in the order of its outputs, and are used to propose the mapping.
    """

    folder: str
    labels: LabelRule = LabelRule()
    preprocess: Preprocess = Preprocess()
    mapping: dict[str, int] = {}
    class_names: tuple[str, ...] = ()
    batch_size: int = 32
    workers: int = 0
    device: str = "cpu"
    dtype: str = ""
    mode: Mode = "eval"


class DecodeImages(Request, frozen=True, tag="decode_images"):
    """Decode pictures to at most `max_side` pixels, upright, as RGB. Answer: ImagesDecoded."""

    paths: tuple[str, ...]
    max_side: int = 96


class FetchTensor(Request, frozen=True, tag="fetch_tensor"):
    """Keep one tensor; what is neither a parameter nor a buffer comes from running once more. Answer: TensorFetched.

    The engine keeps one, until the next run, model or fetch; the requests below read of it.
    """

    place: TensorPlace


class MeasureTensor(Request, frozen=True, tag="measure_tensor"):
    """Measure all values of the kept tensor. Answer: TensorMeasured."""

    place: TensorPlace
    bins: int = 64


class ReadCells(Request, frozen=True, tag="read_cells"):
    """A block of the kept tensor's values. Answer: CellsRead."""

    place: TensorPlace
    window: CellWindow


class ReadMaps(Request, frozen=True, tag="read_maps"):
    """A page of the kept tensor's values as pictures. Answer: MapsRead."""

    place: TensorPlace
    window: MapWindow


class FindValue(Request, frozen=True, tag="find_value"):
    """Where the greatest, the least, or the first NaN of the kept tensor's values is. Answer: ValueFound."""

    place: TensorPlace
    sought: Sought


class ReadRow(Request, frozen=True, tag="read_row"):
    """`count` of the kept tensor's values from `start` on, in a row (C order), for a file. Answer: RowRead."""

    place: TensorPlace
    start: int
    count: int


class CancelRequest(Request, frozen=True, tag="cancel_request"):
    """Stop the request with that id at its next step. No answer of its own: the other ends with RequestCancelled."""

    request_id: int


class ArraysRead(Request, frozen=True, tag="arrays_read"):
    """The shared memory up to this running byte count has been copied out. No answer."""

    total_bytes: int


AnyRequest = (
    DescribeFile
    | LoadModel
    | RunForward
    | CompareModels
    | CompareWeights
    | CompareFolder
    | EndComparison
    | ProfileForward
    | TraceGradients
    | FindShapes
    | PreviewInput
    | MeasureParameters
    | ScanFolder
    | Evaluate
    | DecodeImages
    | FetchTensor
    | MeasureTensor
    | ReadCells
    | ReadMaps
    | FindValue
    | ReadRow
    | CancelRequest
    | ArraysRead
)


class RequestFrame(Message, frozen=True):
    """A request under its id; ids grow, and belong to one engine process."""

    id: int
    body: AnyRequest
