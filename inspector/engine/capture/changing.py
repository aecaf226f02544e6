"""Changes made to what operations give while a forward is observed; the model itself is never altered.

An operation runs as ever, and what it gave is replaced on its way out: random states and buffers go on as without the
change, and whatever comes later sees only the replacement. One that writes into its input gets the replacement
written into the same place.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom

from inspector.core.changes import what_text
from inspector.engine.capture.operations import function_category, module_category
from inspector.engine.capture.table import KnownModule
from inspector.engine.capture.trees import replace_tensors, tensors_in
from inspector.engine.errors import said_by
from inspector.protocol.changes import Change, ChangeOutcome

# The same names as in `core.changes.ACTIVATIONS`; each with torch's default arguments.
ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
    "hardswish": F.hardswish,
    "softplus": F.softplus,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": torch.clone,
}
# What arithmetic of torch raises where a dtype, layout or device can't do it.
_TROUBLE = (RuntimeError, TypeError, ValueError, NotImplementedError)
# A function's module, name and call of that module, and how many of them came before.
FunctionKey = tuple[str, str, int]


class CannotChangeError(Exception):
    """A change that can't be made here; the sentence says why."""


@dataclass(slots=True)
class Pending:
    """The changes of one operation that is about to run, with copies of its inputs as they were."""

    owner: "Changes"
    changes: list[Change]
    inputs: list[torch.Tensor] = field(default_factory=list)
    told: str = ""

    def applied(self, value: Any, written: Sequence[torch.Tensor] = ()) -> Any:  # noqa: ANN401 - whatever it gave
        """What stands in for `value`; tensors among `written` are overwritten, as others may share their memory."""
        done = []
        for change in self.changes:
            try:
                value = _replaced(change, value, self.inputs, written)
            except CannotChangeError as error:
                self.owner.refuse(change, str(error))
            except _TROUBLE as error:
                self.owner.refuse(change, f"It can't be changed: {said_by(error)}")
            else:
                self.owner.outcomes[id(change)] = ChangeOutcome(change=change, applied=True)
                done.append(what_text(change))
        self.told = ", ".join(done)
        return value


class Changes:
    """All changes of one run: finds those of each operation, and keeps what became of them."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = tuple(changes)
        self._counted: Counter[FunctionKey] = Counter()
        self.outcomes: dict[int, ChangeOutcome] = {}

    def told(self) -> tuple[ChangeOutcome, ...]:
        """What became of each; one whose place was never met says so."""
        never = "It was not made: that operation did not run this time."
        return tuple(
            self.outcomes.get(id(change)) or ChangeOutcome(change=change, applied=False, sentence=never)
            for change in self._changes
        )

    def refuse(self, change: Change, sentence: str) -> None:
        """Note why a change was not made."""
        self.outcomes[id(change)] = ChangeOutcome(change=change, applied=False, sentence=sentence)

    def of_module(self, known: KnownModule, inputs: list[torch.Tensor]) -> Pending | None:
        """Those of the module's coming call, drawn as a node or as a group."""
        found = [
            change
            for change in self._changes
            if change.place.kind != "function" and (change.place.fqn, change.place.call) == (known.fqn, known.calls)
        ]
        is_activation = bool(found) and module_category(known.module) == "activation"
        return self._pending(found, known.class_name, inputs, is_activation=is_activation)

    def of_function(self, key: FunctionKey, inputs: list[torch.Tensor]) -> Pending | None:
        """Those of the next function of that name in that call."""
        occurrence = self._counted[key]
        found = [
            change
            for change in self._changes
            if change.place.kind == "function"
            and (change.place.fqn, change.place.op, change.place.call) == key
            and change.place.occurrence == occurrence
        ]
        return self._pending(found, key[1], inputs, is_activation=function_category(key[1]) == "activation")

    def of_index(
        self, call_index: int, name: str, inputs: list[torch.Tensor], *, module: str = "", is_first: bool = True
    ) -> Pending | None:
        """Those of the operation at that place among all, which may be (the last) one of a call of a `module`."""
        found = [
            change for change in self._changes if change.place.call_index == call_index and change.place.kind != "group"
        ]
        for change in found:
            if change.kind in ("bypass", "swap") and not is_first:
                self.refuse(change, f"It was not made: in TorchScript this {module} is several operations.")
        found = [change for change in found if id(change) not in self.outcomes]
        op = module if found and module and found[0].place.op == module else name
        return self._pending(found, op, inputs, is_activation=function_category(name) == "activation")

    def count(self, key: FunctionKey) -> None:
        """A function was recorded."""
        self._counted[key] += 1

    def _pending(
        self, found: list[Change], op: str, inputs: list[torch.Tensor], *, is_activation: bool
    ) -> Pending | None:
        meant: list[Change] = []
        for change in found:
            expected = change.place.op
            # A lazy module has another class after its first run.
            if expected and expected != op and not op.startswith("Lazy"):
                self.refuse(change, f"It was not made: what runs there is {op}, not {expected}.")
            elif change.kind == "swap" and not is_activation:
                self.refuse(change, f"Only an activation function can be swapped, and this is {op}.")
            else:
                meant.append(change)
        if not meant:
            return None
        needs_inputs = any(change.kind in ("bypass", "swap") for change in meant)
        copies = [tensor.detach().clone() for tensor in inputs] if needs_inputs else []
        return Pending(self, meant, copies)


