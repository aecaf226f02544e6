"""Where things were before a fold: so that they can glide to where they are after it."""

import numpy as np
from numpy.typing import NDArray

from inspector.gui.graph_view.picture import Picture
from inspector.gui.graph_view.picture_item import Motion

DURATION_MS = 150
MOST_BOXES = 400  # beyond that a jump is calmer than a stutter


def start_places(before: Picture, after: Picture, shift: tuple[float, float]) -> Motion | None:
    """The rectangles in which the boxes of `after` start, moved by `shift`; None when there are too many.

    What was not seen comes out of the folded container that held it; what has folded shrinks from where it was open.
    """
    if len(after.visible.boxes) > MOST_BOXES or before.visible.scope != after.visible.scope:
        return None
    move = np.array([*shift, 0.0, 0.0], np.float32)
    boxes = np.stack([_box_before(before, after, box) for box in range(len(after.visible.boxes))]) + move
    containers = [
        _container_before(before, c, after.layout.containers[at]) for c, at in after.place_of_container.items()
    ]
    held = np.stack(containers) + move if containers else np.zeros((0, 4), np.float32)
    return Motion(boxes.astype(np.float32), held.astype(np.float32), 0.0)


def _box_before(before: Picture, after: Picture, box: int) -> NDArray[np.float32]:
    seen = after.visible.boxes[box]
    if seen.node is not None:
        return np.array(before.rect_of_node(seen.node).getRect(), np.float32)
    if seen.container is None:
        return np.array(after.layout.boxes[box], np.float32)
    return _container_before(before, seen.container, after.layout.boxes[box])


def _container_before(before: Picture, container: int, after: NDArray[np.float32]) -> NDArray[np.float32]:
    for around in before.visible.hierarchy.ancestors(container):
        rect = before.container_rect(around)
        if rect is not None:
            return np.array(rect.getRect(), np.float32)
    return after
