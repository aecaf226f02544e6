"""The line of code that a fix comes to, where it is a change of one layer or of the input."""

import inspect
import re
from collections.abc import Iterator

from torch import nn

from inspector.engine.diagnosis.fixes.failed_run import FailedRun

# What comes first in the constructor of each; a class of somebody's own has another.
_FIRST: dict[type[nn.Module] | type[None], tuple[str, ...]] = {
    nn.Linear: ("in_features", "out_features"),
    **dict.fromkeys([nn.Conv1d, nn.Conv2d, nn.Conv3d], ("in_channels", "out_channels", "kernel_size")),
    **dict.fromkeys([nn.RNN, nn.LSTM, nn.GRU], ("input_size", "hidden_size")),
    **dict.fromkeys([nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm], ("num_features",)),
    **dict.fromkeys([nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d], ("num_features",)),
    nn.GroupNorm: ("num_groups", "num_channels"),
    **dict.fromkeys([nn.LayerNorm, nn.RMSNorm], ("normalized_shape",)),
    nn.Embedding: ("num_embeddings", "embedding_dim"),
}

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
        layer = written(run.layer)
        return f"{place_of(run.failure.fqn)} = nn.Sequential(nn.Flatten(), {layer})" if layer else "x = x.flatten(1)"
    change = _OF_LAYER.search(fix)
    if change is None:
        return ""
    layer = written(run.layer, **{change[1]: int(change[2])})
    return f"{place_of(run.failure.fqn)} = {layer}" if layer else ""


def place_of(fqn: str) -> str:
    """How a module is named in code: `self.features[3].conv`; a whole model is `model`."""
    parts = fqn.split(".") if fqn else []
    start = "model" if not parts or parts[0].isdigit() else "self"
    return start + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts)


def written(layer: nn.Module | None, **changed: int) -> str:
    """The layer as its constructor is written, with these arguments changed; "" for those not known here."""
    kind = type(layer)
    first = _FIRST.get(kind)
    if layer is None or first is None:
        return ""
    given = [str(changed.get(name, _plain(getattr(layer, name)))) for name in first]
    others = dict(_unusual(layer)) | changed
    given += [f"{name}={value!r}" for name, value in others.items() if name not in first]
    return f"nn.{kind.__name__}({', '.join(given)})"


def _unusual(layer: nn.Module) -> Iterator[tuple[str, object]]:
    """The arguments of its constructor that were not left as they are by default."""
    of = nn.RNNBase if isinstance(layer, nn.RNNBase) else type(layer)
    for name, parameter in inspect.signature(of).parameters.items():
        if name == "bias" and getattr(layer, "weight", "") is None:  # goes with the weight
            continue
        value = _plain(getattr(layer, name, parameter.default))
        if name == "bias" and not isinstance(value, bool):
            value = value is not None
        if parameter.default is not inspect.Parameter.empty and value != parameter.default:
            yield name, value
    if isinstance(layer, nn.RNN) and layer.nonlinearity != "tanh":
        yield "nonlinearity", layer.nonlinearity


def _plain(value: object) -> object:
    """`3` for (3, 3)."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value
