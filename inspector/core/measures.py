"""What can be asked of every node, in one table: the graph's colours, their legend and the table of measures use it.

A measure is a number (parameters, time …) or a word (dtype, device …). Groups have their nodes' sum, or the largest, or
the word that all share.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.core.formatting import bytes_text, count_text, percent_text, seconds_text, value_text
from inspector.core.tensor_sizes import is_open, output_bytes
from inspector.protocol.events import ForwardProfiled
from inspector.protocol.gradients import NodeGradient
from inspector.protocol.graph import Graph, Node, Statistics

Total = Literal["sum", "largest"]
Values = NDArray[np.float64]
OF_VALUES = ("zeros", "std", "mean_abs")


@dataclass(frozen=True)
class Measure:
    """A number that each node may have. `missing` says why some have none; a log scale leaves zeros uncoloured.

    `total` is what a group has of its nodes'. With `profiled` it comes from a profile, not from a run.
    """

    key: str
    name: str
    unit: str
    value: Callable[["Measured", Node], float | None]
    text: Callable[[float], str]
    total: Total
    log: bool
    missing: str
    profiled: bool = False


@dataclass(frozen=True)
class WordMeasure:
    """A word that each node may have. `words` are those known beforehand, the mildest first; others are found.

    A group whose nodes differ has `mixed`, or the last of `words` that it holds where that is "".
    """

    key: str
    name: str
    words_of: Callable[["Measured"], tuple[str, ...]]
    mixed: str
    missing: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measured:
    """A graph, with a profile and the gradients by its nodes where there are some; every column is made once."""

    graph: Graph
    profile: ForwardProfiled | None = None
    gradients: tuple[NodeGradient, ...] = ()
    _columns: dict[str, Values] = field(default_factory=dict, repr=False, compare=False)

    def column(self, measure: Measure) -> Values:
        """The measure of every node (n,); NaN where it has none."""
        known = self._columns.get(measure.key)
        if known is None:
            found = [measure.value(self, node) for node in self.graph.nodes]
            known = self._columns[measure.key] = np.array([np.nan if v is None else v for v in found], np.float64)
        return known

    def additive(self, measure: Measure) -> Values:
        """What each node gives to a total (n,): parameters that an earlier node has counted add nothing.

        A group's values are those that its operations made, and not those of the weights that they read.
        """
        if measure.key in OF_VALUES:
            made = np.array([node.kind in ("module", "function") for node in self.graph.nodes], np.bool_)
            return np.where(made, self.column(measure), np.nan)
        if measure.key != "params":
            return self.column(measure)
        return np.array([node.num_params - node.num_shared for node in self.graph.nodes], np.float64)

    @cached_property
    def group_s(self) -> Values:
        """The time of each whole call of a module (g,): also of what is no operation; NaN when not timed."""
        if self.profile is not None:
            return np.array([np.nan if value is None else value for value in self.profile.group_s], np.float64)
        return np.array([np.nan if g.elapsed_s is None else g.elapsed_s for g in self.graph.groups], np.float64)

    @cached_property
    def group_self_s(self) -> Values:
        """The time of each call without the modules that it called (g,): its own functions, and what is no operation.

        Medians do not add up exactly: what comes out below nothing is nothing.
        """
        left = self.group_s.copy()
        for group in self.graph.groups:
            if group.parent is not None:
                left[group.parent] -= np.nan_to_num(self.group_s[group.id])
        times = self.column(NUMBERS["time"])
        for node in self.graph.nodes:
            if node.kind == "module" and node.group is not None:
                left[node.group] -= np.nan_to_num(times[node.id])
        return np.where(np.isnan(left), np.nan, np.maximum(left, 0.0))

    @cached_property
    def uncounted(self) -> dict[str, int]:
        """The operations without a rule for their MACs, by name, with how many there are."""
        found: dict[str, int] = {}
        for node in self.graph.nodes:
            if node.macs is None and node.kind in ("module", "function") and not node.failed:
                found[node.op] = found.get(node.op, 0) + 1
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def missing_text(measured: Measured, measure: Measure) -> str:
    """Why some nodes have none."""
    return _NOT_TRACED if measure.key == "gradient" and not measured.gradients else measure.missing


def _operation(node: Node, value: float | None) -> float | None:
    return value if node.kind in ("module", "function") else None


def _statistic(take: Callable[[Statistics], float | None]) -> Callable[[Measured, Node], float | None]:
    return lambda _measured, node: None if node.statistics is None else take(node.statistics)


def _time(measured: Measured, node: Node) -> float | None:
    return node.elapsed_s if measured.profile is None else measured.profile.nodes[node.id].elapsed_s


def _peak(measured: Measured, node: Node) -> float | None:
    return None if measured.profile is None else measured.profile.nodes[node.id].peak_bytes


def _gradient(measured: Measured, node: Node) -> float | None:
    return measured.gradients[node.id].norm if measured.gradients else None


def _output(_measured: Measured, node: Node) -> float | None:
    if not node.outputs or node.kind == "output" or any(is_open(spec) for spec in node.outputs):
        return None
    return output_bytes(node)


def _zeros(statistics: Statistics) -> float | None:
    return statistics.zeros / statistics.num_sampled if statistics.num_sampled else None


def _count(value: float) -> str:
    return count_text(round(value))


def _bytes(value: float) -> str:
    return bytes_text(round(value))


_NOT_MEASURED = "values not measured"
_NO_GRADIENT, _NOT_TRACED = "no gradient came", "not traced (F7)"
MEASURES: tuple[Measure, ...] = (
    Measure("params", "Parameters", "", lambda _m, n: n.num_params, _count, "sum", True, ""),
    Measure(
        "macs", "MACs", "", lambda _m, n: _operation(n, n.macs), _count, "sum", True, "MACs not counted by any rule"
    ),
    Measure("time", "Time", "s", _time, seconds_text, "sum", True, "not timed", profiled=True),
    Measure("output", "Output", "bytes", _output, _bytes, "sum", True, "no tensor comes out"),
    Measure("peak", "Peak memory", "bytes", _peak, _bytes, "largest", False, "not watched", profiled=True),
    Measure("zeros", "Zeros", "%", _statistic(_zeros), percent_text, "largest", False, _NOT_MEASURED),
    Measure("std", "Std", "", _statistic(lambda s: s.std), value_text, "largest", True, _NOT_MEASURED),
    Measure("mean_abs", "Mean |x|", "", _statistic(lambda s: s.mean_abs), value_text, "largest", True, _NOT_MEASURED),
    Measure("gradient", "Gradient", "", _gradient, value_text, "largest", True, _NO_GRADIENT),
)


# Of a module alone: a node calls no others.
SELF_TIME = Measure("self_time", "Self time", "s", _time, seconds_text, "sum", True, "not timed", profiled=True)
FIRST, PASSED_ON, FINITE = "starts here", "passed on", "finite"


def _gaps(measured: Measured) -> tuple[str, ...]:
    """Where NaN or infinities begin: at a node whose inputs have none, as far as they were measured."""
    graph = measured.graph
    bad = np.array(
        [n.statistics is not None and n.statistics.nan + n.statistics.inf > 0 for n in graph.nodes], np.bool_
    )
    fed = np.zeros(len(bad), np.bool_)
    for edge in graph.edges:
        fed[edge.target] |= bad[edge.source]
    words = []
    for node in graph.nodes:
        word = (PASSED_ON if fed[node.id] else FIRST) if bad[node.id] else FINITE
        words.append("" if node.statistics is None else word)
    return tuple(words)


def _dtypes(measured: Measured) -> tuple[str, ...]:
    return tuple(node.outputs[0].dtype if node.outputs else "" for node in measured.graph.nodes)


def _devices(measured: Measured) -> tuple[str, ...]:
    return tuple(node.device for node in measured.graph.nodes)


TRAINABLE, FROZEN, PARTLY = "trainable", "frozen", "partly frozen"


def _trainable(measured: Measured) -> tuple[str, ...]:
    return tuple(trainable_word(node) for node in measured.graph.nodes)


def trainable_word(node: Node) -> str:
    """Whether a node's own parameters have gradients; "" where it has no parameters."""
    if not node.num_params:
        return ""
    if node.num_trainable == node.num_params:
        return TRAINABLE
    return PARTLY if node.num_trainable else FROZEN


