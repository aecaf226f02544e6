"""What the output is compared with: what the user expects of it, or something made up, and said to be."""

from dataclasses import dataclass

import torch

from inspector.core.formatting import shape_text
from inspector.core.losses import LOSSES
from inspector.core.readings import class_axis
from inspector.engine.errors import EngineError
from inspector.protocol.gradients import LossName
from inspector.protocol.outputs import Expectation


@dataclass(frozen=True)
class Target:
    """Output and target as the loss takes them (classes on axis 1), and in a sentence what the target is.

    `kind` says what the user gave, or `made`.
    """

    output: torch.Tensor
    tensor: torch.Tensor
    sentence: str
    kind: str


def target_for(loss: LossName, output: torch.Tensor, expected: Expectation | None) -> Target:
    """The target that fits the loss.

    Raises:
        EngineError: what is expected can't be one.
    """
    if not output.is_floating_point():  # a comparison or an arg max: the value of the loss is still to be told
        output = output.to(torch.get_default_dtype())
    if LOSSES[loss].target == "classes":
        return _classes(loss, output, expected)
    return _values(loss, output, expected)


def _classes(loss: LossName, output: torch.Tensor, expected: Expectation | None) -> Target:
    axis = class_axis(tuple(output.shape))
    if axis is None or output.dim() == 0:
        raise EngineError(f"{LOSSES[loss].title} needs an axis of classes, and the output is a single number.")
    arranged = output if output.dim() == 1 else output.movedim(axis, 1)
    if output.dim() == 3:  # (N, L, K): a row per token
        arranged = output.reshape(-1, output.shape[-1])
    count = output.shape[axis]
    rows = arranged.shape[:1] + arranged.shape[2:] if arranged.dim() > 1 else ()
    if expected is None:
        # The least likely one: there is something to learn, however sure the model is of another.
        least = arranged.detach().nan_to_num().argmin(0 if arranged.dim() == 1 else 1)
        shown = sorted(set(least.reshape(-1).tolist()))
        what = f"class {shown[0]}" if len(shown) == 1 else f"classes {', '.join(map(str, shown[:3]))}"
        more = " …" if len(shown) > 3 else ""
        return Target(arranged, least, f"{what}{more}, made up: the one that it holds for least likely now", "made")
    values = torch.tensor(expected.values, device=output.device)
    if expected.kind == "class":
        index = int(expected.values[0])
        _check_class(index, count)
        return Target(arranged, torch.full(rows, index, device=output.device), f"class {index}, as expected", "class")
    if expected.kind == "one_hot":
        if expected.shape[-1] != count:
            raise EngineError(f"The one-hot row has {expected.shape[-1]} places, and the output {count} classes.")
        wanted = values.reshape(expected.shape).argmax(-1)
        one_each = wanted.numel() == _product(rows)
        wanted = wanted.reshape(rows) if one_each else wanted.reshape(-1)[:1].expand(rows)
        return Target(arranged, wanted, "the class of the one-hot row, as expected", "one_hot")
    if tuple(expected.shape) == tuple(output.shape) and loss == "cross_entropy" and expected.shape != rows:
        told = values.reshape(expected.shape).to(output.dtype)
        told = told.reshape(arranged.shape) if output.dim() == 3 else told.movedim(axis, 1) if told.dim() > 1 else told
        return Target(arranged, told, "the probabilities expected", "probabilities")
    if values.numel() != _product(rows) or bool((values != values.round()).any()):
        raise EngineError(
            f"{LOSSES[loss].title} takes one class a row, {shape_text(rows)} whole numbers from 0 to {count - 1}; "
            f"what is expected has the shape {shape_text(expected.shape)}.",
            "Give a class, or a one-hot row.",
        )
    for index in {int(value) for value in expected.values}:
        _check_class(index, count)
    return Target(arranged, values.long().reshape(rows), "the classes expected", "class")


def _values(loss: LossName, output: torch.Tensor, expected: Expectation | None) -> Target:
    if expected is None:
        return _made_values(loss, output)
    values = torch.tensor(expected.values, dtype=output.dtype, device=output.device).reshape(expected.shape)
    columns = output.shape[-1] if output.dim() else 1
    if expected.kind == "class" and columns > 1:
        index = int(expected.values[0])
        _check_class(index, columns)
        row = torch.zeros(columns, dtype=output.dtype, device=output.device)
        row[index] = 1
        return Target(output, row.expand(output.shape), f"class {index} as a one-hot row, as expected", "class")
    if expected.kind == "class" or values.dim() == 0:
        value = float(expected.values[0])
        return Target(output, torch.full_like(output, value), f"{value:g} for every value, as expected", "number")
    if expected.kind == "one_hot" and values.dim() == 1 and values.shape[0] == columns:
        return Target(output, values.expand(output.shape), "the one-hot row, as expected", "one_hot")
    return Target(output, values, f"the values expected, {shape_text(tuple(values.shape))}", expected.kind)


def _made_values(loss: LossName, output: torch.Tensor) -> Target:
    now = output.detach()
    if LOSSES[loss].target == "probabilities":
        middle = 0.5 if loss == "bce" else 0.0
        made = (now < middle).to(output.dtype)
        return Target(output, made, "made up: the other answer, 0 for yes and 1 for no", "made")
    if bool((now.abs() < 1e-6).all()):  # from 0 to 0 there would be nothing to learn
        return Target(output, torch.ones_like(now), "1 for every value, made up", "made")
    return Target(output, torch.zeros_like(now), "0 for every value, made up", "made")


def _check_class(index: int, count: int) -> None:
    if not 0 <= index < count:
        raise EngineError(f"Class {index} is outside the model's classes 0 to {count - 1}.")


def _product(shape: tuple[int, ...]) -> int:
    result = 1
    for size in shape:
        result *= size
    return result
