"""What of a node a search can compare: a table of its numbers with their units, and a table of its texts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from inspector.core.formatting import shape_text
from inspector.core.tensor_sizes import is_open, output_bytes
from inspector.protocol.graph import Graph, Node

COUNTS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12}
BYTES = {"": 1.0, "b": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "kb": 2.0**10, "mb": 2.0**20, "gb": 2.0**30}
SECONDS = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
SHARES = {"": 1.0, "%": 0.01}
VALUES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}


@dataclass(frozen=True)
class Subject:
    """A node of a graph that is looked at."""

    graph: Graph
    node: Node

    def shapes(self, side: str) -> list[tuple[int, ...]]:
        """Of the inputs (`in`) or the outputs; what leaves the graph has its inputs' shapes."""
        specs = self.node.inputs if side == "in" else self.node.outputs or self.node.inputs
        return [spec.shape for spec in specs]

    def size(self, side: str, at: int) -> float | None:
        """One size of the first tensor; None where it has none there."""
        shape = next(iter(self.shapes(side)), ())
        return float(shape[at]) if -len(shape) <= at < len(shape) else None

    @cached_property
    def words(self) -> str:
        """All that a plain word is looked for in, in small letters; shapes also without spaces."""
        node = self.node
        shapes = [shape_text(shape) for shape in self.shapes("out")]
        parts = [node.op, node.fqn, node.details, node.category, self.class_name, *shapes]
        return "\n".join([*parts, *(text.replace(" ", "") for text in shapes)]).casefold()

    @property
    def class_name(self) -> str:
        """The class of the module around the node."""
        group = self.node.group
        return self.graph.groups[group].class_name if group is not None else ""


@dataclass(frozen=True)
class NumberField:
    """A number of a node, None where it is not known: nothing compares with that."""

    of: Callable[[Subject], float | None]
    example: str
    units: Mapping[str, float] = field(default_factory=lambda: COUNTS)


def sizes_match(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    """Whether each size is the wanted one, None being any."""
    return all(want is None or size == want for size, want in zip(shape, wanted, strict=True))


def _statistic(name: str) -> Callable[[Subject], float | None]:
    def of(subject: Subject) -> float | None:
        found = subject.node.statistics
        value = getattr(found, name) if found is not None else None
        return None if value is None else float(value)

    return of


def _zeros(subject: Subject) -> float | None:
    found = subject.node.statistics
    return found.zeros / found.num_sampled if found is not None and found.num_sampled else None


def _bytes(subject: Subject) -> float | None:
    return None if any(is_open(spec) for spec in subject.node.outputs) else float(output_bytes(subject.node))


def _rank(subject: Subject) -> float | None:
    shapes = subject.shapes("out")
    return float(len(shapes[0])) if shapes else None


NUMBERS: dict[str, NumberField] = {
    "params": NumberField(lambda subject: float(subject.node.num_params), "params > 1M"),
    "macs": NumberField(lambda s: None if s.node.macs is None else float(s.node.macs), "macs > 1G"),
    "time": NumberField(lambda subject: subject.node.elapsed_s, "time > 2ms", SECONDS),
    "bytes": NumberField(_bytes, "bytes > 10MB", BYTES),
    "rank": NumberField(_rank, "rank = 4", VALUES),
    "nan": NumberField(_statistic("nan"), "nan > 0"),
    "inf": NumberField(_statistic("inf"), "inf > 0"),
    "zeros": NumberField(_zeros, "zeros > 50%", SHARES),
    "min": NumberField(_statistic("min"), "min < 0", VALUES),
    "max": NumberField(_statistic("max"), "max > 100", VALUES),
    "mean": NumberField(_statistic("mean"), "mean > 1", VALUES),
    "std": NumberField(_statistic("std"), "std < 1e-6", VALUES),
    "call": NumberField(lambda subject: float(subject.node.call + 1), "call > 1", VALUES),
}

TEXTS: dict[str, Callable[[Subject], list[str]]] = {
    "op": lambda subject: [subject.node.op],
    "name": lambda subject: [subject.node.fqn],
    "dtype": lambda subject: [spec.dtype for spec in subject.node.outputs or subject.node.inputs],
    "kind": lambda subject: [subject.node.kind],
    "category": lambda subject: [subject.node.category],
    "details": lambda subject: [subject.node.details],
    "class": lambda subject: [subject.class_name],
}
