"""What is wrong, or worth knowing, and what mends it."""

from typing import Literal

from inspector.protocol.base import Message
from inspector.protocol.inputs import NamedInput, Preprocess, RandomInput

Severity = Literal["error", "warning", "note"]


class Finding(Message, frozen=True):
    """One sentence with its numbers and the fix. `apply_*` is set where a button can do it.

    `apply_inputs` are all inputs of forward; `apply_label` is what the button says, where that is not the fix.
    `node`, `class_name` and `image` (a path in the folder) say what it is about, where it is about one. `code` is the
    line that mends it, as it would be written.
    """

    rule: str
    severity: Severity
    node: int | None
    message: str
    evidence: dict[str, float | int | str]
    fix: str
    apply_input: RandomInput | None = None
    apply_preprocess: Preprocess | None = None
    apply_inputs: tuple[NamedInput, ...] = ()
    apply_label: str = ""
    code: str = ""
    class_name: str = ""
    image: str = ""


class Unchecked(Message, frozen=True):
    """A rule that could not be checked, and why."""

    rule: str
    why: str


class Findings(Message, frozen=True):
    """All that the rules said of one run or one evaluation."""

    findings: tuple[Finding, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
