"""What an answer of the engine does to the window's state: pure functions from one snapshot to the next.

Must not know Qt, nor send anything.
"""

from dataclasses import replace
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from inspector.client.base import EngineEnded, Reply
from inspector.core.per_item import as_rows
from inspector.gui import tensor_updates
from inspector.gui.comparison import updates as comparison_updates
from inspector.gui.comparison.updates import ComparisonEvent
from inspector.gui.progress import progress_of
from inspector.gui.state import (
    Concern,
    EngineState,
    EvaluationState,
    OutputValues,
    Place,
    PreviewState,
    Problem,
    Progress,
    RunState,
    TensorState,
    WindowState,
)
from inspector.gui.training.flow import of_graph
from inspector.protocol.base import ArrayRef
from inspector.protocol.events import (
    AnyEvent,
    AxesFound,
    CellsRead,
    ChangesCompared,
    ConsentNeeded,
    Ending,
    EngineReady,
    EntryNeeded,
    EvaluationFinished,
    EvaluationProgressed,
    FileDescribed,
    FileDrawn,
    FindingsFound,
    FolderCompared,
    FolderScanned,
    ForwardProfiled,
    GradientsTraced,
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
    ValueFound,
    WeightsCompared,
)
from inspector.protocol.graph import Graph, Node
from inspector.protocol.inputs import Preprocess
from inspector.protocol.outputs import OutputTensor

MAX_THUMBNAILS = 600
LOG_CHARACTERS = 40_000
RESTART = "Restart it: Run, Restart Engine."

FileEvent = FileDescribed | FileDrawn | ConsentNeeded | EntryNeeded | ModelLoaded
RunEvent = (
    GraphCaptured | AxesFound | ForwardProfiled | GradientsTraced | OutputsComputed | ChangesCompared | FindingsFound
)
SideEvent = InputPrepared | ShapesFound | ParametersMeasured | ImagesDecoded
FolderEvent = FolderScanned | EvaluationProgressed | EvaluationFinished

_PLACES: dict[Concern, Place] = {
    "load": "file",
    "reload": "file",
    "run": "run",
    "profile": "run",
    "gradients": "training",
    "shapes": "input",
    "preview": "input",
    "scan": "evaluation",
    "evaluate": "evaluation",
    "tensor": "tensor",
    "tensor_part": "tensor",
    "compare": "comparison",
    "compare_folder": "comparison",
}


def apply_event(state: WindowState, reply: Reply) -> WindowState:
    """The state after an answer; the same object when the answer is to an old request."""
    if isinstance(reply.event, EngineReady):
        return _ready(state, reply.event)
    concern = state.pending.get(reply.id)
    if concern is None:
        return state
    try:
        if concern in ("compare", "compare_folder") and isinstance(reply.event, ComparisonEvent):
            return replace(state, comparison=comparison_updates.apply_event(state.comparison, reply, reply.event))
        return _apply(state, reply, concern, reply.event)
    except ValueError as error:
        return with_problem(state, Problem("engine", f"The engine sent an array that can't be read: {error}."))


def engine_starting(state: WindowState) -> WindowState:
    """A new engine is on its way; nothing asked of the last one will be answered."""
    before = state.engine
    engine = EngineState(
        "starting",
        sentence="Starting PyTorch …",
        devices=before.devices,
        log=before.log,
        quiet_restarts=before.quiet_restarts,
        restarted=before.restarted,
    )
    kept = tuple(problem for problem in _without(state, "engine") if problem.fix != RESTART)
    return replace(_nothing_pending(state), engine=engine, problems=kept)


def engine_ended(state: WindowState, ended: EngineEnded) -> WindowState:
    """The engine is gone: what was under way is over, what was computed stays to be seen."""
    engine = replace(state.engine, phase="ended", sentence=ended.sentence)
    return replace(_nothing_pending(state), engine=engine)


def engine_restarted(state: WindowState, ended: EngineEnded) -> WindowState:
    """It ended while nothing was asked of it, and another one is on its way: good to know, and nothing to do."""
    engine = replace(state.engine, quiet_restarts=state.engine.quiet_restarts + 1, restarted=ended.sentence)
    return replace(state, engine=engine)


