"""Case E4: one class has many times the images of another, so accuracy alone hides the rare one."""

from collections.abc import Iterator

from inspector.core.formatting import percent_text
from inspector.engine.diagnosis.context import EvaluationContext
from inspector.protocol.findings import Finding

# Below this the difference hardly moves accuracy away from balanced accuracy.
LEAST_RATIO = 5.0


def check(context: EvaluationContext) -> Iterator[Finding]:
    """The most frequent class has at least five times the images of the rarest."""
    counts = {row.name: row.support for row in context.finished.per_class if row.support > 0}
    if len(counts) < 2:
        return
    rarest, commonest = min(counts, key=lambda name: counts[name]), max(counts, key=lambda name: counts[name])
    ratio = counts[commonest] / counts[rarest]
    if ratio < LEAST_RATIO:
        return
    total = sum(counts.values())
    weights = {name: total / (len(counts) * count) for name, count in counts.items()}
    recall = next((row.recall for row in context.finished.per_class if row.name == rarest), None)
    evidence: dict[str, float | int | str] = {"ratio": ratio, "images": total}
    evidence |= {f"images {name}": count for name, count in counts.items()}
    evidence |= {f"weight {name}": weight for name, weight in weights.items()}
    figures = {
        "accuracy": context.finished.accuracy,
        "balanced_accuracy": context.finished.balanced_accuracy,
        "recall_rarest": recall,
    }
    evidence |= {name: figure for name, figure in figures.items() if figure is not None}
    beside = f"; its recall is {percent_text(recall)}" if recall is not None else ""
    overall = (
        f" beside an accuracy of {percent_text(context.finished.accuracy)}"
        if context.finished.accuracy is not None
        else ""
    )
    listed = ", ".join(f"{weight:.3g}" for weight in weights.values())
    yield Finding(
        rule="class_imbalance",
        severity="warning",
        node=None,
        message=(
            f"{commonest} has {counts[commonest]} images and {rarest} only {counts[rarest]} ({ratio:.0f}:1), so "
            f"accuracy hides {rarest}{beside}{overall if beside else ''}."
        ),
        class_name=rarest,
        evidence=evidence,
        fix=("Look at recall per class and at balanced accuracy; for training, weigh the classes."),
        code=f"loss = nn.CrossEntropyLoss(weight=torch.tensor([{listed}]))",
    )
