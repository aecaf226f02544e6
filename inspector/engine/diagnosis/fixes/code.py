"""The line of code that a fix comes to, where it is a change of one layer or of the input."""

import re

from torch import nn

from inspector.engine.diagnosis.fixes.failed_run import FailedRun
from inspector.engine.diagnosis.fixes.norm_size import size_of

_OF_LAYER = re.compile(
    r"\b(in_features|in_channels|input_size|num_embeddings|num_features|num_channels|normalized_shape)=(\d+)"
)
_OF_INPUT = re.compile(
    r"\bx(?:\.(?:unsqueeze|permute|transpose|flatten|expand|float)\([\d, -]*\)|\[(?:None|:)(?:, None)?\])+(?: / 255)?"
)


def code_of(run: FailedRun, fix: str) -> str:
    """`self.fc = nn.Linear(16384, 10)`, `x = x.unsqueeze(0)`, or ""."""
    of_input = _OF_INPUT.search(fix)
    if of_input is not None:
        return f"x = {of_input[0]}"
    if fix.startswith("Insert nn.Flatten()"):
        layer = _written(run.layer)
        return f"{place_of(run.failure.fqn)} = nn.Sequential(nn.Flatten(), {layer})" if layer else "x = x.flatten(1)"
    change = _OF_LAYER.search(fix)
    if change is None:
        return ""
    layer = _written(run.layer, **{change[1]: int(change[2])})
    return f"{place_of(run.failure.fqn)} = {layer}" if layer else ""


def place_of(fqn: str) -> str:
    """How a module is named in code: `self.features[3].conv`; a whole model is `model`."""
    parts = fqn.split(".") if fqn else []
    start = "model" if not parts or parts[0].isdigit() else "self"
    return start + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts)


def _written(layer: nn.Module | None, **changed: int) -> str:
    """The layer as its constructor is written, with one figure changed; "" for those not known here."""
    if isinstance(layer, nn.Linear):
        bias = "" if layer.bias is not None else ", bias=False"
        return f"nn.Linear({changed.get('in_features', layer.in_features)}, {layer.out_features}{bias})"
    if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d) and isinstance(layer.padding, tuple):
        figures = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
        usual = {"stride": 1, "padding": 0, "dilation": 1}
        said = [f"{name}={_short(value)}" for name, value in figures.items() if set(value) != {usual[name]}]
        said += [] if layer.bias is not None else ["bias=False"]
        channels = changed.get("in_channels", layer.in_channels)
        first = f"{channels}, {layer.out_channels}, {_short(layer.kernel_size)}"
        return f"nn.{type(layer).__name__}({', '.join([first, *said])})"
    if isinstance(layer, nn.RNNBase) and type(layer).__module__.startswith("torch."):
        first = ", batch_first=True" if layer.batch_first else ""
        layers = f", {layer.num_layers}" if layer.num_layers > 1 else ""
        width = changed.get("input_size", layer.input_size)
        return f"nn.{type(layer).__name__}({width}, {layer.hidden_size}{layers}{first})"
    known = size_of(layer) if layer is not None else None
    if layer is not None and known is not None and type(layer).__module__.startswith("torch."):
        first = f"{layer.num_groups}, " if isinstance(layer, nn.GroupNorm) else ""
        return f"nn.{type(layer).__name__}({first}{changed.get(*known)})"
    if isinstance(layer, nn.Embedding):
        return f"nn.Embedding({changed.get('num_embeddings', layer.num_embeddings)}, {layer.embedding_dim})"
    return ""


def _short(value: tuple[int, ...]) -> str:
    return str(value[0]) if len(set(value)) == 1 else str(value)
