"""Which axes of a reshaped tensor are which of the tensor before: by their lengths, in order, where that is certain."""

from collections.abc import Sequence

from inspector.engine.axes.variables import Size, Variables


def reshaped(variables: Variables, before: Sequence[int], after: Sequence[int]) -> None:
    """Pair the axes of two tensors with the same values in the same order.

    Both are cut into the smallest pieces with equal numbers of elements, in both runs: an axis alone on both sides is
    the same, several before one are folded into it. One before several are taken apart only as they were folded. Axes
    of length 1 could lie anywhere, and stay as they are.
    """
    if any(0 in variables.size(axis) for axis in (*before, *after)):
        return
    old = [axis for axis in before if variables.size(axis) != (1, 1)]
    new = [axis for axis in after if variables.size(axis) != (1, 1)]
    for left, right in _pieces(variables, old, new):
        if len(right) == 1:
            variables.fold(right[0], left)
        elif len(left) == 1:
            _take_apart(variables, left[0], right)


def _take_apart(variables: Variables, axis: int, into: Sequence[int]) -> None:
    """Give back the axes that one was folded of, where as many of the same lengths come out."""
    parts = variables.parts(axis)
    if [variables.size(part) for part in parts] == [variables.size(one) for one in into]:
        for part, one in zip(parts, into, strict=True):
            variables.same(part, one)


def _pieces(variables: Variables, old: list[int], new: list[int]) -> list[tuple[list[int], list[int]]]:
    """The smallest runs of axes that hold equally many elements; none where the numbers never meet."""
    pieces: list[tuple[list[int], list[int]]] = []
    left: list[int] = []
    right: list[int] = []
    many, more = (1, 1), (1, 1)
    old, new = old[::-1], new[::-1]
    while old or new:
        if old and (not new or many <= more):
            left.append(old.pop())
            many = _times(many, variables.size(left[-1]))
        else:
            right.append(new.pop())
            more = _times(more, variables.size(right[-1]))
        if many == more:
            pieces.append((left, right))
            left, right, many, more = [], [], (1, 1), (1, 1)
    return pieces


def _times(one: Size, other: Size) -> Size:
    return one[0] * other[0], one[1] * other[1]
