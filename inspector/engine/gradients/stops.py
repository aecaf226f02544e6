"""Where a gradient ends: found by walking the record of a watched forward, backwards from the loss or on from a weight.

It stops at an operation that took what had a gradient and gave what has none. It becomes zero at one whose output got a
gradient, and whose inputs got one that is all exactly zero.
"""

from collections import defaultdict
from dataclasses import dataclass

import torch

from inspector.engine.capture.recorder import RecordedNode, Recorder
from inspector.engine.capture.table import parameters_of
from inspector.engine.capture.watching import GradientWatch, Key, Made


@dataclass(frozen=True)
class Stop:
    """Node `index` of the record, and the parameters (by identity) that it keeps the gradient from.

    `is_loss` where the loss's own gradient is zero. `then` names a read (`numpy`) behind it, by which values went on.
    """

    index: int
    parameters: frozenset[int]
    is_loss: bool = False
    then: str = ""


class Record:
    """The wires of a watched forward, its transform included, both ways."""

    def __init__(self, watch: GradientWatch) -> None:
        assert watch.recorder is not None
        self.watch = watch
        self.recorder: Recorder = watch.recorder
        self.nodes: list[RecordedNode] = self.recorder.nodes
        self.sources: dict[int, list[Key]] = defaultdict(list)
        self.targets: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for source, output, target, _place, _inferred in self.recorder.edges:
            self.sources[target].append((source, output))
            self.targets[source].append((output, target))

    def own(self, index: int) -> list[torch.Tensor]:
        """The parameters that the node holds itself."""
        node = self.nodes[index]
        if node.owned:
            return list(node.owned)
        if node.kind == "module" and node.known is not None:
            return parameters_of(node.known.module)
        return []

    def made(self, index: int) -> Made | None:
        """How the node ran."""
        return self.watch.made.get(index)

    def upstream(self, index: int) -> set[int]:
        """The nodes that its values came from, itself included."""
        found = {index}
        waiting = [index]
        while waiting:
            for source, _output in self.sources[waiting.pop()]:
                if source not in found:
                    found.add(source)
                    waiting.append(source)
        return found

    def takes_only_the_shape(self, index: int) -> bool:
        """Whether it makes a tensor of its own, like one that it was given."""
        op = self.nodes[index].op
        return op.endswith("_like") or op.startswith("new_")

    def is_stop(self, index: int) -> bool:
        """Whether it took, or holds, what asks for a gradient; and gave an output without one."""
        if self.nodes[index].kind not in ("module", "function") or self.takes_only_the_shape(index):
            return False
        made = self.made(index)
        outputs = len(made.carries) if made is not None else 0
        if outputs and all(self.watch.carries((index, place)) for place in range(outputs)):
            return False
        takes = any(self.watch.carries(key) for key in self.sources[index])
        return takes or any(parameter.requires_grad for parameter in self.own(index))


def find_stops(record: Record, start: Key, missing: set[int]) -> tuple[list[Stop], set[int]]:
    """The operations that cut the `missing` parameters off the tensor `start`, nearest to it first; and who is left.

    What is left is used by nothing that the tensor depends on.
    """
    left = set(missing)
    found: list[Stop] = []
    for index in sorted(_ends(record, start), reverse=True):
        _take(record, index, left, found)
    if left:  # values that left torch and came back as new tensors
        ancestors = record.upstream(start[0])
        fresh = [index for index in ancestors if _is_fresh(record, index)]
        last = max(fresh, default=-1)
        for index in range(last - 1, -1, -1):
            if left and index not in ancestors and record.is_stop(index) and _none_carries(record, index):
                _take(record, index, left, found)
    return found, left


def _ends(record: Record, start: Key) -> set[int]:
    """The operations at which the way back with gradients ends."""
    alive: set[int] = set()
    dead: set[int] = set()
    waiting_alive = [start[0]] if record.watch.carries(start) else []
    waiting_dead = [] if waiting_alive else [start[0]]
    while waiting_alive:
        index = waiting_alive.pop()
        if index in alive:
            continue
        alive.add(index)
        for key in record.sources[index]:
            (waiting_alive if record.watch.carries(key) else waiting_dead).append(key[0])
    ends: set[int] = set()
    while waiting_dead:
        index = waiting_dead.pop()
        if index in dead:
            continue
        dead.add(index)
        if record.is_stop(index):
            ends.add(index)
        waiting_dead += [
            source for source, output in record.sources[index] if not record.watch.carries((source, output))
        ]
    return ends


def _take(record: Record, index: int, left: set[int], found: list[Stop]) -> None:
    """Lay those of the parameters that are left and lie before this operation to its charge."""
    before = record.upstream(index)
    cut = {id(parameter) for place in before for parameter in record.own(place)} & left
    if cut:
        left -= cut
        found.append(Stop(index, frozenset(cut), then=_read_behind(record, index)))


def _none_carries(record: Record, index: int) -> bool:
    made = record.made(index)
    return made is None or not any(record.watch.carries((index, place)) for place in range(len(made.carries)))


def _is_fresh(record: Record, index: int) -> bool:
    """Whether it made a tensor of none that was seen."""
    node = record.nodes[index]
    is_own = not record.sources[index] or record.takes_only_the_shape(index)
    return node.kind == "constant" or (node.kind == "function" and is_own)


def _read_behind(record: Record, index: int) -> str:
    """The first read of what it gave, close behind it."""
    waiting, seen = [index], {index}
    while waiting and len(seen) < 20:
        for _output, target in record.targets[waiting.pop(0)]:
            if target in seen:
                continue
            seen.add(target)
            if record.nodes[target].op in ("numpy", "tolist", "item", "array"):
                return record.nodes[target].op
            waiting.append(target)
    return ""


def find_zeros(record: Record, start: Key, zero: set[int]) -> list[Stop]:
    """The operations at which the gradient of the `zero` parameters became exactly zero, nearest to the loss first."""
    blamed: dict[tuple[int, bool], set[int]] = defaultdict(set)
    holders: dict[int, list[int]] = defaultdict(list)
    for index in range(len(record.nodes)):
        for parameter in record.own(index):
            if id(parameter) in zero:
                holders[id(parameter)].append(index)
    for parameter_id, indices in holders.items():
        culprit = _culprit(record, start, indices)
        if culprit is not None:
            blamed[culprit].add(parameter_id)
    return [
        Stop(index, frozenset(parameters), is_loss)
        for (index, is_loss), parameters in sorted(blamed.items(), reverse=True)
    ]


def _culprit(record: Record, start: Key, holders: list[int]) -> tuple[int, bool] | None:
    """The first operation on the way from the parameter on whose own output has a gradient that isn't zero.

    (node, False); or (node, True) where the way ends at the loss with zero still.
    """
    waiting = list(holders)
    seen = set(waiting)
    found: list[int] = []
    ends_at_loss = False
    while waiting:
        index = waiting.pop()
        if record.nodes[index].kind != "parameter":
            made = record.made(index)
            keys = [(index, place) for place in range(len(made.carries) if made is not None else 0)]
            came = [record.watch.arrived[key] for key in keys if key in record.watch.arrived]
            if not came:
                continue
            if any(arrived.largest != 0 for arrived in came):
                found.append(index)
                continue
            ends_at_loss |= index == start[0]
        for _output, target in record.targets[index]:
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    if found:
        return max(found), False
    return (start[0], True) if ends_at_loss else None
