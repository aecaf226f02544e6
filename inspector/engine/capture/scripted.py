"""A forward of TorchScript, which takes no hooks and calls no torch function: seen operation by operation below it.

Under `inference_mode` the dispatcher still sees whole operations (`conv2d`, `batch_norm`). Weights tell which module an
operation belongs to; operations without weights are put where their neighbours are.
"""

import importlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from inspector.engine.capture.arguments import kept_arguments
from inspector.engine.capture.failures import failure_of, let_go
from inspector.engine.capture.forward import (
    device_of,
    named_inputs,
    own_inputs,
    peak_bytes,
    plain_forward_seconds,
    start_peak,
    told,
)
from inspector.engine.capture.names import READS, is_in_place, plain_name
from inspector.engine.capture.operations import function_category, function_details
from inspector.engine.capture.recorder import Origin, Raised, RecordedGroup, RecordedNode, Recorder, specs_of
from inspector.engine.capture.result import Captured, CaptureOptions
from inspector.engine.capture.table import KnownModule, KnownTensor, ModelTable
from inspector.engine.capture.trees import tensors_in
from inspector.engine.macs import function_macs
from inspector.protocol.graph import Category, Failure

NOTE = "TorchScript: groups are told from the names of the weights that each operation used."
_WITH_WEIGHTS: frozenset[Category] = frozenset(
    ["convolution", "linear", "normalisation", "recurrent", "embedding", "attention"]
)
# What the interpreter does on its own, and what only names a tensor anew.
_UNSEEN = frozenset(["detach", "alias", "lift_fresh"])
_NAMES = {"local_scalar_dense": "item", "max_pool2d_with_indices": "max_pool2d"}


def capture_scripted(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    input_names: Sequence[str],
    options: CaptureOptions,
) -> Captured:
    """Run a ScriptModule's forward once, observed from below."""
    importlib.import_module("torch._dynamo")  # a dispatch mode imports it (1.7 s): not in the time of this forward
    with torch.inference_mode():
        plain_s = plain_forward_seconds(module, args, kwargs) if options.timed and options.compared else None
        device = device_of(args, kwargs)
        start_peak(device)
        started_s = time.perf_counter()
        table = ModelTable(module)
        recorder = Recorder(table, options, device)
        recorder.keep = options.keep
        result, failure, failed_groups = _observe(module, args, kwargs, input_names, recorder)
        captured = told(recorder, result, failure, failed_groups, notes=(NOTE,), scripted=True)
        captured_s = time.perf_counter() - started_s
    # Outside, a copy is a tensor like any other: those made in inference mode can't be used with gradients.
    outputs = tuple(replace(output, tensor=output.tensor.clone()) for output in captured.outputs)
    return replace(captured, outputs=outputs, captured_s=captured_s, plain_s=plain_s, peak_bytes=peak_bytes(device))


def _observe(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], names: Sequence[str], recorder: Recorder
) -> tuple[Any, Failure | None, frozenset[int]]:
    args, kwargs = own_inputs(args), own_inputs(kwargs)
    for name, tensor in named_inputs(module, args, kwargs, names):
        recorder.add_input(name, tensor)
    error: BaseException | None = None
    result = None
    mode = ObservedDispatch(recorder)
    try:
        with mode:
            result = module(*args, **kwargs)
    except BaseException as raised:  # noqa: BLE001 - TorchScript may call Python, which may raise anything
        error = raised
    if error is None:
        _set_groups(recorder, None)
        return result, None, frozenset()
    first = recorder.raised
    _set_groups(recorder, first.node if first else None)
    if first is not None and first.node is not None:
        first.group = first.node.group
        error = first.error  # the interpreter's own exception buries it in a long text
    failure, groups = failure_of(error, recorder)
    recorder.raised = None
    let_go(error)
    return None, failure, groups


