"""Captured forward against plain forward, torchinfo, torchview, TorchLens and torchvista, interleaved in one process.

Prints a table of ratios to the plain forward: medians over rounds in which every way runs once, in turn, so that a
machine that slows down slows all of them. Run as `python benchmarks/capture.py [rounds] [--cpu-time]`; the option
counts the processor time of one thread instead of wall time, which says more on a machine that others use too.

The peers are those of the dependency group `bench`, as they come: TorchLens copies every value, torchvista writes a
page for a notebook, which is thrown away. One that is not installed, or fails, says so in its place. The last
two run in processes of their own, behind plain forwards there.
"""

import argparse
import contextlib
import importlib
import io
import logging
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import torch
from torch import nn

from inspector.engine.capture import CaptureOptions, capture_forward

PEERS = ("torchinfo", "torchview")
# They wrap torch's own functions for good, so that all that runs after them is slower: each in a process of its own.
APART = {"TorchLens": ("torchlens", "trace"), "torchvista": ("torchvista", "trace_model")}


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
    found["torchinfo"] = _peer("torchinfo", "summary", model, input_data=x, verbose=0)
    found["torchview"] = _peer("torchview", "draw_graph", model, input_data=x, device="cpu")
    return found


def _peer(package: str, function: str, *args: object, **settings: object) -> Callable[[], object]:
    """A peer's function with its arguments; what keeps it from being imported is raised when it is called."""
    try:
        return partial(getattr(importlib.import_module(package), function), *args, **settings)
    except Exception as error:  # noqa: BLE001 - a peer may fail in any way
        return partial(_fail, error)


def _fail(error: Exception) -> None:
    raise error


def measure(model: nn.Module, x: torch.Tensor, rounds: int, clock: Callable[[], float]) -> dict[str, float | str]:
    """Median seconds of each way, or why there are none."""
    model.eval()
    torch.backends.mha.set_fastpath_enabled(False)
    runs = ways(model, x)
    elapsed_s: dict[str, list[float]] = {name: [] for name in runs}
    failed: dict[str, str] = {}
    for turn in range(rounds + 2):
        for name, run in runs.items():
            if name in failed:
                continue
            started_s = clock()
            try:
                run()
            except Exception as error:
                if name not in PEERS:
                    raise
                failed[name] = f"failed: {type(error).__name__}"
                continue
            if turn >= 2:
                elapsed_s[name].append(clock() - started_s)
    return {name: failed[name] if name in failed else statistics.median(elapsed_s[name]) for name in runs}


def measure_apart(peer: str, model: nn.Module, x: torch.Tensor, rounds: int, clock: Callable[[], float]) -> str:
    """The cell of a peer that is measured alone: plain forwards first, before it is imported."""
    model.eval()
    plain = ways(model, x)["plain"]
    plain_s = _median_s(plain, rounds, clock)
    try:
        return cell(peer, _median_s(_peer(*APART[peer], model, x), max(rounds // 3, 3), clock), plain_s)
    except Exception as error:  # noqa: BLE001 - a peer may fail in any way
        return cell(peer, f"failed: {type(error).__name__}", plain_s)


def _median_s(run: Callable[[], object], rounds: int, clock: Callable[[], float]) -> float:
    elapsed_s = []
    for turn in range(rounds + 2):
        started_s = clock()
        run()
        if turn >= 2:
            elapsed_s.append(clock() - started_s)
    return statistics.median(elapsed_s)


def cells_apart(peer: str, options: list[str], names: Iterable[str]) -> dict[str, str]:
    """By model, what another process says of a peer."""
    command = [sys.executable, __file__, *options, "--peer", peer]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = dict(line.split("\t") for line in done.stdout.splitlines() if "\t" in line)
    return {name: told.get(name, f"{peer} failed: its process ended with {done.returncode}") for name in names}


def cell(way: str, value: float | str, plain_s: float) -> str:
    """A way's ratio, or why it has none."""
    return f"{way} {value}" if isinstance(value, str) else f"{way} {value / plain_s:.2f}"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what peers print and warn of, which would stand between the rows."""
    logging.disable(logging.WARNING)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def main(rounds: int, *, cpu_time: bool, peer: str) -> None:
    """Print the table; with `peer`, the cells of that peer alone."""
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
    if peer:
        for name, (model, x, turns) in models.items():
            with quiet():
                text = measure_apart(peer, model, x, min(turns, 30), clock)
            print(f"{name}\t{text}", flush=True)
        return
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {clock.__name__}; ratio to the plain forward")
    options = [str(rounds), *(["--cpu-time"] if cpu_time else [])]
    apart = [cells_apart(peer, options, models) for peer in APART]
    for name, (model, x, turns) in models.items():
        with quiet():
            seconds = measure(model, x, turns, clock)
        plain_s = float(seconds.pop("plain"))
        cells = [cell(way, value, plain_s) for way, value in seconds.items()] + [told[name] for told in apart]
        print(f"{name:10} plain {plain_s * 1000:8.2f} ms  {'  '.join(cells)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=15)
    parser.add_argument("--cpu-time", action="store_true")
    parser.add_argument("--peer", default="", help="measure this one alone")
    arguments = parser.parse_args()
    main(arguments.rounds, cpu_time=arguments.cpu_time, peer=arguments.peer)
