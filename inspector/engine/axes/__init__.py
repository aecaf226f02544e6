"""What the axes of a graph's tensors are: their names, and which follow the batch; must not know requests or events.

Names come from what operations say of their own tensors, and go on through those that only move axes about. Which axes
follow the batch is measured, by one more run with another batch size; where the two disagree, the measured one holds.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from torch import nn

from inspector.engine.axes.groups import axes_of_groups
from inspector.engine.axes.naming import BATCH, NamedAxes, name_axes
from inspector.engine.axes.operation import Axes
from inspector.engine.axes.second_run import Fed, NotSeen, Refused, prepare, run_with
from inspector.engine.capture import Captured
from inspector.engine.capture.trees import tensors_in
from inspector.engine.limits import TimeUp, time_limited
from inspector.protocol.graph import Graph, GraphAxes, TensorAxes

__all__ = ["GIVEN_WAY", "AxesMemory", "Fed", "find_axes"]

# Outputs and findings are told before; whoever asks for something else meanwhile goes first.
LONGEST_S = 3.0
GIVEN_WAY = "another request came first; run again to find it"


@dataclass
class AxesMemory:
    """The axes of the last graph, so that running again with the same shapes finds them at once."""

    graph: Graph | None = None
    axes: GraphAxes | None = None

    def known(self, graph: Graph) -> GraphAxes | None:
        """Those found before, when the graph has the same operations, shapes and wires."""
        if self.graph is None or not _alike(self.graph, graph, shapes=True):
            return None
        return self.axes

    def keep(self, graph: Graph, axes: GraphAxes) -> None:
        """Remember them."""
        self.graph, self.axes = graph, axes


def find_axes(
    module: nn.Module, captured: Captured, fed: Fed, is_awaited: Callable[[], bool] = lambda: False
) -> GraphAxes:
    """The names of all axes, and which follow the batch; the model is left as it was, whatever happens.

    Once `is_awaited` says that something else is to be done, only the names are told, and GIVEN_WAY in the note.
    """
    graph, arguments = captured.graph, captured.arguments
    named = name_axes(module, graph, arguments)
    if captured.failure is not None:
        return _told(graph, named, None, (0, 0), "")  # that it failed is said elsewhere
    try:
        size, batch_axes = _batch_of(graph, named, fed)
        other_size, other = _other_graph(module, graph, fed, size, batch_axes, is_awaited=is_awaited)
    except NotSeen as error:
        return _told(graph, named, None, (0, 0), str(error))
    named = name_axes(module, graph, arguments, other)
    return _told(graph, named, other, (size, other_size), "")


def _batch_of(graph: Graph, named: NamedAxes, fed: Fed) -> tuple[int, list[int | None]]:
    """The batch size, and for each tensor that was fed which of its axes is the batch.

    An operation that the input meets may say it (`batch_first`); else it is the first axis, where nothing else is known
    of that.
    """
    tensors = tensors_in([fed.args, dict(fed.kwargs)])
    inputs = [named.outputs[node.id][0] for node in graph.nodes if node.kind == "input"]
    if len(inputs) != len(tensors):
        raise NotSeen("the inputs are not plain tensors")
    told = [_told_batch(named, axes) for axes in inputs]
    first = next((place for place, axis in enumerate(told) if axis is not None), None)
    if first is None:
        first = next((place for place, axes in enumerate(inputs) if _may_be_batched(named, axes)), None)
        if first is None:
            raise NotSeen("no input has an axis for the batch")
        told[first] = 0
    size = tensors[first].shape[told[first] or 0]
    for place, axes in enumerate(inputs):
        if (
            told[place] is None
            and axes
            and tensors[place].shape[0] == size
            and not named.variables.strong_name(axes[0])
        ):
            told[place] = 0
    if not size:
        raise NotSeen("the batch is empty")
    return size, told


def _told_batch(named: NamedAxes, axes: Axes) -> int | None:
    return next((place for place, axis in enumerate(axes) if named.variables.strong_name(axis) == BATCH), None)


def _may_be_batched(named: NamedAxes, axes: Axes) -> bool:
    return len(axes) > 1 and not named.variables.strong_name(axes[0])


def _other_graph(
    module: nn.Module,
    graph: Graph,
    fed: Fed,
    size: int,
    batch_axes: Sequence[int | None],
    *,
    is_awaited: Callable[[], bool],
) -> tuple[int, Graph]:
    """The graph with one item more, or with twice as many where that is refused."""
    if is_awaited():
        raise NotSeen(GIVEN_WAY)
    why = ""
    prepare(module, fed)
    ends_s = time.monotonic() + LONGEST_S

    def between() -> None:
        if is_awaited() or time.monotonic() > ends_s:
            raise TimeUp

    fed = replace(fed, between=between)
    try:
        with time_limited(2 * LONGEST_S):  # where no operation ever comes
            for other_size in dict.fromkeys((size + 1, 2 * size)):
                try:
                    other = run_with(module, fed, batch_axes, other_size)
                except NotSeen as error:
                    fixed = f"the batch size is fixed at {size}: " if isinstance(error, Refused) else ""
                    why = why or fixed + _sentence(str(error))
                    continue
                if _alike(graph, other, shapes=False):
                    return other_size, other
                why = "with another batch size other operations run"
    except TimeUp:
        why = GIVEN_WAY if is_awaited() else "running once more took too long"
    raise NotSeen(why)


def _sentence(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else "it was refused"
    return line if len(line) <= 160 else line[:159] + "…"


def _alike(one: Graph, other: Graph, *, shapes: bool) -> bool:
    """Whether two graphs have the same operations in the same order, on the same wires."""
    if len(one.nodes) != len(other.nodes) or len(one.groups) != len(other.groups) or one.edges != other.edges:
        return False
    for first, second in zip(one.nodes, other.nodes, strict=True):
        if (first.kind, first.op, first.fqn, first.group) != (second.kind, second.op, second.fqn, second.group):
            return False
        pairs = ((first.inputs, second.inputs), (first.outputs, second.outputs))
        for specs, others in pairs:
            if [len(spec.shape) for spec in specs] != [len(spec.shape) for spec in others]:
                return False
            if shapes and (specs != others or first.details != second.details):
                return False
    return True


def _told(graph: Graph, named: NamedAxes, other: Graph | None, sizes: tuple[int, int], note: str) -> GraphAxes:
    kinds: dict[TensorAxes, int] = {}
    known: dict[Axes, int] = {}

    def place(axes: Axes) -> int:
        if axes not in known:
            told = _axes_of(named, axes, sizes if other is not None else None)
            known[axes] = kinds.setdefault(told, len(kinds)) if told.names or told.batch else -1
        return known[axes]

    inputs = tuple(tuple(place(axes) for axes in tensors) for tensors in named.inputs)
    outputs = tuple(tuple(place(axes) for axes in tensors) for tensors in named.outputs)
    group_inputs, group_outputs = axes_of_groups(graph, inputs, outputs)
    return GraphAxes(
        kinds=tuple(kinds),
        inputs=inputs,
        outputs=outputs,
        group_inputs=group_inputs,
        group_outputs=group_outputs,
        batch_size=sizes[0],
        other_size=sizes[1],
        note=note,
    )


def _axes_of(named: NamedAxes, axes: Axes, sizes: tuple[int, int] | None) -> TensorAxes:
    names = [named.variables.name(axis) for axis in axes]
    batch: tuple[int, ...] = ()
    if sizes is not None:
        batch = tuple(_times_the_batch(named.variables.size(axis), sizes) for axis in axes)
        names = [_measured_name(name, times) for name, times in zip(names, batch, strict=True)]
    return TensorAxes(names=tuple(names) if any(names) else (), batch=batch)


def _times_the_batch(size: tuple[int, int], sizes: tuple[int, int]) -> int:
    """How many times as long as the batch an axis is in both runs; 0 when it stays, −1 when it goes another way."""
    if size[0] == size[1]:
        return 0
    times, rest = divmod(size[0], sizes[0])
    return times if times and not rest and size[1] == times * sizes[1] else -1


def _measured_name(name: str, times: int) -> str:
    """The rule's name where it agrees with what was measured, else what was measured."""
    has_batch = BATCH in name.split("·")
    if times > 0:
        return name if has_batch else BATCH if times == 1 else f"{BATCH}×{times}"
    if times < 0:
        return name if has_batch and "·" in name else ""
    return "" if has_batch else name