WORDS: tuple[WordMeasure, ...] = (
    WordMeasure("nan", "NaN or Inf", _gaps, "", "values not measured", (FINITE, PASSED_ON, FIRST)),
    WordMeasure("dtype", "dtype", _dtypes, "several", "no tensor comes out"),
    WordMeasure("device", "Device", _devices, "several", "no tensor comes out"),
    WordMeasure("trainable", "Trainable", _trainable, PARTLY, "it has no parameters", (TRAINABLE, FROZEN, PARTLY)),
)


def one_word(found: set[str], measure: WordMeasure) -> str:
    """The word of what holds several nodes: the one that all share, or what stands for a mixture."""
    if len(found) <= 1:
        return next(iter(found), "")
    return measure.mixed or max(found, key=measure.words.index)


NUMBERS = {measure.key: measure for measure in MEASURES}
WORD_MEASURES = {measure.key: measure for measure in WORDS}
# What the graph can be coloured by, in the order of the chooser.
CHOICES: tuple[tuple[str, str], ...] = (
    ("kind", "Kind"),
    *((measure.key, measure.name) for measure in MEASURES),
    *((measure.key, measure.name) for measure in WORDS),
)


def totals(values: Values, owner: NDArray[np.int64], count: int, total: Total) -> Values:
    """The values gathered by owner (count,): their sum or their largest; NaN where no value is known.

    An owner of −1 is outside of what is seen.
    """
    known = ~np.isnan(values) & (owner >= 0)
    if total == "sum":
        summed = np.bincount(owner[known], weights=values[known], minlength=count).astype(np.float64)
        summed[np.bincount(owner[known], minlength=count) == 0] = np.nan
        return summed
    gathered: Values = np.full(count, np.nan)
    np.fmax.at(gathered, owner[known], values[known])
    return gathered


def shares(values: Values, *, log: bool) -> Values:
    """Where each value lies between the least and the greatest, 0…1; NaN for none, −1 for what a log can't show."""
    shown = np.isfinite(values) & (values > 0) if log else np.isfinite(values)
    result = np.where(np.isnan(values), np.nan, -1.0)
    if not shown.any():
        return result
    scaled = np.log10(values[shown]) if log else values[shown]
    low, high = scaled.min(), scaled.max()
    result[shown] = (scaled - low) / (high - low) if high > low else 1.0
    return result
