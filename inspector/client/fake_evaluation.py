"""What the fake engine says of a test folder: digits in class folders; it errs on every ninth."""

import numpy as np

from inspector.client import fake_messages as said
from inspector.protocol.base import ArrayRef
from inspector.protocol.evaluation import ClassMetrics, LabelledImage, LabelRule
from inspector.protocol.events import EvaluationFinished, FolderScanned


def scan(folder: str, labels: LabelRule, num_images: int = 40) -> FolderScanned:
    """A folder of digits, by class folder."""
    classes = tuple(str(digit) for digit in range(said.NUM_CLASSES))
    images = tuple(
        LabelledImage(path=f"{folder}/{index % said.NUM_CLASSES}/{index:03}.png", label=index % said.NUM_CLASSES)
        for index in range(num_images)
    )
    return FolderScanned(
        folder=folder,
        labels=LabelRule(source="folders", pattern=labels.pattern),
        classes=classes,
        images=images,
        skipped=(),
        mapping={name: index for index, name in enumerate(classes)},
        sentence=f"{num_images} images in {said.NUM_CLASSES} class folders.",
    )


def evaluation_batch(indices: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> tuple[ArrayRef, ArrayRef]:
    """Logits that are right but for every ninth image, which is taken for the next class."""
    logits = np.random.default_rng(7).normal(0, 0.5, (len(indices), said.NUM_CLASSES)).astype(np.float32)
    predicted = (indices + (indices % 9 == 8)) % said.NUM_CLASSES
    logits[np.arange(len(indices)), predicted] += 6
    return said.inline(indices), said.inline(logits)


def evaluation_finished(num_images: int) -> EvaluationFinished:
    """What the batches of `evaluation_batch` add up to."""
    classes = tuple(str(digit) for digit in range(said.NUM_CLASSES))
    matrix = np.zeros((said.NUM_CLASSES, said.NUM_CLASSES), np.int64)
    for index in range(num_images):
        matrix[index % said.NUM_CLASSES, (index + (index % 9 == 8)) % said.NUM_CLASSES] += 1
    support, taken, right = matrix.sum(1), matrix.sum(0), np.diag(matrix)
    per_class = tuple(
        ClassMetrics(
            name=name,
            precision=float(right[index] / taken[index]) if taken[index] else None,
            recall=float(right[index] / support[index]) if support[index] else None,
            f1=float(2 * right[index] / (taken[index] + support[index])) if support[index] else None,
            support=int(support[index]),
        )
        for index, name in enumerate(classes)
    )
    return EvaluationFinished(
        classes=classes,
        matrix=tuple(tuple(int(count) for count in row) for row in matrix),
        outside=(0,) * said.NUM_CLASSES,
        num_images=num_images,
        skipped=(),
        accuracy=float(right.sum() / max(1, num_images)),
        balanced_accuracy=float(np.mean(right[support > 0] / support[support > 0])),
        per_class=per_class,
        expected_calibration_error=0.021,
        images_per_s=2140.0,
    )