def engine_printed(state: WindowState, text: str) -> WindowState:
    """Keep the tail of what models and libraries print."""
    return replace(state, engine=replace(state.engine, log=(state.engine.log + text)[-LOG_CHARACTERS:]))


def with_problem(state: WindowState, problem: Problem) -> WindowState:
    """Show a problem in its place, instead of the one that stood there."""
    return replace(state, problems=(*_without(state, problem.place), problem))


def without_engine(state: WindowState, place: Place, doing: str) -> WindowState:
    """Say in its place that what was asked for needs an engine, and none runs; it goes when another one starts."""
    return with_problem(state, Problem(place, f"The engine has ended: there is no {doing}.", RESTART))


def without_problem(state: WindowState, place: str) -> WindowState:
    """Take away what was said in that place."""
    kept = _without(state, place)
    return state if len(kept) == len(state.problems) else replace(state, problems=kept)


def _without(state: WindowState, place: str) -> tuple[Problem, ...]:
    return tuple(problem for problem in state.problems if problem.place != place)


def nothing_awaited(state: WindowState) -> WindowState:
    """The engine loses the model that it had: no answer about that will come, and what only the engine kept is gone."""
    return replace(
        state,
        run=replace(state.run, running=False) if state.run.running else state.run,
        evaluation=replace(state.evaluation, running=False) if state.evaluation.running else state.evaluation,
        tensor=TensorState(),
        comparison=comparison_updates.reloaded(state.comparison),
    )


def _nothing_pending(state: WindowState) -> WindowState:
    return replace(nothing_awaited(state), pending={}, progress=None, loading=False)


def _ready(state: WindowState, event: EngineReady) -> WindowState:
    engine = replace(
        state.engine,
        phase="busy" if state.progress else "ready",
        sentence="",
        torch_version=event.torch_version,
        devices=event.devices or state.engine.devices,
        sandbox=event.sandbox,
        sandbox_lacks=event.sandbox_lacks,
    )
    return replace(state, engine=engine)


def _apply(  # noqa: PLR0911 - one case and return for each family of events
    state: WindowState, reply: Reply, concern: Concern, event: AnyEvent
) -> WindowState:
    match event:
        case EngineReady():
            return _ready(state, event)
        case FileDescribed() | FileDrawn() | ConsentNeeded() | EntryNeeded() | ModelLoaded():
            return _file_event(state, event, reload=concern == "reload")
        case (
            GraphCaptured()
            | AxesFound()
            | ForwardProfiled()
            | GradientsTraced()
            | OutputsComputed()
            | ChangesCompared()
            | FindingsFound()
        ):
            return _run_event(state, reply, event, concern)
        case InputPrepared() | ShapesFound() | ParametersMeasured() | ImagesDecoded():
            return _side_event(state, reply, event)
        case FolderScanned() | EvaluationProgressed() | EvaluationFinished():
            return _folder_event(state, reply, event)
        case WeightsCompared() | RunsCompared() | FolderCompared():  # an answer to what was never asked
            return state
        case TensorFetched() | TensorMeasured() | CellsRead() | MapsRead() | ValueFound() | RowRead():
            return replace(state, tensor=tensor_updates.apply_event(state.tensor, reply, event))
        case Progressed():
            return _progressed(state, reply.id, event)
        case RequestFinished() | RequestFailed() | RequestCancelled():
            return _ending(state, reply.id, concern, event)
        case _:
            assert_never(event)


def _file_event(state: WindowState, event: FileEvent, *, reload: bool) -> WindowState:
    match event:
        case FileDescribed():
            return replace(state, description=event.description)
        case FileDrawn():  # a model that is open has more to show
            return replace(state, run=RunState(graph=event.graph, axes=event.axes)) if state.model is None else state
        case ConsentNeeded():
            return replace(state, consent=event)
        case EntryNeeded():
            return replace(state, entry_needed=event)
        case ModelLoaded():
            loaded = replace(
                state,
                listed=False,
                run=state.run if state.run.has_run else RunState(running=state.run.running),
                model=event,
                source=event.source,
                entry=event.entry,
                consent=None,
                entry_needed=None,
                declined=False,
                accepted=None,
            )
            if reload:
                return loaded
            return replace(
                loaded, class_names=event.class_names, preprocess=event.preprocess or Preprocess(), parameters={}
            )
        case _:
            assert_never(event)


