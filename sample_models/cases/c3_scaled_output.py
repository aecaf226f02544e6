"""C3: output·2 − 1 after a linear layer. The gradient passes, doubled. Nothing bounds the output; tanh would."""

import torch
from torch import nn


class ScaledOutput(nn.Module):
    """Ten features to one number, which can be any number; input (N, 10)."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(10, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.linear(features) * 2 - 1


class BoundedOutput(nn.Module):
    """The same with tanh: this one stays between −1 and 1."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(10, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.linear(features))
