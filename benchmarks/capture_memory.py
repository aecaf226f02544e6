"""Peak of memory of a captured forward with statistics against a plain one, each in a process of its own.

The figure is how much the process grew above where it stood just before the forward (Linux's VmHWM, reset before):
what the system really had to give, statistics and temporaries included. Each way runs several times, in turn; the
table has medians. Run as `python benchmarks/capture_memory.py [rounds]`; Linux only.
"""

import argparse
import gc
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import capture
import torch
from torch import nn

from inspector.engine.capture import CaptureOptions, capture_forward
from inspector.engine.capture.surroundings import eager_attention

STATUS = Path("/proc/self/status")
# Freed memory goes back at once, so that the figure doesn't hang on what malloc chose to keep.
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0", "MALLOC_ARENA_MAX": "1"}
WAYS = ("plain", "captured", "plain again")


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


class InPlaceChain(nn.Module):
    """A hundred writes into one activation of 16 MB."""

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
    Row("ResNet-50, batch 8", resnet50, (8, 3, 224, 224)),
    Row("ViT-B/16, batch 8", capture.ViT, (8, 3, 224, 224)),
    Row("MobileNet, batch 8", capture.mobilenet, (8, 3, 224, 224)),
    Row("in-place chain of 100", InPlaceChain, (4, 4, 512, 512)),
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


def measure(row: Row, way: str) -> int:
    """In this process: the growth of one way, after a small input has loaded all code."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model, x = row.build().eval(), torch.randn(row.shape)

    def plain(given: torch.Tensor) -> object:
        with torch.no_grad(), eager_attention():
            return model(given.clone())  # a capture copies its inputs too

    def captured(given: torch.Tensor) -> object:
        return capture_forward(model, (given,), {}, options=CaptureOptions(statistics=True))

    run = captured if way == "captured" else plain
    run(x[:1, ..., : min(row.shape[-2], 224), : min(row.shape[-1], 224)])
    return grown_bytes(lambda: run(x))


def _output_of(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | MALLOC).stdout


def main(rounds: int) -> None:
    """Print the table."""
    print(f"torch {torch.__version__}, 1 thread; MB above the start, medians of {rounds}")
    print(f"{'':22} {'plain':>8} {'captured':>9} {'captured ÷ plain':>17} {'plain ÷ plain':>14}")
    for index, row in enumerate(ROWS):
        sizes: dict[str, list[int]] = {way: [] for way in WAYS}
        for _ in range(rounds):
            for way in WAYS:
                command = [sys.executable, __file__, "--row", str(index), "--way", way]
                sizes[way].append(int(_output_of(command)))
        plain, captured, again = (statistics.median(sizes[way]) for way in WAYS)
        print(f"{row.name:22} {plain / 1e6:8.0f} {captured / 1e6:9.0f} {captured / plain:17.3f} {again / plain:14.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=3)
    parser.add_argument("--row", type=int, default=-1, help=argparse.SUPPRESS)
    parser.add_argument("--way", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row >= 0:
        print(measure(ROWS[options.row], options.way))
    else:
        main(options.rounds)
