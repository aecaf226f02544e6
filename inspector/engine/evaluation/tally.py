"""What has been evaluated so far, and the figures of the whole."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.core.heads import predicted, probabilities
from inspector.core.metrics import calibration_error, classes_of, confusion, metrics_of, outside_of
from inspector.engine.errors import EngineError
from inspector.protocol.evaluation import Skipped
from inspector.protocol.events import EvaluationFinished, FolderScanned
from inspector.protocol.outputs import Head


class Tally:
    """Grows batch by batch. `indices` point into the scan's images, in the order evaluated."""

    def __init__(self) -> None:
        self.done = 0
        self.skipped: list[Skipped] = []
        self._indices: list[NDArray[np.int64]] = []
        self._outputs: list[NDArray[np.float32]] = []
        self._told = 0
        self._told_skipped = 0

    def add(self, indices: NDArray[np.int64], outputs: NDArray[np.float32]) -> None:
        """Count rows of raw outputs (n, K).

        Raises:
            EngineError: their number of columns is not that of the rows before.
        """
        if self._outputs and self._outputs[0].shape[1] != outputs.shape[1]:
            raise EngineError(
                f"The model gave {self._outputs[0].shape[1]} columns for one batch and {outputs.shape[1]} for another, "
                "so its columns are not classes."
            )
        self._indices.append(indices)
        self._outputs.append(outputs)

    def untold(self) -> tuple[NDArray[np.int64], NDArray[np.float32], tuple[Skipped, ...]]:
        """What was added since the last call."""
        indices, outputs = _joined(self._indices[self._told :], self._outputs[self._told :])
        skipped = tuple(self.skipped[self._told_skipped :])
        self._told, self._told_skipped = len(self._indices), len(self.skipped)
        return indices, outputs, skipped

    def all_rows(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Indices (n,) and raw outputs (n, K) of all that was counted."""
        return _joined(self._indices, self._outputs)


def finished_event(
    scan: FolderScanned,
    mapping: dict[str, int],
    tally: Tally,
    head: Head,
    *,
    images_per_s: float,
    cancelled: bool,
) -> EvaluationFinished:
    """The matrix and the figures of all that was counted."""
    indices, outputs = tally.all_rows()
    labels = np.array([image.label for image in scan.images], np.int64)
    true = labels[indices] if len(indices) else np.zeros(0, np.int64)
    class_outputs = [mapping.get(name, -1) for name in scan.classes]
    chosen = predicted(outputs, head)
    claimed = classes_of(true, chosen, class_outputs)
    matrix = confusion(true, claimed, len(scan.classes))
    outside = tuple(outside_of(true, claimed, len(scan.classes)).tolist())
    accuracy, balanced, per_class = metrics_of(matrix, scan.classes, outside)
    return EvaluationFinished(
        classes=scan.classes,
        matrix=tuple(tuple(row) for row in matrix.tolist()),
        outside=outside,
        num_images=len(indices),
        skipped=scan.skipped + tuple(tally.skipped),
        accuracy=accuracy,
        balanced_accuracy=balanced,
        per_class=per_class,
        expected_calibration_error=_calibration(outputs, head, claimed == true),
        images_per_s=images_per_s,
        cancelled=cancelled,
        head=head,
        notes=evaluation_notes(head, outputs.shape[1]),
    )


def evaluation_notes(head: Head, num_columns: int) -> tuple[str, ...]:
    """How outputs were read where the head alone does not make them a classifier's."""
    if num_columns == 1 and head.kind in ("regression", "features", "unknown"):
        return ("The one output column is read as a yes-or-no answer: class 1 where its probability is over 0.5.",)
    if head.kind in ("regression", "features", "unknown") and num_columns > 1:
        return ("The output is not known to be a classifier's; the greatest column is taken as the predicted class.",)
    return ()


def _calibration(outputs: NDArray[np.float32], head: Head, right: NDArray[np.bool_]) -> float | None:
    if not len(outputs):
        return None
    return calibration_error(probabilities(outputs, head).max(axis=1), right)


def _joined(
    indices: Sequence[NDArray[np.int64]], outputs: Sequence[NDArray[np.float32]]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    if not indices:
        return np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
    return np.concatenate(indices), np.concatenate(outputs)