class ObservedDispatch(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own
    """Records every operation that reaches the dispatcher."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's own
        self._recorder = recorder

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - an OpOverload
        types: Any,  # noqa: ANN401 - not needed
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the operation gives
        """Run `func`, and record it."""
        kwargs = kwargs or {}
        name = plain_name(func)
        if name is None or name in _UNSEEN:
            return func(*args, **kwargs)
        if name == "convolution":
            name, told_args = _plain_convolution(args)
        else:
            name, told_args = _NAMES.get(name, name), args
        tensors = tensors_in([args, kwargs])
        node, origins = self._node(name, tensors, told_args, kwargs)
        changes = self._recorder.changes
        pending = changes.of_index(self._recorder.num_calls, name, tensors) if changes is not None else None
        started_s = self._recorder.now() if self._recorder.timed else 0.0
        try:
            result = func(*args, **kwargs)
        except BaseException as error:
            self._recorder.raised = Raised(error, node, origins, None)
            raise
        if self._recorder.timed:
            node.started_s, node.elapsed_s = started_s, self._recorder.now() - started_s
        outputs = tensors_in(result)
        if not outputs and name not in READS:
            return result
        if pending is not None:
            result = pending.applied(result, outputs if is_in_place(name) else ())
            outputs, node.changed = tensors_in(result), pending.told
        node.macs = function_macs(name, specs_of(tensors), specs_of(outputs), function_category(name), node.details)
        written = [tensor for tensor in outputs if any(tensor is other for other in tensors)]
        self._recorder.add_operation(node, origins, outputs, written if is_in_place(name) else None)
        return result

    def _node(
        self, name: str, tensors: list[torch.Tensor], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[RecordedNode, list[Origin]]:
        recorder = self._recorder
        weights = [known for tensor in tensors if (known := recorder.table.tensor(tensor)) is not None]
        node = RecordedNode("function", name, "", None, details=function_details(name, args, kwargs))
        node.arguments = kept_arguments(name, args, kwargs)
        absorbs = len(weights) < len(tensors) and function_category(name) in _WITH_WEIGHTS
        if weights:
            node.known = weights[0].owner
            node.fqn = node.known.fqn
        if weights and absorbs:
            _count_call(node, weights)
            tensors = [tensor for tensor in tensors if recorder.table.tensor(tensor) is None]
        node.inputs = specs_of(tensors)
        return node, recorder.origins(tensors)


def _plain_convolution(args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """What a traced model calls `_convolution`, as the function of `torch.nn.functional` that it was."""
    weight, transposed = args[1], args[6]
    name = f"conv_transpose{weight.dim() - 2}d" if transposed else f"conv{weight.dim() - 2}d"
    stride, padding, dilation, output_padding, groups = args[3], args[4], args[5], args[7], args[8]
    tail = (output_padding, groups, dilation) if transposed else (dilation, groups)
    return name, (*args[:3], stride, padding, *tail)


def _count_call(node: RecordedNode, weights: list[KnownTensor]) -> None:
    owner = weights[0].owner
    node.num_params = sum(known.tensor.numel() for known in weights if known.is_parameter)
    node.call = owner.calls
    for known in weights:
        known.owner.used = True
    owner.calls += 1


def _set_groups(recorder: Recorder, failed: RecordedNode | None) -> None:
    """Open a group for each run of operations under one module; the failed operation belongs to the last."""
    nodes = [node for node in recorder.nodes if node.kind not in ("input", "output")]
    nodes += [failed] if failed is not None else []
    open_groups: list[int] = []
    for node, path in zip(nodes, _paths(nodes, recorder.table.modules[0]), strict=True):
        common = 0
        while common < min(len(open_groups), len(path)) and recorder.groups[open_groups[common]].known is path[common]:
            common += 1
        del open_groups[common:]
        for known in path[common:]:
            parent = open_groups[-1] if open_groups else None
            open_groups.append(len(recorder.groups))
            recorder.groups.append(RecordedGroup(known, parent, node.call_index, 0, node.inputs))
        node.group = open_groups[-1]
        for group in open_groups:
            recorder.groups[group].outputs = node.outputs
        node.fqn = node.fqn or recorder.groups[node.group].known.fqn


def _paths(nodes: list[RecordedNode], root: KnownModule) -> Iterator[tuple[KnownModule, ...]]:
    """The modules around each operation, the root first; without weights, those around both its neighbours."""
    known = [_path(node.known, root) if node.known is not None else None for node in nodes]
    following: list[tuple[KnownModule, ...]] = []
    upcoming: tuple[KnownModule, ...] = (root,)
    for path in reversed(known):
        upcoming = path if path is not None else upcoming
        following.append(upcoming)
    last: tuple[KnownModule, ...] = (root,)
    for path, upcoming in zip(known, reversed(following), strict=True):
        last = path if path is not None else _common(last, upcoming)
        yield last


def _path(known: KnownModule, root: KnownModule) -> tuple[KnownModule, ...]:
    """From the root to the module that holds the operation's own."""
    path: list[KnownModule] = []
    holder = known.parent
    while holder is not None:
        path.append(holder)
        holder = holder.parent
    return tuple(reversed(path)) or (root,)


def _common(first: tuple[KnownModule, ...], second: tuple[KnownModule, ...]) -> tuple[KnownModule, ...]:
    length = 0
    while length < min(len(first), len(second)) and first[length] is second[length]:
        length += 1
    return first[: max(length, 1)]
