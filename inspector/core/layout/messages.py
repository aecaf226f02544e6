"""What is asked of a layout and what it gives: frozen arrays, and the same as bytes for the process beside."""

from dataclasses import dataclass, fields
from typing import Any, Literal, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

Direction = Literal["down", "right"]
HEADER = 32.0  # height of the bar on top of an open container


@dataclass(frozen=True)
class LayoutRequest:
    """What to lay out. Boxes and containers name the container around them by index, −1 for none.

    Containers come outermost first; boxes in the order in which they should read. `box_size` (n, 2) and
    `header_width` (c,) are in scene units, measured by whoever draws. `wires` (m, 2) join boxes.
    With a `page` (see `page_length`) what is much longer is wrapped into columns of about that length, or into rows.
    """

    box_parent: NDArray[np.int32]
    box_size: NDArray[np.float32]
    container_parent: NDArray[np.int32]
    header_width: NDArray[np.float32]
    wires: NDArray[np.int32]
    direction: Direction = "down"
    page: float = 0.0


@dataclass(frozen=True)
class Layout:
    """Where everything is. Rectangles are (x, y, width, height); the whole starts at (0, 0).

    `points` (p, 2) and `starts` (s + 1,) hold the segments one after the other: from one point to the next goes a
    curve that leaves and arrives along the direction. A wire runs through the segments
    `wire_segments[wire_starts[i]:wire_starts[i + 1]]`, first to last; segments are shared by wires of one source.
    `ends_at` is the box that a segment's arrow points at, or −1. `skips` marks segments in a lane past other boxes.
    """

    direction: Direction
    size: tuple[float, float]
    boxes: NDArray[np.float32]
    containers: NDArray[np.float32]
    depth: NDArray[np.int32]
    points: NDArray[np.float32]
    starts: NDArray[np.int32]
    ends_at: NDArray[np.int32]
    skips: NDArray[np.bool_]
    wire_starts: NDArray[np.int32]
    wire_segments: NDArray[np.int32]

    @property
    def num_segments(self) -> int:
        """How many separate lines are drawn."""
        return len(self.starts) - 1

    def segment(self, index: int) -> NDArray[np.float32]:
        """The points (k, 2) of a segment."""
        return self.points[self.starts[index] : self.starts[index + 1]]

    def segments_of(self, wire: int) -> NDArray[np.int32]:
        """The segments that a wire runs through, from its source to its target."""
        return self.wire_segments[self.wire_starts[wire] : self.wire_starts[wire + 1]]


def encode(message: LayoutRequest | Layout) -> bytes:
    """As MessagePack: arrays as (dtype, shape, bytes)."""
    content = {}
    for field in fields(message):
        value = getattr(message, field.name)
        content[field.name] = (
            (value.dtype.str, value.shape, np.ascontiguousarray(value).tobytes())
            if isinstance(value, np.ndarray)
            else value
        )
    return msgspec.msgpack.encode(content)


def decode_request(payload: bytes) -> LayoutRequest:
    """The request that `encode` made."""
    return LayoutRequest(**_decode(payload))


def decode_layout(payload: bytes) -> Layout:
    """The layout that `encode` made.

    Raises:
        msgspec.DecodeError: these are no such bytes.
        ValueError: an array does not fit its shape.
    """
    content = _decode(payload)
    content["size"] = tuple(content["size"])
    return Layout(**content)


def _decode(payload: bytes) -> dict[str, Any]:
    content = cast("dict[str, Any]", msgspec.msgpack.decode(payload))
    for name, value in content.items():
        if isinstance(value, list) and len(value) == 3 and isinstance(value[2], bytes):
            dtype, shape, data = value
            content[name] = np.frombuffer(data, np.dtype(dtype)).reshape(shape)
    return content
