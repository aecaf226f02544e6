"""Evaluation's images per second against hand-written torch loops over the same PNGs, alternating in one run.

Run: python benchmarks/evaluation.py [--rounds 5] [--images 2000]

The loops do what a person would write who wants speed: Pillow to uint8, one stack and one division per batch,
inference mode. The second adds a DataLoader with a worker process per core, which the engine's sandbox forbids.
They count a matrix, too; the engine also lists the folder, keeps every output and tells its progress.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from inspector.engine.evaluation import evaluate
from inspector.protocol.base import ArrayRef
from inspector.protocol.events import EvaluationFinished
from inspector.protocol.inputs import Preprocess
from inspector.protocol.requests import Evaluate

NUM_CLASSES = 10
BATCH = 32


def small_cnn(channels: int, width: int) -> nn.Module:
    """Three convolutions and a classifier, as people first train."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for given, made in ((channels, width), (width, 2 * width), (2 * width, 4 * width)):
        layers += [nn.Conv2d(given, made, 3, padding=1), nn.BatchNorm2d(made), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, NUM_CLASSES)).eval()


def write_folder(folder: Path, side: int, channels: int, count: int) -> None:
    """Smooth pictures with some noise: PNG compresses them about as it does photographs."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 150, side)[:, None, None] + np.linspace(0, 60, side)[None, :, None]
    for index in range(count):
        target = folder / f"class_{index % NUM_CLASSES}"
        target.mkdir(exist_ok=True)
        noisy = ramp * rng.random(channels) + rng.integers(0, 40, (side, side, channels))
        Image.fromarray(noisy.astype(np.uint8).squeeze()).save(target / f"{index:05d}.png")


class Pictures(Dataset[tuple[torch.Tensor, int]]):
    """The folder as a data set: uint8 (C, H, W) and the class."""

    def __init__(self, folder: Path) -> None:
        self.items = [(str(path), int(path.parent.name[6:])) for path in sorted(folder.glob("*/*.png"))]

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path, label = self.items[index]
        return torch.from_numpy(pixels_of(path)), label


def pixels_of(path: str) -> np.ndarray:
    """Uint8 (C, H, W)."""
    with Image.open(path) as image:
        pixels = np.array(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def plain_loop(model: nn.Module, folder: Path) -> np.ndarray:
    """One thread decodes; torch uses all cores in forward."""
    items = Pictures(folder).items
    matrix = np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)
    with torch.inference_mode():
        for start in range(0, len(items), BATCH):
            part = items[start : start + BATCH]
            batch = torch.from_numpy(np.stack([pixels_of(path) for path, _ in part])).float().div_(255)
            chosen = model(batch).argmax(1).numpy()
            np.add.at(matrix, (np.array([label for _, label in part]), chosen), 1)
    return matrix


def loader_loop(model: nn.Module, folder: Path) -> np.ndarray:
    """A DataLoader with a process per core."""
    matrix = np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)
    loader = DataLoader(Pictures(folder), BATCH, num_workers=os.cpu_count() or 1)
    with torch.inference_mode():
        for pixels, labels in loader:
            chosen = model(pixels.float().div_(255)).argmax(1)
            np.add.at(matrix, (labels.numpy(), chosen.numpy()), 1)
    return matrix


def engine_evaluation(model: nn.Module, folder: Path, side: int, channels: int) -> np.ndarray:
    """The whole request, as the engine does it."""
    events: list[object] = []
    assert channels in (1, 3)
    preprocess = Preprocess(height=side, width=side, channels=1 if channels == 1 else 3)
    evaluate(
        model,
        None,
        Evaluate(folder=str(folder), preprocess=preprocess, batch_size=BATCH),
        emit=events.append,
        put=lambda array: ArrayRef(shape=array.shape, dtype=str(array.dtype), inline=array.tobytes()),
        between_steps=lambda: None,
    )
    finished = events[-1]
    assert isinstance(finished, EvaluationFinished)
    return np.array(finished.matrix)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    started_s = time.perf_counter()
    work()
    return time.perf_counter() - started_s


def measure(side: int, channels: int, width: int, count: int, rounds: int) -> None:
    """One line of the table: medians over alternating rounds, and medians of the ratios of one round."""
    model = small_cnn(channels, width)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(folder, side, channels, count)
        ways: dict[str, Callable[[], np.ndarray]] = {
            "engine": lambda: engine_evaluation(model, folder, side, channels),
            "plain": lambda: plain_loop(model, folder),
            "loader": lambda: loader_loop(model, folder),
        }
        matrices = [way() for way in ways.values()]
        assert all((matrix == matrices[0]).all() for matrix in matrices), "the matrices differ"
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for key, way in ways.items():
                times[key].append(seconds(way))
    speeds = {key: count / statistics.median(found) for key, found in times.items()}
    ratio = statistics.median(p / e for p, e in zip(times["plain"], times["engine"], strict=True))
    loader = statistics.median(p / e for p, e in zip(times["loader"], times["engine"], strict=True))
    print(
        f"{side:4}×{side:<4}×{channels}  {count:6}  {speeds['engine']:9.0f}  {speeds['plain']:9.0f}  "
        f"{speeds['loader']:9.0f}  {ratio:10.2f}  {loader:10.2f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=2000)
    options = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {os.cpu_count()} cores")
    print("pictures     images    engine/s    plain/s   loader/s  ×plain      ×loader")
    measure(28, 1, 16, options.images, options.rounds)
    measure(64, 3, 16, options.images, options.rounds)
    measure(224, 3, 16, options.images // 4, options.rounds)


if __name__ == "__main__":
    main()
