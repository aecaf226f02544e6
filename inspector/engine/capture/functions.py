"""Operations called between modules, seen by a `TorchFunctionMode`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from inspector.engine.capture.arguments import kept_arguments
from inspector.engine.capture.changing import FunctionKey, Pending
from inspector.engine.capture.names import READS, is_in_place, plain_name
from inspector.engine.capture.operations import function_details
from inspector.engine.capture.recorder import Origin, Raised, RecordedNode, Recorder, own_identity, specs_of
from inspector.engine.capture.trees import replace_tensors, tensors_in
from inspector.protocol.graph import TensorSpec


@contextmanager
def observed_functions(recorder: Recorder) -> Iterator["ObservedFunctions"]:
    """Observe all functions of torch that are called outside the modules that are drawn as one node.

    Inside those the mode is taken off the stack: for torch's own functions it would cost more than the hooks do.
    """
    mode = ObservedFunctions(recorder)
    depth = torch._C._len_torch_function_stack()
    recorder.enter_functions(mode)
    try:
        yield mode
    finally:
        while torch._C._len_torch_function_stack() > depth:  # a mode that the model left behind lies above ours
            torch._C._pop_torch_function_stack()


class FunctionCall:
    """One call of a torch function under way."""

    __slots__ = ("args", "in_place", "kwargs", "name", "origins", "pending", "specs", "tensors")

    def __init__(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self.name = name
        self.args = args
        self.kwargs = kwargs
        self.tensors = tensors_in(args)
        if kwargs:
            tensors_in(kwargs, self.tensors)
            if kwargs.get("inplace") is True and not name.endswith("_"):
                self.name = f"{name}_"
        self.in_place = is_in_place(self.name) or "out" in kwargs
        self.origins: list[Origin] | None = None
        self.specs: tuple[TensorSpec, ...] = ()
        self.pending: Pending | None = None


class ObservedFunctions(TorchFunctionMode):
    """Records every torch function that is called outside the modules that are drawn as one node."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = self._recorder = recorder

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the function gives
        """Run `func`, and record it when it is an operation."""
        kwargs = kwargs or {}
        name = None if self._recorder.hidden else plain_name(func)
        if name is None:
            return func(*args, **kwargs)
        return self._observe(name, func, args, kwargs)

    def observe(self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as above
        """Run a function that no mode is told of, and record it; also what it writes into its arguments."""
        recorder = self._recorder
        with torch._C.DisableTorchFunction():
            versions = [(tensor, tensor._version) for tensor in tensors_in((args, kwargs))]

        def hidden(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as above
            recorder.hide()
            try:
                return func(*args, **kwargs)
            finally:
                recorder.unhide()

        return self._observe(name, hidden, args, kwargs, versions)

    def _observe(
        self,
        name: str,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        versions: Sequence[tuple[torch.Tensor, int]] = (),
    ) -> Any:  # noqa: ANN401 - as above
        recorder = self._recorder
        entered_s = recorder.now() if recorder.timed else 0.0
        with torch._C.DisableTorchFunction():
            call = FunctionCall(name, args, kwargs)
            if call.in_place or versions:  # its inputs are no longer what they were afterwards
                call.origins = recorder.origins(call.tensors)
                call.specs = specs_of(call.tensors)
            if recorder.changes is not None:
                call.pending = recorder.changes.of_function(self._key(call), call.tensors)
            if recorder.keep is not None:
                recorder.keep.look_at_call(recorder.num_calls, name, args, kwargs)
        started_s = recorder.now() if recorder.timed else 0.0
        try:
            result = func(*args, **kwargs)
        except BaseException as error:
            with torch._C.DisableTorchFunction():
                self._raised(call, error)
            raise
        elapsed_s = recorder.now() - started_s if recorder.timed else None
        with torch._C.DisableTorchFunction():
            if type(result) is torch.Tensor and self._is_plain(call, result):  # as nearly always
                node, origins = self._node(call)
                node.started_s, node.elapsed_s = started_s, elapsed_s
                recorder.add_operation(node, origins, [result])
            else:
                written = [tensor for tensor, version in versions if tensor._version != version]
                result = self._finished(call, result, started_s, elapsed_s, written)
        if elapsed_s is not None:
            recorder.observing_s += recorder.now() - entered_s - elapsed_s
        return result

    def _is_plain(self, call: FunctionCall, result: torch.Tensor) -> bool:
        """Whether a call made one new tensor, and did nothing else."""
        if call.in_place or call.origins is not None or self._recorder.changes is not None:
            return False
        return not any(result is tensor for tensor in call.tensors)

    def _finished(
        self,
        call: FunctionCall,
        result: Any,  # noqa: ANN401 - whatever the function gave
        started_s: float,
        elapsed_s: float | None,
        written: list[torch.Tensor],
    ) -> Any:  # noqa: ANN401 - as above
        items = None
        if call.name == "unbind" and isinstance(result, Iterator):  # `for row in tensor`
            items = list(result)
            outputs = tensors_in(items)
        else:
            outputs = tensors_in(result)
        if not outputs and not written and not call.in_place and (call.name not in READS or not call.tensors):
            return result
        if call.in_place:
            written = [tensor for tensor in outputs if _is_in(tensor, call.tensors)] or call.tensors[:1]
            outputs = outputs or written
        if self._recorder.changes is not None:
            self._recorder.changes.count(self._key(call))
        if call.pending is not None:
            if items is not None:
                items = outputs = call.pending.applied(items)
            elif result is None:  # `x[i] = y` gives nothing, and has written into x
                call.pending.applied(written, written)
            else:
                result = call.pending.applied(result, written)
                outputs = tensors_in(result)
        if not call.in_place and any(_is_in(output, call.tensors) for output in outputs):
            # The output is the input itself (`.contiguous()`), and would take its place in the wires.
            result = replace_tensors(result, lambda tensor: _apart_from(tensor, call.tensors))
            outputs = tensors_in(result)
        node, origins = self._node(call)
        node.started_s, node.elapsed_s = started_s, elapsed_s
        if call.pending is not None:
            node.changed = call.pending.told
        self._recorder.add_operation(node, origins, outputs, written)
        return iter(items) if items is not None else result

    def _key(self, call: FunctionCall) -> FunctionKey:
        stack = self._recorder.stack
        if not stack:
            return "", call.name, 0
        group = self._recorder.groups[stack[-1]]
        return group.known.fqn, call.name, group.call

    def _node(self, call: FunctionCall) -> tuple[RecordedNode, list[Origin]]:
        recorder = self._recorder
        if call.origins is None:
            call.origins = recorder.origins(call.tensors)
            call.specs = specs_of(call.tensors)
        details = function_details(call.name, call.args, call.kwargs)
        node = RecordedNode("function", call.name, "", None, call.specs, details=details)
        node.arguments = kept_arguments(call.name, call.args, call.kwargs)
        if recorder.stack:
            node.group = recorder.stack[-1]
            group = recorder.groups[node.group]
            node.fqn, node.call = group.known.fqn, group.call
        return node, call.origins

    def _raised(self, call: FunctionCall, error: BaseException) -> None:
        before = self._recorder.raised
        if before is None or before.error is not error:
            node, origins = self._node(call)
            self._recorder.raised = Raised(error, node, origins, node.group)


def _is_in(tensor: torch.Tensor, tensors: list[torch.Tensor]) -> bool:
    return any(tensor is other for other in tensors)


def _apart_from(tensor: torch.Tensor, inputs: list[torch.Tensor]) -> torch.Tensor:
    return own_identity(tensor) if _is_in(tensor, inputs) else tensor
