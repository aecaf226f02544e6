"""A convolution was given another number of channels than it has."""

import re

import torch
from torch import nn

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.fixes.failed_run import FailedRun

_CHANNELS = re.compile(r"to have (\d+) channels, but got (\d+) channels")


def suggest(run: FailedRun) -> str:
    """Channels last; or the wrong number of them, from the input or from the layer before."""
    told = _CHANNELS.search(run.failure.message)
    first = run.first
    if told is None or first is None:
        return ""
    expected, actual = int(told[1]), int(told[2])
    if first.ndim == 4 and first.shape[3] == expected and run.runs(lambda tensor: tensor.permute(0, 3, 1, 2)):
        moved = (first.shape[0], first.shape[3], first.shape[1], first.shape[2])
        fed = shape_text(first.shape)
        return f"The channels come last: feed {shape_text(moved)}, x.permute(0, 3, 1, 2), instead of {fed}."
    if first.ndim == 3 and first.shape[2] == expected and run.runs(lambda tensor: tensor.permute(2, 0, 1)[None]):
        moved = (1, first.shape[2], first.shape[0], first.shape[1])
        return f"The channels come last, and the batch is missing: feed {shape_text(moved)}, x.permute(2, 0, 1)[None]."
    if first.ndim > 1 and first.shape[1] == actual and run.runs(lambda tensor: with_channels(tensor, expected)):
        repeat = "; one channel can be repeated" if actual == 1 else ""
        change = f", or set in_channels={actual} in {run.place}" if _layer_can_be_changed(run, actual) else ""
        return f"Feed {counted(expected)} instead of {actual}{repeat}{change}."
    if _layer_can_be_changed(run, actual):
        return f"Set in_channels={actual} in {run.place}: the layer before gives {actual} channels, not {expected}."
    return f"{run.place} takes {expected} channels, and was given {actual}."


def counted(channels: int) -> str:
    """`1 channel`, `3 channels`."""
    return f"{channels} channel{'' if channels == 1 else 's'}"


def with_channels(tensor: torch.Tensor, channels: int) -> torch.Tensor:
    """The picture with its first channel in place of each."""
    return tensor[:, :1].expand(tensor.shape[0], channels, *tensor.shape[2:]) if tensor.ndim > 2 else tensor


def _layer_can_be_changed(run: FailedRun, channels: int) -> bool:
    layer = run.layer
    if not isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d) or layer.groups != 1:
        return False

    def edit(part: nn.Module) -> nn.Module:
        weight = part.weight
        assert isinstance(weight, torch.Tensor)
        wider = weight.new_ones(weight.shape[0], channels, *weight.shape[2:])
        part.weight = nn.Parameter(wider, requires_grad=False)
        return part

    return run.runs(edit=(run.failure.fqn, edit))
