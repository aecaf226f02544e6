"""C1: a sigmoid after the net and a squared error on it. It trains; where the logit is large it hardly does."""

import torch
from torch import nn


class SigmoidForSquaredError(nn.Module):
    """Ten features to one probability; input (N, 10)."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(10, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.linear(features))


class RawLogit(nn.Module):
    """The same without the sigmoid, for binary_cross_entropy_with_logits."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(10, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.linear(features)


def loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Squared error; binary_cross_entropy_with_logits on the raw logit is the usual choice."""
    return torch.nn.functional.mse_loss(output, target)