def _run_event(  # noqa: PLR0911 - one return for each event
    state: WindowState, reply: Reply, event: RunEvent, concern: Concern
) -> WindowState:
    match event:
        case GraphCaptured():
            run = RunState(
                graph=event.graph,
                failure=event.failure,
                captured_s=event.captured_s,
                plain_s=event.plain_s,
                peak_bytes=event.peak_bytes,
                axes=event.axes,
                running=state.run.running,
            )
            return replace(state, run=run, selected_node=_same_node(state, event.graph))
        case ForwardProfiled():
            return _profiled(state, event)
        case GradientsTraced():
            return replace(state, run=replace(state.run, gradients=of_graph(event.flow, state.run.graph)))
        case AxesFound():
            return replace(state, run=replace(state.run, axes=event.axes))
        case OutputsComputed():
            outputs = tuple(_output_values(reply, tensor) for tensor in event.outputs)
            return replace(state, run=replace(state.run, outputs=outputs, verdict=event.verdict))
        case ChangesCompared():
            told = event.comparison
            before = tuple(_output_values(reply, tensor) for tensor in told.outputs_before)
            return replace(state, run=replace(state.run, comparison=told, outputs_before=before))
        case FindingsFound():
            if concern == "evaluate":
                return replace(state, evaluation=replace(state.evaluation, findings=event.findings))
            return replace(state, run=replace(state.run, findings=event.findings))
        case _:
            assert_never(event)


def _profiled(state: WindowState, event: ForwardProfiled) -> WindowState:
    """Times and memory belong to the graph that is shown, if the profile's runs took the same way."""
    graph = state.run.graph
    fits = graph is not None and len(graph.nodes) == len(event.nodes) and len(graph.groups) == len(event.group_s)
    if graph is not None and fits:
        pairs = zip(graph.nodes, event.nodes, strict=True)
        fits = all((a.op, a.fqn, a.call) == (b.op, b.fqn, b.call) for a, b in pairs)
    if not fits:
        told = "The profile's runs took another way through the model than the graph that is shown."
        return with_problem(state, Problem("run", told, "Run the model again, then profile it."))
    return replace(state, run=replace(state.run, profile=event))


def _same_node(state: WindowState, graph: Graph) -> int | None:
    """The node selected before, in the new graph; None when it is not there any more."""
    if state.selected_node is None or state.run.graph is None:
        return None
    old = state.run.graph.nodes[state.selected_node]
    if old.id < len(graph.nodes) and _alike(old, graph.nodes[old.id]):
        return old.id
    return next((node.id for node in graph.nodes if _alike(old, node)), None)


def _alike(one: Node, other: Node) -> bool:
    return (one.kind, one.op, one.fqn, one.call) == (other.kind, other.op, other.fqn, other.call)


def _output_values(reply: Reply, tensor: OutputTensor) -> OutputValues:
    return OutputValues(tensor, as_rows(tensor, _values(reply, tensor.array)))


def _values(reply: Reply, ref: ArrayRef) -> NDArray[np.generic]:
    values = reply.array(ref)
    return values.astype(np.float64) if np.issubdtype(values.dtype, np.floating) else values


def _side_event(state: WindowState, reply: Reply, event: SideEvent) -> WindowState:
    match event:
        case InputPrepared():
            picture = None if event.picture is None else reply.array(event.picture).astype(np.uint8, copy=False)
            return replace(state, preview=PreviewState(event, picture))
        case ShapesFound():
            return replace(state, accepted=event.accepted)
        case ParametersMeasured():
            return replace(state, parameters={**state.parameters, event.fqn: event})
        case ImagesDecoded():
            return replace(state, thumbnails=_more_thumbnails(state, reply, event))
        case _:
            assert_never(event)


def _more_thumbnails(state: WindowState, reply: Reply, event: ImagesDecoded) -> dict[str, NDArray[np.uint8] | None]:
    """The thumbnails with the new ones last; the oldest leave when there are too many."""
    new = {
        path: None if ref is None else reply.array(ref).astype(np.uint8, copy=False)
        for path, ref in zip(event.paths, event.pictures, strict=True)
    }
    kept = {path: picture for path, picture in state.thumbnails.items() if path not in new}
    room = max(0, MAX_THUMBNAILS - len(new))
    return dict(list(kept.items())[max(0, len(kept) - room) :]) | new


