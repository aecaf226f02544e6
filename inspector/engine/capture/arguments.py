"""The arguments of functions that move axes about: kept without their tensors, for telling what each axis is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

_NAMES = (
    "permute transpose swapaxes swapdims movedim moveaxis flatten unflatten squeeze unsqueeze getitem select "
    "narrow slice cat concat stack chunk split split_with_sizes tensor_split unbind index_select einsum glu "
    "topk sort sum mean prod max min amax amin argmax argmin all any logsumexp nansum nanmean median mode std "
    "var std_mean var_mean norm vector_norm"
)
_KEPT = frozenset(_NAMES.split())


class Tensor:
    """Stands where a tensor was among the arguments, of `ndim` axes."""

    __slots__ = ("ndim",)

    def __init__(self, tensor: torch.Tensor) -> None:
        self.ndim = tensor.dim()


# Stands for any other object.
UNTOLD = object()


@dataclass(frozen=True, slots=True)
class Arguments:
    """One call's arguments, each tensor replaced by a `Tensor`."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def at(self, place: int, name: str, default: object = None) -> Any:  # noqa: ANN401 - any argument
        """The argument of that place or name."""
        return self.args[place] if place < len(self.args) else self.kwargs.get(name, default)

    def rest(self, place: int, name: str) -> tuple[Any, ...]:
        """Those from `place` on, given one by one, as one tuple, or by name."""
        rest = self.args[place:] or (self.kwargs.get(name, ()),)
        first = rest[0]
        return tuple(first) if isinstance(first, (tuple, list)) else rest


def kept_arguments(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Arguments | None:
    """The arguments of a call whose axes can't be told from its shapes alone; None for other calls."""
    if name not in _KEPT:
        return None
    return Arguments(_without_tensors(args), {key: _without_tensors(value) for key, value in kwargs.items()})


def _without_tensors(value: Any) -> Any:  # noqa: ANN401 - any argument
    if isinstance(value, torch.Tensor):
        return Tensor(value)
    if isinstance(value, (tuple, list)):  # a list is another index than a tuple is
        kept = [_without_tensors(item) for item in value]
        return kept if isinstance(value, list) else tuple(kept)
    return value if isinstance(value, (int, float, str, slice, type(None), type(Ellipsis))) else UNTOLD
