"""Captured forward against plain forward, and against torchinfo and torchview, interleaved in one process.

Prints a table of ratios to the plain forward: medians over rounds in which every way runs once, in turn, so that a
machine that slows down slows all of them. Run as `python benchmarks/capture.py [rounds] [--cpu-time]`; the option
counts the processor time of one thread instead of wall time, which says more on a machine that others use too.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import torch
from torch import nn

from inspector.engine.capture import CaptureOptions, capture_forward


class BasicBlock(nn.Module):
    """Two convolutions and a skip."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outer)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outer)
        self.downsample = None
        if stride != 1 or inner != outer:
            self.downsample = nn.Sequential(nn.Conv2d(inner, outer, 1, stride, bias=False), nn.BatchNorm2d(outer))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The residual block of ResNet-18."""
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


class ResNet18(nn.Module):
    """ResNet-18, as in the paper: 11,689,512 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        widths = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]
        self.layers = nn.Sequential(*(nn.Sequential(BasicBlock(*w), BasicBlock(w[1], w[1], 1)) for w in widths))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) to (N, 1000)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.fc(torch.flatten(self.avgpool(self.layers(x)), 1))


class EncoderBlock(nn.Module):
    """Attention and MLP, each with a skip, normalised before."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, L, C) to the same."""
        y = self.ln_1(x)
        y, _ = self.attention(y, y, y, need_weights=False)
        x = x + y
        return x + self.mlp(self.ln_2(x))


class ViT(nn.Module):
    """ViT-B/16 by default."""

    def __init__(self, width: int = 768, depth: int = 12, heads: int = 12) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 16, 16)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, 197, width) * 0.02)
        self.blocks = nn.Sequential(*(EncoderBlock(width, heads) for _ in range(depth)))
        self.ln = nn.LayerNorm(width)
        self.head = nn.Linear(width, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, 224, 224) to (N, 1000)."""
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        return self.head(self.ln(self.blocks(x))[:, 0])


class InvertedResidual(nn.Sequential):
    """MobileNet's block, with a skip where the shapes allow it."""

    def __init__(self, inner: int, outer: int, stride: int, expand: int) -> None:
        wide = inner * expand
        super().__init__(
            nn.Conv2d(inner, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.Hardswish(inplace=True),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.Hardswish(inplace=True),
            nn.Conv2d(wide, outer, 1, bias=False),
            nn.BatchNorm2d(outer),
        )
        self.skips = stride == 1 and inner == outer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, C', H', W')."""
        y = super().forward(x)
        return x + y if self.skips else y


def mobilenet() -> nn.Module:
    """Like MobileNetV3-Large, without its squeeze-and-excitation."""
    plan = [(16, 1, 1), (24, 2, 4), (24, 1, 3), (40, 2, 3), (40, 1, 3), (40, 1, 3), (80, 2, 6), (80, 1, 2), (80, 1, 2)]
    plan += [(112, 1, 6), (112, 1, 6), (160, 2, 6), (160, 1, 6), (160, 1, 6)]
    blocks, inner = [], 16
    for outer, stride, expand in plan:
        blocks.append(InvertedResidual(inner, outer, stride, expand))
        inner = outer
    stem = (nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.Hardswish(inplace=True))
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(160, 1000))


def mlp() -> nn.Module:
    """A tiny one, where only the cost per operation counts."""
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))


def ways(model: nn.Module, x: torch.Tensor) -> dict[str, Callable[[], object]]:
    """Every way to run `model` that is compared."""

    def plain() -> object:
        with torch.no_grad():
            return model(x)

    found: dict[str, Callable[[], object]] = {
        "plain": plain,
        "shapes and wires": partial(capture_forward, model, (x,), {}, options=CaptureOptions(statistics=False)),
        "with statistics": partial(capture_forward, model, (x,), {}, options=CaptureOptions(statistics=True)),
    }
    if find_spec("torchinfo"):
        from torchinfo import summary  # noqa: PLC0415 - compared where it is installed

        found["torchinfo"] = partial(summary, model, input_data=x, verbose=0)
    if find_spec("torchview") and find_spec("graphviz"):
        from torchview import draw_graph  # noqa: PLC0415 - compared where it is installed

        found["torchview"] = partial(draw_graph, model, input_data=x, device="cpu")
    return found


def measure(model: nn.Module, x: torch.Tensor, rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """Median seconds of each way."""
    model.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    runs = ways(model, x)
    elapsed_s: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 2):
        for name, run in runs.items():
            started_s = clock()
            run()
            if turn >= 2:
                elapsed_s[name].append(clock() - started_s)
    return {name: statistics.median(values) for name, values in elapsed_s.items()}


def main(rounds: int, *, cpu_time: bool) -> None:
    """Print the table."""
    if cpu_time:
        torch.set_num_threads(1)
    clock = time.thread_time if cpu_time else time.perf_counter
    torch.manual_seed(0)
    image = torch.randn(1, 3, 224, 224)
    models = {
        "ResNet-18": (ResNet18(), image, rounds),
        "MobileNet": (mobilenet(), image, rounds),
        "ViT-B/16": (ViT(), image, max(rounds // 3, 3)),
        "tiny MLP": (mlp(), torch.randn(1, 64), rounds * 10),
    }
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {clock.__name__}; ratio to the plain forward")
    for name, (model, x, turns) in models.items():
        seconds = measure(model, x, turns, clock)
        ratios = "  ".join(f"{way} {value / seconds['plain']:.2f}" for way, value in seconds.items() if way != "plain")
        print(f"{name:10} plain {seconds['plain'] * 1000:8.2f} ms  {ratios}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=15)
    parser.add_argument("--cpu-time", action="store_true")
    arguments = parser.parse_args()
    main(arguments.rounds, cpu_time=arguments.cpu_time)
