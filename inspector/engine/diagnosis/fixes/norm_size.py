"""A normalisation that was made for another number of channels, another width, or another number of axes."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.fixes.failed_run import Edit, FailedRun

_AXES = {1: "2-D or 3-D", 2: "4-D", 3: "5-D"}


def suggest(run: FailedRun) -> str:
    """The size that the layer before gives; or the axis, or the class, that was mistaken."""
    layer, node = run.layer, run.node
    known = size_of(layer) if layer is not None else None
    if layer is None or known is None or node is None or not node.inputs or len(node.inputs[0].shape) < 2:
        return ""
    shape = node.inputs[0].shape
    wrong = _another_class(run, layer, shape) if isinstance(layer, _BatchNorm) else ""
    return wrong or _another_size(run, shape, *known)


def _another_size(run: FailedRun, shape: tuple[int, ...], argument: str, size: int) -> str:
    axis = len(shape) - 1 if argument == "normalized_shape" else 1
    given = shape[axis]
    if given == size:
        return ""
    moved = next((place for place in range(1, len(shape)) if place != axis and shape[place] == size), None)
    if moved is not None:
        return (
            f"{run.place} goes by axis {axis}, and of {shape_text(shape)} axis {moved} has the {size:,} that it takes: "
            f"give it x.transpose({min(axis, moved)}, {max(axis, moved)}), and turn its result back."
        )
    if run.runs(edit=(run.failure.fqn, _with_size(argument, given))):
        what = "features" if len(shape) == 2 or argument == "normalized_shape" else "channels"
        return f"Set {argument}={given} in {run.place}: the layer before gives {given:,} {what}, not {size:,}."
    return f"{run.place} is made for {size:,}, and was given {given:,}."


def size_of(layer: nn.Module) -> tuple[str, int] | None:
    """The argument that says for how many channels it is made, and that number."""
    if isinstance(layer, _NormBase):
        return "num_features", layer.num_features
    if isinstance(layer, nn.GroupNorm):
        return "num_channels", layer.num_channels
    if isinstance(layer, nn.LayerNorm | nn.RMSNorm) and len(layer.normalized_shape) == 1:
        return "normalized_shape", layer.normalized_shape[0]
    return None


def _another_class(run: FailedRun, layer: _BatchNorm, shape: tuple[int, ...]) -> str:
    takes = {nn.BatchNorm1d: 1, nn.BatchNorm2d: 2, nn.BatchNorm3d: 3}.get(type(layer))
    wanted = max(1, len(shape) - 2)
    if takes is None or takes == wanted or wanted not in _AXES or shape[1] != layer.num_features:
        return ""
    named = f"BatchNorm{wanted}d"

    def edit(part: nn.Module) -> nn.Module:
        assert isinstance(part, _BatchNorm)
        weight = part.running_mean if part.running_mean is not None else part.weight
        made: nn.Module = getattr(nn, named)(part.num_features, device=weight.device, dtype=weight.dtype)
        return made

    if not run.runs(edit=(run.failure.fqn, edit)):
        return ""
    return f"{run.place} takes {_AXES[takes]} input, and {shape_text(shape)} is {len(shape)}-D: write nn.{named}."


def _with_size(argument: str, size: int) -> Edit:
    def edit(part: nn.Module) -> nn.Module:
        for name, parameter in list(part.named_parameters(recurse=False)):
            setattr(part, name, nn.Parameter(parameter.new_ones(size), requires_grad=False))
        for name, buffer in list(part.named_buffers(recurse=False)):
            if buffer.ndim == 1:
                part.register_buffer(name, buffer.new_ones(size))
        if isinstance(part, nn.LayerNorm | nn.RMSNorm):
            part.normalized_shape = (size,)
        else:
            setattr(part, argument, size)
        return part

    return edit
