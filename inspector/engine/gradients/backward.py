"""One forward and backward with everything put back afterwards: weights' gradients, flags, buffers, random states."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from inspector.engine.capture import Captured, CaptureOptions, capture_forward, unchanged
from inspector.engine.capture.forward import own_inputs
from inspector.engine.capture.functions import observed_functions
from inspector.engine.capture.surroundings import eager_run
from inspector.engine.capture.trees import named_tensors
from inspector.engine.capture.watching import Arrived, GradientWatch, Key, measured
from inspector.engine.errors import Cancelled, EngineError, said_by
from inspector.engine.gradients.losses import loss_of
from inspector.engine.gradients.targets import Target
from inspector.engine.gradients.transforms import transformed
from inspector.engine.limits import TimeUp
from inspector.protocol.gradients import LossName, OutputTransform
from inspector.protocol.requests import Mode

# Where torch keeps the hooks that run once a gradient has been added up.
_STEPS = "_post_accumulate_grad_hooks"
CHECKPOINT_WARNING = "None of the inputs have requires_grad=True"


@dataclass(frozen=True)
class ParameterGrad:
    """A parameter's gradient, measured; `zeros` is the share of exact zeros."""

    arrived: Arrived
    zeros: float


@dataclass(frozen=True)
class Aim:
    """Output, loss, transform and target of a backward, chosen once the outputs are known."""

    output: int
    loss: LossName
    transform: OutputTransform
    target: Callable[[torch.Tensor], Target]


@dataclass
class Traced:
    """What one forward and backward told. Without `watch` only the parameters are known.

    `output` is what the model gave, `changed` that behind the transform, with `changed_key` its place in the record;
    `carries` tells whether it has a gradient.
    `elsewhere` are the parameters, by identity, that another output has a gradient to.
    `problem` says why there is no loss, `raised` what the backward raised. `warned` are torch's warnings.
    """

    grads: dict[str, ParameterGrad | None] = field(default_factory=dict)
    watch: GradientWatch | None = None
    captured: Captured | None = None
    aim: Aim | None = None
    name: str = ""
    output: torch.Tensor | None = None
    changed: torch.Tensor | None = None
    carries: bool = False
    changed_key: Key | None = None
    target: Target | None = None
    loss_value: float | None = None
    elsewhere: frozenset[int] = frozenset()
    problem: str = ""
    raised: str = ""
    warned: list[str] = field(default_factory=list)


Choose = Callable[[Captured | None, list[tuple[str, torch.Tensor]]], Aim]


def observed_backward(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    choose: Choose,
    between_steps: Callable[[], None],
    *,
    mode: Mode,
    seed: int,
    names: tuple[str, ...],
) -> Traced:
    """Forward, transform, loss and backward, every operation watched. A forward that fails leaves only `captured`.

    Raises:
        EngineError: the transform can't be done.
        Cancelled: `between_steps` said so.
    """
    stopped: list[Cancelled] = []

    def between() -> None:
        try:
            with torch.no_grad():
                between_steps()
        except Cancelled as cancelled:  # a model may catch exceptions of its own, and must not catch this one
            stopped.append(cancelled)
            raise TimeUp from None

    watch = GradientWatch(between)
    traced = Traced(watch=watch)
    try:
        with _own_gradients(module), unchanged(module, mode=mode, seed=seed), _heard(traced):
            options = CaptureOptions(statistics=False, watch=watch, between=between)
            traced.captured = capture_forward(module, args, kwargs, input_names=names, options=options)
            if traced.captured.failure is None:
                with eager_run(with_gradients=True):
                    _go_back(traced, module, watch.outputs, choose)
    except TimeUp:
        if stopped:
            raise stopped[0] from None
        raise
    finally:
        watch.outputs = []
        watch.let_go()
    return traced


def plain_backward(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], choose: Choose, *, mode: Mode, seed: int
) -> Traced:
    """The same without watching; raises what forward raises."""
    traced = Traced()
    with (
        _own_gradients(module),
        unchanged(module, mode=mode, seed=seed),
        _heard(traced),
        eager_run(with_gradients=True),
    ):
        result = module(*own_inputs(args), **own_inputs(kwargs))
        _go_back(traced, module, list(named_tensors("output", result)), choose)
    return traced


