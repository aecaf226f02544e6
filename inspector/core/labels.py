"""Labels in names: `img_C1_07.png` is class C1. A name with no label, or with two, is never guessed."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

# The patterns that are tried on file names without their suffix, the most telling first. Each has one group: the label.
KNOWN_PATTERNS = (
    r"(?i)(?:^|[^a-z])class[-_ ]?([a-z0-9]+)",
    r"(?:^|[^A-Za-z0-9])([A-Z]\d{1,3})(?![A-Za-z0-9])",
    r"^([A-Za-z]+)(?=[-_ .]|\d|$)",
    r"^([^-_ .]+)[-_ .]",
    r"[-_ .]([A-Za-z]+)$",
    r"[-_ .](\d+)$",
    r"^(\d+)(?=[-_ .])",
)
# These look like a class even in a folder of few images.
_TELLING = KNOWN_PATTERNS[:2]
_MAX_CLASSES = 1_000


@dataclass(frozen=True)
class Label:
    """What a pattern found in a name: one label, none, or several that differ (all of them in `found`)."""

    kind: Literal["one", "none", "ambiguous"]
    found: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The label, or "" unless there is just one."""
        return self.found[0] if self.kind == "one" else ""


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts digits by their value, and letters without case: C2 before C10. Equal names in another case differ last."""
    parts = re.split(r"(\d+)", text)
    key = [(0, int(part[:300]), part) if part.isdecimal() else (1, 0, part.casefold()) for part in parts if part]
    return (*key, (-1, 0, text))


def label_with(pattern: re.Pattern[str], name: str) -> Label:
    """The label that `pattern` finds in a file name; only the name counts, without folders and suffix.

    The same label twice is one label. Two different ones are ambiguous, whichever comes first.
    """
    found = dict.fromkeys(match.group(1) for match in pattern.finditer(PurePath(name).stem) if match.group(1))
    if not found:
        return Label("none")
    return Label("one" if len(found) == 1 else "ambiguous", tuple(found))


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a label pattern.

    Raises:
        ValueError: it is no regular expression, or has no group: the sentence says which.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"The label pattern is not a regular expression: {error}.") from None
    if not compiled.groups:
        raise ValueError("The label pattern needs one group in parentheses around the label, as in ^([A-Za-z]+)_.")
    return compiled


def propose_patterns(names: Iterable[str], limit: int = 2_000) -> tuple[str, ...]:
    """The known patterns that fit these file names, best first: most names labelled, then the fewest ambiguous.

    A pattern fits when it labels at least half the names with two classes or more, and its classes repeat:
    a running number gives each name a class of its own, and is no label. Up to `limit` names are looked at, spread
    over all of them.
    """
    listed = list(names)
    sample = listed[:: max(1, len(listed) // limit)][:limit]
    scored: list[tuple[float, int, str]] = []
    for rank, pattern in enumerate(KNOWN_PATTERNS):
        share = _fit(pattern, sample)
        if share is not None:
            scored.append((-share, rank, pattern))
    return tuple(pattern for _, _, pattern in sorted(scored))


def _fit(pattern: str, names: Sequence[str]) -> float | None:
    """Share of the names with one label, in tenths, so that the patterns' order decides near ties; None for no fit."""
    compiled = re.compile(pattern)
    labels = [label.text for label in (label_with(compiled, name) for name in names) if label.kind == "one"]
    images_of = Counter(labels)
    # A class that occurs once may be a chance word (`holiday.png`): it neither makes a pattern fit nor speaks for it.
    repeated = [count for count in images_of.values() if count > 1]
    if len(labels) * 2 < len(names) or len(repeated) < 2 or len(images_of) > _MAX_CLASSES:
        return None
    # Two images a class on average is the least that tells a class from a serial number, unless it looks like a class.
    if pattern not in _TELLING and len(images_of) * 2 > len(labels):
        return None
    return round((len(labels) if pattern in _TELLING else sum(repeated)) / len(names), 1)
