"""One observed forward, from the request to its events."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inspector.core.expectation import compare_expectation
from inspector.core.graph_axes import with_axes
from inspector.core.heads import read_head
from inspector.core.per_item import is_per_item
from inspector.engine.axes import GIVEN_WAY, AxesMemory, Fed, find_axes
from inspector.engine.capture import Captured, CaptureOptions, NamedOutput, capture_forward, unchanged
from inspector.engine.changes import compare_runs, graph_as_run
from inspector.engine.diagnosis import RunContext, diagnose_run, suggest_mend
from inspector.engine.errors import EngineError
from inspector.engine.inputs import make_tensor
from inspector.engine.inputs.dtypes import dtype_name
from inspector.engine.loading import Loaded
from inspector.engine.nearest_input import nearest_input
from inspector.engine.placing import dtype_named, placed
from inspector.protocol.base import ArrayRef
from inspector.protocol.events import (
    AnyEvent,
    AxesFound,
    ChangesCompared,
    FindingsFound,
    GraphCaptured,
    OutputsComputed,
)
from inspector.protocol.graph import Failure, Graph, GraphAxes
from inspector.protocol.inputs import ImageInput, InputSlot, NamedInput
from inspector.protocol.outputs import Head, OutputTensor
from inspector.protocol.requests import RunForward

# More values than this are not sent: the window shows the first items along the first axes.
MAX_SENT_VALUES = 16_000_000


def run_forward(
    loaded: Loaded,
    slots: tuple[InputSlot, ...],
    request: RunForward,
    emit: Callable[[AnyEvent], None],
    put: Callable[[NDArray[np.generic]], ArrayRef],
    *,
    memory: AxesMemory,
    is_awaited: Callable[[], bool] = lambda: False,
) -> Captured:
    """Run once, and emit GraphCaptured, OutputsComputed (unless it failed) and FindingsFound.

    Unless they are known, AxesFound comes last, and FindingsFound once more where the axes told more. That takes time
    of its own, and is given up when `is_awaited` says that something else is to be done.

    With changes the model is run without them first, and ChangesCompared comes behind the outputs.

    Returns what was seen, without the outputs.

    Raises:
        EngineError: the input can't be made, or the device or dtype is not there.
    """
    inputs = request.inputs or proposed_inputs(slots)
    with placed(loaded.module, request.device, request.dtype) as module:
        args, kwargs = bind_inputs(module, inputs, request.device, input_dtype(request.dtype))
        before: Captured | None = None
        if request.changes:
            before = captured_run(module, args, kwargs, request, CaptureOptions(statistics=False, signed=True))
        options = CaptureOptions(
            statistics=request.statistics, timed=request.timed, changes=request.changes, signed=bool(request.changes)
        )
        captured = captured_run(module, args, kwargs, request, options)
        seen = replace(captured, outputs=())
        failure = captured.failure
        if failure is not None:
            failure = _with_fix(module, captured.graph, failure, inputs, args, kwargs)
        axes = memory.known(captured.graph)
        emit(
            GraphCaptured(
                graph=captured.graph,
                failure=failure,
                captured_s=captured.captured_s,
                plain_s=captured.plain_s,
                peak_bytes=captured.peak_bytes,
                axes=axes,
            )
        )
        comparison = compare_runs(before, captured) if before is not None else None
        if request.changes:  # from here on the operations are read for what they did
            captured = replace(captured, graph=graph_as_run(captured.graph, captured.outcomes))
        values: list[NDArray[np.generic]] = []
        heads: list[Head] = []
        if failure is None:
            values, heads = _emit_outputs(captured, request, emit, put)
        if before is not None and comparison is not None:
            outputs, _, _ = output_tensors(before, put)
            emit(ChangesCompared(comparison=msgspec.structs.replace(comparison, outputs_before=outputs)))
        context = RunContext(
            module=module,
            graph=with_axes(captured.graph, axes),
            failure=failure,
            args=args,
            kwargs=kwargs,
            inputs=inputs,
            outputs=captured.outputs,
            heads=tuple(heads),
            values=tuple(values),
            mode=request.mode,
            expectation=request.expectation,
            captured_s=captured.captured_s,
            fresh=loaded.info.format == "python_source",
            class_names=loaded.class_names,
            axes_note=axes.note if axes is not None else "",
            traces=captured.traces,
        )
        findings = diagnose_run(context)
        emit(FindingsFound(findings=findings))
        if axes is None:  # now that what was asked for has been told
            fed = Fed(args, kwargs, request.mode, request.seed, captured.captured_s)
            axes = _find_axes(module, captured, fed, is_awaited)
            if axes.note != GIVEN_WAY:
                memory.keep(captured.graph, axes)
            emit(AxesFound(axes=axes))
            told = diagnose_run(
                replace(context, graph=with_axes(captured.graph, axes), axes_note=axes.note), before_axes=findings
            )
            if told != findings:
                emit(FindingsFound(findings=told))
    return seen


def captured_run(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], request: RunForward, options: CaptureOptions
) -> Captured:
    """One observed forward as `request` says, which leaves nothing changed: asked twice, it gives the same values."""
    with unchanged(module, mode=request.mode, seed=request.seed) as traces:
        captured = capture_forward(module, args, kwargs, input_names=positional_names(module), options=options)
    return replace(captured, traces=traces)


def _find_axes(module: nn.Module, captured: Captured, fed: Fed, is_awaited: Callable[[], bool]) -> GraphAxes:
    """The axes; a model that breaks this on the way keeps its graph, outputs and findings."""
    try:
        return find_axes(module, captured, fed, is_awaited)
    except Exception as error:  # noqa: BLE001 - as said
        return GraphAxes(note=f"{type(error).__name__}: {error}")


def graph_of_proposed(module: nn.Module, slots: tuple[InputSlot, ...]) -> Graph | None:
    """The graph of one run with the proposed inputs, on the CPU; None when they can't be made or it fails."""
    try:
        args, kwargs = bind_inputs(module, proposed_inputs(slots), "cpu", "")
    except EngineError:
        return None
    with unchanged(module, mode="eval", seed=0):
        captured = capture_forward(module, args, kwargs, options=CaptureOptions(statistics=False))
    return None if captured.failure else captured.graph


