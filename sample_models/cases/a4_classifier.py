"""A4: a plain classifier, to be compared with an expected class, a one-hot row or values."""

import torch
from torch import nn


class FourClasses(nn.Module):
    """Six features to the logits of four classes; input (N, 6)."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 12)
        self.activation = nn.GELU()
        self.output = nn.Linear(12, 4)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.output(self.activation(self.hidden(features)))
