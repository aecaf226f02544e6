"""ReLU channels that are 0 for every image of the folder: they learn nothing any more, and pass nothing on."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from inspector.core.head_trail import plain_name
from inspector.engine.diagnosis.context import CannotTellError, EvaluationContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node

_RECTIFIERS: tuple[Callable[..., Any], ...] = (
    *(functional.relu, functional.relu_, torch.relu, torch.relu_, torch.Tensor.relu, torch.Tensor.relu_),
)
# As many images at a time, until no channel is left that was never above 0.
_STEP = 64
_LONGEST_S = 20.0
# More than half of a layer is a fault. Less than a quarter is common in healthy networks, and not worth a word.
_MUCH, _SOME = 0.5, 0.25


class Rectified(TorchFunctionMode):
    """Which channels of each call of a ReLU, in the order of the forward, were ever above 0; (C,) bool each."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: list[torch.Tensor | None] = []
        self._at = 0

    def __enter__(self) -> "Rectified":
        self._at = 0
        super().__enter__()  # type: ignore[no-untyped-call]  # torch's own
        return self

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        """Let it run, and look at what a ReLU gave."""
        result = func(*args, **(kwargs or {}))
        if func in _RECTIFIERS and isinstance(result, torch.Tensor):
            self._see(result)
        return result

    def _see(self, result: torch.Tensor) -> None:
        alive = None
        if result.ndim in {2, 4, 5} and result.numel():
            positive = (result.detach() > 0).transpose(0, 1)
            alive = positive.reshape(positive.shape[0], -1).any(dim=1).cpu()
        if self._at == len(self.alive):
            self.alive.append(alive)
        elif alive is not None and self.alive[self._at] is not None:
            before = self.alive[self._at]
            assert before is not None
            self.alive[self._at] = before | alive if before.shape == alive.shape else None
        self._at += 1

    @property
    def dead(self) -> int:
        """How many channels were never above 0 so far."""
        return sum(int((~one).sum()) for one in self.alive if one is not None)


def check(context: EvaluationContext) -> Iterator[Finding]:
    """Images run again in steps of 64, until every channel was seen alive, or all images were."""
    nodes = [node for node in context.graph.nodes if plain_name(node.op) == "relu"] if context.graph else []
    if not nodes:
        return
    if context.trial is None:
        raise CannotTellError("the evaluation was cancelled")
    speed = context.finished.images_per_s
    watch, seen = Rectified(), 0
    places = np.asarray(context.indices, np.int64)
    for first in range(0, len(places), _STEP):
        if speed > 0 and (first + _STEP) / speed > _LONGEST_S and first:
            raise CannotTellError(f"{watch.dead} channels were 0 over {seen} images, and the rest would take too long")
        step = places[first : first + _STEP]
        if context.trial.outputs(step.tolist(), context.preprocess, lambda: watch) is None:
            raise CannotTellError("the model failed when it was run again")
        seen += len(step)
        if len(watch.alive) != len(nodes):
            raise CannotTellError(f"{len(watch.alive)} ReLUs ran, and the graph shows {len(nodes)}")
        if not watch.dead:
            return
    yield from _findings(nodes, watch, seen)


def _findings(nodes: list[Node], watch: Rectified, seen: int) -> Iterator[Finding]:
    """One finding, at the worst layer."""
    shares = [
        (int((~alive).sum()), len(alive), node)
        for alive, node in zip(watch.alive, nodes, strict=True)
        if alive is not None and not bool(alive.all())
    ]
    if not shares:
        return
    dead, channels, node = max(shares, key=lambda one: one[0] / one[1])
    if dead < _SOME * channels:
        return
    name = f"{node.op} {node.fqn}".strip()
    more = f"; {watch.dead} in {len(shares)} layers in all" if len(shares) > 1 else ""
    much = dead > _MUCH * channels
    yield Finding(
        rule="dead_channels",
        severity="warning" if much else "note",
        node=node.id,
        message=f"{dead} of the {channels} channels of {name} are 0 for all {seen} images{more}.",
        evidence={"dead": dead, "channels": channels, "images": seen, "dead_in_all": watch.dead, "layers": len(shares)},
        fix=(
            "Train again with a lower rate, LeakyReLU, or a normalisation before it: these channels get no gradient."
            if much
            else "A few are common; they could be pruned away without changing any of these outputs."
        ),
    )
