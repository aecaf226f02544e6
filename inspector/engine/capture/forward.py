"""One eager forward, observed from beginning to end."""

import inspect
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any

import torch
from msgspec import structs
from torch import nn

from inspector.engine.capture.collapsing import collapse_calls
from inspector.engine.capture.failures import failure_of, let_go
from inspector.engine.capture.functions import observed_functions
from inspector.engine.capture.graph import graph_of
from inspector.engine.capture.modules import observed_modules
from inspector.engine.capture.recorder import Recorder
from inspector.engine.capture.result import Captured, CaptureOptions, NamedOutput
from inspector.engine.capture.surroundings import eager_run, notes_on, preserved_state
from inspector.engine.capture.table import ModelTable, all_modules, uncalled_modules
from inspector.engine.capture.timing import plain_seconds, seconds_of
from inspector.engine.capture.trees import named_tensors, rebuilt, tensors_in
from inspector.engine.capture.unseen import observed_unseen
from inspector.engine.capture.watching import GradientWatch
from inspector.engine.limits import TimeUp
from inspector.protocol.graph import Failure

UNSEEN_NOTE = (
    "Some tensors came from where this run could not be observed (numpy, another thread, a compiled extension, "
    "a tensor held outside the model). They are drawn as constants with inferred wires; what they were made of is "
    "missing."
)

VMAP_NOTE = (
    "Inside of torch.vmap operations have the shapes of one sample: it takes the batch axis away, and puts it back."
)

Args = tuple[Any, ...]
Kwargs = dict[str, Any]


def capture_eager(
    module: nn.Module, args: Args, kwargs: Kwargs, *, input_names: Sequence[str], options: CaptureOptions
) -> Captured:
    """Run forward once under observation; a forward that raises gives the graph up to where it did."""
    notes = notes_on(all_modules(module))
    with eager_run(with_gradients=options.watch is not None):
        plain_s = plain_forward_seconds(module, args, kwargs) if options.timed and options.compared else None
        device = device_of(args, kwargs)
        start_peak(device)
        started_s = time.perf_counter()
        recorder = Recorder(ModelTable(module), options, device)
        recorder.keep = options.keep
        result, failure, failed_groups = _observe(module, args, kwargs, input_names, recorder)
        captured = told(recorder, result, failure, failed_groups, notes, watch=options.watch)
        captured_s = time.perf_counter() - started_s
    return replace(captured, captured_s=captured_s, plain_s=plain_s, peak_bytes=peak_bytes(device))


def told(
    recorder: Recorder,
    result: Any,  # noqa: ANN401 - whatever forward gave
    failure: Failure | None,
    failed_groups: frozenset[int],
    notes: tuple[str, ...],
    *,
    scripted: bool = False,
    watch: GradientWatch | None = None,
) -> Captured:
    """The record as graph, failure and outputs; the times are the caller's to fill in."""
    recorder.table.settle()
    named = [] if failure else list(named_tensors("output", result))
    with torch._C.DisableTorchFunction():
        nodes = [recorder.add_output(name, tensor) for name, tensor in named]
    if not failure and not named:
        notes = (*notes, "forward returned no tensor.")
    if any(edge[4] for edge in recorder.edges):
        notes = (*notes, UNSEEN_NOTE)
    if recorder.wires.vmapped:
        notes = (*notes, VMAP_NOTE)
    failed_groups -= collapse_calls(recorder)
    graph, ids = graph_of(
        recorder,
        failed_node=failure.node if failure else None,
        failed_groups=failed_groups,
        # After a failure all that would have come later never ran: that says nothing.
        uncalled=() if failure else uncalled_modules(recorder.table, with_parameters=scripted),
        notes=notes,
    )
    outputs = tuple(
        NamedOutput(name, tensor.detach(), ids[node]) for (name, tensor), node in zip(named, nodes, strict=True)
    )
    if failure is not None and failure.node is not None:
        node = graph.nodes[ids[failure.node]]
        shapes = tuple(spec.shape for spec in node.inputs)
        failure = structs.replace(failure, node=node.id, op=node.op, fqn=node.fqn, input_shapes=shapes)
    if watch is not None:
        watch.recorder, watch.ids, watch.outputs = recorder, ids, named
    arguments = tuple(recorder.nodes[index].arguments for index in ids)
    started_s = tuple(recorder.nodes[index].started_s for index in ids) if recorder.timed else ()
    return Captured(
        graph,
        failure,
        outputs,
        0.0,
        None,
        None,
        started_s,
        signatures={
            ids[index]: node.signature for index, node in enumerate(recorder.nodes) if index in ids and node.signature
        },
        outcomes=() if recorder.changes is None else recorder.changes.told(),
        arguments=arguments,
    )


