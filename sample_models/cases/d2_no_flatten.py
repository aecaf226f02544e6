"""D2: Flatten was forgotten, and the linear layer acts on the last axis of (N, 16, 10, 10)."""

from torch import nn


def build_without_flatten() -> nn.Sequential:
    """Feed it (1, 3, 20, 20): fails, with 160×10 meeting 1600×10."""
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Linear(1600, 10))


def build_with_flatten() -> nn.Sequential:
    """Mended: 20×20 gives (1, 10); 18×18 still fails, as 16·9·9 = 1,296."""
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1600, 10))
