"""B5: an image without its batch dimension. Convolutions take (C, H, W) as one image; Flatten then folds wrongly."""

import torch
from torch import nn


class SmallConvNet(nn.Module):
    """Feed it (1, 3, 16, 16); (3, 16, 16) fails at the linear layer, and the missing dimension is why."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(8 * 8 * 8, 4)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.linear(self.flatten(self.pool(torch.relu(self.conv(image)))))
