"""Pictures to batches, in threads and in order, a bounded number of batches ahead of the model."""

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from threading import Event

import numpy as np
from numpy.typing import NDArray

from inspector.engine.errors import EngineError
from inspector.engine.evaluation.pixels import to_batch, to_pixels
from inspector.engine.inputs.images import open_image
from inspector.protocol.evaluation import Skipped
from inspector.protocol.inputs import Preprocess

# Batches that wait for the model may hold this much together.
_MOST_WAITING_BYTES = 512 * 1024 * 1024
_POLL_S = 0.05


@dataclass(frozen=True)
class Stack:
    """Pictures of one shape: `values` (n, C, H, W), `indices` (n,) into the paths."""

    indices: NDArray[np.int64]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class DecodedBatch:
    """One batch; several stacks where sizes differ. `count` includes those skipped; `decode_s` is processor time."""

    stacks: tuple[Stack, ...]
    skipped: tuple[Skipped, ...]
    count: int
    decode_s: float


def stream_batches(
    paths: Sequence[str],
    preprocess: Preprocess,
    *,
    batch_size: int,
    workers: int,
    between_steps: Callable[[], None],
) -> Generator[DecodedBatch, None, None]:
    """Decoded batches in order. Close the iterator, or use it up, to end its threads.

    Raises:
        Cancelled: `between_steps`, asked while waiting, raised it.
    """
    stop = Event()
    starts = iter(range(0, len(paths), batch_size))
    ahead = _batches_ahead(preprocess, batch_size, workers)
    waiting: deque[Future[DecodedBatch]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        while True:
            while len(waiting) < ahead and (start := next(starts, None)) is not None:
                end = min(start + batch_size, len(paths))
                waiting.append(pool.submit(_decode_batch, paths, start, end, preprocess, stop))
            if not waiting:
                return
            while not wait_for([waiting[0]], _POLL_S).done:
                between_steps()
            yield waiting.popleft().result()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _decode_batch(paths: Sequence[str], start: int, end: int, preprocess: Preprocess, stop: Event) -> DecodedBatch:
    """Decode `paths[start:end]`; those that can't be read are skipped, with the reason."""
    by_shape: dict[tuple[object, ...], list[tuple[int, NDArray[np.generic]]]] = {}
    skipped: list[Skipped] = []
    started_s = time.thread_time()
    for index in range(start, end):
        if stop.is_set():
            break
        try:
            pixels = to_pixels(open_image(paths[index]), preprocess)
        except EngineError as error:
            skipped.append(Skipped(path=paths[index], reason=error.message))
            continue
        except (OSError, ValueError, MemoryError) as error:
            # Memory for one picture can be lacking where the model still has all it needs.
            skipped.append(Skipped(path=paths[index], reason=f"It can't be read: {error or type(error).__name__}."))
            continue
        by_shape.setdefault((pixels.shape, pixels.dtype), []).append((index, pixels))
    stacks = tuple(
        Stack(np.array([index for index, _ in found], np.int64), to_batch([pixels for _, pixels in found], preprocess))
        for found in by_shape.values()
    )
    return DecodedBatch(stacks, tuple(skipped), end - start, time.thread_time() - started_s)


def _batches_ahead(preprocess: Preprocess, batch_size: int, workers: int) -> int:
    """How many batches may be under way: one a worker and one ready, fewer where they are large, but never none."""
    side = 1024  # a guess for pictures that keep their own size
    pixels = (preprocess.height or side) * (preprocess.width or side) * preprocess.channels
    return max(1, min(workers + 1, _MOST_WAITING_BYTES // max(1, pixels * batch_size * 4)))
