"""Peak of memory of a captured forward against a plain one: what the process grew by, and what its tensors took.

`process` is how much the process grew above where it stood just before the forward (Linux's VmHWM, reset before): what
the system really had to give, statistics and temporaries included. Each way has a process of its own, and runs several
times in it; the figure is the median. `plain again` is another plain process: how far the figures can be trusted.
`tensors` counts the bytes of living storages that the dispatcher gave out, exactly the same at every run.

Run as `python benchmarks/capture_memory.py [runs]`; Linux only. Nothing here is a time: it may run on a busy machine.
"""

import argparse
import gc
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import capture
import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from inspector.engine.capture import CaptureOptions, capture_forward
from inspector.engine.capture.surroundings import eager_attention

STATUS = Path("/proc/self/status")
# Freed memory goes back at once, so that the figure doesn't hang on what malloc chose to keep.
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0", "MALLOC_ARENA_MAX": "1"}
WAYS = ("plain", "shapes", "statistics", "plain again")


class Bottleneck(nn.Module):
    """ResNet-50's block."""

    def __init__(self, inner: int, width: int, stride: int) -> None:
        super().__init__()
        outer = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, outer, 1, bias=False), nn.BatchNorm2d(outer)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inner != outer:
            self.downsample = nn.Sequential(nn.Conv2d(inner, outer, 1, stride, bias=False), nn.BatchNorm2d(outer))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, C', H', W')."""
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += identity
        return self.relu(out)


def resnet50() -> nn.Module:
    """ResNet-50, as in the paper."""
    layers: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
    ]
    inner = 64
    for width, depth, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for place in range(depth):
            layers.append(Bottleneck(inner, width, stride if place == 0 else 1))
            inner = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


class UNet(nn.Module):
    """A small U-Net: every level's activation waits for its skip."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 16, 32, 64, 128)
        self.down = nn.ModuleList(_pair(a, b) for a, b in pairwise(widths))
        self.up = nn.ModuleList(_pair(a + b, b) for a, b in ((128, 64), (64, 32), (32, 16)))
        self.pool, self.head = nn.MaxPool2d(2), nn.Conv2d(16, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) to (N, 2, H, W)."""
        skips = []
        for down in self.down[:-1]:
            x = down(x)
            skips.append(x)
            x = self.pool(x)
        x = self.down[-1](x)
        for up in self.up:
            x = up(torch.cat([nn.functional.interpolate(x, scale_factor=2.0), skips.pop()], dim=1))
        return self.head(x)


def _pair(inner: int, outer: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inner, outer, 3, 1, 1), nn.BatchNorm2d(outer), nn.ReLU())


class Tagger(nn.Module):
    """Two LSTMs over long sequences."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.head = nn.LSTM(128, 256, 2, batch_first=True, bidirectional=True), nn.Linear(512, 40)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, L, D) to (N, L, 40)."""
        return self.head(self.rnn(x)[0])


class DenseBlock(nn.Module):
    """Every layer takes what all before it gave, by views and concatenations."""

    def __init__(self, depth: int = 16, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(width * (place + 1), width, 3, 1, 1) for place in range(depth))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 16, H, W) to (N, 272, H, W)."""
        found = [x]
        for layer in self.layers:
            found.append(torch.relu(layer(torch.cat(found, 1))).transpose(2, 3).transpose(2, 3))
        return torch.cat(found, 1)


class InPlaceChain(nn.Module):
    """A hundred writes into one activation of 32 MB."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the same."""
        y = x + 1
        for _ in range(50):
            y.mul_(0.99).add_(0.01)
        return y.mean((2, 3))


class Row(NamedTuple):
    """A model and its input's shape."""

    name: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]


