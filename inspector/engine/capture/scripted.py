"""A forward of TorchScript, which takes no hooks and calls no torch function: seen operation by operation below it.

Under `inference_mode` the dispatcher still sees whole operations (`conv2d`, `batch_norm`). The interpreter tells which
methods are under way, and the program's own graphs which module each of them belongs to; where that fails, weights do.
"""

import importlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from inspector.engine.capture.arguments import kept_arguments
from inspector.engine.capture.collapsing import bound_groups
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
from inspector.engine.capture.script_calls import Frame, ScriptCalls, script_frames
from inspector.engine.capture.table import KnownModule, ModelTable
from inspector.engine.capture.trees import tensors_in
from inspector.engine.macs import function_macs
from inspector.protocol.graph import Failure

NOTE = (
    "TorchScript: modules that run no operation (Identity) are not seen, and a module's inputs and outputs are those "
    "tensors that its operations took from outside and gave to the outside."
)
LOST_NOTE = "TorchScript: some operations' modules could not be told by the interpreter; their weights told them."
# What the interpreter does on its own, and what only names a tensor anew.
_UNSEEN = frozenset(["detach", "alias", "lift_fresh"])
_NAMES = {"local_scalar_dense": "item", "max_pool2d_with_indices": "max_pool2d"}


def capture_scripted(
    module: torch.jit.ScriptModule,
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
        mode = ObservedDispatch(recorder, module)
        result, failure, failed_groups = _observe(module, args, kwargs, input_names, mode)
        notes = (NOTE, LOST_NOTE) if mode.lost else (NOTE,)
        captured = told(recorder, result, failure, failed_groups, notes, scripted=True)
        captured_s = time.perf_counter() - started_s
    # Outside, a copy is a tensor like any other: those made in inference mode can't be used with gradients.
    outputs = tuple(replace(output, tensor=output.tensor.clone()) for output in captured.outputs)
    return replace(captured, outputs=outputs, captured_s=captured_s, plain_s=plain_s, peak_bytes=peak_bytes(device))


def _observe(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    names: Sequence[str],
    mode: "ObservedDispatch",
) -> tuple[Any, Failure | None, frozenset[int]]:
    recorder = mode.recorder
    args, kwargs = own_inputs(args), own_inputs(kwargs)
    for name, tensor in named_inputs(module, args, kwargs, names):
        recorder.add_input(name, tensor)
    error: BaseException | None = None
    result = None
    try:
        with mode:
            result = module(*args, **kwargs)
    except BaseException as raised:  # noqa: BLE001 - TorchScript may call Python, which may raise anything
        error = raised
    bound_groups(recorder)
    if error is None:
        return result, None, frozenset()
    if recorder.raised is not None:
        error = recorder.raised.error  # the interpreter's own exception buries it in a long text
    failure, groups = failure_of(error, recorder)
    recorder.raised = None
    let_go(error)
    return None, failure, groups


class ObservedDispatch(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own
    """Records every operation that reaches the dispatcher."""

    def __init__(self, recorder: Recorder, module: torch.jit.ScriptModule) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's own
        self.recorder = recorder
        self.lost = False
        self._calls = _calls_of(module)
        self._modules = {known.fqn: known for known in recorder.table.modules}
        self._of_identity = {id(known.module): known for known in recorder.table.modules}
        self._open: list[tuple[KnownModule, int]] = []
        self._num_inside = 0  # operations so far in the innermost call

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
        frames = [] if name is None or name in _UNSEEN else script_frames()
        if name is None or not frames:  # without a method under way it is torch itself, which prepares the program
            return func(*args, **kwargs)
        tensors = tensors_in([args, kwargs])
        self._enter(func._schema.name, frames, tensors)
        if name == "convolution":
            name, told_args = _plain_convolution(args)
        else:
            name, told_args = _NAMES.get(name, name), args
        node, origins = self._node(name, tensors, told_args, kwargs)
        changes = self.recorder.changes
        pending = None
        if changes is not None:
            inner = self._open[-1][0]
            module = inner.class_name if inner.collapses else ""
            first = not module or self._num_inside == 0
            pending = changes.of_index(self.recorder.num_calls, name, tensors, module=module, is_first=first)
        started_s = self.recorder.now() if self.recorder.timed else 0.0
        try:
            result = func(*args, **kwargs)
        except BaseException as error:
            self.recorder.raised = Raised(error, node, origins, node.group)
            raise
        if self.recorder.timed:
            node.started_s, node.elapsed_s = started_s, self.recorder.now() - started_s
        outputs = tensors_in(result)
        if not outputs and name not in READS:
            return result
        if pending is not None:
            result = pending.applied(result, outputs if is_in_place(name) else ())
            outputs, node.changed = tensors_in(result), pending.told
        node.macs = function_macs(name, specs_of(tensors), specs_of(outputs), function_category(name), node.details)
        self._num_inside += any(self.recorder.table.tensor(tensor) is None for tensor in tensors)
        written = [tensor for tensor in outputs if any(tensor is other for other in tensors)]
        self.recorder.add_operation(node, origins, outputs, written if is_in_place(name) else None)
        return result

    def _enter(self, op: str, frames: list[Frame], tensors: list[torch.Tensor]) -> None:
        """Leave the calls that are over, and open those that the coming operation lies in."""
        recorder = self.recorder
        located = self._calls.locate(op, frames) if self._calls is not None else None
        path = self._known_path(located) if located else None
        if path is None:
            self.lost = True
            weights = (recorder.table.tensor(tensor) for tensor in tensors)
            owner = next((known.owner for known in weights if known is not None), None)
            around = takewhile(lambda opened: not opened[0].collapses, self._open)
            path = (list(around) or [(recorder.table.modules[0], 0)]) if owner is None else _holders(owner)
        common = 0
        while common < min(len(path), len(self._open)) and path[common] == self._open[common]:
            common += 1
        if common < max(len(path), len(self._open)):
            self._num_inside = 0
        del self._open[common:], recorder.stack[common:]
        for known, number in path[common:]:
            group = RecordedGroup(known, recorder.group, recorder.num_calls, known.calls)
            known.calls += 1
            self._open.append((known, number))
            recorder.stack.append(len(recorder.groups))
            recorder.groups.append(group)

    def _known_path(self, located: list[tuple[str, int]]) -> list[tuple[KnownModule, int]] | None:
        """Methods of one module that call each other are one call of it; a list of modules is never called."""
        path: list[tuple[KnownModule, int]] = []
        for fqn, number in located:
            known = self._modules.get(fqn) or self._shared(fqn)
            if known is None:
                return None
            if not path or path[-1][0] is not known:
                path.append((known, number if path else 0))
        return path

    def _shared(self, fqn: str) -> KnownModule | None:
        try:
            module = self.recorder.table.modules[0].module.get_submodule(fqn)
        except AttributeError:
            return None
        return self._of_identity.get(id(module))

    def _node(
        self, name: str, tensors: list[torch.Tensor], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[RecordedNode, list[Origin]]:
        recorder = self.recorder
        node = RecordedNode("function", name, "", recorder.group, details=function_details(name, args, kwargs))
        node.arguments = kept_arguments(name, args, kwargs)
        if recorder.group is not None:
            group = recorder.groups[recorder.group]
            node.fqn, node.call = group.known.fqn, group.call
        node.inputs = specs_of(tensors)
        return node, recorder.origins(tensors)


def _calls_of(module: torch.jit.ScriptModule) -> ScriptCalls | None:
    try:
        return ScriptCalls(module)
    except (RuntimeError, AttributeError, IndexError):  # a program with no plain forward
        return None


def _holders(known: KnownModule) -> list[tuple[KnownModule, int]]:
    """From the root to that module; each counts as called once."""
    path: list[tuple[KnownModule, int]] = []
    holder: KnownModule | None = known
    while holder is not None:
        path.append((holder, 0))
        holder = holder.parent
    return path[::-1]


def _plain_convolution(args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """What a traced model calls `_convolution`, as the function of `torch.nn.functional` that it was."""
    weight, transposed = args[1], args[6]
    name = f"conv_transpose{weight.dim() - 2}d" if transposed else f"conv{weight.dim() - 2}d"
    stride, padding, dilation, output_padding, groups = args[3], args[4], args[5], args[7], args[8]
    tail = (output_padding, groups, dilation) if transposed else (dilation, groups)
    return name, (*args[:3], stride, padding, *tail)
