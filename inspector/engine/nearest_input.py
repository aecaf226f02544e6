"""What was fed, as shapes to try; and, for a run that failed, the nearest input that works."""

from typing import Any

import torch
from torch import nn

from inspector.core.input_shapes import can_take, in_shape
from inspector.engine.shape_finder.bench import Fed
from inspector.engine.shape_finder.nearest import label_of, nearest_shapes
from inspector.protocol.graph import NearestInput
from inspector.protocol.inputs import NamedInput, RandomInput


def nearest_input(
    module: nn.Module, inputs: tuple[NamedInput, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> NearestInput | None:
    """The inputs of a failed run in the nearest shapes that run.

    None where none was found, or where a file would have to hold something else.
    """
    fed = fed_shapes(inputs, args, kwargs)
    try:
        shapes = nearest_shapes(module, fed) if fed else None
    except Exception:  # noqa: BLE001 - an odd model that breaks the search keeps its failure and its fix
        return None
    if shapes is None:
        return None
    by_name = {one.name: shape for one, shape in zip(fed, shapes, strict=True) if one.by_name}
    in_order = [shape for one, shape in zip(fed, shapes, strict=True) if not one.by_name]
    was = {id(given): one.shape for given, one in zip(_in_places(inputs, args, kwargs), fed, strict=True)}
    changed = []
    for index, given in enumerate(inputs):
        shape = in_order[index] if index < len(in_order) else by_name[given.name]
        if not can_take(given, shape, was[id(given)]):
            return None
        changed.append(in_shape(given, shape))
    return NearestInput(inputs=tuple(changed), label=label_of(tuple(one.shape for one in fed), shapes))


def fed_shapes(inputs: tuple[NamedInput, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Fed, ...]:
    """What is fed as shapes and dtypes, in the places where a run puts them; empty where something is no tensor."""
    tensors = [*args, *kwargs.values()]
    if not all(isinstance(tensor, torch.Tensor) for tensor in tensors):
        return ()
    names = [*(given.name for given in inputs[: len(args)]), *kwargs]
    return tuple(
        Fed(name, tuple(tensor.shape), tensor.dtype, _fill(tensor, given), place >= len(args))
        for place, (name, tensor, given) in enumerate(
            zip(names, tensors, _in_places(inputs, args, kwargs), strict=True)
        )
    )


def _in_places(inputs: tuple[NamedInput, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[NamedInput]:
    """The inputs in the order of args and then kwargs."""
    return [*inputs[: len(args)], *(given for name in kwargs for given in inputs[len(args) :] if given.name == name)]


def _fill(tensor: torch.Tensor, given: NamedInput) -> float:
    """Indices of 0 are in every table; a mask of zeros would hide everything; numbers are neither."""
    if tensor.is_floating_point() or tensor.is_complex():
        return 0.5
    return 1.0 if isinstance(given.source, RandomInput) and given.source.distribution == "ones" else 0.0
