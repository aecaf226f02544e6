"""B3: the linear layer counts on feature maps of 14×14, which only images of 28×28 give after one pooling."""

import torch
from torch import nn


class MadeFor28(nn.Module):
    """Feed it (32, 3, 32, 32) and it fails: 64·16·16 = 16,384 features meet a layer for 64·14·14 = 12,544."""

    def __init__(self, in_features: int = 64 * 14 * 14):
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 3, padding=1)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(in_features, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.linear(self.flatten(self.pool(self.relu(self.conv(image)))))
