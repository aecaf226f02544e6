"""The cores shared between decoding pictures and running the model: torch leaves as many as decoding keeps busy.

Torch waits for the slowest of its threads at every operation; one that has to share its core slows down all.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from inspector.protocol.inputs import Preprocess

# After so many batches it is known how long decoding and forward take; the first ones set things up.
_MEASURED_BATCHES = 3
# Up to here a core kept for decoding is half of what the model has: decoding and the model take turns instead.
_FEW_CORES = 2
# Pictures of fewer pixels are decoded in Python for the most part, where two threads are no faster than one.
_SMALL_PIXELS = 64 * 64


class Cores:
    """Sets torch's threads once, after a few batches."""

    def __init__(self) -> None:
        self._decode_s: list[float] = []
        self._forward_s: list[float] = []

    def share(self, decode_s: float, forward_s: float) -> None:
        """Take note of one batch: the processor time of its decoding, and how long its forward took."""
        self._decode_s.append(decode_s)
        self._forward_s.append(forward_s)
        if len(self._decode_s) == _MEASURED_BATCHES:
            busy = min(self._decode_s) / max(min(self._forward_s), 1e-6)
            torch.set_num_threads(threads_beside(busy, torch.get_num_threads(), os.cpu_count() or 1))


def threads_beside(busy_cores: float, threads: int, cores: int) -> int:
    """How many of torch's threads leave so many cores free for decoding; one at least, never more than before."""
    return max(1, min(threads, cores - min(round(busy_cores), cores)))


def takes_turns(preprocess: Preprocess, cores: int) -> bool:
    """Whether a batch is better decoded while the model on the CPU waits."""
    sides = preprocess.height, preprocess.width
    small = sides[0] is not None and sides[1] is not None and sides[0] * sides[1] < _SMALL_PIXELS
    return cores <= _FEW_CORES and not small


@contextmanager
def shared_cores() -> Iterator[Cores]:
    """Share the cores within; torch has its threads back afterwards."""
    threads = torch.get_num_threads()
    try:
        yield Cores()
    finally:
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