def _replaced(change: Change, value: Any, inputs: list[torch.Tensor], written: Sequence[torch.Tensor]) -> Any:  # noqa: ANN401
    tensors = tensors_in(value)
    if not tensors:
        raise CannotChangeError("It can't be changed: it gives no tensor.")
    replacements = {id(old): new for old, new in zip(tensors, _replacements(change, tensors, inputs), strict=False)}
    met: set[int] = set()

    def put(tensor: torch.Tensor) -> torch.Tensor:
        met.add(id(tensor))
        new = replacements.get(id(tensor))
        if new is None:
            return tensor
        if any(tensor is other for other in written):
            return tensor.copy_(new)
        return new

    changed = replace_tensors(value, put)
    if not met & replacements.keys():
        raise CannotChangeError(
            f"It can't be changed: its output is a {type(value).__name__}, which can't be taken apart."
        )
    return changed


def _replacements(change: Change, tensors: list[torch.Tensor], inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """New values for the first tensors of `tensors`; those without one stay."""
    match change.kind:
        case "zero":
            return [torch.zeros_like(tensor) for tensor in tensors]
        case "noise":
            return _with_noise(change, tensors)
        case "bypass":
            return [_passed_on(tensors[0], inputs)]
        case "swap":
            return [ACTIVATIONS[change.activation](_passed_on(tensors[0], inputs))]


def _with_noise(change: Change, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """Each with normal noise of `amount` times its own population std, from one generator."""
    if not any(tensor.is_floating_point() or tensor.is_complex() for tensor in tensors):
        raise CannotChangeError("Noise needs real values, and this gives none.")
    generator = torch.Generator(device=tensors[0].device).manual_seed(change.seed)
    return [
        tensor + noise(tensor, change.amount, generator)
        if tensor.is_floating_point() or tensor.is_complex()
        else tensor.clone()
        for tensor in tensors
    ]


def noise(tensor: torch.Tensor, amount: float, generator: torch.Generator) -> torch.Tensor:
    """Normal noise like `tensor`; its standard deviation is `amount` times that of the tensor's finite values.

    That is the population's (divided by n). Half and bfloat16 get theirs drawn as float32 and rounded.
    """
    wide = tensor.abs().double() if tensor.is_complex() else tensor.double()
    finite = wide[wide.isfinite()]
    std = float(finite.std(correction=0)) if finite.numel() else 0.0
    dtype = tensor.dtype if tensor.dtype in (torch.float64, torch.complex128, torch.complex64) else torch.float32
    drawn = torch.randn(tensor.shape, generator=generator, dtype=dtype, device=tensor.device)
    return (drawn * (amount * std)).to(tensor.dtype)


def _passed_on(output: torch.Tensor, inputs: list[torch.Tensor]) -> torch.Tensor:
    """The first input that could be the output."""
    for tensor in inputs:
        if tensor.shape == output.shape and tensor.dtype == output.dtype:
            return tensor.clone()
    raise CannotChangeError("It can't be done here: no input has the shape and dtype of the output.")
