"""What each way of labelling found, before classes get their order."""

from dataclasses import dataclass, field

from inspector.protocol.evaluation import LabelRule, Skipped


@dataclass(frozen=True)
class Found:
    """Labelled images (path, label), files that were left out, and classes that have no image.

    `how` ends the sentence "120 images in 3 classes, …".
    """

    rule: LabelRule
    how: str
    labelled: tuple[tuple[str, str], ...]
    skipped: tuple[Skipped, ...]
    empty_classes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    patterns: tuple[str, ...] = field(default=())
