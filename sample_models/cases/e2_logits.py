"""E2: three logits, and the same through a sigmoid and a softmax: why every prediction can look like 40 to 45 %.

The weights are chosen so that an input of ones, (1, 4), gives the logits −4.6320, 1.3062 and 3.2554.
"""

import torch
from torch import nn


class ThreeLogits(nn.Module):
    """Four features to three logits."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.linear(features)


class SigmoidThenSoftmax(nn.Module):
    """The same layer, squashed twice: no probability can pass e/(e + 2) = .576."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.softmax(torch.sigmoid(self.linear(features)), dim=1)
