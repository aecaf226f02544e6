"""Class names without what they all have in common, for where there is no room for more."""

from collections.abc import Sequence

LONG = 12  # names up to this many characters are left as they are


def short_names(names: Sequence[str]) -> tuple[str, ...]:
    """`species 02 of bird` becomes `02` among its like; words and numbers stay whole, and names stay apart."""
    if len(names) < 2 or max(map(len, names)) <= LONG:
        return tuple(names)
    lead = _up_to_a_word(_common(names))
    rest = [name[len(lead) :] for name in names]
    tail = _up_to_a_word(_common([name[::-1] for name in rest]))
    short = tuple(name[: len(name) - len(tail)] for name in rest)
    return short if all(short) and len(set(short)) == len(set(names)) else tuple(names)


def _common(names: Sequence[str]) -> str:
    """What all begin with: the first and the last in order have no more in common than any two others."""
    first, last = min(names), max(names)
    same = (place for place, letter in enumerate(first) if place >= len(last) or letter != last[place])
    return first[: next(same, len(first))]


def _up_to_a_word(common: str) -> str:
    """Cut back to where a word or number ends: `class_1` to `class_`."""
    ends = [place for place, letter in enumerate(common) if not letter.isalnum()]
    return common[: ends[-1] + 1] if ends else ""
