"""Frames: a length of four bytes (little endian), then that many bytes of MessagePack."""

import struct
from typing import BinaryIO, TypeVar

import msgspec

from inspector.protocol.events import EventFrame
from inspector.protocol.requests import RequestFrame

# A graph of 50,000 nodes is some 20 MB; a frame beyond this is a broken or hostile peer, and is not read.
MAX_FRAME_BYTES = 512 * 1024 * 1024

Frame = TypeVar("Frame")

_encoder = msgspec.msgpack.Encoder()
_event_decoder = msgspec.msgpack.Decoder(EventFrame)
_request_decoder = msgspec.msgpack.Decoder(RequestFrame)


class BrokenFrameError(Exception):
    """The stream holds something that is no frame."""


def write_frame(stream: BinaryIO, frame: RequestFrame | EventFrame) -> None:
    """Write one frame and flush it.

    Raises:
        OSError: the other side has gone.
    """
    payload = _encoder.encode(frame)
    stream.write(struct.pack("<I", len(payload)) + payload)
    stream.flush()


def read_event(stream: BinaryIO) -> EventFrame | None:
    """The next event, or None when the stream has ended.

    Raises:
        BrokenFrameError: what came is no event.
    """
    payload = _read_payload(stream)
    return None if payload is None else _decoded(_event_decoder, payload)


def read_request(stream: BinaryIO) -> RequestFrame | None:
    """The next request, or None when the stream has ended.

    Raises:
        BrokenFrameError: what came is no request.
    """
    payload = _read_payload(stream)
    return None if payload is None else _decoded(_request_decoder, payload)


def _decoded(decoder: "msgspec.msgpack.Decoder[Frame]", payload: bytes) -> Frame:
    try:
        return decoder.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BrokenFrameError(str(error)) from error


def _read_payload(stream: BinaryIO) -> bytes | None:
    head = _read_exactly(stream, 4)
    if head is None:
        return None
    (length,) = struct.unpack("<I", head)
    if length > MAX_FRAME_BYTES:
        raise BrokenFrameError(f"a frame of {length} bytes")
    return _read_exactly(stream, length)


def _read_exactly(stream: BinaryIO, count: int) -> bytes | None:
    """`count` bytes, or None when the stream ends before them."""
    parts = []
    while count:
        part = stream.read(count)
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