ROWS = (
    Row("ResNet-50, batch 4", resnet50, (4, 3, 224, 224)),
    Row("ViT-B/16, 3 blocks", partial(capture.ViT, depth=3), (8, 3, 224, 224)),
    Row("MobileNet, batch 8", capture.mobilenet, (8, 3, 224, 224)),
    Row("U-Net, 512 × 512", UNet, (1, 3, 512, 512)),
    Row("DenseNet block", DenseBlock, (2, 16, 128, 128)),
    Row("LSTM tagger", Tagger, (16, 200, 128)),
    Row("100 writes in place", InPlaceChain, (4, 8, 512, 512)),
)


def grown_bytes(run: Callable[[], object]) -> int:
    """By how much the process's memory grew at most while `run` ran."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts anew from what is in use
    before = _status("VmRSS")
    result = run()
    grown = _status("VmHWM") - before
    del result
    return grown


def _status(key: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) * 1024


class LivingTensors(TorchDispatchMode):
    """How many bytes of what the kernels gave out live at one time, at most; `own` are there anyway."""

    def __init__(self, own: list[torch.Tensor]) -> None:
        super().__init__()
        self.peak = 0
        self._own = {tensor.untyped_storage()._cdata for tensor in own}
        self._alive: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the kernel gives
        """Run the kernel, and count."""
        result = func(*args, **(kwargs or {}))
        for tensor in pytree.tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self._own:
                    self._alive[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        self._alive = {key: held for key, held in self._alive.items() if not held[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self._alive.values()))
        return result


def measure(row: Row, way: str, runs: int) -> tuple[int, int]:
    """In this process: the growth and the living tensors of one way, after a small input has loaded all code."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model, x = row.build().eval(), torch.randn(row.shape)

    def plain(given: torch.Tensor) -> object:
        with torch.no_grad(), eager_attention():
            return model(given.clone())  # a capture copies its inputs too

    def captured(given: torch.Tensor) -> object:
        return capture_forward(model, (given,), {}, options=CaptureOptions(statistics=way == "statistics"))

    run = plain if way.startswith("plain") else captured
    run(x[:1])
    grown = statistics.median(grown_bytes(lambda: run(x)) for _ in range(runs))
    if way == WAYS[-1]:
        return int(grown), 0
    with LivingTensors([*model.parameters(), *model.buffers(), x]) as living:
        run(x)
    return int(grown), living.peak


def _told(index: int, way: str, runs: int) -> tuple[int, int]:
    command = [sys.executable, __file__, str(runs), "--row", str(index), "--way", way]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | MALLOC)
    if done.returncode:
        sys.exit(f"{ROWS[index].name}, {way}: {done.stderr}")
    grown, living = done.stdout.split()
    return int(grown), int(living)


def main(runs: int) -> None:
    """Print the table."""
    print(f"torch {torch.__version__}, 1 thread; MB above the start, medians of {runs}; ratios to plain")
    print(f"{'':20} {'':>6} {'process':>32}   {'tensors':>24}")
    print(
        f"{'':20} {'plain':>6} {'shapes':>9} {'statistics':>11} {'plain again':>12}   {'shapes':>11} {'statistics':>12}"
    )
    with ThreadPoolExecutor(2) as pool:
        told = [[pool.submit(_told, index, way, runs) for way in WAYS] for index in range(len(ROWS))]
        for row, futures in zip(ROWS, told, strict=True):
            (plain, tensors), *others = (future.result() for future in futures)
            (shapes, shapes_tensors), (full, full_tensors), (again, _) = others
            print(
                f"{row.name:20} {plain / 1e6:6.0f} {shapes / plain:9.3f} {full / plain:11.3f} {again / plain:12.3f}"
                f"   {shapes_tensors / tensors:11.3f} {full_tensors / tensors:12.3f}",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=int, nargs="?", default=3)
    parser.add_argument("--row", type=int, default=-1, help=argparse.SUPPRESS)
    parser.add_argument("--way", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row >= 0:
        print(*measure(ROWS[options.row], options.way, options.runs))
    else:
        main(options.runs)
