"""What is wrong, or worth knowing, and what mends it."""

from typing import Literal

from inspector.protocol.base import Message
from inspector.protocol.inputs import Preprocess, RandomInput

Severity = Literal["error", "warning", "note"]


class Finding(Message, frozen=True):
    """One sentence with its numbers and the fix. `apply_*` is set where a button can do it."""

    rule: str
    severity: Severity
    node: int | None
    message: str
    evidence: dict[str, float | int | str]
    fix: str
    apply_input: RandomInput | None = None
    apply_preprocess: Preprocess | None = None


class Unchecked(Message, frozen=True):
    """A rule that could not be checked, and why."""

    rule: str
    why: str


class Findings(Message, frozen=True):
    """All that the rules said of one run or one evaluation."""

    findings: tuple[Finding, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
