"""What forward leaves for its next call: whether it drew, and what it keeps: a hidden state, a cache, a counter."""

import operator
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

# What torch itself keeps on a module: flags, hooks, parameters and the like, which are looked after elsewhere.
_TORCHS = frozenset(vars(nn.Module())) | {"_compiled_call_impl"}
_MOST_ENTRIES = 10_000  # of a container; what is longer is a table, as a vocabulary, and not copied at each run
_MISSING = object()

_KINDS = (list, dict, set, deque)
Container = list[Any] | dict[Any, Any] | set[Any] | deque[Any]


@dataclass
class Traces:
    """What forward would have left behind, filled in as it is put back: whether it drew, and what it keeps.

    `kept` are fully qualified names of attributes and buffers.
    """

    drew: bool = False
    kept: tuple[str, ...] = ()


def remember_attributes(parts: Iterable[tuple[str, nn.Module]]) -> Callable[[], list[str]]:
    """Remember the attributes of modules, by fqn; the function returned puts them back, and names what had changed.

    An attribute counts as changed if it holds another object, or a container with other objects in it. What is
    written into an object of another kind is not seen, nor what a TorchScript module keeps.

    A call that built layers or set hooks, as some do the first time, has set the model up: all of that stays, with the
    flags that say so. Else the next call would do it once more.
    """
    remembered = [
        (fqn, child, _structure(child), before := vars(child).copy(), _containers(before))
        for fqn, child in parts
        if not isinstance(child, torch.jit.ScriptModule)
    ]

    def restore() -> list[str]:
        if any(_structure(child) != structure for _, child, structure, _, _ in remembered):
            return []
        changed: list[str] = []
        for fqn, child, _, before, containers in remembered:
            names = [*_put_back(vars(child), before), *_refill(containers)]
            changed += [f"{fqn}.{name}" if fqn else name for name in sorted(set(names))]
        return changed

    return restore


def _structure(module: nn.Module) -> tuple[int, ...]:
    """How many layers, parameters and hooks it has."""
    return (
        len(module._modules),
        len(module._parameters),
        len(module._forward_hooks),
        len(module._forward_pre_hooks),
    )


def _containers(attributes: dict[str, Any]) -> list[tuple[str, Container, Container]]:
    """Name, container, and a copy of it."""
    return [
        (name, value, value.copy())
        for name in attributes.keys() - _TORCHS
        if isinstance(value := attributes[name], _KINDS) and len(value) <= _MOST_ENTRIES
    ]


def _put_back(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """The names that held something else."""
    if len(now) == len(before) and all(map(operator.is_, now.values(), before.values())):
        return []  # as nearly always
    changed = [name for name in now if name not in before and name not in _TORCHS]
    for name in changed:
        del now[name]
    for name, value in before.items():
        if name not in _TORCHS and now.get(name, _MISSING) is not value:
            now[name] = value
            changed.append(name)
    return changed


def _refill(containers: list[tuple[str, Container, Container]]) -> list[str]:
    """The names of those that held other objects."""
    changed = []
    for name, container, entries in containers:
        if _holds(container, entries):
            continue
        changed.append(name)
        container.clear()
        if isinstance(container, list | deque):
            container.extend(entries)
        else:
            container.update(entries)
    return changed


def _holds(container: Container, entries: Container) -> bool:
    """Whether the very same objects are in it; equality would ask tensors for theirs."""
    if len(container) != len(entries):
        return False
    if isinstance(container, dict) and isinstance(entries, dict):
        return all(container.get(key, _MISSING) is value for key, value in entries.items())
    if isinstance(container, set):
        return {id(entry) for entry in container} == {id(entry) for entry in entries}
    return all(one is other for one, other in zip(container, entries, strict=True))
