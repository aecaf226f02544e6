"""The folder has more classes than the model has outputs, or fewer."""

from collections.abc import Iterator

from inspector.core.heads import num_classes_of
from inspector.engine.diagnosis.context import EvaluationContext
from inspector.protocol.findings import Finding


def check(context: EvaluationContext) -> Iterator[Finding]:
    """More classes can never be predicted: an error. Fewer may be meant: a note."""
    if context.outputs.ndim != 2:
        return
    classes, outputs = len(context.scan.classes), num_classes_of(context.outputs.shape[1])
    if classes == outputs or not classes:
        return
    more = classes > outputs
    apart = abs(classes - outputs)
    yield Finding(
        rule="class_count",
        severity="error" if more else "note",
        node=None,
        message=(
            f"The folder has {classes} {'class' if classes == 1 else 'classes'} and the model tells {outputs} apart: "
            + (f"{apart} can never be predicted." if more else f"{apart} {'has' if apart == 1 else 'have'} no images.")
        ),
        evidence={"classes": classes, "outputs": outputs},
        fix=(
            f"Give the last layer {classes} outputs, or leave out the classes that it was not trained on."
            if more
            else "Check in the mapping which output each class belongs to."
        ),
    )
