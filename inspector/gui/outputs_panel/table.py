"""The numbers of the table, decided before anything is drawn: three readings a class, and which one fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.core.formatting import probability_text, value_text
from inspector.core.heads import squash_ceiling
from inspector.core.readings import sigmoid, softmax
from inspector.protocol.outputs import Head, HeadKind

Column = Literal["raw", "softmax", "sigmoid"]
COLUMNS: tuple[Column, ...] = ("raw", "softmax", "sigmoid")
DEFAULT_THRESHOLD = 0.5


def fitting_column(head: Head, num_classes: int) -> Column | None:
    """The reading that fits the head; None where no reading has a meaning of its own."""
    match head.kind:
        case "logits":
            return "sigmoid" if num_classes == 1 else "softmax"
        case "log_probabilities":  # softmax undoes the logarithm
            return "softmax"
        case "probabilities" | "independent_probabilities" | "regression":
            return "raw"
        case "features" | "unknown":
            return None


def column_note(column: Column, head: Head, num_classes: int) -> str:
    """Why a column is dimmed, in a sentence; "" where it may be read."""
    if column == "softmax" and num_classes == 1:
        return "Softmax over one column is always 1: it says nothing."
    if column == "raw" or (head.kind, column) == ("log_probabilities", "softmax"):
        return ""
    if column == "softmax" and head.kind == "probabilities":
        ceiling = squash_ceiling(num_classes)
        return f"Raw holds probabilities already: softmax again can't pass e/(e+K−1) = {ceiling:.3g}."
    return _NOTES.get(head.kind, "")


_NOTES: dict[HeadKind, str] = {
    "regression": "The head gives quantities, not scores: softmax and sigmoid are not meaningful.",
    "features": "These are features, not scores: softmax and sigmoid have no meaning of their own.",
    "log_probabilities": "Raw holds log-probabilities: their sigmoid is no probability.",
    "probabilities": "Raw holds probabilities already: another reading squashes them.",
    "independent_probabilities": "Raw holds probabilities already: another reading squashes them.",
}


@dataclass(frozen=True)
class ReadingTable:
    """The readings of one line of values (K,). `order` are the rows shown, from the top."""

    head: Head
    names: tuple[str, ...]
    raw: NDArray[np.float64]
    softmax: NDArray[np.float64]
    sigmoid: NDArray[np.float64]
    order: NDArray[np.intp]
    fitting: Column | None
    notes: dict[Column, str]
    threshold: float
    integral: bool = False

    def values(self, column: Column) -> NDArray[np.float64]:
        """A column's values, in the order of the output."""
        return {"raw": self.raw, "softmax": self.softmax, "sigmoid": self.sigmoid}[column]

    def name(self, index: int) -> str:
        """The class's name, or ""."""
        return self.names[index] if index < len(self.names) else ""

    def threshold_column(self) -> Column:
        """The column that the threshold is laid on: that of one probability per class."""
        return "raw" if self.head.kind == "independent_probabilities" else "sigmoid"

    def text(self, column: Column, index: int) -> str:
        """A cell's text."""
        value = float(self.values(column)[index])
        if column == "softmax" and len(self.raw) == 1:
            return "always 1"
        if column == "raw":
            return raw_text(value, self._greatest, integral=self.integral)
        return probability_text(value)

    def bar(self, column: Column, index: int) -> tuple[float, float]:
        """Where a cell's bar starts and ends, as shares of the cell; for raw values from zero, either way."""
        value = float(self.values(column)[index])
        alone = len(self.raw) == 1 and (column == "softmax" or (column == "raw" and self.fitting == "raw"))
        if not np.isfinite(value) or (alone and self.head.kind in ("regression", "logits")):
            return 0.0, 0.0
        if column != "raw":
            return 0.0, min(max(value, 0.0), 1.0)
        low, high = self._raw_range
        span = high - low or 1.0
        zero, end = (0.0 - low) / span, (value - low) / span
        return min(zero, end), max(zero, end)

    @cached_property
    def _greatest(self) -> float:
        """The greatest finite magnitude; asked for each cell that is painted, so found once."""
        finite = self.raw[np.isfinite(self.raw)]
        return float(np.abs(finite).max()) if len(finite) else 0.0

    @cached_property
    def _raw_range(self) -> tuple[float, float]:
        finite = self.raw[np.isfinite(self.raw)]
        if not len(finite):
            return 0.0, 1.0
        if self.fitting == "raw" and self.head.kind in ("probabilities", "independent_probabilities"):
            return 0.0, 1.0
        return min(0.0, float(finite.min())), max(0.0, float(finite.max()))


def make_table(
    line: NDArray[np.float64],
    head: Head,
    names: Sequence[str],
    *,
    temperature: float = 1.0,
    threshold: float = DEFAULT_THRESHOLD,
    top: int = 0,
    sort: bool = True,
    integral: bool = False,
    descending: NDArray[np.intp] | None = None,
) -> ReadingTable:
    """Read a line of values. `top` keeps that many of the highest (0: all); `sort` puts the highest first.

    `descending` is the line's order where it is known already: a slider doesn't change it.
    """
    if descending is None:
        descending = descending_order(line)
    order = descending[:top] if top else descending
    if not sort:
        order = np.sort(order)
    return ReadingTable(
        head=head,
        names=fitting_names(names, len(line)),
        raw=line,
        softmax=softmax(line, temperature=temperature),
        sigmoid=sigmoid(line, temperature=temperature),
        order=order,
        fitting=fitting_column(head, len(line)),
        notes={column: column_note(column, head, len(line)) for column in COLUMNS},
        threshold=threshold,
        integral=integral,
    )


def descending_order(line: NDArray[np.float64]) -> NDArray[np.intp]:
    """The places of the values from the highest; NaN goes last, equal values stay in order."""
    return np.argsort(np.where(np.isnan(line), np.inf, -line), kind="stable")


def fitting_names(names: Sequence[str], num_outputs: int) -> tuple[str, ...]:
    """The names where there is one an output; of two names for one column, the second is what it stands for."""
    if num_outputs == 1 and len(names) == 2:
        return (names[1],)
    return tuple(names) if len(names) == num_outputs else ()


def raw_text(value: float, greatest: float, *, integral: bool = False) -> str:
    """A raw value with as many decimals as its neighbours, whose greatest magnitude is given: the points line up."""
    if not np.isfinite(value):
        return value_text(value)
    if integral:
        return f"{value:.0f}"
    if 1e-2 <= greatest < 1e5:
        return f"{value:.4f}"
    return value_text(value) if greatest else "0"
