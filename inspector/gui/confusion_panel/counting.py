"""The matrix and its figures from raw outputs, counted as rows arrive."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.core.heads import predicted, probabilities, read_head
from inspector.core.metrics import calibration_error, classes_of, confusion, metrics_of, outside_of
from inspector.gui.state import EvaluationState, RunState
from inspector.protocol.evaluation import ClassMetrics
from inspector.protocol.events import FolderScanned
from inspector.protocol.outputs import Head


def head_of(evaluation: EvaluationState, run: RunState) -> Head:
    """How rows are read: as the engine did where it is done, else like the last run's output, else by their values."""
    if evaluation.finished is not None and evaluation.finished.head is not None:
        return evaluation.finished.head
    columns = evaluation.outputs.shape[1] if len(evaluation.outputs) else 0
    for output in run.outputs[:1]:
        if output.values.ndim == 2 and output.values.shape[1] == columns:
            return output.tensor.head
    return read_head(None, None, evaluation.outputs)


def mapping_of(evaluation: EvaluationState, edited: Mapping[str, int]) -> dict[str, int]:
    """The output of each class: as edited, else as evaluated, else as proposed, else by place."""
    scan = evaluation.scan
    if scan is None:
        return {}
    by_place = {name: place for place, name in enumerate(scan.classes)}
    return dict(edited) or evaluation.mapping or scan.mapping or by_place


def asks_threshold(columns: int, head: Head) -> bool:
    """Whether a threshold decides: one column, or two that answer one question."""
    return columns == 1 or (columns == 2 and head.kind != "independent_probabilities")


@dataclass(frozen=True)
class Counted:
    """What was counted. `true` and `claimed` (n,) are class indices, claimed −1 where no class has that output.

    `chosen` (n,) are the output indices that were predicted, `confidence` (n,) their probabilities.
    """

    classes: tuple[str, ...]
    matrix: NDArray[np.int64]
    outside: NDArray[np.int64]
    indices: NDArray[np.int64]
    true: NDArray[np.int64]
    claimed: NDArray[np.int64]
    chosen: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: float | None
    balanced_accuracy: float | None
    per_class: tuple[ClassMetrics, ...]
    calibration_error: float | None

    def rows_of_cell(self, row: int, column: int) -> NDArray[np.intp]:
        """The places of a cell's images, the most confident first; a column past the classes is "none of them"."""
        wanted = column if column < len(self.classes) else -1
        places = np.flatnonzero((self.true == row) & (self.claimed == wanted))
        return places[np.argsort(-self.confidence[places], kind="stable")]

    def wrong_rows(self) -> NDArray[np.intp]:
        """The places of all images that were taken for another class, the most confident first."""
        places = np.flatnonzero(self.true != self.claimed)
        return places[np.argsort(-self.confidence[places], kind="stable")]


class RowCounter:
    """Counts only the rows that are new, as long as they are read the same way."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._scan: FolderScanned | None = None
        self._labels = np.zeros(0, np.int64)
        self._clear(0)

    def count(self, evaluation: EvaluationState, head: Head, mapping: Mapping[str, int], threshold: float) -> Counted:
        """The figures of all rows of `evaluation`, whose scan must be there."""
        scan = evaluation.scan
        if scan is None:
            raise ValueError("Rows can't be counted before the folder is scanned.")
        if scan is not self._scan:
            self._scan = scan
            self._labels = np.array([image.label for image in scan.images], np.int64)
            self._key = ()
        columns = evaluation.outputs.shape[1] if evaluation.outputs.ndim == 2 else 0
        key = (head.kind, tuple(sorted(mapping.items())), threshold, columns)
        if key != self._key or not self._continues(evaluation):
            self._key = key
            self._clear(len(scan.classes))
        self._add(evaluation, scan, head, mapping, threshold)
        return self._counted(scan, evaluation)

    def _clear(self, num_classes: int) -> None:
        self._matrix = np.zeros((num_classes, num_classes), np.int64)
        self._outside = np.zeros(num_classes, np.int64)
        self._indices = np.zeros(0, np.int64)
        self._true = np.zeros(0, np.int64)
        self._claimed = np.zeros(0, np.int64)
        self._chosen = np.zeros(0, np.int64)
        self._confidence = np.zeros(0, np.float64)

    def _continues(self, evaluation: EvaluationState) -> bool:
        """Whether the rows counted are still the first ones of a run that grew."""
        seen = len(self._indices)
        if seen > len(evaluation.indices):
            return False
        return seen == 0 or bool((evaluation.indices[:seen] == self._indices).all())

    def _add(
        self, evaluation: EvaluationState, scan: FolderScanned, head: Head, mapping: Mapping[str, int], threshold: float
    ) -> None:
        seen = len(self._indices)
        rows = evaluation.outputs[seen:]
        if not len(rows) or not len(scan.classes):
            return
        indices = evaluation.indices[seen:]
        true = self._labels[indices]
        chosen = predicted(rows, head, threshold)
        claimed = classes_of(true, chosen, [mapping.get(name, -1) for name in scan.classes])
        shares = probabilities(rows, head)
        confidence = shares[np.arange(len(rows)), np.clip(chosen, 0, shares.shape[1] - 1)]
        self._matrix += confusion(true, claimed, len(scan.classes))
        self._outside += outside_of(true, claimed, len(scan.classes))
        self._indices = np.concatenate([self._indices, indices])
        self._true = np.concatenate([self._true, true])
        self._claimed = np.concatenate([self._claimed, claimed])
        self._chosen = np.concatenate([self._chosen, chosen])
        self._confidence = np.concatenate([self._confidence, confidence])

    def _counted(self, scan: FolderScanned, evaluation: EvaluationState) -> Counted:
        accuracy, balanced, per_class = metrics_of(self._matrix, scan.classes, self._outside.tolist())
        right = self._claimed == self._true
        error = calibration_error(self._confidence, right) if len(evaluation.outputs) else None
        return Counted(
            classes=scan.classes,
            matrix=self._matrix.copy(),
            outside=self._outside.copy(),
            indices=self._indices,
            true=self._true,
            claimed=self._claimed,
            chosen=self._chosen,
            confidence=self._confidence,
            accuracy=accuracy,
            balanced_accuracy=balanced,
            per_class=per_class,
            calibration_error=error,
        )
