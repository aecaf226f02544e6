"""What the confusion panel says in words."""

from inspector.core.formatting import percent_text
from inspector.gui.confusion_panel.counting import Counted
from inspector.gui.state import EvaluationState, WindowState


def folder_sentence(evaluation: EvaluationState) -> str:
    """What the folder holds, or how far its evaluation is."""
    if evaluation.running:
        speed = f" · {evaluation.images_per_s:,.0f} images/s" if evaluation.images_per_s else ""
        return f"{evaluation.done:,} of {evaluation.total:,} images{speed}" if evaluation.total else "Starting …"
    if evaluation.scan is None:
        return "Reading the folder …" if evaluation.folder else ""
    finished = evaluation.finished
    if finished is None:
        return evaluation.scan.sentence
    how = f"Cancelled after {finished.num_images:,} images" if finished.cancelled else "Evaluated"
    return f"{evaluation.scan.sentence} {how}, {finished.images_per_s:,.0f} images/s."


def summary_text(counted: Counted) -> str:
    """The figures of the whole."""
    parts = [f"accuracy {percent_text(counted.accuracy, 2)}", f"balanced {percent_text(counted.balanced_accuracy, 2)}"]
    if counted.calibration_error is not None:
        parts.append(f"ECE {counted.calibration_error:.3f}")
    other = int(counted.outside.sum())
    if other:
        parts.append(f"{other:,} taken for no class of the folder")
    return " · ".join(parts)


def how_to_begin(state: WindowState) -> str:
    """What to do next; "" where there is a matrix."""
    evaluation = state.evaluation
    if not evaluation.folder:
        return (
            "Choose or drop a folder of labelled test images: class folders, labels in the file names, or a CSV."
            " The matrix fills while the model runs over them."
        )
    if (
        evaluation.scan is not None
        and evaluation.scan.images
        and not evaluation.running
        and not len(evaluation.indices)
    ):
        return "Evaluate to fill the matrix." if state.model is not None else "Open a model to evaluate it."
    return ""
