"""What lies up and down the wires from a box: what selection and hover light."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Trace:
    """The boxes and wires on any path through a box, and those wires that touch it."""

    boxes: NDArray[np.bool_]
    wires: NDArray[np.bool_]
    near: NDArray[np.bool_]


def trace(box: int, num_boxes: int, wires: NDArray[np.int64]) -> Trace:
    """Everything that can reach the box, and everything that it can reach."""
    up, up_wires = _reach(box, num_boxes, wires[:, 1], wires[:, 0])
    down, down_wires = _reach(box, num_boxes, wires[:, 0], wires[:, 1])
    near = (wires[:, 0] == box) | (wires[:, 1] == box)
    return Trace(up | down, up_wires | down_wires, near)


def touching(box: int, num_boxes: int, wires: NDArray[np.int64]) -> Trace:
    """The box, its direct neighbours, and the wires between them."""
    near = (wires[:, 0] == box) | (wires[:, 1] == box)
    boxes = np.zeros(num_boxes, np.bool_)
    boxes[box] = True
    boxes[wires[near].ravel()] = True
    return Trace(boxes, near, near)


def _reach(
    box: int, num_boxes: int, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The boxes and wires found going from `starts` to `ends`, one box after the other."""
    order = np.argsort(starts, kind="stable")
    first = np.searchsorted(starts[order], np.arange(num_boxes + 1))
    reached = np.zeros(num_boxes, np.bool_)
    used = np.zeros(len(starts), np.bool_)
    reached[box] = True
    todo = [box]
    while todo:
        at = todo.pop()
        found = order[first[at] : first[at + 1]]
        used[found] = True
        for other in ends[found].tolist():
            if not reached[other]:
                reached[other] = True
                todo.append(other)
    return reached, used
