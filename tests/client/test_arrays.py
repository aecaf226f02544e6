"""Arrays go through shared memory, wrap around its end, and fall back to the message when it is full."""

import os
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.client.arrays import make_ring
from inspector.client.base import Reply
from inspector.engine.array_writer import ArrayWriter
from inspector.protocol.base import ArrayRef
from inspector.protocol.events import RequestFinished

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sealed shared memory is Linux's own")


@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=12), st.booleans())
def test_arrays_of_any_sizes_arrive_as_they_were(sizes: list[int], acknowledged: bool) -> None:
    ring = make_ring(64 * 1024)
    assert ring is not None
    writer = ArrayWriter(os.dup(ring.fd), ring.size)
    generator = np.random.default_rng(0)
    for size in sizes:
        array = generator.integers(0, 255, size, dtype=np.uint8)
        start = ring.read_total
        ref = writer.put(array)
        block = ring.read_up_to(writer.written_total)
        if acknowledged:
            writer.note_read(ring.read_total)
        assert np.array_equal(Reply(1, RequestFinished(), block, start).array(ref), array)
    ring.close()


def test_the_ring_can_not_be_cut_short_by_the_engine() -> None:
    ring = make_ring(4096)
    assert ring is not None
    with pytest.raises(PermissionError):
        os.ftruncate(ring.fd, 0)
    ring.close()


def test_without_shared_memory_arrays_travel_in_the_message() -> None:
    array = np.arange(10_000, dtype=np.float32).reshape(100, 100)
    ref = ArrayWriter(None, 0).put(array)
    assert np.array_equal(Reply(1, RequestFinished()).array(ref), array)


@pytest.mark.parametrize(
    "ref",
    [
        ArrayRef(shape=(4,), dtype="float64", offset=8),
        ArrayRef(shape=(1 << 40,), dtype="uint8", offset=0),
        ArrayRef(shape=(2, -1), dtype="uint8", inline=b"ab"),
        ArrayRef(shape=(1,), dtype="object", inline=b"12345678"),
        ArrayRef(shape=(1,), dtype="no such type", inline=b"12345678"),
        ArrayRef(shape=(1,), dtype="f4,(2,f4", inline=b"12345678"),
        ArrayRef(shape=((1 << 64) - 1,), dtype="uint8", offset=16),
        ArrayRef(shape=(1 << 32, 1 << 32), dtype="uint8", offset=16),
        ArrayRef(shape=(0, (1 << 64) - 1), dtype="uint8"),
        ArrayRef(shape=(1,), dtype="uint8", offset=(1 << 64) - 1),
    ],
)
def test_a_reference_to_bytes_that_were_not_sent_is_refused(ref: ArrayRef) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Reply(1, RequestFinished(), b"12345678", 16).array(ref)
