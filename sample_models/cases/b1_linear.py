"""B1: a linear layer changes the last axis and leaves the others."""

from torch import nn


def build_linear() -> nn.Sequential:
    """128 features to ten; input (32, 128), output (32, 10)."""
    return nn.Sequential(nn.Linear(128, 10))
