"""How long a plain forward takes, without any observing."""

import statistics
import time
from collections.abc import Callable

import torch

RUNS = 3
# A slow model is run once only: the user waits.
SLOW_S = 2.0


def plain_seconds(forward: Callable[[], object], device: torch.device | None) -> float | None:
    """The median of a few runs after one to warm up; None when it raises."""
    try:
        elapsed_s = [seconds_of(forward, device)]
        if elapsed_s[0] < SLOW_S:
            elapsed_s = [seconds_of(forward, device) for _ in range(RUNS)]
    except BaseException:  # noqa: BLE001 - also an exit: the observed run that follows tells what it was
        return None
    return statistics.median(elapsed_s)


def synchronize(device: torch.device | None) -> None:
    """Wait for all that was asked of an accelerator."""
    if device is not None and device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device is not None and device.type == "mps":
        torch.mps.synchronize()


def seconds_of(forward: Callable[[], object], device: torch.device | None) -> float:
    """Wall time of one call, on an accelerator until all that it asked for is done."""
    synchronize(device)
    started_s = time.perf_counter()
    forward()
    synchronize(device)
    return time.perf_counter() - started_s
