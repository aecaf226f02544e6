"""Which arguments of forward want a tensor."""

import inspect
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

# Annotations of arguments that are switches and figures, not tensors.
_PLAIN = ("bool", "int", "float", "str", "dict", "callable", "cache")


@dataclass(frozen=True)
class Argument:
    """A tensor argument of forward; an empty name means that it is taken by position alone.

    `by_name`: it can't be given by position, or those before it are left out.
    """

    name: str
    required: bool
    by_name: bool = False


def forward_arguments(module: nn.Module) -> tuple[Argument, ...]:
    """The arguments of forward that want a tensor, required ones first in their own order.

    Where every one has a default (as in transformers' models), the main one is made required. Where the arguments can't
    be told, one without a name; none for a forward that takes nothing at all.
    """
    found = _scripted(module) if isinstance(module, torch.jit.ScriptModule) else _written(module)
    if not found:
        return () if _takes_nothing(module) else (Argument("", True),)
    if any(argument.required for argument in found):
        return tuple(found)
    main = getattr(module, "main_input_name", found[0].name)
    named = [argument.name for argument in found]
    first = named.index(main) if main in named else 0
    return tuple(
        Argument(argument.name, index == first, argument.by_name or index > 0) for index, argument in enumerate(found)
    )


def _takes_nothing(module: nn.Module) -> bool:
    try:
        return not inspect.signature(module.forward).parameters
    except (TypeError, ValueError):
        return False


def _written(module: nn.Module) -> list[Argument]:
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return []
    found = []
    for parameter in parameters:
        if parameter.kind in {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
            continue
        annotation = parameter.annotation
        text = "" if annotation is inspect.Parameter.empty else str(getattr(annotation, "__name__", annotation))
        if text and "Tensor" not in text + str(annotation) and any(word in text.lower() for word in _PLAIN):
            continue
        if parameter.default is inspect.Parameter.empty:
            found.append(Argument(parameter.name, True, parameter.kind is parameter.KEYWORD_ONLY))
        elif parameter.default is None and ("Tensor" in str(annotation) or not text):
            found.append(Argument(parameter.name, False, parameter.kind is parameter.KEYWORD_ONLY))
    return found


def _scripted(module: nn.Module) -> list[Argument]:
    try:
        schema: Any = getattr(module.forward, "schema", None)
        arguments = schema.arguments[1:]
    except (AttributeError, RuntimeError):
        return []
    return [
        Argument(argument.name, not argument.has_default_value())
        for argument in arguments
        if "Tensor" in str(argument.type)
    ]
