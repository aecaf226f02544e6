"""Which box an arrow key goes to: along the flow the nearest at the other end of a wire, across it the nearest."""

import numpy as np

from inspector.gui.graph_view.picture import Picture


def neighbour(picture: Picture, box: int, way: tuple[int, int]) -> int | None:
    """The box to go to from `box`; `way` is (1, 0) for right, (0, -1) for up. None where there is none."""
    rects = picture.layout.boxes.astype(np.float64)
    centres = rects[:, :2] + rects[:, 2:] / 2
    along, across = (1, 0) if picture.layout.direction == "down" else (0, 1)
    wires = picture.visible.wires
    if way[along]:
        ahead = wires[wires[:, 0] == box, 1] if way[along] > 0 else wires[wires[:, 1] == box, 0]
        if not len(ahead):
            return None
        # the next one in line comes before the end of a long skip
        return int(ahead[np.argmin(np.abs(centres[ahead] - centres[box]).sum(axis=1))])
    low, size = rects[:, along], rects[:, 2 + along]
    shift = (centres[:, across] - centres[box, across]) * way[across]
    beside = (low < low[box] + size[box]) & (low + size > low[box]) & (shift > 0)
    found = np.flatnonzero(beside)
    return int(found[np.argmin(shift[found])]) if len(found) else None
