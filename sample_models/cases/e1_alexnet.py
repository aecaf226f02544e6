"""E1: AlexNet in torchvision's widths, for two classes. Raw outputs may be negative: no ReLU follows the last layer.

57,012,034 parameters with the usual 6×6 tiles before the classifier. `tiles=7` gives a classifier of
256·7·7→4096→4096→2, whose 7×7 is what images of 256×256 reach without averaging; it has 70,643,522.
"""

import torch
from torch import nn


class AlexNet(nn.Module):
    """Five convolutions, averages over tiles, three linear layers. Input (N, 3, 256, 256), normalised."""

    def __init__(self, num_classes: int = 2, tiles: int = 6):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        self.average = nn.AdaptiveAvgPool2d(tiles)
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(256 * tiles * tiles, 4096),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, num_classes),
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        tiles = self.average(self.features(image))
        return self.classifier(torch.flatten(tiles, 1))
