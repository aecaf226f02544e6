"""Pictures to batches, in threads and in order, a bounded number of batches ahead of the model."""

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field
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
# Fewer pictures are not worth a thread of their own.
_LEAST_PART = 4


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


@dataclass(frozen=True)
class Plan:
    """How pictures become batches.

    With `in_turn` a batch is decoded by all workers while the model waits for it, and the model then has all cores:
    on few cores that is sooner than both at once, as torch waits at every operation for the thread that has to share.
    `plain_order`, once set, has batches laid out (n, C, H, W) in memory too, while pixels still are bytes.
    """

    batch_size: int
    workers: int
    in_turn: bool = False
    plain_order: Event = field(default_factory=Event)


def stream_batches(
    paths: Sequence[str], preprocess: Preprocess, plan: Plan, *, between_steps: Callable[[], None]
) -> Generator[DecodedBatch, None, None]:
    """Decoded batches in order. Close the iterator, or use it up, to end its threads.

    Raises:
        Cancelled: `between_steps`, asked while waiting, raised it.
    """
    work = _Work(paths, preprocess, plan)
    parts = plan.workers if plan.in_turn else 1
    ahead = 1 if plan.in_turn else _batches_ahead(preprocess, plan.batch_size, plan.workers)
    starts = iter(range(0, len(paths), plan.batch_size))
    waiting: deque[list[Future[_Part]]] = deque()
    pool = ThreadPoolExecutor(plan.workers, thread_name_prefix="decode")
    try:
        while True:
            while len(waiting) < ahead and (start := next(starts, None)) is not None:
                indices = range(start, min(start + plan.batch_size, len(paths)))
                waiting.append([pool.submit(work.decode, part, not plan.in_turn) for part in _split(indices, parts)])
            if not waiting:
                return
            while wait_for(waiting[0], _POLL_S).not_done:
                between_steps()
            yield work.joined([future.result() for future in waiting.popleft()])
    finally:
        work.stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _split(indices: range, parts: int) -> list[range]:
    size = max(-(-len(indices) // parts), _LEAST_PART)
    return [indices[start : start + size] for start in range(0, len(indices), size)]


@dataclass
class _Part:
    """Some pictures of a batch: pixels by their shape, or stacks of them already."""

    pixels: dict[tuple[object, ...], list[tuple[int, NDArray[np.generic]]]] = field(default_factory=dict)
    stacks: tuple[Stack, ...] = ()
    skipped: list[Skipped] = field(default_factory=list)
    count: int = 0
    decode_s: float = 0.0


class _Work:
    """What the threads do."""

    def __init__(self, paths: Sequence[str], preprocess: Preprocess, plan: Plan) -> None:
        self.stop = Event()
        self._paths = paths
        self._preprocess = preprocess
        self._plan = plan

    def decode(self, indices: range, stacked: bool) -> _Part:
        """Decode these pictures, and stack them if so asked; those that can't be read are skipped, with the reason."""
        part = _Part(count=len(indices))
        started_s = time.thread_time()
        for index in indices:
            if self.stop.is_set():
                break
            path = self._paths[index]
            try:
                pixels = to_pixels(open_image(path), self._preprocess)
            except EngineError as error:
                part.skipped.append(Skipped(path=path, reason=error.message))
            except (OSError, ValueError, MemoryError) as error:
                # Memory for one picture can be lacking where the model still has all it needs.
                part.skipped.append(Skipped(path=path, reason=f"It can't be read: {error or type(error).__name__}."))
            else:
                part.pixels.setdefault((pixels.shape, pixels.dtype), []).append((index, pixels))
        if stacked:
            part.stacks = self._stacks([part])
            part.pixels = {}
        part.decode_s = time.thread_time() - started_s
        return part

    def joined(self, parts: list[_Part]) -> DecodedBatch:
        """The parts of a batch, in order, as one."""
        return DecodedBatch(
            stacks=tuple(stack for part in parts for stack in part.stacks) or self._stacks(parts),
            skipped=tuple(skipped for part in parts for skipped in part.skipped),
            count=sum(part.count for part in parts),
            decode_s=sum(part.decode_s for part in parts),
        )

    def _stacks(self, parts: list[_Part]) -> tuple[Stack, ...]:
        by_shape: dict[tuple[object, ...], list[tuple[int, NDArray[np.generic]]]] = {}
        for part in parts:
            for shape, found in part.pixels.items():
                by_shape.setdefault(shape, []).extend(found)
        plain = self._plan.plain_order.is_set()
        return tuple(
            Stack(
                np.array([index for index, _ in found], np.int64),
                to_batch([pixels for _, pixels in found], self._preprocess, plain_order=plain),
            )
            for found in by_shape.values()
        )


def _batches_ahead(preprocess: Preprocess, batch_size: int, workers: int) -> int:
    """How many batches may be under way: one a worker and one ready, fewer where they are large, but never none."""
    side = 1024  # a guess for pictures that keep their own size
    pixels = (preprocess.height or side) * (preprocess.width or side) * preprocess.channels
    return max(1, min(workers + 1, _MOST_WAITING_BYTES // max(1, pixels * batch_size * 4)))
