"""The axes of all tensors as variables: which are the same axis, what an axis is called, what it was folded of.

A name is *strong* where an operation's contract says it (a convolution's channels) and *weak* where it only says how
the operation uses the axis (the last one of a Linear). What contradicts itself stays without a name.
"""

from collections.abc import Sequence

# An axis' length in the captured run, and in the one with another batch size (the same where there was none).
Size = tuple[int, int]
MAX_DEPTH = 8


class Variables:
    """Sets of axes that are one, found by union; numbers stand for axes."""

    def __init__(self) -> None:
        self._above: list[int] = []
        self._sizes: list[Size] = []
        self._strong: dict[int, set[str]] = {}
        self._weak: dict[int, set[str]] = {}
        self._parts: dict[int, tuple[int, ...]] = {}
        self._like: dict[int, list[int]] = {}

    def new(self, size: Size) -> int:
        """An axis that nothing is known of."""
        self._above.append(len(self._above))
        self._sizes.append(size)
        return self._above[-1]

    def size(self, axis: int) -> Size:
        """How long it is in both runs."""
        return self._sizes[axis]

    def root(self, axis: int) -> int:
        """The one that stands for all axes that are the same."""
        while self._above[axis] != axis:
            self._above[axis] = self._above[self._above[axis]]
            axis = self._above[axis]
        return axis

    def same(self, one: int, other: int) -> None:
        """Two axes are one; nothing happens where their lengths differ."""
        first, second = self.root(one), self.root(other)
        if first == second or self._sizes[first] != self._sizes[second]:
            return
        first, second = min(first, second), max(first, second)
        self._above[second] = first
        for names in (self._strong, self._weak):
            if second in names:
                names.setdefault(first, set()).update(names.pop(second))
        if second in self._parts:
            self._parts.setdefault(first, self._parts.pop(second))
        if second in self._like:
            self._like.setdefault(first, []).extend(self._like.pop(second))

    def call(self, axis: int, name: str, *, weak: bool = False) -> None:
        """Name an axis."""
        names = self._weak if weak else self._strong
        names.setdefault(self.root(axis), set()).add(name)

    def fold(self, axis: int, parts: Sequence[int]) -> None:
        """`axis` was made of `parts`, the first the slowest; parts of length 1 count for nothing."""
        kept = tuple(part for part in parts if self._sizes[part] != (1, 1))
        if len(kept) == 1:
            self.same(axis, kept[0])
        elif kept:
            self._parts.setdefault(self.root(axis), kept)

    def parts(self, axis: int) -> tuple[int, ...]:
        """What it was folded of; empty where that is not known."""
        return self._parts.get(self.root(axis), ())

    def alike(self, axis: int, source: int) -> None:
        """`axis` is of the same kind as `source`, and another length: a slice, a padded one."""
        self._like.setdefault(self.root(axis), []).append(source)

    def strong_name(self, axis: int) -> str:
        """The name that an operation's contract gives; "" where none does, or several disagree."""
        names = self._strong.get(self.root(axis), ())
        return next(iter(names)) if len(names) == 1 else ""

    def name(self, axis: int) -> str:
        """What it is called; "" where that is unknown or contradictory."""
        return self._named(axis, 0, {})

    def _named(self, axis: int, depth: int, known: dict[tuple[int, int], str]) -> str:
        # What is parted and joined again and again comes to the same axes in ever more ways.
        key = self.root(axis), depth
        if key not in known:
            known[key] = self._name_of(*key, known)
        return known[key]

    def _name_of(self, root: int, depth: int, known: dict[tuple[int, int], str]) -> str:
        if depth > MAX_DEPTH:
            return ""
        if root in self._strong:
            return self.strong_name(root)
        if root in self._parts:
            names = [self._named(part, depth + 1, known) for part in self._parts[root]]
            if all(names):
                return "·".join(names)
        if root in self._weak:
            return next(iter(self._weak[root])) if len(self._weak[root]) == 1 else ""
        sources = {self._named(source, depth + 1, known) for source in self._like.get(root, ())}
        alike = next(iter(sources)) if len(sources) == 1 else ""
        return "" if "·" in alike else alike
