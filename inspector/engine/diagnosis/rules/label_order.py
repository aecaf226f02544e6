"""The classes are in another order than the outputs: another mapping would make most answers right."""

from collections.abc import Iterator
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from inspector.core.formatting import percent_text
from inspector.core.heads import predicted
from inspector.engine.diagnosis.context import EvaluationContext
from inspector.protocol.findings import Finding

# With so few classes every order is asked; above that, the best pairs are taken one by one.
_MOST_PERMUTED = 7
_LEAST_GAIN = 0.3
_LEAST_ACCURACY = 0.6


def check(context: EvaluationContext) -> Iterator[Finding]:
    """Another order answers right at least 30 points more often, and more than 60 % in all."""
    classes = context.scan.classes
    if context.outputs.ndim != 2 or len(classes) < 2 or any(name not in context.mapping for name in classes):
        return
    answers, true = predicted(context.outputs, context.head), context.true_labels()
    num_outputs = max(2, context.outputs.shape[1])
    if any(not 0 <= context.mapping[name] < num_outputs for name in classes) or (answers < 0).any():
        return
    counts = np.zeros((len(classes), num_outputs), np.int64)
    np.add.at(counts, (true, answers), 1)
    now = sum(int(counts[row, context.mapping[name]]) for row, name in enumerate(classes)) / len(true)
    order = best_order(counts)
    best = sum(int(counts[row, column]) for row, column in enumerate(order)) / len(true)
    if best - now < _LEAST_GAIN or best < _LEAST_ACCURACY:
        return
    moved = [
        (name, int(column)) for name, column in zip(classes, order, strict=True) if context.mapping[name] != column
    ]
    pairs = ", ".join(f"{name} → {column}" for name, column in moved[:8]) + (" …" if len(moved) > 8 else "")
    yield Finding(
        rule="label_order",
        severity="warning",
        node=None,
        message=(
            f"The classes seem to be in another order than the outputs: {percent_text(now)} are right with "
            f"this mapping, {percent_text(best)} with another."
        ),
        evidence={"accuracy": now, "accuracy_reordered": best, "moved": len(moved), "images": len(true)},
        fix=f"Map {pairs}.",
    )


def best_order(counts: NDArray[np.int64]) -> tuple[int, ...]:
    """The output for each class (row), none twice, that makes most images right; exact up to seven outputs."""
    classes, outputs = counts.shape
    if outputs < classes:
        return tuple(int(column) for column in counts.argmax(axis=1))
    if outputs <= _MOST_PERMUTED:
        rows = np.arange(classes)
        return max(permutations(range(outputs), classes), key=lambda order: int(counts[rows, list(order)].sum()))
    left = counts.astype(np.float64)
    order = [-1] * classes
    for _ in range(classes):
        row, column = np.unravel_index(int(left.argmax()), left.shape)
        order[int(row)] = int(column)
        left[row, :] = -1
        left[:, column] = -1
    return tuple(order)
