"""A test folder: where its labels come from, and what the model said to each image."""

from typing import Literal

from inspector.protocol.base import Message

LabelSource = Literal["auto", "folders", "names", "csv"]


class LabelRule(Message, frozen=True):
    """Where labels come from. `pattern` is a regular expression whose first group is the label, for `names`.

    For `csv`, `csv_path` names the file, and its columns are found by name (path/file/image, label/class/target).
    """

    source: LabelSource = "auto"
    pattern: str = ""
    csv_path: str = ""


class LabelledImage(Message, frozen=True):
    """A picture and the index of its class in `FolderScanned.classes`."""

    path: str
    label: int


class Skipped(Message, frozen=True):
    """A file that was not counted, and why, in a sentence."""

    path: str
    reason: str


class ClassMetrics(Message, frozen=True):
    """Figures of one class; None where they are not defined (nothing predicted, nothing true)."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
