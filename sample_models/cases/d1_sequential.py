"""D1: linear layers take one row, (10,), as well as a batch of rows, (1, 10). D3: its twin with another activation."""

from torch import nn


def build_with_relu() -> nn.Sequential:
    """(10,) gives (1,), and (1, 10) gives (1, 1)."""
    return nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 1))


def build_with_tanh() -> nn.Sequential:
    """The twin: give it the same weights, and the first difference is the activation."""
    return nn.Sequential(nn.Linear(10, 5), nn.Tanh(), nn.Linear(5, 1))