def _go_back(traced: Traced, module: nn.Module, outputs: list[tuple[str, torch.Tensor]], choose: Choose) -> None:
    aim = traced.aim = choose(traced.captured, outputs)
    traced.name, output = outputs[aim.output]
    traced.output = output.detach()
    others = [tensor for at, (_name, tensor) in enumerate(outputs) if at != aim.output]
    traced.elsewhere = frozenset(id(leaf) for leaf in _leaves_of(others))
    with torch.enable_grad():  # whatever forward left behind
        recorder = traced.watch.recorder if traced.watch is not None else None
        if recorder is None:
            changed = transformed(output, aim.transform)
        else:
            with observed_functions(recorder):
                changed = transformed(output, aim.transform)
            with torch._C.DisableTorchFunction():
                traced.changed_key = recorder.origins([changed])[0][:2]
        traced.changed, traced.carries = changed.detach(), changed.requires_grad
        loss = _loss(traced, aim, changed)
        if loss is not None and loss.requires_grad:
            with _own_gradients_of_unregistered(module, loss):
                try:
                    loss.backward()  # type: ignore[no-untyped-call] # torch's own
                except (RuntimeError, ValueError, TypeError, NotImplementedError, AttributeError) as error:
                    traced.raised = said_by(error)
    traced.grads = {name: _grad(parameter) for name, parameter in module.named_parameters()}


def _leaves_of(outputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """The leaves that these tensors have a gradient to."""
    waiting: list[Any] = [output.grad_fn for output in outputs if output.grad_fn is not None]
    seen, found = set(waiting), []
    while waiting:
        function = waiting.pop()
        leaf = getattr(function, "variable", None)
        if isinstance(leaf, torch.Tensor):
            found.append(leaf)
        for before, _place in function.next_functions:
            if before is not None and before not in seen:
                seen.add(before)
                waiting.append(before)
    return found


def _loss(traced: Traced, aim: Aim, changed: torch.Tensor) -> torch.Tensor | None:
    """The loss; None where it can't be computed, and then `problem` says why."""
    try:
        traced.target = aim.target(changed)
        loss, warned = loss_of(aim.loss, traced.target.output, traced.target.tensor)
    except EngineError as error:
        traced.problem = f"{error.message} {error.fix}".strip()
        return None
    if warned:
        traced.warned.append(warned)
    traced.loss_value = float(loss.detach())
    return loss


def _grad(parameter: nn.Parameter) -> ParameterGrad | None:
    gradient = parameter.grad
    if gradient is None:
        return None
    with torch.no_grad():
        values = gradient.coalesce().values() if gradient.layout is torch.sparse_coo else gradient
        nonzero = int(torch.count_nonzero(values))
    count = parameter.numel()
    return ParameterGrad(measured(gradient), 1.0 - nonzero / count if count else 0.0)


@contextmanager
def _heard(traced: Traced) -> Iterator[None]:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            traced.warned.extend(str(warning.message) for warning in heard)


@contextmanager
def _own_gradients(module: nn.Module) -> Iterator[None]:
    """No gradient is there before; afterwards all parameters have those that they had, and no graph is held.

    Hooks that act once a gradient is there (an optimizer's step within the backward) are set aside.
    """
    parameters = list(module.parameters())
    before = [(p, p.grad, p.requires_grad) for p in parameters]
    steps = [(hooks, dict(hooks)) for p in parameters if (hooks := getattr(p, _STEPS, None))]
    held = {id(tensor) for child in module.modules() for tensor in _held_tensors(child).values()}
    try:
        for parameter in parameters:
            parameter.grad = None
        for hooks, _known in steps:
            hooks.clear()
        yield
    finally:
        for parameter, gradient, flag in before:
            parameter.requires_grad_(flag)
            parameter.grad = gradient
        for hooks, known in steps:
            hooks.update(known)
        for child in module.modules():
            for name, tensor in _held_tensors(child).items():
                if id(tensor) not in held and tensor.grad_fn is not None:
                    vars(child)[name] = tensor.detach()  # a model that remembers an activation remembers no graph


@contextmanager
def _own_gradients_of_unregistered(module: nn.Module, loss: torch.Tensor) -> Iterator[None]:
    """The same for leaves that are none of the model's parameters: a plain attribute, a layer in a plain list."""
    known = {id(parameter) for parameter in module.parameters()}
    before = [(leaf, leaf.grad) for leaf in _leaves_of([loss]) if id(leaf) not in known]
    try:
        for leaf, _gradient in before:
            leaf.grad = None
        yield
    finally:
        for leaf, gradient in before:
            leaf.grad = gradient


def _held_tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value for name, value in vars(module).items() if isinstance(value, torch.Tensor)}
