"""A picture as Pillow and numpy give it, fed to a convolution: bytes, channels last, without channels or a batch."""

from collections.abc import Callable

import torch
from torch import nn

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.fixes.failed_run import FailedRun

Change = Callable[[torch.Tensor], torch.Tensor]

# By the number of axes: how it is written, what it says of the picture, and the change itself; the plainest first.
_TURNS: dict[int, tuple[tuple[str, str, Change], ...]] = {
    4: (
        ("", "", lambda x: x),
        (".permute(0, 3, 1, 2)", "the channels come last", lambda x: x.permute(0, 3, 1, 2)),
    ),
    3: (
        ("[None]", "the batch is missing", lambda x: x[None]),
        (
            ".permute(2, 0, 1)[None]",
            "the channels come last and the batch is missing",
            lambda x: x.permute(2, 0, 1)[None],
        ),
        ("[:, None]", "the axis of the one channel is missing", lambda x: x[:, None]),
    ),
    2: (
        ("[None, None]", "batch and channel are missing", lambda x: x[None, None]),
        (
            "[None, None].expand(1, 3, -1, -1)",
            "batch and channels are missing",
            lambda x: x[None, None].expand(1, 3, -1, -1),
        ),
    ),
}


def suggest(run: FailedRun) -> str:
    """The one line that makes of it what the convolution takes, tried; "" where another fix says it as well."""
    fed, layer = run.first, run.layer
    if fed is None or len(run.tensors) != 1 or fed.ndim not in _TURNS:
        return ""
    if not isinstance(layer, nn.Conv2d) and run.failure.op != "conv2d":
        return ""
    bytes_fed = fed.dtype is torch.uint8
    grey = isinstance(layer, nn.Conv2d) and layer.in_channels == 1
    if not bytes_fed and not (fed.is_floating_point() and (fed.ndim == 2 or (fed.ndim == 3 and grey))):
        return ""
    scaled = ".float() / 255" if bytes_fed else ""
    for written, says, turn in _TURNS[fed.ndim]:

        def change(x: torch.Tensor, turn: Change = turn) -> torch.Tensor:
            turned = turn(x)
            return turned.float() / 255 if bytes_fed else turned

        if run.runs(change):
            wrong = [*(["it holds bytes, 0 to 255"] if bytes_fed else []), *([says] if says else [])]
            shape = shape_text(turn(fed).shape)
            return f"A picture as it was read: {', '.join(wrong)}. Feed {shape} of floats, x{written}{scaled}."
    return ""