def proposed_inputs(slots: tuple[InputSlot, ...]) -> tuple[NamedInput, ...]:
    """What is fed when nobody says otherwise: the proposals of the required arguments."""
    return tuple(NamedInput(source=slot.proposed, name=slot.name) for slot in slots if slot.required)


def positional_names(module: nn.Module) -> tuple[str, ...]:
    """The names of forward's positional arguments, in order; empty where they can't be told."""
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))


def keyword_names(module: nn.Module) -> frozenset[str]:
    """The names of forward's arguments that can't be given by position."""
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return frozenset()
    return frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)


def bind_inputs(
    module: nn.Module, inputs: Sequence[NamedInput], device: str, dtype: str
) -> tuple[tuple[torch.Tensor, ...], dict[str, torch.Tensor]]:
    """Make the tensors, and place them: by position as far as the names follow forward's order, else by name.

    Raises:
        EngineError: a tensor can't be made.
    """
    order = positional_names(module)
    by_name = keyword_names(module)
    args: list[torch.Tensor] = []
    kwargs: dict[str, torch.Tensor] = {}
    for index, named in enumerate(inputs):
        tensor = make_tensor(named.source, device=device, dtype="")
        wanted = dtype or (_floating_dtype(module) if isinstance(named.source, ImageInput) else "")
        if wanted and tensor.is_floating_point():
            tensor = tensor.to(dtype_named(wanted))
        in_order = index < len(order) and order[index] == named.name
        by_place = not named.name or in_order or (named.name not in order and named.name not in by_name)
        if not kwargs and by_place:
            args.append(tensor)
        else:
            kwargs[named.name] = tensor
    return tuple(args), kwargs


def output_values(tensor: torch.Tensor) -> NDArray[np.generic]:
    """A tensor's values for numpy: dense, on the CPU, half and bfloat16 widened, complex as magnitudes.

    Cut when huge.
    """
    value = tensor.detach()
    if value.layout != torch.strided:
        value = value.to_dense()
    if value.is_quantized:
        value = value.dequantize()
    while value.numel() > MAX_SENT_VALUES:
        axis = max(range(value.dim()), key=lambda i: value.shape[i])
        value = value.narrow(axis, 0, max(1, value.shape[axis] // 2))
    if value.is_complex():
        value = value.abs()
    if value.dtype in (torch.bfloat16, torch.float16):
        value = value.float()
    return value.resolve_conj().resolve_neg().cpu().contiguous().numpy()


def _emit_outputs(
    captured: Captured,
    request: RunForward,
    emit: Callable[[AnyEvent], None],
    put: Callable[[NDArray[np.generic]], ArrayRef],
) -> tuple[list[NDArray[np.generic]], list[Head]]:
    tensors, values, heads = output_tensors(captured, put)
    verdict = None
    if request.expectation is not None and values:
        verdict = compare_expectation(request.expectation, values[0], heads[0])
    emit(OutputsComputed(outputs=tensors, verdict=verdict))
    return values, heads


def output_tensors(
    captured: Captured, put: Callable[[NDArray[np.generic]], ArrayRef]
) -> tuple[tuple[OutputTensor, ...], list[NDArray[np.generic]], list[Head]]:
    """What forward returned, as it travels, with its values and how each is to be read."""
    values = [output_values(output.tensor) for output in captured.outputs]
    heads = [_head(captured.graph, output, array) for output, array in zip(captured.outputs, values, strict=True)]
    tensors = tuple(
        OutputTensor(
            name=output.name,
            shape=tuple(output.tensor.shape),
            dtype=dtype_name(output.tensor.dtype),
            array=put(array),
            head=head,
            node=output.node,
            per_item=output.node is not None and is_per_item(captured.graph, output.node, tuple(output.tensor.shape)),
        )
        for output, array, head in zip(captured.outputs, values, heads, strict=True)
    )
    return tensors, values, heads


def _head(graph: Graph, output: NamedOutput, values: NDArray[np.generic]) -> Head:
    # Complex tensors were made magnitudes on the way; what reads the head is to know.
    return read_head(graph, output.node, values.astype(np.complex64) if output.tensor.is_complex() else values)


def _with_fix(  # noqa: PLR0917 - what failed, and with what
    module: nn.Module,
    graph: Graph,
    failure: Failure,
    inputs: tuple[NamedInput, ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Failure:
    fix, code = suggest_mend(module, graph, failure, args, kwargs)
    return msgspec.structs.replace(
        failure,
        fix=fix,
        code=code,
        nearest=nearest_input(module, inputs, args, kwargs),
    )


def _floating_dtype(module: nn.Module) -> str:
    """The dtype of the model's first floating parameter: pictures have none of their own, and follow it."""
    first = next((p for p in module.parameters() if p.is_floating_point()), None)
    return "" if first is None else dtype_name(first.dtype)


def input_dtype(dtype: str) -> str:
    """Inputs follow the model's dtype when it is a floating one."""
    return dtype if dtype and dtype_named(dtype).is_floating_point else ""
