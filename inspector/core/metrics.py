"""What a confusion matrix says: accuracy, precision, recall, F1, calibration. Rows are true classes, columns predicted.

Undefined figures (nothing predicted, nothing true) are None and left out of averages. scikit-learn gives 0 with a
warning for them (`zero_division`), which can't be told from a class that is always wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspector.protocol.evaluation import ClassMetrics

Normalisation = Literal["counts", "row", "column", "all"]


def confusion(true: ArrayLike, predicted: ArrayLike, num_classes: int) -> NDArray[np.int64]:
    """Counts (num_classes, num_classes), rows = true class. A prediction outside 0…num_classes−1 is not in it."""
    rows = np.asarray(true, np.int64)
    columns = np.asarray(predicted, np.int64)
    inside = (columns >= 0) & (columns < num_classes) & (rows >= 0) & (rows < num_classes)
    flat = rows[inside] * num_classes + columns[inside]
    return np.bincount(flat, minlength=num_classes * num_classes).reshape(num_classes, num_classes).astype(np.int64)


def outside_of(true: ArrayLike, predicted: ArrayLike, num_classes: int) -> NDArray[np.int64]:
    """Per true class, the images whose prediction is none of the classes (num_classes,)."""
    rows = np.asarray(true, np.int64)
    columns = np.asarray(predicted, np.int64)
    outside = (columns < 0) | (columns >= num_classes)
    return np.bincount(rows[outside], minlength=num_classes).astype(np.int64)


def classes_of(true: ArrayLike, predicted_outputs: ArrayLike, class_outputs: Sequence[int]) -> NDArray[np.int64]:
    """Turn predicted output indices into class indices; −1 where no class has that output.

    `class_outputs` is the output index of each class, −1 for one without. Several classes may share one output (two
    folders of cats): an image is then counted in its own class where that has the output, else in the first.
    """
    rows = np.asarray(true, np.int64)
    outputs = np.asarray(predicted_outputs, np.int64)
    of_class = np.asarray(class_outputs, np.int64)
    if not len(of_class):
        return np.full(outputs.shape, -1, np.int64)
    first: dict[int, int] = {}
    for index, output in enumerate(of_class.tolist()):
        if output >= 0:
            first.setdefault(output, index)
    found = np.array([first.get(output, -1) for output in outputs.tolist()], np.int64).reshape(outputs.shape)
    return np.where((of_class[rows] == outputs) & (outputs >= 0), rows, found)


def metrics_of(
    matrix: ArrayLike, names: Sequence[str], outside: Sequence[int] = ()
) -> tuple[float | None, float | None, tuple[ClassMetrics, ...]]:
    """Accuracy, balanced accuracy, and the figures of each class.

    `outside` counts per true class the images whose prediction was none of the classes; they are wrong, so they
    weigh on accuracy and recall. Balanced accuracy is the mean recall of the classes that have images.
    """
    counts = np.asarray(matrix, np.int64).reshape(len(names), len(names))
    right = np.diagonal(counts)
    support = counts.sum(axis=1) + (np.asarray(outside, np.int64) if len(outside) else 0)
    predicted = counts.sum(axis=0)
    figures = tuple(
        _class_metrics(name, int(hits), int(total), int(claims))
        for name, hits, total, claims in zip(names, right, support, predicted, strict=True)
    )
    recalls = [figure.recall for figure in figures if figure.recall is not None]
    balanced = sum(recalls) / len(recalls) if recalls else None
    return _ratio(int(right.sum()), int(support.sum())), balanced, figures


def normalise(matrix: ArrayLike, by: Normalisation) -> NDArray[np.float64]:
    """Shares of the rows (recall on the diagonal), of the columns (precision) or of all; an empty row gives zeros."""
    counts = np.asarray(matrix, np.float64)
    match by:
        case "counts":
            return counts.copy()
        case "row":
            totals = counts.sum(axis=1, keepdims=True)
        case "column":
            totals = counts.sum(axis=0, keepdims=True)
        case "all":
            totals = counts.sum(keepdims=True)
    shares = np.zeros_like(counts)
    np.divide(counts, totals, out=shares, where=totals > 0)
    return shares


def calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = 15) -> float | None:
    """Expected calibration error: |accuracy − confidence| per bin, weighted by its images; None without images.

    15 equal-width bins (lo, hi] over [0, 1], as in Guo et al., "On Calibration of Modern Neural Networks" (2017).
    """
    figures = reliability(confidence, correct, bins)
    total = int(figures.count.sum())
    if total == 0:
        return None
    filled = figures.count > 0
    gaps = np.abs(figures.accuracy[filled] - figures.confidence[filled])
    return float((gaps * figures.count[filled]).sum() / total)


def reliability(confidence: ArrayLike, correct: ArrayLike, bins: int = 15) -> "Reliability":
    """Confidence against accuracy, per equal-width bin (lo, hi]; the first also holds 0. NaN marks an empty bin."""
    confidences = np.asarray(confidence, np.float64).ravel()
    hits = np.asarray(correct, np.float64).ravel()
    known = np.isfinite(confidences)
    confidences, hits = confidences[known], hits[known]
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, confidences, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        accuracy = np.bincount(place, hits, minlength=bins) / count
        mean = np.bincount(place, confidences, minlength=bins) / count
    return Reliability(edges, count.astype(np.int64), accuracy, mean)


def _class_metrics(name: str, hits: int, total: int, claims: int) -> ClassMetrics:
    """F1 is 2·hits / (true + predicted), which is defined as soon as the class occurs on either side."""
    return ClassMetrics(
        name=name,
        precision=_ratio(hits, claims),
        recall=_ratio(hits, total),
        f1=_ratio(2 * hits, total + claims),
        support=total,
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True)
class Reliability:
    """Per bin: its edges (bins + 1,), images, share that was right, mean confidence."""

    edges: NDArray[np.float64]
    count: NDArray[np.int64]
    accuracy: NDArray[np.float64]
    confidence: NDArray[np.float64]
