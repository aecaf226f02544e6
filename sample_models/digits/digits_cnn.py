"""A small convolutional net for 8×8 scans of digits, in grey, scaled to [0, 1] and not normalised."""

import torch
from torch import nn


class DigitsCNN(nn.Module):
    """Two convolution blocks with a residual between them, then two linear layers: (N, 1, 8, 8) to ten logits."""

    def __init__(self, num_classes: int = 10, width: int = 16):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.block = ResidualBlock(width)
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(width * 4 * 4, 48), nn.ReLU(), nn.Dropout(0.25), nn.Linear(48, num_classes)
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        features = self.block(self.stem(image))
        return self.head(self.pool(features))


class ResidualBlock(nn.Module):
    """A convolution whose input is added to its output."""

    def __init__(self, width: int):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.relu(self.norm(self.conv(features)) + features)
