"""Where a forward spends its time and memory: several runs, each node's median, and one run with the memory watched.

Plain and observed runs take turns, so that both meet the same state of the machine; what observing costs is told as the
difference of their medians. Each run begins from the same seed and buffers. Memory is what torch's allocator gives out
and takes back, as its own profiler tells it; what a library takes for itself (oneDNN's scratch, say) is not in it.
"""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch._C._autograd import DeviceType
from torch.autograd.profiler import profile as torch_profile

from inspector.core.formatting import counted
from inspector.engine.capture import Captured, CaptureOptions, capture_forward, plain_forward, unchanged
from inspector.engine.errors import EngineError
from inspector.engine.loading import Loaded
from inspector.engine.placing import placed
from inspector.engine.profiler_log import quietly
from inspector.engine.running import bind_inputs, input_dtype, positional_names, proposed_inputs
from inspector.protocol.events import AnyEvent, ForwardProfiled, NodeProfile, Progressed
from inspector.protocol.graph import Graph
from inspector.protocol.inputs import InputSlot
from inspector.protocol.requests import ProfileForward

MOST_RUNS = 1000
_WATCHED = {"cpu": DeviceType.CPU, "cuda": DeviceType.CUDA}
MEASURED = (
    "Most bytes of tensors that the forward had allocated at once while the node ran, its input and temporary buffers "
    "included, weights and a library's own scratch memory not."
)
_OPTIONS = CaptureOptions(statistics=False, timed=True, compared=False)


@dataclass
class _Runs:
    """What has been measured so far; a row a run."""

    graph: Graph
    plain_s: list[float] = field(default_factory=list)
    observed_s: list[float] = field(default_factory=list)
    node_s: list[list[float]] = field(default_factory=list)
    group_s: list[list[float]] = field(default_factory=list)
    others: int = 0

    def add(self, captured: Captured, plain_s: float) -> None:
        """Count a run; one that took another way through the model is only noted."""
        if not same_way(self.graph, captured.graph):
            self.others += 1
            return
        self.plain_s.append(plain_s)
        self.observed_s.append(captured.captured_s)
        self.node_s.append([_or_nan(node.elapsed_s) for node in captured.graph.nodes])
        self.group_s.append([_or_nan(group.elapsed_s) for group in captured.graph.groups])


@dataclass(frozen=True)
class _Memory:
    """The most memory in use during each node, and in a sentence what that is, or why nothing was watched."""

    peaks: tuple[int | None, ...]
    sentence: str


def profile_forward(
    loaded: Loaded,
    slots: tuple[InputSlot, ...],
    request: ProfileForward,
    emit: Callable[[AnyEvent], None],
    between_steps: Callable[[], None],
) -> ForwardProfiled:
    """Run the warm-up, the runs that count, and one for the memory; `between_steps` may raise to stop it.

    Raises:
        EngineError: forward fails, or the input can't be made.
    """
    runs, warm_up = min(max(request.runs, 1), MOST_RUNS), min(max(request.warm_up, 0), MOST_RUNS)
    with placed(loaded.module, request.device, request.dtype) as module:
        inputs = request.inputs or proposed_inputs(slots)
        args, kwargs = bind_inputs(module, inputs, request.device, input_dtype(request.dtype))
        forward = _Forward(module, args, kwargs, request)
        total = warm_up + runs + 1
        graph = None
        for done in range(warm_up):
            between_steps()
            emit(Progressed(what="Warming up", done=done, total=total))
            graph = forward.observed().graph
            forward.plain()
        measured = None if graph is None else _Runs(graph)
        for done in range(runs):
            between_steps()
            emit(Progressed(what="Timing", done=warm_up + done, total=total))
            plain_s = forward.plain()
            captured = forward.observed()
            measured = measured or _Runs(captured.graph)
            measured.add(captured, plain_s)
        between_steps()
        emit(Progressed(what="Watching the memory", done=total - 1, total=total))
        assert measured is not None
        memory = _memory(forward, measured.graph, torch.device(request.device))
    return _told(measured, memory, request, warm_up)


@dataclass(frozen=True)
class _Forward:
    """One model with one input, to be run again and again from the same state."""

    module: nn.Module
    args: tuple[torch.Tensor, ...]
    kwargs: dict[str, torch.Tensor]
    request: ProfileForward

    def plain(self) -> float:
        """Seconds of a run that nobody observes."""
        with self._begun():
            return plain_forward(self.module, self.args, self.kwargs)

    def observed(self, within: AbstractContextManager[Any] | None = None) -> Captured:
        """A run with every node timed, `within` a context that begins when all that prepares the run is done.

        Raises:
            EngineError: forward raised.
        """
        names = positional_names(self.module)
        with self._begun(), within or nullcontext():
            captured = capture_forward(self.module, self.args, self.kwargs, input_names=names, options=_OPTIONS)
        if captured.failure is not None:
            failure = captured.failure
            raise EngineError(
                f"The forward failed at {failure.fqn or failure.op}: {failure.message}", "Run it to see where and why."
            )
        return captured

    @contextmanager
    def _begun(self) -> Iterator[None]:
        """From the same seed and buffers, and without the garbage collector coming in between."""
        was_on = gc.isenabled()
        with unchanged(self.module, mode=self.request.mode, seed=self.request.seed):
            gc.disable()
            try:
                yield
            finally:
                if was_on:
                    gc.enable()


