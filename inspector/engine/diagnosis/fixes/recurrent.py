"""A recurrent layer was given another number of features a step than it has."""

import re

import torch

from inspector.engine.diagnosis.fixes.failed_run import FailedRun

_WIDTH = re.compile(r"input\.size\(-1\) must be equal to input_size\. Expected (\d+), got (\d+)")


def suggest(run: FailedRun) -> str:
    """Time and features swapped, or another number of features; each tried."""
    told, fed = _WIDTH.search(run.failure.message), run.first
    if told is None or fed is None:
        return ""
    expected, actual = int(told[1]), int(told[2])
    if fed.ndim == 3 and fed.shape[1] == expected and run.runs(lambda tensor: tensor.transpose(1, 2)):
        return f"Swap the last two axes, x.transpose(1, 2): the {expected} features of a step come last."
    if fed.ndim and fed.shape[-1] == actual and run.runs(lambda tensor: _as_wide(tensor, expected)):
        return f"Feed {expected} features a step instead of {actual}, or set input_size={actual} in {run.place}."
    return f"Set input_size={actual} in {run.place}, which expects {expected} features a step."


def _as_wide(tensor: torch.Tensor, features: int) -> torch.Tensor:
    return tensor[..., :1].expand(*tensor.shape[:-1], features) if tensor.ndim else tensor