def _observe(
    module: nn.Module, args: Args, kwargs: Kwargs, input_names: Sequence[str], recorder: Recorder
) -> tuple[Any, Failure | None, frozenset[int]]:
    args, kwargs = own_inputs(args), own_inputs(kwargs)
    for name, tensor in named_inputs(module, args, kwargs, input_names):
        recorder.add_input(name, tensor)
    try:
        with observed_functions(recorder) as mode, observed_unseen(recorder, mode), observed_modules(recorder):
            return module(*args, **kwargs), None, frozenset()
    except TimeUp:  # not the model's
        recorder.raised = None
        raise
    except BaseException as error:  # noqa: BLE001 - a model may raise anything, also SystemExit
        failure, groups = failure_of(error, recorder)
        recorder.raised = None
        let_go(error)
        return None, failure, groups


def plain_forward_seconds(module: nn.Module, args: Args, kwargs: Kwargs) -> float | None:
    """How long forward takes unobserved; it leaves buffers and random states as they were."""
    with preserved_state(module):
        return plain_seconds(lambda: module(*own_inputs(args), **own_inputs(kwargs)), device_of(args, kwargs))


def plain_run(module: nn.Module, args: Args, kwargs: Kwargs) -> float:
    """Seconds of one forward, its inputs copied beforehand."""
    args, kwargs = own_inputs(args), own_inputs(kwargs)
    return seconds_of(lambda: module(*args, **kwargs), device_of(args, kwargs))


def own_inputs(values: Any) -> Any:  # noqa: ANN401 - any structure
    """Copies of all tensors, and of objects that hold some, such as caches.

    So a model that writes into its input changes nobody's, and each has its identity.
    """
    if isinstance(values, tuple) and all(isinstance(value, torch.Tensor) for value in values):
        return tuple([_copy(value) for value in values])  # as nearly always
    return rebuilt(values, _copy) if values else values


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    try:
        return tensor.detach().clone()
    except (RuntimeError, NotImplementedError):
        return tensor


def named_inputs(
    module: nn.Module, args: Args, kwargs: Kwargs, input_names: Sequence[str]
) -> Iterator[tuple[str, torch.Tensor]]:
    """Each tensor argument with its name: as given, as forward's signature says, or by its place."""
    signature = [] if len(input_names) >= len(args) else _parameter_names(module)
    for place, value in enumerate(args):
        names = (*input_names[place : place + 1], *signature[place : place + 1])
        name = next((name for name in names if name), f"input[{place}]" if len(args) > 1 else "input")
        yield from named_tensors(name, value)
    for name, value in kwargs.items():
        yield from named_tensors(name, value)


def _parameter_names(module: nn.Module) -> list[str]:
    plain = getattr(module.forward, "__func__", None)
    if type(plain) is FunctionType and not plain.__dict__:  # neither wrapped nor given another signature
        code = plain.__code__
        return list(code.co_varnames[1 : code.co_argcount])
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter.name for parameter in parameters if parameter.kind in kinds]


def device_of(args: Args, kwargs: Kwargs) -> torch.device | None:
    """Where the first input lies."""
    return next((tensor.device for tensor in tensors_in([args, kwargs])), None)


def start_peak(device: torch.device | None) -> None:
    """Begin to watch the accelerator's memory."""
    if device is not None and device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_bytes(device: torch.device | None) -> int | None:
    """The most memory in use since; None where torch keeps no account."""
    return torch.cuda.max_memory_allocated(device) if device is not None and device.type == "cuda" else None
