"""Hundreds of tries of one model, each in a millisecond or two: shapes in, whether it runs and what stopped it out.

On the meta device first, where a large input costs no more than a small one; a run with values settles what shapes
alone can't tell (an index beyond a table of positions).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from inspector.engine.errors import said_by
from inspector.engine.limits import TimeUp
from inspector.engine.shape_finder.attempt import Attempt, attempt, quietly, read_mismatch, without_values
from inspector.engine.shape_finder.practice import (
    NoStandIn,
    meta_stand_in,
    practising,
    prefers_real,
    real_stand_in,
    warm_meta,
)
from inspector.engine.shape_finder.sizes import Clock

Shapes = tuple[tuple[int, ...], ...]
# A run with values that takes longer is not made again for a larger input.
SLOWEST_REAL_S = 1.0
# A try without values that takes longer is worth a run with values.
SLOW_META_S = 0.1


@dataclass(frozen=True)
class Fed:
    """One input as it was fed: what stays while its shape is varied. `fill` is the value of every element."""

    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    fill: float = 0.5
    by_name: bool = False


@dataclass(frozen=True)
class Tried:
    """What came of one try. `ratio` is what a layer was given over what it expects, where both are known."""

    runs: bool
    ratio: Fraction | None = None


class Bench:
    """One model and one set of inputs. Holds stand-ins; the model itself is never run.

    Args:
        module: the model.
        fed: its inputs.
        clock: when to stop; `over` is to be asked between tries.
        between_steps: called before each try; may raise to stop.
    """

    def __init__(
        self, module: nn.Module, fed: Sequence[Fed], clock: Clock, between_steps: Callable[[], None] = lambda: None
    ) -> None:
        self.module = module
        self.fed = tuple(fed)
        self.clock = clock
        self.num_tries = 0
        self._between_steps = between_steps
        self._known: dict[tuple[Shapes, bool], Tried] = {}
        self._confirmed: dict[Shapes, bool] = {}
        self._stand_ins: dict[tuple[str, bool], nn.Module | None] = {}
        self._slow_from = 0
        self._device = "meta"
        warm_meta()

    def insist_on_values(self) -> None:
        """Try with values from here on: shapes alone don't show what fails."""
        self._device = "cpu"
        self._known.clear()

    def rebase(self, shapes: Shapes) -> None:
        """From here on these shapes are what is varied."""
        self.fed = tuple(replace(one, shape=shape) for one, shape in zip(self.fed, shapes, strict=True))

    @property
    def shapes(self) -> Shapes:
        """What was fed."""
        return tuple(one.shape for one in self.fed)

    def runs(self, shapes: Shapes, *, train: bool = False) -> bool:
        """Whether the model takes these shapes, and gives as many rows as pictures went in."""
        return self.tried(shapes, train=train).runs

    def tried(self, shapes: Shapes, *, train: bool = False) -> Tried:
        """The same, with the numbers that did not fit."""
        key = (shapes, train)
        if key not in self._known:
            self._between_steps()
            self.num_tries += 1
            began = time.thread_time()
            self._known[key] = self._try(shapes, train=train)
            slow = time.thread_time() - began > SLOW_META_S
            if slow and self._device == "meta" and self.num_tries > 1 and prefers_real(self.module):
                # Recurrent layers are a loop in Python there: for a small model a run with values is the quicker try.
                self._device = "cpu"
        return self._known[key]

    def confirmed(self, shapes: Shapes) -> bool:
        """Whether it runs with values too; what is too slow to be run is believed."""
        if not self.runs(shapes):
            return False
        count = sum(_count(shape) for shape in shapes)
        if self._device == "cpu" or (self._slow_from and count >= self._slow_from):
            return True
        if shapes not in self._confirmed:
            self._between_steps()
            stand_in = self._stand_in("cpu", train=False)
            if stand_in is None:
                return True
            began = time.thread_time()
            self.num_tries += 1
            self._confirmed[shapes] = self._forward(stand_in, "cpu", shapes).runs
            if time.thread_time() - began > SLOWEST_REAL_S:
                self._slow_from = count
        return self._confirmed[shapes]

    def watched(self, shapes: Shapes, *, real: bool = False, train: bool = False) -> Attempt:
        """One try that tells where it stopped, and which layers each input met."""
        device = "cpu" if real else self._device
        stand_in = self._stand_in(device, train=train)
        if stand_in is None:
            return Attempt(False)
        args, kwargs = self._bound(shapes, device)
        return attempt(stand_in, args, kwargs, device)

    def _try(self, shapes: Shapes, *, train: bool) -> Tried:
        stand_in = self._stand_in(self._device, train=train)
        if stand_in is None and self._device == "meta":
            self._device = "cpu"
            return self._try(shapes, train=train)
        if stand_in is None:
            return Tried(False)
        found = self._forward(stand_in, self._device, shapes)
        if found is _NO_VALUES:
            # Shapes alone can't take this model through: from here on with values.
            self._device = "cpu"
            return self._try(shapes, train=train)
        return found

    def _forward(self, stand_in: nn.Module, device: str, shapes: Shapes) -> Tried:
        args, kwargs = self._bound(shapes, device)
        try:
            with quietly(), practising(device):
                result = stand_in(*args, **kwargs)
        except TimeUp:
            raise
        except BaseException as error:  # noqa: BLE001 - a try may fail in any way; that is what it is for
            if device == "meta" and without_values(error):
                return _NO_VALUES
            _, actual, expected = read_mismatch(said_by(error).strip())
            return Tried(False, Fraction(actual, expected) if actual and expected else None)
        # `view(-1, 400)` accepts any multiple of 400 by moving the rest into the batch: that is no fit.
        outputs = [leaf.shape for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        picture = any(len(shape) == 4 for shape in shapes)
        batch = next((shape[0] for shape in shapes if len(shape) > 1), 1)
        if picture and outputs and len(outputs[0]) == 2 and batch and outputs[0][0] != batch:
            return Tried(False, Fraction(outputs[0][0], batch))
        return Tried(True, Fraction(1))

    def takes_value(self, index: int, value: float) -> bool | None:
        """Whether one input may be full of this value; None where the model can't be run with values."""
        stand_in = self._stand_in("cpu", train=False)
        if stand_in is None:
            return None
        kept = self.fed
        self.fed = tuple(replace(one, fill=value) if place == index else one for place, one in enumerate(kept))
        try:
            self.num_tries += 1
            return self._forward(stand_in, "cpu", self.shapes).runs
        finally:
            self.fed = kept

    def _bound(self, shapes: Shapes, device: str) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        tensors = [
            (one, torch.full(shape, one.fill, dtype=one.dtype, device=device))
            for one, shape in zip(self.fed, shapes, strict=True)
        ]
        args = tuple(tensor for one, tensor in tensors if not one.by_name)
        return args, {one.name: tensor for one, tensor in tensors if one.by_name}

    def _stand_in(self, device: str, *, train: bool) -> nn.Module | None:
        key = (device, train)
        if key not in self._stand_ins:
            try:
                made = (meta_stand_in if device == "meta" else real_stand_in)(self.module)
                self._stand_ins[key] = made.train(train)
            except NoStandIn:
                self._stand_ins[key] = None
        return self._stand_ins[key]


_NO_VALUES = Tried(False, Fraction(0))


def _count(shape: Sequence[int]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count
