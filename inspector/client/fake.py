"""A hand-written engine without a process and without torch, for tests and for trying the window's own ways.

It answers like a real one, about the small model of `fake_messages`, and does as it is told: ask for consent, need an
entry, fail, fall silent, die.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from inspector.client import fake_comparison as compared
from inspector.client import fake_evaluation as evaluated
from inspector.client import fake_messages as said
from inspector.client.base import EngineEnded, EnginePrinted, Incoming, Receiver, Reply
from inspector.client.fake_gradients import gradients
from inspector.protocol.events import (
    AnyEvent,
    AxesFound,
    CellsRead,
    ChangesCompared,
    EvaluationProgressed,
    FileDescribed,
    FindingsFound,
    FolderCompared,
    GraphCaptured,
    ImagesDecoded,
    InputPrepared,
    MapsRead,
    ModelLoaded,
    OutputsComputed,
    ParametersMeasured,
    Progressed,
    RequestCancelled,
    RequestFailed,
    RequestFinished,
    RowRead,
    RunsCompared,
    ShapesFound,
    TensorFetched,
    TensorMeasured,
    TensorStatistics,
    ValueFound,
    WeightsCompared,
)
from inspector.protocol.findings import Findings
from inspector.protocol.inputs import ImageInput
from inspector.protocol.requests import (
    AnyRequest,
    CompareFolder,
    CompareModels,
    CompareWeights,
    DecodeImages,
    DescribeFile,
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


@dataclass(frozen=True)
class Behaviour:
    """What the fake engine does. `die_on` and `hang_on` name a request's class; `problem` fails every load."""

    consent: bool = False
    entry: bool = False
    problem: RequestFailed | None = None
    run_failure: bool = False
    findings: Findings = Findings()  # noqa: RUF009 - frozen
    die_on: str = ""
    hang_on: str = ""
    num_images: int = 40
    batch_size: int = 10


