"""B2: the layer was made for 138 features, and the data has 128. Fails: mend one of the two numbers."""

import torch
from torch import nn


class WrongWidth(nn.Module):
    """Feed it (32, 128) to see the failure, (32, 138) to see it run."""

    def __init__(self, in_features: int = 138):
        super().__init__()
        self.linear = nn.Linear(in_features, 10)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.linear(features)