def same_way(one: Graph, other: Graph) -> bool:
    """Whether two runs took the same way through the model: the same operations and calls in the same order."""
    if len(one.nodes) != len(other.nodes) or len(one.groups) != len(other.groups):
        return False
    nodes = zip(one.nodes, other.nodes, strict=True)
    return all((a.kind, a.op, a.fqn, a.call, a.group) == (b.kind, b.op, b.fqn, b.call, b.group) for a, b in nodes)


def _memory(forward: _Forward, graph: Graph, device: torch.device) -> _Memory:
    """Watch one more run's memory."""
    nothing = (None,) * len(graph.nodes)
    watched = _WATCHED.get(device.type)
    if watched is None:
        return _Memory(nothing, f"Memory on {device.type} can't be watched: torch keeps no account of it.")
    if any(parameter.is_meta for parameter in forward.module.parameters()):
        return _Memory(nothing, "Memory was not watched: the model has no values.")
    # The profiler stamps its events with the clock of the day, the capture with perf_counter.
    offset_ns = time.time_ns() - time.perf_counter_ns()
    profiler = torch_profile(profile_memory=True, use_cpu=True)
    captured = forward.observed(quietly(profiler))
    if not same_way(graph, captured.graph):
        return _Memory(nothing, "Memory was not watched: this run took another way through the model.")
    results = profiler.kineto_results
    events = [] if results is None else results.events()
    found = [
        (event.start_ns() - offset_ns, event.nbytes())  # type: ignore[attr-defined] # torch's own, without a stub
        for event in events
        if event.name() == "[memory]" and event.device_type() == watched
    ]
    if not found:
        return _Memory(nothing, "Memory was not watched: torch's profiler told nothing.")
    steps = np.array(sorted(found, key=lambda step: step[0]), np.int64)
    spans = [
        (round(began * 1e9), round((began + node.elapsed_s) * 1e9)) if node.elapsed_s is not None else None
        for began, node in zip(captured.started_s, captured.graph.nodes, strict=True)
    ]
    in_use = np.cumsum(steps[:, 1])
    return _Memory(tuple(None if span is None else peak_in(steps[:, 0], in_use, *span) for span in spans), MEASURED)


def peak_in(times: NDArray[np.int64], in_use: NDArray[np.int64], began: int, ended: int) -> int:
    """The most bytes in use from `began` to `ended`; `in_use` (n,) is what was in use after each of `times` (n,)."""
    first, last = np.searchsorted(times, [began, ended], side="right")
    before = int(in_use[first - 1]) if first else 0
    return max(before, int(in_use[first:last].max(initial=before)), 0)


def _told(measured: _Runs, memory: _Memory, request: ProfileForward, warm_up: int) -> ForwardProfiled:
    if not measured.plain_s:
        raise EngineError("Every run took another way through the model: nothing can be compared.")
    times = np.array(measured.node_s).reshape(len(measured.plain_s), len(measured.graph.nodes))
    nodes = tuple(
        NodeProfile(
            op=node.op,
            fqn=node.fqn,
            call=node.call,
            elapsed_s=_known(np.median(times[:, place])),
            fastest_s=_known(times[:, place].min()),
            slowest_s=_known(times[:, place].max()),
            peak_bytes=memory.peaks[place],
        )
        for place, node in enumerate(measured.graph.nodes)
    )
    groups = np.array(measured.group_s).reshape(len(measured.plain_s), len(measured.graph.groups))
    others = f"Not counted: {counted(measured.others, 'run')} that took another way through the model."
    return ForwardProfiled(
        nodes=nodes,
        group_s=tuple(_known(value) for value in np.median(groups, axis=0)),
        plain_s=statistics.median(measured.plain_s),
        observed_s=statistics.median(measured.observed_s),
        runs=len(measured.plain_s),
        warm_up=warm_up,
        device=request.device,
        plain_fastest_s=min(measured.plain_s),
        plain_slowest_s=max(measured.plain_s),
        peak_bytes=max((peak for peak in memory.peaks if peak is not None), default=None),
        memory=memory.sentence,
        notes=(others,) if measured.others else (),
    )


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _known(value: Any) -> float | None:  # noqa: ANN401 - numpy's scalars
    return None if np.isnan(value) else float(value)