class FakeEngine:
    """An engine that answers by script; `requests` are all that it was sent.

    With `held`, answers wait until `deliver` gives them out, on the caller's thread; otherwise a thread of its own
    gives them out at once, as a real engine's does.
    """

    def __init__(self, behaviour: Behaviour | None = None, *, held: bool = False) -> None:
        self.behaviour = behaviour or Behaviour()
        self.requests: list[tuple[int, AnyRequest]] = []
        self.lent: list[str] = []
        self.cancelled: list[int] = []
        self.ended = False
        self._held = held
        self._receive: Receiver = lambda _incoming: None
        self._waiting: deque[Incoming] = deque()
        self._queue: queue.SimpleQueue[Incoming | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._last_id = 0

    def start(self, receive: Receiver) -> None:
        """Be ready at once."""
        self._receive = receive
        if not self._held:
            self._thread = threading.Thread(target=self._give_out, name="fake-engine", daemon=True)
            self._thread.start()
        self._say(said.ready_reply())

    def lend(self, paths: Iterable[str], *, anew: bool = False) -> None:
        """Note what it may read."""
        self.lent = [*([] if anew else self.lent), *paths]

    def send(self, request: AnyRequest) -> int:
        """Take a request, and prepare its answers."""
        self._last_id += 1
        self.requests.append((self._last_id, request))
        if self.ended:
            return self._last_id
        name = type(request).__name__
        if name == self.behaviour.die_on:
            self.die("The engine ended with SIGABRT: native code aborted.")
        elif name != self.behaviour.hang_on:
            for event in self._answers(request):
                self._say(Reply(self._last_id, event))
        return self._last_id

    def cancel(self, request_id: int, grace_s: float = 2.0) -> None:
        """Stop a request at once: what was not given out of its answers is dropped."""
        self.cancelled.append(request_id)
        self._waiting = deque(
            waiting for waiting in self._waiting if not (isinstance(waiting, Reply) and waiting.id == request_id)
        )
        if not self.ended:
            self._say(Reply(request_id, RequestCancelled()))

    def close(self) -> None:
        """End, and wait for the thread."""
        self.ended = True
        self._waiting.clear()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def die(self, sentence: str, log: str = "") -> None:
        """End as a crashed process does."""
        self.ended = True
        self._say(EngineEnded(sentence, log))

    def print_text(self, text: str) -> None:
        """Print, as a model does."""
        self._say(EnginePrinted(text))

    def deliver(self, count: int | None = None) -> int:
        """Give out the next `count` answers that wait, or all; tells how many there were."""
        given = 0
        while self._waiting and (count is None or given < count):
            self._receive(self._waiting.popleft())
            given += 1
        return given

    def behave(self, **changes: object) -> None:
        """Do otherwise from now on."""
        self.behaviour = replace(self.behaviour, **changes)  # type: ignore[arg-type]  # names are Behaviour's

    def sent(self, kind: type[AnyRequest]) -> list[AnyRequest]:
        """The requests of one kind."""
        return [request for _, request in self.requests if isinstance(request, kind)]

    def _say(self, incoming: Incoming) -> None:
        if self._held:
            self._waiting.append(incoming)
        else:
            self._queue.put(incoming)

    def _give_out(self) -> None:
        while (incoming := self._queue.get()) is not None:
            self._receive(incoming)

    def _answers(self, request: AnyRequest) -> list[AnyEvent]:
        answers: dict[type[AnyRequest], Callable[[AnyRequest], list[AnyEvent]]] = {
            DescribeFile: self._describe,
            LoadModel: self._load,
            RunForward: self._run,
            ProfileForward: self._profile,
            TraceGradients: self._trace,
            FindShapes: self._find_shapes,
            CompareModels: self._compare,
            CompareWeights: self._compare_weights,
            CompareFolder: self._compare_folder,
            EndComparison: lambda _request: [],
            PreviewInput: self._preview,
            MeasureParameters: self._measure,
            ScanFolder: self._scan,
            Evaluate: self._evaluate,
            DecodeImages: self._decode,
            FetchTensor: self._fetch,
            MeasureTensor: self._measure_tensor,
            ReadCells: self._cells,
            ReadMaps: self._maps,
            FindValue: self._find,
            ReadRow: self._row,
        }
        answer = answers.get(type(request))
        if answer is None:
            return []
        events = answer(request)
        ends = bool(events) and isinstance(events[-1], RequestFailed)
        return events if ends else [*events, RequestFinished(elapsed_s=0.01)]

    def _find_shapes(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, FindShapes)
        return [Progressed(what="Trying sizes"), ShapesFound(accepted=said.accepted())]

    def _describe(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, DescribeFile)
        return [FileDescribed(description=said.description(request.path))]

    def _load(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, LoadModel)
        described = FileDescribed(description=said.description(request.path))
        if self.behaviour.problem is not None:
            return [described, self.behaviour.problem]
        consent = said.consent(request.path)
        if self.behaviour.consent and not {item.sha256 for item in consent.items} <= set(request.trusted):
            return [described, consent]
        if self.behaviour.entry and not request.entry:
            return [described, said.entry_needed()]
        return [
            described,
            Progressed(what="Building the model"),
            said.model(request.path, request.source, request.entry),
        ]

    def _run(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, RunForward)
        if self.behaviour.run_failure:
            graph, failure = said.graph(up_to=10), said.failure()
            return [
                GraphCaptured(graph=graph, failure=failure, captured_s=0.002),
                FindingsFound(findings=self.behaviour.findings),
            ]
        return [
            GraphCaptured(graph=said.graph(), failure=None, captured_s=0.0031, plain_s=0.0024, peak_bytes=1_482_752),
            OutputsComputed(outputs=(said.output(),)),
            *([ChangesCompared(comparison=said.comparison(request.changes))] if request.changes else []),
            AxesFound(axes=said.graph_axes()),
            FindingsFound(findings=self.behaviour.findings),
        ]

    def _profile(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, ProfileForward)
        return [Progressed(what="Timing", done=1, total=request.runs), said.profile(request.runs, request.warm_up)]

    def _trace(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, TraceGradients)
        return [Progressed(what="Running backward"), gradients(request.loss, request.transform)]

    def _compare(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, CompareModels)
        events: list[AnyEvent] = []
        if request.other is not None:
            events = self._load(request.other)
            if not isinstance(events[-1], ModelLoaded):
                return events
        weights, runs = compared.weights_report(), compared.runs_compared()
        return [*events, WeightsCompared(report=weights), RunsCompared(comparison=runs)]

    def _compare_weights(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, CompareWeights)
        return [WeightsCompared(report=compared.weights_report())]

    def _compare_folder(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, CompareFolder)
        return [FolderCompared(comparison=compared.folder_compared(request.folder, self.behaviour.num_images))]

    def _preview(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, PreviewInput)
        picture = None
        if isinstance(request.source, ImageInput):
            ramp = np.linspace(0, 255, 64, dtype=np.uint8).reshape(8, 8)
            picture = said.inline(np.repeat(ramp[:, :, None], 3, axis=2))
        return [InputPrepared(shape=(1, 1, 8, 8), dtype="float32", statistics=said.statistics(3), picture=picture)]

    def _measure(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, MeasureParameters)
        rows = [row for row in said.modules() if row.fqn == request.fqn]
        tensors = tuple(
            TensorStatistics(
                name=tensor.name, shape=tensor.shape, dtype=tensor.dtype, statistics=said.statistics(index)
            )
            for row in rows
            for index, tensor in enumerate(row.tensors)
        )
        return [ParametersMeasured(fqn=request.fqn, tensors=tensors)]

    def _scan(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, ScanFolder)
        return [evaluated.scan(request.folder, request.labels, self.behaviour.num_images)]

    def _evaluate(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, Evaluate)
        total = self.behaviour.num_images
        events: list[AnyEvent] = [evaluated.scan(request.folder, request.labels, total)]
        for start in range(0, total, self.behaviour.batch_size):
            indices = np.arange(start, min(total, start + self.behaviour.batch_size), dtype=np.int64)
            ref, outputs = evaluated.evaluation_batch(indices)
            done = start + len(indices)
            events.append(
                EvaluationProgressed(done=done, total=total, images_per_s=2140.0, indices=ref, outputs=outputs)
            )
        return [*events, evaluated.evaluation_finished(total), FindingsFound(findings=self.behaviour.findings)]

    def _decode(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, DecodeImages)
        picture = said.inline(np.full((8, 8, 3), 128, np.uint8))
        pictures = tuple(picture if Path(path).suffix else None for path in request.paths)
        return [ImagesDecoded(paths=request.paths, pictures=pictures)]

    def _fetch(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, FetchTensor)
        values = said.tensor_values()
        fetched = TensorFetched(
            place=request.place, shape=values.shape, dtype="float32", array_dtype="float32", size_bytes=values.nbytes
        )
        return [fetched]

    def _measure_tensor(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, MeasureTensor)
        return [TensorMeasured(place=request.place, statistics=said.statistics(5))]

    def _cells(self, request: AnyRequest) -> list[AnyEvent]:
        """Of (N, C, H, W), rows are H and columns are W, whatever was asked."""
        assert isinstance(request, ReadCells)
        window = request.window
        block = said.tensor_values()[0, window.index[1]]
        block = block[window.row : window.row + window.num_rows, window.column : window.column + window.num_columns]
        return [CellsRead(place=request.place, window=window, values=said.inline(block))]

    def _maps(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, ReadMaps)
        all_maps = said.tensor_values()[0]
        channels = range(len(all_maps))[request.window.start :][: request.window.count]
        maps = all_maps[list(channels)]
        page = MapsRead(
            place=request.place,
            window=request.window,
            maps=said.inline(maps),
            channels=tuple(channels),
            lows=tuple(maps.min(axis=(1, 2)).tolist()),
            highs=tuple(maps.max(axis=(1, 2)).tolist()),
            low=float(all_maps.min()),
            high=float(all_maps.max()),
            total=len(all_maps),
            height=maps.shape[1],
            width=maps.shape[2],
        )
        return [page]

    def _find(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, FindValue)
        values = said.tensor_values()
        if request.sought == "nan":
            return [ValueFound(place=request.place, sought="nan", index=(), value=None)]
        flat = int(values.argmax() if request.sought == "max" else values.argmin())
        index = tuple(int(place) for place in np.unravel_index(flat, values.shape))
        return [ValueFound(place=request.place, sought=request.sought, index=index, value=float(values[index]))]

    def _row(self, request: AnyRequest) -> list[AnyEvent]:
        assert isinstance(request, ReadRow)
        row = said.tensor_values().reshape(-1)[request.start : request.start + request.count]
        return [RowRead(place=request.place, start=request.start, values=said.inline(row))]
