"""A1: the net ends in a softmax of its own, so what it returns are probabilities, not logits."""

import torch
from torch import nn


class SoftmaxInside(nn.Module):
    """Ten features to three probabilities; input (N, 10)."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(10, 5)
        self.output = nn.Linear(5, 3)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.softmax(self.output(torch.relu(self.hidden(features))), dim=1)


class LogitsOut(SoftmaxInside):
    """The same weights without the softmax: what training with cross-entropy wants."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.output(torch.relu(self.hidden(features)))
