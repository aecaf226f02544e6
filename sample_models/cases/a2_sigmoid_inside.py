"""A2: one output with a sigmoid inside: the probability of "yes", not a logit."""

from torch import nn


def build_sigmoid_inside() -> nn.Sequential:
    """Five features to one probability; input (N, 5)."""
    return nn.Sequential(nn.Linear(5, 1), nn.Sigmoid())


def build_logit() -> nn.Sequential:
    """Five features to one logit, for BCEWithLogitsLoss; input (N, 5)."""
    return nn.Sequential(nn.Linear(5, 1))
