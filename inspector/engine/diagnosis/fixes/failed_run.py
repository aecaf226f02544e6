"""A forward that failed, and a bench to try changes on: to the input, or to one layer of a stand-in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from inspector.engine.shape_finder.attempt import Attempt, attempt
from inspector.engine.shape_finder.practice import NoStandIn, meta_stand_in, prefers_real, real_stand_in
from inspector.engine.shape_finder.sizes import Answer, Clock, Fit, find_size
from inspector.protocol.graph import Failure, Graph, Node

# All tries for one failure; a person waits for the sentence.
FIX_S = 2.0
# Inputs larger than this are tried without values.
_MOST_REAL_VALUES = 4_000_000

Edit = Callable[[nn.Module], nn.Module]


@dataclass(frozen=True)
class FailedRun:
    """What failed. `args` and `kwargs` are as they were fed."""

    module: nn.Module
    graph: Graph
    failure: Failure
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    clock: Clock

    @property
    def node(self) -> Node | None:
        """The node that failed, where it is known."""
        place = self.failure.node
        return self.graph.nodes[place] if place is not None and place < len(self.graph.nodes) else None

    @property
    def layer(self) -> nn.Module | None:
        """The module that failed, when the node is one."""
        node = self.node
        if node is None or node.kind != "module":
            return None
        return dict(self.module.named_modules()).get(node.fqn)

    @property
    def place(self) -> str:
        """`Linear "3"`, as sentences call it."""
        return f'{self.failure.op} "{self.failure.fqn}"' if self.failure.fqn else self.failure.op or "forward"

    @property
    def tensors(self) -> tuple[torch.Tensor, ...]:
        """The tensors that were fed."""
        return tuple(value for value in (*self.args, *self.kwargs.values()) if isinstance(value, torch.Tensor))

    @property
    def first(self) -> torch.Tensor | None:
        """The first tensor that was fed."""
        return next(iter(self.tensors), None)

    def tried(
        self,
        change: Callable[[torch.Tensor], torch.Tensor] | None = None,
        *,
        edit: tuple[str, Edit] | None = None,
        train: bool = False,
    ) -> Attempt:
        """Run a stand-in with the inputs changed, or a layer replaced. Never touches the model.

        `change` must be right for a tensor with values and for one without.
        """
        if self.clock.over:
            return Attempt(False)
        real = prefers_real(self.module) and sum(tensor.numel() for tensor in self.tensors) < _MOST_REAL_VALUES
        for make, device in ((real_stand_in, "cpu"), (meta_stand_in, "meta"))[:: 1 if real else -1]:
            try:
                stand_in = make(self.module).train(train)
                stand_in = _edited(stand_in, edit, device) if edit else stand_in
                args, kwargs = self._fed(change, device)
            except (NoStandIn, RuntimeError, ValueError, IndexError, TypeError):
                continue
            result = attempt(stand_in, args, kwargs, device)
            if result.runs or not (result.obstacle and result.obstacle.needs_values):
                return result
        return Attempt(False)

    def runs(
        self,
        change: Callable[[torch.Tensor], torch.Tensor] | None = None,
        *,
        edit: tuple[str, Edit] | None = None,
        train: bool = False,
    ) -> bool:
        """Whether the changed run goes through."""
        return self.tried(change, edit=edit, train=train).runs

    def fitting_size(self, *, edit: tuple[str, Edit] | None = None, batched: bool = True) -> Fit | None:
        """The square picture size (or the length) at which the run goes through, the other axes kept."""
        fed = self.first
        if fed is None or fed.ndim < 3:
            return None
        axes = fed.ndim - 2 if batched else fed.ndim - 1
        kept = tuple(fed.shape[: fed.ndim - axes])

        def ask(size: int) -> Answer:
            sized = self.tried(lambda tensor: _sized(tensor, fed, (*kept, *(size,) * axes), batched), edit=edit)
            return sized.answer(picture=axes == 2)

        standard: Sequence[int] = (int(fed.shape[-1]), 224, 256, 32, 28, 64, 96, 128, 384, 512)
        return find_size(ask, standard, self.clock)

    def _fed(
        self, change: Callable[[torch.Tensor], torch.Tensor] | None, device: str
    ) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        def prepared(value: Any) -> Any:  # noqa: ANN401 - an argument may be anything
            if not isinstance(value, torch.Tensor):
                return value
            moved = value.detach().to(device)
            return change(moved) if change else moved

        args = tuple(prepared(value) for value in self.args)
        return args, {name: prepared(value) for name, value in self.kwargs.items()}


def numbers(shape: Sequence[int]) -> str:
    """`28×28`, `3×32×32`."""
    return "×".join(f"{side:,}" for side in shape)


def replaced_linear(features: int) -> Edit:
    """An edit that gives a linear layer another number of inputs."""

    def edit(layer: nn.Module) -> nn.Module:
        weight, bias = layer.weight, getattr(layer, "bias", None)
        if not isinstance(weight, torch.Tensor):
            raise TypeError("the layer has no weight")
        return nn.Linear(features, weight.shape[0], bias is not None, device=weight.device, dtype=weight.dtype)

    return edit


def _sized(tensor: torch.Tensor, fed: torch.Tensor, shape: tuple[int, ...], batched: bool) -> torch.Tensor:
    """The tensor in the new size, when it is shaped like the one that is being sized; all others stay."""
    if tuple(tensor.shape) != tuple(fed.shape):
        return tensor
    sized = tensor.new_full(shape, 0.5) if tensor.is_floating_point() else tensor.new_zeros(shape)
    return sized if batched else sized.unsqueeze(0)


def _edited(stand_in: nn.Module, edit: tuple[str, Edit], device: str) -> nn.Module:
    fqn, change = edit
    with torch.device(device), torch.random.fork_rng(devices=[]):
        new = change(stand_in.get_submodule(fqn)).eval()
    if not fqn:
        return new
    parent, _, name = fqn.rpartition(".")
    setattr(stand_in.get_submodule(parent), name, new)
    return stand_in
