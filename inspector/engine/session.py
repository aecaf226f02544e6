"""One user's work with one model: what each request does. The only place where the engine's parts meet."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from torch import nn

from inspector.engine.activations import Kept, LastRun, answer_of, fetch, fetched_event
from inspector.engine.axes import AxesMemory
from inspector.engine.capture.surroundings import as_torch_begins
from inspector.engine.comparison.work import Opponent, Work, compare_stored
from inspector.engine.diagnosis import diagnose_evaluation
from inspector.engine.drawing_files import draw_file
from inspector.engine.errors import EngineError
from inspector.engine.evaluation import evaluate, scan_folder
from inspector.engine.gradients import trace_gradients
from inspector.engine.inputs import prepare_input
from inspector.engine.inputs.dtypes import dtype_name
from inspector.engine.inputs.images import thumbnail
from inspector.engine.limits import TimeUp, time_limited
from inspector.engine.loading import Loaded, load_model
from inspector.engine.loading.steps import Steps
from inspector.engine.module_tree import module_rows
from inspector.engine.placing import placed
from inspector.engine.profile import profile_forward
from inspector.engine.running import graph_of_proposed, run_forward
from inspector.engine.shape_finder import propose_preprocess, propose_slots
from inspector.engine.shapes import find_shapes
from inspector.engine.statistics import measure_or_none
from inspector.protocol.base import ArrayRef
from inspector.protocol.events import (
    AnyEvent,
    FindingsFound,
    GradientsTraced,
    ImagesDecoded,
    InputPrepared,
    ModelLoaded,
    ParametersMeasured,
    Progressed,
    TensorStatistics,
)
from inspector.protocol.files import FileDescription
from inspector.protocol.graph import Graph
from inspector.protocol.inputs import InputSlot
from inspector.protocol.requests import (
    AnyRequest,
    CompareFolder,
    CompareModels,
    CompareWeights,
    DecodeImages,
    EndComparison,
    Evaluate,
    FetchTensor,
    FindShapes,
    FindValue,
    LoadModel,
    MeasureParameters,
    MeasureTensor,
    PreviewInput,
    ProfileForward,
    ReadCells,
    ReadMaps,
    ReadRow,
    RunForward,
    ScanFolder,
    TraceGradients,
)

# The search looks at its own clock between tries; past this a try hangs.
SLOWEST_SEARCH_S = 8.0
# The names of a small model's axes come sooner than another request could miss the time.
PATIENCE_S = 0.3

Emit = Callable[[AnyEvent], None]
Put = Callable[[NDArray[np.generic]], ArrayRef]


@dataclass
class OpenModel:
    """The model in memory, what to feed it, and the graph of its last whole run (which tells how its output reads)."""

    loaded: Loaded
    slots: tuple[InputSlot, ...]
    graph: Graph | None = None
    last_run: LastRun | None = None
    axes: AxesMemory = field(default_factory=AxesMemory)
    opponent: Opponent = field(default_factory=Opponent)


class Session:
    """Handles requests, one after another; events go to `emit`, arrays through `put`.

    `between_steps` raises Cancelled when the request in hand is to stop; `is_awaited` says that another one waits.
    """

    def __init__(
        self,
        emit: Emit,
        put: Put,
        between_steps: Callable[[], None],
        is_awaited: Callable[[], bool] = lambda: False,
    ) -> None:
        self._emit = emit
        self._put = put
        self._between_steps = between_steps
        self._is_awaited = is_awaited
        self._open: OpenModel | None = None
        self._kept: Kept | None = None
        self._tried = ""  # the file that was to be loaded last

    def load(self, request: LoadModel, description: FileDescription) -> None:
        """Load a model whose file has been described; the one before is let go of first.

        Raises:
            EngineError: it can't be loaded.
        """
        self._open = self._kept = None
        self._tried = request.path
        as_torch_begins()
        self._emit(Progressed(what="Loading"))
        try:
            answer = load_model(request, description, self._steps())
        except EngineError:
            self._draw_file(description)
            raise
        if not isinstance(answer, Loaded):
            self._draw_file(description)
            self._emit(answer)
            return
        self._emit(Progressed(what="Looking for an input that fits"))
        slots = _slots(answer.module, tries=request.try_inputs)
        self._open = OpenModel(answer, slots)
        self._emit(
            ModelLoaded(
                path=answer.path,
                source=answer.source,
                info=answer.info,
                modules=module_rows(answer.module),
                slots=slots,
                preprocess=propose_preprocess(slots, answer.preprocessing),
                class_names=answer.class_names,
                keys=answer.keys,
                entries=answer.entries,
                entry=answer.entry,
                notes=answer.notes,
            )
        )

    def _draw_file(self, description: FileDescription) -> None:
        drawn = draw_file(description)
        if drawn is not None:
            self._emit(drawn)

    def handle(self, request: AnyRequest) -> None:  # noqa: C901 - one case a request
        """Do what `request` asks.

        Raises:
            EngineError: it can't be done; the sentence says why.
            Cancelled: it was asked to stop.
        """
        match request:
            case RunForward():
                self._run(request)
            case CompareModels() | CompareWeights() | CompareFolder() | EndComparison():
                self._compare(request)
            case ProfileForward() | TraceGradients():
                self._measure_run(request)
            case FindShapes():
                self._find_shapes(request)
            case PreviewInput():
                self._preview(request)
            case MeasureParameters():
                self._measure(request)
            case ScanFolder():
                self._scan(request)
            case Evaluate():
                self._evaluate(request)
            case DecodeImages():
                self._decode(request)
            case FetchTensor():
                self._fetch(request)
            case MeasureTensor() | ReadCells() | ReadMaps() | FindValue() | ReadRow():
                self._emit(answer_of(self._kept, request, self._put, self._between_steps))
            case _:
                raise EngineError(f"The engine does not know how to answer {type(request).__name__}.")

    def _model(self) -> OpenModel:
        if self._open is None and self._tried:
            raise EngineError(
                f"No model is open: {Path(self._tried).name} could not be loaded the last time, or asks for something.",
                "Mend the file or answer what it asks, and reopen it; or open another one.",
            )
        if self._open is None:
            raise EngineError("No model is open.", "Open a model file first.")
        return self._open

    def _run(self, request: RunForward) -> None:
        model = self._model()
        self._emit(Progressed(what="Running"))
        self._kept = None
        captured = run_forward(
            model.loaded,
            model.slots,
            request,
            self._emit,
            self._put,
            memory=model.axes,
            is_awaited=patiently(self._is_awaited),
        )
        model.last_run = LastRun(request, captured.graph)
        if captured.failure is None and not request.changes:
            model.graph = captured.graph

    def _fetch(self, request: FetchTensor) -> None:
        model = self._model()
        self._emit(Progressed(what="Fetching the tensor"))
        self._kept = None
        self._kept = fetch(model.loaded, model.slots, model.last_run, request.place)
        self._emit(fetched_event(self._kept))

    def _compare(self, request: CompareModels | CompareWeights | CompareFolder | EndComparison) -> None:
        steps = self._steps()
        if isinstance(request, CompareWeights):
            compare_stored(request, self._emit, steps)
            return
        model = self._model()
        self._kept = None
        work = Work(model.loaded, model.opponent, self._emit, self._put, steps)
        match request:
            case CompareModels():
                work.compare_models(request, model.slots)
            case CompareFolder():
                work.compare_folder(request)
            case EndComparison():
                model.opponent = Opponent()

    def _steps(self) -> Steps:
        return Steps(lambda what, done, total: self._emit(Progressed(what, done, total)), self._between_steps)

    def _measure_run(self, request: ProfileForward | TraceGradients) -> None:
        model = self._model()
        if isinstance(request, ProfileForward):
            self._emit(profile_forward(model.loaded, model.slots, request, self._emit, self._between_steps))
            return
        self._emit(Progressed(what="Running backward"))
        self._kept = None
        flow = trace_gradients(model.loaded, model.slots, request, self._between_steps)
        self._emit(GradientsTraced(flow=flow))

    def _find_shapes(self, request: FindShapes) -> None:
        model = self._model()
        self._emit(find_shapes(model.loaded.module, model.slots, request, self._emit, self._between_steps))

    def _preview(self, request: PreviewInput) -> None:
        prepared = prepare_input(request.source)
        tensor = prepared.tensor
        self._emit(
            InputPrepared(
                shape=tuple(tensor.shape),
                dtype=dtype_name(tensor.dtype),
                statistics=measure_or_none(tensor),
                picture=None if prepared.picture is None else self._put(prepared.picture),
                note=prepared.note,
            )
        )

    def _measure(self, request: MeasureParameters) -> None:
        module = self._model().loaded.module
        try:
            owner = module.get_submodule(request.fqn)
        except AttributeError as error:
            raise EngineError(f'The model has no module "{request.fqn}".') from error
        tensors = [*owner.named_parameters(recurse=False), *owner.named_buffers(recurse=False)]
        measured = tuple(
            TensorStatistics(
                name=name,
                shape=tuple(tensor.shape),
                dtype=dtype_name(tensor.dtype),
                statistics=statistics,
            )
            for name, tensor in tensors
            if (statistics := measure_or_none(tensor.detach())) is not None
        )
        self._emit(ParametersMeasured(fqn=request.fqn, tensors=measured))

    def _scan(self, request: ScanFolder) -> None:
        class_names: tuple[str, ...] = ()
        num_outputs = None
        if self._open is not None:
            class_names = self._open.loaded.class_names
            num_outputs = num_outputs_of(self._open.graph)
        self._emit(
            scan_folder(
                request.folder,
                request.labels,
                class_names=class_names,
                num_outputs=num_outputs,
                between_steps=self._between_steps,
            )
        )

    def _evaluate(self, request: Evaluate) -> None:
        model = self._model()
        if model.graph is None:
            model.graph = graph_of_proposed(model.loaded.module, model.slots)
        if not request.class_names:
            request = msgspec.structs.replace(request, class_names=model.loaded.class_names)
        with placed(model.loaded.module, request.device, request.dtype) as module:
            context = evaluate(
                module,
                model.graph,
                request,
                emit=self._emit,
                put=self._put,
                between_steps=self._between_steps,
            )
            findings = diagnose_evaluation(context)
        self._emit(FindingsFound(findings=findings))

    def _decode(self, request: DecodeImages) -> None:
        pictures: list[ArrayRef | None] = []
        problems = []
        for path in request.paths:
            try:
                pictures.append(self._put(thumbnail(path, request.max_side)))
            except EngineError as error:
                pictures.append(None)
                problems.append(error.message)
        self._emit(ImagesDecoded(paths=request.paths, pictures=tuple(pictures), problems=tuple(problems)))


def _slots(module: nn.Module, *, tries: bool) -> tuple[InputSlot, ...]:
    """What to feed; a model that does not come back from being tried is not tried."""
    if tries:
        try:
            with time_limited(SLOWEST_SEARCH_S):
                return propose_slots(module)
        except TimeUp:
            pass
    return propose_slots(module, tries=False)


def patiently(is_awaited: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> Callable[[], bool]:
    """`is_awaited`, but False for PATIENCE_S from when it is asked first: what a moment ends is not left undone."""
    asked_first_s: list[float] = []

    def is_awaited_by_now() -> bool:
        if not asked_first_s:
            asked_first_s.append(clock())
        return clock() - asked_first_s[0] >= PATIENCE_S and is_awaited()

    return is_awaited_by_now


def num_outputs_of(graph: Graph | None) -> int | None:
    """How many columns the first (N, K) output of a run has; None where none has that shape."""
    for node in graph.nodes if graph is not None else ():
        if node.kind == "output" and node.outputs and len(node.outputs[0].shape) == 2:
            return node.outputs[0].shape[1]
    return None
