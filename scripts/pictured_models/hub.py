"""One tensor that 300 heads of different sizes read, and one operation that reads them all."""

import torch
from torch import nn


class Hub(nn.Module):
    """A trunk with 300 heads, as in models of many tasks."""

    def __init__(self, heads: int = 300, width: int = 128) -> None:
        super().__init__()
        self.trunk = nn.Linear(64, width)
        self.heads = nn.ModuleList(nn.Linear(width, 2 + at) for at in range(heads))
        self.final = nn.Linear(sum(2 + at for at in range(heads)), 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 64) to (N, 10)."""
        x = torch.relu(self.trunk(x))
        return self.final(torch.cat([head(x) for head in self.heads], dim=1))
