"""What an answer about the tensor that is looked into does to its part of the window's state: pure functions."""

from dataclasses import replace
from typing import assert_never

import numpy as np

from inspector.client.base import Reply
from inspector.gui.state import MapPictures, TensorState
from inspector.protocol.events import CellsRead, MapsRead, RowRead, TensorFetched, TensorMeasured, ValueFound

# Of 64 kB at most each: what is scrolled past is forgotten, and asked for again.
MAX_BLOCKS = 64

TensorEvent = TensorFetched | TensorMeasured | CellsRead | MapsRead | ValueFound | RowRead


def apply_event(tensor: TensorState, reply: Reply, event: TensorEvent) -> TensorState:  # noqa: PLR0911 - one an event
    """The state after an answer; the same object when it is about another tensor."""
    if event.place != tensor.place:
        return tensor
    match event:
        case TensorFetched():
            return TensorState(place=event.place, fetched=event)
        case TensorMeasured():
            return replace(tensor, measured=event)
        case CellsRead():
            blocks = {window: block for window, block in tensor.blocks.items() if window != event.window}
            kept = list(blocks.items())[max(0, len(blocks) + 1 - MAX_BLOCKS) :]
            return replace(tensor, blocks={**dict(kept), event.window: reply.array(event.values)})
        case MapsRead():
            pictures = MapPictures(event, reply.array(event.maps).astype(np.float32, copy=False))
            return replace(tensor, large=pictures) if event.window.count == 1 else replace(tensor, maps=pictures)
        case ValueFound():
            return replace(tensor, found=event)
        case RowRead():  # goes into a file
            return tensor
        case _:
            assert_never(event)
