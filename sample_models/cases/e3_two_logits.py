"""E3: two logits, −3 and 5 for an input of ones, (1, 4)."""

from torch import nn


def build_two_logits() -> nn.Sequential:
    """Four features to two logits."""
    return nn.Sequential(nn.Linear(4, 2))
