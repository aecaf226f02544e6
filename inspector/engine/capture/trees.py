"""Values as models pass them: tensors alone, or nested in tuples, dicts, dataclasses and what pytree knows."""

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.utils import _pytree as pytree

# Deeper nesting is a structure of the model's own, not a way to pass tensors; a list may even hold itself.
MAX_DEPTH = 12
MAX_OBJECT_DEPTH = 2


def tensors_in(value: object, found: list[torch.Tensor] | None = None, depth: int = 0) -> list[torch.Tensor]:
    """All tensors in `value`, in order."""
    if found is None:
        found = []
    if isinstance(value, torch.Tensor):
        found.append(value)
    elif value is None or isinstance(value, (int, float, str)) or depth > MAX_DEPTH:
        pass
    elif isinstance(value, (tuple, list)):
        for item in value:
            if type(item) is torch.Tensor:  # as nearly always
                found.append(item)
            else:
                tensors_in(item, found, depth + 1)
    else:
        for _, item in _parts(value, depth):
            tensors_in(item, found, depth + 1)
    return found


def named_tensors(name: str, value: object, depth: int = 0) -> Iterator[tuple[str, torch.Tensor]]:
    """All tensors in `value` with their places under `name`: `output`, `output[1]`, `output.logits`."""
    if isinstance(value, torch.Tensor):
        yield name, value
    elif depth <= MAX_DEPTH:
        for place, item in _parts(value, depth):
            yield from named_tensors(name + place, item, depth + 1)


def replace_tensors(value: Any, replace: Callable[[torch.Tensor], torch.Tensor]) -> Any:  # noqa: ANN401 - any structure
    """The same structure with each tensor replaced; structures that pytree doesn't know are left as they are."""
    return pytree.tree_map_only(torch.Tensor, replace, value)


def rebuilt(value: Any, replace: Callable[[torch.Tensor], torch.Tensor]) -> Any:  # noqa: ANN401 - any structure
    """As `replace_tensors`, and objects of a class that pytree doesn't know are copied where they hold tensors."""

    def leaf(item: Any) -> Any:  # noqa: ANN401 - as above
        if isinstance(item, torch.Tensor):
            return replace(item)
        if not _is_plain_object(item) or not tensors_in(item):
            return item
        try:
            own = copy.copy(item)
            vars(own).update({name: rebuilt(part, replace) for name, part in vars(item).items()})
        except (TypeError, AttributeError, RuntimeError):
            return item  # one that refuses to be copied is handed on itself
        return own

    return pytree.tree_map(leaf, value)


def _parts(value: object, depth: int) -> Iterator[tuple[str, object]]:
    """The parts of a container with their places; nothing for what isn't one."""
    if isinstance(value, Mapping):
        yield from ((_key(key), item) for key, item in value.items())
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from ((f".{name}", item) for name, item in zip(value._fields, value, strict=False))
    elif isinstance(value, (tuple, list)):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        yield from ((f".{field.name}", getattr(value, field.name, None)) for field in fields)
    elif type(value) in pytree.SUPPORTED_NODES:
        children, _ = pytree.SUPPORTED_NODES[type(value)].flatten_fn(value)
        yield from ((f"[{index}]", item) for index, item in enumerate(children))
    elif _is_plain_object(value):
        yield from ((f".{name}", item) for name, item in vars(value).items() if _may_hold_tensors(item, depth))


def _is_plain_object(value: object) -> bool:
    """An object of the model's own making, whose attributes may be tensors; not a module, class or function."""
    kept = (torch.nn.Module, type, torch.Generator, torch.device, torch.dtype)
    return hasattr(value, "__dict__") and not callable(value) and not isinstance(value, kept)


def _may_hold_tensors(value: object, depth: int) -> bool:
    """Objects in objects (a cache of caches) are followed a few levels only: they may refer to each other."""
    if isinstance(value, (torch.Tensor, tuple, list, dict)):
        return True
    return depth <= MAX_OBJECT_DEPTH and value is not None and _is_plain_object(value)


def _key(key: object) -> str:
    return f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r}]"
