"""The calls of every module: the hierarchy, and torch's own modules as single nodes.

Each module's calls are routed through `_compiled_call_impl`, where `module.compile()` puts what runs in place of the
plain call: the model's own hooks run inside as ever, an exception is seen without hooks that are always called, and
it takes a third of the time that a pair of hooks does. It is put into the class of all modules, so that those that
are none of the model's come this way too, and no module is touched.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import get_ident
from typing import Any

import torch
from torch import nn

from inspector.engine.capture.changing import Pending
from inspector.engine.capture.operations import module_category, module_category_and_details
from inspector.engine.capture.recorder import (
    Origin,
    Raised,
    RecordedGroup,
    RecordedNode,
    Recorder,
    own_identity,
    size_of,
    specs_of,
)
from inspector.engine.capture.table import KnownModule, parameters_of
from inspector.engine.capture.trees import replace_tensors, tensors_in
from inspector.engine.macs import module_macs

_ROUTE = "_compiled_call_impl"
# The plain call of a module, with its own hooks.
Run = Callable[..., Any]
GUEST_NOTE = (
    "This module is none of the model's: it was built in forward, or is held where modules are not found, as in a "
    "plain list. Its parameters are in no state_dict, and no optimiser of the model's parameters trains them."
)
TRAINS_NOTE = "It ran as in training, while the model is in eval mode: forward, or its own train(), sets it so."
_BY_MODE = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)


@contextmanager
def observed_modules(recorder: Recorder) -> Iterator[None]:
    """Observe the calls of all modules; afterwards all are as before."""
    calls = ModuleCalls(recorder)
    routes: dict[int, Run] = {}
    compiled: list[tuple[dict[str, Any], Any]] = []
    try:
        for known in recorder.table.modules:
            module = known.module
            route = partial(calls.operation if known.opaque else calls.group, known, module._call_impl)
            own = module.__dict__
            if _ROUTE in own:  # one that module.compile() has set
                compiled.append((own, own[_ROUTE]))
                own[_ROUTE] = route
            else:
                routes[id(module)] = route
        setattr(nn.Module, _ROUTE, _Routes(calls, routes))
        yield
    finally:
        setattr(nn.Module, _ROUTE, None)
        for own, before in compiled:
            own[_ROUTE] = before


class _Routes:
    """What every module finds as its route: that of a known one by its identity, which the table keeps alive."""

    def __init__(self, calls: "ModuleCalls", routes: dict[int, Run]) -> None:
        self._calls = calls
        self._routes = routes

    def __get__(self, module: nn.Module | None, _kind: type[nn.Module]) -> Run | None:
        route = self._routes.get(id(module))
        return route if route is not None or module is None else partial(self._calls.guest, module)


class ModuleCalls:
    """What happens when a module is called."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._thread = get_ident()
        self._evaluates = not getattr(recorder.table.modules[0].module, "training", True)

    def guest(self, module: nn.Module, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever forward takes and gives
        """The call of a module that is none of the model's; seen as any other."""
        recorder = self._recorder
        run: Run = module._call_impl
        if recorder.hidden or get_ident() != self._thread:
            return run(*args, **kwargs)
        around = recorder.groups[recorder.stack[-1]].known if recorder.stack else None
        with recorder.table.guest(module, around) as known:
            return (self.operation if known.opaque else self.group)(known, run, *args, **kwargs)

    def operation(self, known: KnownModule, run: Run, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever forward takes and gives
        """The call of a module that is drawn as one node."""
        recorder = self._recorder
        if recorder.hidden or get_ident() != self._thread:
            return self._unseen(known, run, args, kwargs)
        entered_s = recorder.now() if recorder.timed else 0.0
        with torch._C.DisableTorchFunction():
            inputs = tensors_in(args)
            if kwargs:
                tensors_in(kwargs, inputs)
            if known.guest:  # what made its parameters belongs to its inputs
                own = parameters_of(known.module)
                inputs += [parameter for parameter in own if recorder.wires.source(parameter) is not None]
            node = _node(known, recorder.group, inputs, known.calls)
            self._look_at_mode(known.module, node)
            origins = recorder.origins(inputs)
            pending = recorder.changes.of_module(known, inputs) if recorder.changes is not None else None
            if recorder.keep is not None:
                recorder.keep.look_at_call(recorder.num_calls, known.module, args, kwargs)
        known.calls += 1
        recorder.hide()
        started_s = recorder.now() if recorder.timed else 0.0
        try:
            result = run(*args, **kwargs)
        except BaseException as error:
            recorder.unhide()
            if recorder.raised is None or recorder.raised.error is not error:
                recorder.raised = Raised(error, node, origins, node.group)
            raise
        if recorder.timed:
            node.started_s, node.elapsed_s = started_s, recorder.now() - started_s
        recorder.unhide()
        with torch._C.DisableTorchFunction():
            if pending is not None:
                result = pending.applied(result, inputs if known.in_place else ())
                node.changed = pending.told
            result = self._finished(node, known, inputs, origins, result)
        if node.elapsed_s is not None:
            recorder.observing_s += recorder.now() - entered_s - node.elapsed_s
        return result

    def _look_at_mode(self, module: nn.Module, node: RecordedNode) -> None:
        draws = getattr(module, "p", 1) != 0  # as Dropout(0) does not
        if self._evaluates and isinstance(module, _BY_MODE) and module.training and draws:
            node.notes = (*node.notes, TRAINS_NOTE)

    def group(self, known: KnownModule, run: Run, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as above
        """The call of a module that holds others, or whose functions are drawn."""
        recorder = self._recorder
        if recorder.hidden or get_ident() != self._thread:
            return self._unseen(known, run, args, kwargs)
        entered_s, observed_before_s = recorder.now() if recorder.timed else 0.0, recorder.observing_s
        with torch._C.DisableTorchFunction():
            given = tensors_in((args, kwargs) if kwargs else args)
            specs = specs_of(given)
            pending = recorder.changes.of_module(known, given) if recorder.changes is not None else None
            del given
        group = RecordedGroup(known, recorder.group, recorder.num_calls, known.calls, specs)
        known.calls += 1
        index, num_nodes, depth = len(recorder.groups), len(recorder.nodes), len(recorder.stack)
        recorder.groups.append(group)
        recorder.stack.append(index)
        started_s = recorder.now() if recorder.timed else 0.0
        try:
            result = run(*args, **kwargs)
        except BaseException as error:
            del recorder.stack[depth:]
            with torch._C.DisableTorchFunction():
                self._raised_in_group(index, num_nodes, args, kwargs, error)
            raise
        if recorder.timed:  # the call, less what observing took inside it
            group.elapsed_s = recorder.now() - started_s - (recorder.observing_s - observed_before_s)
        del recorder.stack[depth:]
        with torch._C.DisableTorchFunction():
            empty = self._is_empty(index, num_nodes)
            if pending is not None:
                result = self._changed_group(pending, result, wired=not empty)
                group.changed = pending.told
            if empty:
                # Nothing was seen inside: then the call is one operation, whatever it did.
                recorder.groups.pop()
                inputs = tensors_in((args, kwargs))
                node = _node(known, group.parent, inputs, group.call)
                node.started_s, node.elapsed_s = started_s, group.elapsed_s
                node.changed = group.changed
                result = self._finished(node, known, inputs, recorder.origins(inputs), result)
            else:
                group.outputs = specs_of(tensors_in(result))
        if group.elapsed_s is not None:
            recorder.observing_s = observed_before_s + recorder.now() - entered_s - group.elapsed_s
        return result

    def _changed_group(self, pending: Pending, result: Any, *, wired: bool) -> Any:  # noqa: ANN401 - as above
        """What stands in for a group's result; each new tensor keeps the wire of the one that it replaces."""
        before = tensors_in(result)
        changed = pending.applied(result)
        if wired:
            recorder = self._recorder
            for old, new in zip(before, tensors_in(changed), strict=True):
                if new is not old:
                    source, output, _ = recorder.origins([old])[0]
                    recorder.wires.made(new, source, output)
        return changed

    def _unseen(self, known: KnownModule, run: Run, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401 - as above
        """Inside an operation; or in a thread of the model's own, which has no place in one stack."""
        if self._recorder.hidden and get_ident() == self._thread:
            known.calls += 1
        return run(*args, **kwargs)

    def _raised_in_group(
        self, index: int, num_nodes: int, args: tuple[Any, ...], kwargs: dict[str, Any], error: BaseException
    ) -> None:
        """Remember where an exception came from, unless it only passes through."""
        recorder = self._recorder
        before = recorder.raised
        empty = self._is_empty(index, num_nodes)
        if before is not None and (before.error is error or before.error in chain_of(error)):
            return
        if not empty:
            recorder.raised = Raised(error, None, [], index)
            return
        group = recorder.groups.pop()
        inputs = tensors_in((args, kwargs))
        node = _node(group.known, group.parent, inputs, group.call)
        recorder.raised = Raised(error, node, recorder.origins(inputs), group.parent)

    def _is_empty(self, index: int, num_nodes: int) -> bool:
        recorder = self._recorder
        return len(recorder.nodes) == num_nodes and len(recorder.groups) - 1 == index

    def _finished(
        self,
        node: RecordedNode,
        known: KnownModule,
        inputs: list[torch.Tensor],
        origins: list[Origin],
        result: Any,  # noqa: ANN401 - whatever forward gave
    ) -> Any:  # noqa: ANN401 - as above
        """Record an operation; what it returns stands in for the result."""
        recorder = self._recorder
        given = [id(tensor) for tensor in inputs]
        if type(result) is torch.Tensor and id(result) not in given:  # as nearly always
            recorder.add_operation(node, origins, [result])
            if known.guest:
                _count(node, known)
            return result
        outputs = tensors_in(result)
        same = [output for output in outputs if id(output) in given]
        if same and not known.in_place:
            # Identity, or Dropout in eval: the output is the input itself, and would take its place in the wires.
            result = replace_tensors(result, lambda tensor: own_identity(tensor) if id(tensor) in given else tensor)
            outputs, same = tensors_in(result), []
        recorder.add_operation(node, origins, outputs, same)
        if known.guest:
            _count(node, known)
        return result


def _node(known: KnownModule, group: int | None, inputs: list[torch.Tensor], call: int) -> RecordedNode:
    node = RecordedNode("module", known.class_name, known.fqn, group, specs_of(inputs), known=known)
    node.call = call
    if known.guest:  # it may be gone afterwards
        node.settled = module_category_and_details(known.module)
        node.owned = tuple(size_of(parameter) for parameter in parameters_of(known.module))
        node.notes = (GUEST_NOTE,)
    return node


def _count(node: RecordedNode, known: KnownModule) -> None:
    """Count the multiply-accumulates of a guest's call while the guest is there."""
    node.macs = module_macs(known.module, node.inputs, node.outputs, module_category(known.module))


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
