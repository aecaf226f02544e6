"""Frames survive the journey, and what is no frame is refused with a clean error."""

import io
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.protocol.events import EventFrame, Progressed, RequestFinished
from inspector.protocol.inputs import ImageInput, NamedInput, Preprocess, RandomInput
from inspector.protocol.requests import CancelRequest, LoadModel, RequestFrame, RunForward
from inspector.protocol.wire import MAX_FRAME_BYTES, BrokenFrameError, read_event, read_request, write_frame


def test_a_request_with_every_kind_of_input_comes_out_as_it_went_in() -> None:
    image = ImageInput(paths=("a.png",), preprocess=Preprocess(height=8, width=8, channels=1, mean=(0.5,), std=(0.5,)))
    request = RunForward(inputs=(NamedInput(source=RandomInput(shape=(1, 3)), name="x"), NamedInput(source=image)))
    stream = io.BytesIO()
    write_frame(stream, RequestFrame(id=7, body=request))
    stream.seek(0)
    assert read_request(stream) == RequestFrame(id=7, body=request)


def test_frames_follow_each_other_until_the_stream_ends() -> None:
    stream = io.BytesIO()
    write_frame(stream, EventFrame(id=1, body=Progressed(what="Loading", done=1, total=2)))
    write_frame(stream, EventFrame(id=1, body=RequestFinished(elapsed_s=0.5)))
    stream.seek(0)
    assert isinstance(read_event(stream), EventFrame)
    assert read_event(stream) == EventFrame(id=1, body=RequestFinished(elapsed_s=0.5))
    assert read_event(stream) is None


def test_a_frame_cut_short_is_the_end_of_the_stream() -> None:
    stream = io.BytesIO()
    write_frame(stream, RequestFrame(id=1, body=LoadModel(path="model.pth")))
    assert read_request(io.BytesIO(stream.getvalue()[:-1])) is None


def test_a_frame_that_claims_to_be_huge_is_refused_before_it_is_read() -> None:
    with pytest.raises(BrokenFrameError, match="bytes"):
        read_event(io.BytesIO(struct.pack("<I", MAX_FRAME_BYTES + 1)))


def test_an_unknown_field_is_refused() -> None:
    payload = msgspec.msgpack.encode({"id": 1, "body": {"type": "cancel_request", "request_id": 1, "extra": 2}})
    with pytest.raises(BrokenFrameError):
        read_request(io.BytesIO(struct.pack("<I", len(payload)) + payload))


def test_deep_nesting_is_refused() -> None:
    payload = b"\x91" * 100_000 + b"\xc0"
    with pytest.raises(BrokenFrameError):
        read_event(io.BytesIO(struct.pack("<I", len(payload)) + payload))


@given(st.binary(max_size=200))
def test_random_bytes_never_raise_anything_but_a_broken_frame(noise: bytes) -> None:
    stream = io.BytesIO(struct.pack("<I", len(noise)) + noise)
    try:
        frame = read_request(stream)
    except BrokenFrameError:
        return
    assert frame is None or isinstance(frame, RequestFrame)


def test_a_cancel_is_small_enough_to_never_block() -> None:
    stream = io.BytesIO()
    write_frame(stream, RequestFrame(id=1, body=CancelRequest(request_id=1)))
    assert len(stream.getvalue()) < 100
