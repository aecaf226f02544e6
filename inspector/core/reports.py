"""Reports made of what the engine told: the same numbers for the command line's JSON and for a report in a file."""

import numpy as np
from numpy.typing import NDArray

from inspector.core.readings import as_real, class_axis, sigmoid, softmax
from inspector.protocol.events import EvaluationFinished, FolderScanned
from inspector.protocol.findings import Findings
from inspector.protocol.outputs import OutputTensor
from inspector.protocol.reports import EvaluateReport, OutputReport

ONE_COLUMN = "Softmax over one column is always 1: it says nothing about this output."
PER_ITEM = "One value for each item of the batch: there are no classes, so no softmax."
TWICE = "These values are probabilities already: softmax or sigmoid on top would squash them."


def output_report(
    tensor: OutputTensor, values: NDArray[np.generic], class_names: tuple[str, ...], max_values: int
) -> OutputReport:
    """One output with its readings.

    Softmax and sigmoid are of the whole tensor, and cut afterwards to `max_values` values with it. A scalar has no
    class axis, so no softmax; nor has an output with one value an item.
    """
    real = as_real(values)
    axis = None if tensor.per_item else class_axis(real.shape)
    has_values = axis is not None and real.size > 0
    kept = cut_slices(real.shape, max_values)
    shown = real[kept]
    notes = [PER_ITEM] if tensor.per_item else []
    if axis is not None and real.shape[axis] == 1:
        notes.append(ONE_COLUMN)
    if tensor.head.kind in ("probabilities", "independent_probabilities"):
        notes.append(TWICE)
    truncated = ""
    if shown.size < real.size or tuple(real.shape) != tuple(tensor.shape):
        truncated = f"{shown.size} of {int(np.prod(tensor.shape, dtype=np.int64))} values, the first along each axis"
    return OutputReport(
        name=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        raw=(shown if np.iscomplexobj(values) else values[kept]).tolist(),
        softmax=softmax(real, axis=axis)[kept].tolist() if has_values and axis is not None else None,
        sigmoid=sigmoid(real)[kept].tolist() if real.size else None,
        classes=() if tensor.per_item else class_labels(real.shape, class_names),
        head=tensor.head,
        notes=tuple(notes),
        truncated=truncated,
    )


def class_labels(shape: tuple[int, ...], class_names: tuple[str, ...]) -> tuple[str, ...]:
    """The names along the class axis: the given ones where there are as many, else the indices; none for a scalar."""
    axis = class_axis(shape)
    if axis is None:
        return ()
    if len(class_names) == shape[axis]:
        return class_names
    return tuple(str(index) for index in range(shape[axis])) if shape[axis] <= 10_000 else ()


def cut_slices(shape: tuple[int, ...], max_values: int) -> tuple[slice, ...]:
    """Slices that keep at most `max_values`: whole items of the first axis as far as they fit, then of the next."""
    slices = []
    rest = int(np.prod(shape, dtype=np.int64))
    budget = max(1, max_values)
    for size in shape:
        if rest <= budget:
            slices.append(slice(None))
            continue
        rest //= size
        keep = max(1, budget // max(1, rest))
        slices.append(slice(keep))
        budget = max(1, budget // keep)
    return tuple(slices)


def evaluate_report(scan: FolderScanned, finished: EvaluationFinished, findings: Findings) -> EvaluateReport:
    """All of one evaluation."""
    return EvaluateReport(
        classes=finished.classes,
        matrix=finished.matrix,
        num_images=finished.num_images,
        skipped=finished.skipped,
        accuracy=finished.accuracy,
        balanced_accuracy=finished.balanced_accuracy,
        per_class=finished.per_class,
        expected_calibration_error=finished.expected_calibration_error,
        images_per_s=finished.images_per_s,
        findings=findings.findings,
        unchecked=findings.unchecked,
        mapping=scan.mapping,
        outside=finished.outside,
        problems=scan.problems,
        cancelled=finished.cancelled,
    )
