"""The same forward with another batch size, to see which axes follow: on a stand-in, so that the model is not touched.

On the meta device where there are weights to speak of, which costs milliseconds whatever the model's size; for real
where the model is small, or decides by values.
"""

import io
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn
from torch.overrides import TorchFunctionMode

from inspector.engine.capture import CaptureOptions, capture_forward
from inspector.engine.shape_finder.practice import (
    NoStandIn,
    meta_stand_in,
    practising,
    prefers_real,
    real_stand_in,
    warm_meta,
)
from inspector.protocol.graph import Graph
from inspector.protocol.requests import Mode

# A forward that took longer is not run once more for real.
SLOW_S = 1.0
NO_VALUES = "the model decides by values, and is too slow to be run once more"


@dataclass(frozen=True)
class Fed:
    """What the captured run was given, and how long it took; `between` is called at each operation of another run."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    mode: Mode
    seed: int
    captured_s: float
    between: Callable[[], None] | None = None


class NotSeen(Exception):  # noqa: N818 - not an error: the axes stay unknown
    """No run with another batch size went through; the text says why."""


class Refused(NotSeen):
    """The model itself raised on another batch size."""


class ShapesAlone(TorchFunctionMode):
    """Spares the meta device what it does in Python, though its shape is plain: a trained norm, half of a ResNet."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the function gives
        """As `func`, but for `batch_norm` in eval mode."""
        kwargs = kwargs or {}
        if func is F.batch_norm and args and not (args[5] if len(args) > 5 else kwargs.get("training", False)):
            return torch.empty_like(args[0])
        return func(*args, **kwargs)


def run_with(module: nn.Module, fed: Fed, batch_axes: Sequence[int | None], size: int) -> Graph:
    """The graph with `size` items in the batch; `batch_axes` is, by tensor fed, the axis that is the batch, or None.

    Raises:
        NotSeen: no stand-in can be made, or it raises.
    """
    if _runs_for_real(module, fed):
        return _graph(module, fed, batch_axes, size, real=True)
    try:
        return _graph(module, fed, batch_axes, size, real=False)
    except NotSeen as error:
        if fed.captured_s >= SLOW_S:
            if "meta" in str(error):
                raise NotSeen(NO_VALUES) from error
            raise
    return _graph(module, fed, batch_axes, size, real=True)


def prepare(module: nn.Module, fed: Fed) -> None:
    """Import what the run will need. Not under a limit of time: a module of torch's cut off halfway stays broken."""
    if not _runs_for_real(module, fed):
        warm_meta()


def _runs_for_real(module: nn.Module, fed: Fed) -> bool:
    return prefers_real(module) and fed.captured_s < SLOW_S


def _graph(module: nn.Module, fed: Fed, batch_axes: Sequence[int | None], size: int, *, real: bool) -> Graph:
    try:
        stand_in = real_stand_in(module) if real else meta_stand_in(module)
        if fed.mode == "train":
            stand_in.train()
    except (NoStandIn, NotImplementedError) as error:
        raise NotSeen(str(error)) from error
    axes = iter(batch_axes)
    resize = _repeated if real else _empty

    def resized(value: Any) -> Any:  # noqa: ANN401 - an argument
        return resize(value, next(axes), size) if isinstance(value, torch.Tensor) else value

    args = tuple(resized(value) for value in fed.args)
    kwargs = {name: resized(value) for name, value in fed.kwargs.items()}
    device = next((str(value.device) for value in args if isinstance(value, torch.Tensor)), "cpu") if real else "meta"
    with redirect_stdout(io.StringIO()), warnings.catch_warnings(), practising(device), ExitStack() as stack:
        if not real:
            stack.enter_context(ShapesAlone())
        warnings.simplefilter("ignore")
        torch.manual_seed(fed.seed)
        captured = capture_forward(
            stand_in, args, kwargs, options=CaptureOptions(statistics=False, between=fed.between)
        )
    if captured.failure is not None:
        raise Refused(captured.failure.message)
    return captured.graph


def _repeated(tensor: torch.Tensor, axis: int | None, size: int) -> torch.Tensor:
    if axis is None:
        return tensor
    with torch.device(tensor.device):
        return tensor.index_select(axis, torch.arange(size) % tensor.shape[axis])


def _empty(tensor: torch.Tensor, axis: int | None, size: int) -> torch.Tensor:
    shape = list(tensor.shape)
    if axis is not None:
        shape[axis] = size
    return torch.empty(shape, dtype=tensor.dtype, device="meta")
