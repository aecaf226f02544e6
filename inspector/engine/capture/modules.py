"""Hooks on every module call: the hierarchy, and torch's own modules as single nodes."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils.hooks import RemovableHandle

from inspector.engine.capture.recorder import (
    Frame,
    Raised,
    RecordedGroup,
    RecordedNode,
    Recorder,
    own_identity,
    specs_of,
)
from inspector.engine.capture.table import KnownModule
from inspector.engine.capture.trees import replace_tensors, tensors_in

Args = tuple[Any, ...]
Kwargs = dict[str, Any]


@contextmanager
def hooked_modules(recorder: Recorder) -> Iterator[None]:
    """Observe the calls of all modules of the table; no hook is left behind.

    Ours is the first hook before forward and the last after it, so what the model's own hooks do (weight norm) lies
    inside the module's call.
    """
    calls = ModuleCalls(recorder)
    hooks: list[RemovableHandle] = []
    try:
        scripted = {id(known.module): known for known in recorder.table.modules if _is_scripted(known)}
        if scripted:
            hooks += _hook_scripted(calls, scripted)
        for known in recorder.table.modules:
            if id(known.module) in scripted:
                continue
            before, after = partial(calls.begin, known), partial(calls.end, known)
            hooks.append(known.module.register_forward_pre_hook(before, prepend=True, with_kwargs=True))
            hooks.append(known.module.register_forward_hook(after, with_kwargs=True, always_call=True))
        yield
    except BaseException as error:
        calls.unwind(error)
        raise
    finally:
        for hook in hooks:
            hook.remove()


def _is_scripted(known: KnownModule) -> bool:
    return isinstance(known.module, torch.jit.ScriptModule)


def _hook_scripted(calls: "ModuleCalls", scripted: dict[int, KnownModule]) -> list[RemovableHandle]:
    """TorchScript refuses hooks of its own, but what Python calls of it obeys those on all modules."""

    def before(module: nn.Module, args: Args) -> None:
        known = scripted.get(id(module))
        if known is not None:
            calls.begin(known, module, args, {})

    def after(module: nn.Module, args: Args, *rest: Any) -> Any:  # noqa: ANN401 - after an error torch leaves out kwargs
        known = scripted.get(id(module))
        return None if known is None else calls.end(known, module, args, rest[0] if len(rest) > 1 else {}, rest[-1])

    return [
        register_module_forward_pre_hook(before),
        register_module_forward_hook(after, with_kwargs=True, always_call=True),
    ]


class ModuleCalls:
    """What happens when a module's call begins and ends."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._thread = threading.get_ident()

    def begin(self, known: KnownModule, _module: nn.Module, args: Args, kwargs: Kwargs) -> None:
        """The forward pre-hook."""
        if threading.get_ident() != self._thread:  # a model's own threads have no place in one stack
            return
        recorder = self._recorder
        if recorder.hidden:
            recorder.stack.append(Frame(known, True, recorder.stack[-1].group, known.calls))
            known.calls += 1
            return
        with torch._C.DisableTorchFunction():
            tensors = tensors_in(args)
            if kwargs:
                tensors_in(kwargs, tensors)
            frame = Frame(known, known.opaque, recorder.group, known.calls, specs_of(tensors))
            known.calls += 1
            frame.error_before = sys.exception()
            if known.opaque or not recorder.stack:  # the whole model's: an exit lets no hook look at them later
                frame.origins = recorder.origins(tensors)
            if not known.opaque:
                self._open_group(frame)
            frame.num_nodes = len(recorder.nodes)
            recorder.stack.append(frame)
        if known.opaque:
            recorder.hide()
        if recorder.timed:
            frame.started_s = recorder.now()

    def _open_group(self, frame: Frame) -> None:
        groups = self._recorder.groups
        group = RecordedGroup(frame.known, frame.group, self._recorder.num_calls, frame.call, frame.inputs)
        frame.group = len(groups)
        groups.append(group)

    def end(self, known: KnownModule, _module: nn.Module, args: Args, kwargs: Kwargs, result: Any) -> Any:  # noqa: ANN401 - as above
        """The forward hook; what it returns stands in for the result. Called with None when forward raised."""
        if threading.get_ident() != self._thread:
            return None
        frame = self._closed_frame(known)
        if frame is None:
            return None
        recorder = self._recorder
        if recorder.stack and recorder.stack[-1].hidden:
            return None  # inside an operation, whose frame is still open
        if recorder.hidden:
            recorder.unhide()
        elapsed_s = recorder.now() - frame.started_s if recorder.timed else None
        error = sys.exception() if result is None else None
        with torch._C.DisableTorchFunction():
            if error is not None and error is not frame.error_before:
                if frame.origins is None and self._is_empty(frame):
                    frame.origins = recorder.origins(tensors_in(kwargs, tensors_in(args)))
                self.raised(frame, error)
                return None
            if not frame.hidden and not self._is_empty(frame):
                assert frame.group is not None
                recorder.groups[frame.group].outputs = specs_of(tensors_in(result))
                return None
            return self._close_operation(frame, args, kwargs, result, elapsed_s)

    def unwind(self, error: BaseException) -> None:
        """Close the calls that an exit (`SystemExit`) left open: torch runs no hooks for these."""
        while self._recorder.stack:
            frame = self._recorder.stack.pop()
            if not (self._recorder.stack and self._recorder.stack[-1].hidden):
                self._recorder.unhide()
                self.raised(frame, error)

    def raised(self, frame: Frame, error: BaseException) -> None:
        """Remember where an exception came from, unless it only passes through."""
        recorder = self._recorder
        before = recorder.raised
        whole = frame.hidden or self._is_empty(frame)
        if before is not None and (before.error is error or (not frame.hidden and before.error in chain_of(error))):
            return  # it only passes through
        if whole and not frame.hidden:
            self._drop_group(frame)
        recorder.raised = Raised(error, self._node(frame) if whole else None, frame.origins or [], frame.group)

    def _closed_frame(self, known: KnownModule) -> Frame | None:
        """Take the frame of this call, and those above it that were left open, from the stack."""
        stack = self._recorder.stack
        if stack and stack[-1].known is known:
            return stack.pop()
        if not any(frame.known is known for frame in stack):
            return None
        while True:
            frame = stack.pop()
            if frame.known is known:
                return frame

    def _is_empty(self, frame: Frame) -> bool:
        """Whether nothing was seen inside: then the call is one operation, whatever it did."""
        recorder = self._recorder
        return len(recorder.nodes) == frame.num_nodes and len(recorder.groups) - 1 == frame.group

    def _drop_group(self, frame: Frame) -> None:
        frame.group = self._recorder.groups.pop().parent

    def _node(self, frame: Frame) -> RecordedNode:
        known = frame.known
        return RecordedNode(
            "module", known.class_name, known.fqn, frame.group, frame.inputs, known=known, call=frame.call
        )

    def _close_operation(
        self,
        frame: Frame,
        args: Args,
        kwargs: Kwargs,
        result: Any,  # noqa: ANN401 - whatever forward gave
        elapsed_s: float | None,
    ) -> Any:  # noqa: ANN401 - as above
        recorder = self._recorder
        inputs = tensors_in(args)
        if kwargs:
            tensors_in(kwargs, inputs)
        if not frame.hidden:
            self._drop_group(frame)
            frame.inputs = specs_of(inputs)
        origins = recorder.origins(inputs) if frame.origins is None else frame.origins
        node = self._node(frame)
        node.elapsed_s = elapsed_s
        outputs = tensors_in(result)
        given = [id(tensor) for tensor in inputs]
        same = [output for output in outputs if id(output) in given]
        if same and not frame.known.in_place:
            # Identity, or Dropout in eval: the output is the input itself, and would take its place in the wires.
            result = replace_tensors(result, lambda tensor: own_identity(tensor) if id(tensor) in given else tensor)
            recorder.add_operation(node, origins, tensors_in(result))
            return result
        recorder.add_operation(node, origins, outputs, same)
        return None


def chain_of(error: BaseException) -> list[BaseException]:
    """The exception, and those that it was raised from or while handling."""
    chain: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting and len(chain) < 50:
        current = waiting.pop()
        if current is not None and all(current is not seen for seen in chain):
            chain.append(current)
            waiting += [current.__context__, current.__cause__]
    return chain
