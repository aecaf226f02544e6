"""DenseNet-121 (Huang et al. 2016, arXiv 1608.06993): each layer reads all before it; 7,978,856 parameters."""

import torch
from torch import nn


class DenseLayer(nn.Module):
    """32 channels more, from all there are."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, seen: list[torch.Tensor]) -> torch.Tensor:
        """Several (N, C, H, W) to (N, growth, H, W)."""
        x = self.conv1(self.relu(self.norm1(torch.cat(seen, dim=1))))
        return self.conv2(self.relu(self.norm2(x)))


class DenseBlock(nn.Module):
    """Layers, each of which reads all before it."""

    def __init__(self, channels: int, growth: int, count: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DenseLayer(channels + at * growth, growth) for at in range(count))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, C + count·growth, H, W)."""
        seen = [x]
        for layer in self.layers:
            seen.append(layer(seen))
        return torch.cat(seen, dim=1)


class DenseNet(nn.Module):
    """Four blocks of 6, 12, 24 and 16 layers, halved between."""

    def __init__(self, counts: tuple[int, ...] = (6, 12, 24, 16), growth: int = 32) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        )
        channels = 64
        self.blocks = nn.ModuleList()
        for at, count in enumerate(counts):
            self.blocks.append(DenseBlock(channels, growth, count))
            channels += count * growth
            if at + 1 < len(counts):
                self.blocks.append(transition(channels))
                channels //= 2
        self.norm = nn.BatchNorm2d(channels)
        self.classifier = nn.Linear(channels, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) to logits (N, 1000)."""
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        x = nn.functional.adaptive_avg_pool2d(nn.functional.relu(self.norm(x)), 1)
        return self.classifier(torch.flatten(x, 1))


def transition(channels: int) -> nn.Sequential:
    """Half the channels, half the sides."""
    return nn.Sequential(
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels, channels // 2, 1, bias=False),
        nn.AvgPool2d(2),
    )