def _folder_event(state: WindowState, reply: Reply, event: FolderEvent) -> WindowState:
    evaluation = state.evaluation
    match event:
        case FolderScanned():
            mapping = evaluation.mapping if evaluation.running and evaluation.mapping else event.mapping
            scanned = replace(
                evaluation,
                folder=event.folder,
                labels=event.labels,
                scan=event,
                mapping=mapping,
                skipped=event.skipped,
                total=len(event.images),
            )
            return replace(state, evaluation=scanned)
        case EvaluationProgressed():
            return _evaluation_progressed(state, reply, event)
        case EvaluationFinished():
            finished = replace(
                evaluation,
                finished=event,
                skipped=event.skipped or evaluation.skipped,
                images_per_s=event.images_per_s,
                running=False,
            )
            return replace(state, evaluation=finished)
        case _:
            assert_never(event)


def _evaluation_progressed(state: WindowState, reply: Reply, event: EvaluationProgressed) -> WindowState:
    evaluation = state.evaluation
    indices = reply.array(event.indices).astype(np.int64, copy=False)
    outputs = reply.array(event.outputs).astype(np.float32, copy=False)
    grown: EvaluationState = replace(
        evaluation,
        indices=_grown(evaluation.indices, indices, event.total),
        outputs=_grown(evaluation.outputs, outputs, event.total),
        skipped=(*evaluation.skipped, *event.skipped),
        done=event.done,
        total=event.total,
        images_per_s=event.images_per_s,
    )
    changed = replace(state, evaluation=grown)
    progress = state.progress
    if progress is not None and progress.request_id == reply.id:
        changed = replace(changed, progress=replace(progress, what="Evaluating", done=event.done, total=event.total))
    return changed


def _grown(rows: NDArray[Any], more: NDArray[Any], total: int) -> NDArray[Any]:
    """`rows` with `more` behind, in a buffer made once for `total` rows: thousands of batches are not copied each time.

    Rows that a snapshot shows are never written again; a later snapshot sees more of the same buffer.
    """
    count = len(rows)
    end = count + len(more)
    whole = rows.base
    fits = isinstance(whole, np.ndarray) and whole.shape[1:] == more.shape[1:] and whole.shape[0] >= end
    if not (count and fits and isinstance(whole, np.ndarray)):
        whole = np.empty((max(total, end), *more.shape[1:]), more.dtype)
        whole[:count] = rows if count else whole[:0]
    whole[count:end] = more
    return whole[:end]


def _progressed(state: WindowState, request_id: int, event: Progressed) -> WindowState:
    progress = state.progress
    if progress is None or progress.request_id != request_id:
        return state
    return replace(state, progress=Progress(request_id, event.what, event.done, event.total))


def _ending(state: WindowState, request_id: int, concern: Concern, event: Ending) -> WindowState:
    pending = {other: what for other, what in state.pending.items() if other != request_id}
    ended = replace(state, pending=pending, progress=progress_of(state.progress, pending))
    ended = _settled(ended, concern)
    if ended.engine.phase == "busy" and ended.progress is None:
        ended = replace(ended, engine=replace(ended.engine, phase="ready", sentence=""))
    if isinstance(event, RequestFailed) and concern in _PLACES:
        ended = _failed(ended, concern, event)
    return ended


def _settled(state: WindowState, concern: Concern) -> WindowState:
    """The flag of what was under way comes down, however it ended."""
    match concern:
        case "load" | "reload":
            return replace(state, loading=False)
        case "run":
            return replace(state, run=replace(state.run, running=False))
        case "evaluate":
            return replace(state, evaluation=replace(state.evaluation, running=False))
        case "tensor":
            return replace(state, tensor=replace(state.tensor, fetching=False))
        case "compare" | "compare_folder":
            return replace(state, comparison=replace(state.comparison, running=False))
        case _:
            return state


def _failed(state: WindowState, concern: Concern, event: RequestFailed) -> WindowState:
    place = _PLACES[concern]
    state = with_problem(state, Problem(place, event.message, event.fix, event.traceback))
    if concern == "run":  # the graph of the run before stays, its outputs would be taken for this run's
        return replace(state, run=RunState(graph=state.run.graph))
    return state
