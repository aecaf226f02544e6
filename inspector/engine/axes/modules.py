"""What torch's own modules, and their functions, say of the axes of what they take and give: one row a kind."""

from collections.abc import Callable
from typing import Any

from torch import nn

from inspector.engine.axes.functions import FUNCTION_RULES, FunctionRule, folded_range, unfolded
from inspector.engine.axes.operation import SPATIAL, Axes, Operation, call_axes, call_feature, same_axes, same_shaped
from inspector.engine.capture.programs import original_class

ModuleRule = Callable[[Operation, Any], None]


def module_rule(module: nn.Module) -> ModuleRule | None:
    """The rule of a module's class, or of the first of its bases that has one."""
    for base in (original_class(module) or type(module)).__mro__:
        if base.__name__ in MODULE_RULES and base.__module__.startswith("torch."):
            return MODULE_RULES[base.__name__]
    return None


def _like_input(op: Operation, _module: object) -> None:
    same_shaped(op)


def _spatial(dims: int, *, same_channels: bool, keeps_sizes: bool = False) -> ModuleRule:
    """(N, C, …) or (C, …) with `dims` spatial axes, in and out."""

    def rule(op: Operation, _module: object) -> None:
        name_spatial(op, dims, same_channels=same_channels, keeps_sizes=keeps_sizes)

    return rule


def name_spatial(op: Operation, dims: int, *, same_channels: bool, keeps_sizes: bool = False) -> None:
    """Name channels and spatial axes, and the batch where there is one."""
    source = op.inputs[0]
    names = ("N", "C", *SPATIAL[dims])
    if len(source) not in {dims + 1, dims + 2}:
        return
    names = names[-len(source) :]
    for axes in (source, *(output for output in op.outputs if len(output) == len(source))):
        call_axes(op, axes, names)
        if len(source) == dims + 2:
            op.variables.same(source[0], axes[0])
        if same_channels:
            op.variables.same(source[-dims - 1], axes[-dims - 1])
        if keeps_sizes:
            same_axes(op, source, axes)


def _batch_norm1d(op: Operation, _module: object) -> None:
    """(N, C) or (N, C, L)."""
    same_shaped(op)
    source = op.inputs[0]
    op.variables.call(source[0], "N")
    op.variables.call(source[1], "C", weak=len(source) == 2)
    if len(source) == 3:
        op.variables.call(source[2], "L")


def name_batch_and_channels(op: Operation, _module: object = None) -> None:
    """(N, C, …) in and out: what a normalisation over channels takes, whatever its other axes are."""
    same_shaped(op)
    source = op.inputs[0]
    if len(source) > 2:
        call_axes(op, source[:2], ("N", "C"))


def _layer_norm(op: Operation, module: Any) -> None:  # noqa: ANN401 - a LayerNorm or RMSNorm
    same_shaped(op)
    if len(module.normalized_shape) == 1:
        call_feature(op, op.inputs[0])


def name_linear(op: Operation, _module: object = None) -> None:
    """(…, D) to (…, D'): all but the last axis stay."""
    source, output = op.inputs[0], op.outputs[0]
    same_axes(op, source[:-1], output[:-1])
    call_feature(op, source)
    call_feature(op, output)


def name_embedding(op: Operation, _module: object = None) -> None:
    """(N, L) indices to (N, L, D)."""
    indices, output = op.inputs[0], op.outputs[0]
    same_axes(op, indices, output[: len(indices)])
    if len(indices) == 2:
        op.variables.call(indices[1], "L", weak=True)
    call_feature(op, output)


def _embedding_bag(op: Operation, _module: object) -> None:
    """(N, L) indices to (N, D)."""
    if len(op.inputs[0]) == 2:
        op.variables.same(op.inputs[0][0], op.outputs[0][0])
        op.variables.call(op.inputs[0][0], "N")
    call_feature(op, op.outputs[0])


def _attention(op: Operation, module: Any) -> None:  # noqa: ANN401 - a MultiheadAttention
    """Query (N, L, D) or (L, N, D); weights (N, L, S)."""
    names = ("N", "L", "D") if module.batch_first else ("L", "N", "D")
    for axes in op.inputs[:3]:
        _call_sequence(op, axes, names)
    query, output = op.inputs[0], op.outputs[0]
    same_axes(op, query, output)
    if len(op.outputs) > 1 and len(query) == 3:
        weights, key = op.outputs[1], op.inputs[1 if len(op.inputs) > 1 else 0]
        found = dict(zip(names, query, strict=True))
        if len(key) == len(query) and len(weights) in {3, 4}:
            same_axes(op, (weights[0], weights[-2], weights[-1]), (found["N"], found["L"], key[names.index("L")]))
            if len(weights) == 4:
                op.variables.call(weights[1], "heads")


def _recurrent(op: Operation, module: Any) -> None:  # noqa: ANN401 - an RNN, LSTM or GRU
    """(N, L, D) or (L, N, D), as `batch_first` says; states (layers, N, D)."""
    names = ("N", "L", "D") if module.batch_first else ("L", "N", "D")
    source = op.inputs[0]
    if len(source) == 2:  # unbatched, or packed: which of them can't be told
        return
    _call_sequence(op, source, names)
    batch = source[names.index("N")]
    for axes in (*op.inputs[1:], *op.outputs[1:]):
        if len(axes) == 3:
            op.variables.call(axes[0], "layers")
            op.variables.same(axes[1], batch)
            call_feature(op, axes)
    output = op.outputs[0]
    _call_sequence(op, output, names)
    same_axes(op, source[:2], output[:2])


def _cell(op: Operation, _module: object) -> None:
    """(N, D) in, state and out."""
    for axes in (*op.inputs, *op.outputs):
        if len(axes) == 2 and len(op.inputs[0]) == 2:
            op.variables.same(axes[0], op.inputs[0][0])
            op.variables.call(axes[0], "N")
            call_feature(op, axes)


def _call_sequence(op: Operation, axes: Axes, names: tuple[str, ...]) -> None:
    if len(axes) != 3:
        return
    for axis, name in zip(axes, names, strict=True):
        op.variables.call(axis, name, weak=name != "N")


def _flatten(op: Operation, module: Any) -> None:  # noqa: ANN401 - a Flatten
    folded_range(op, module.start_dim, module.end_dim)


def _unflatten(op: Operation, module: Any) -> None:  # noqa: ANN401 - an Unflatten
    if isinstance(module.dim, int):
        unfolded(op, module.dim)


def _per_dims(pattern: str, *, same_channels: bool, keeps_sizes: bool = False) -> dict[str, ModuleRule]:
    return {
        name.replace("#", str(dims)): _spatial(dims, same_channels=same_channels, keeps_sizes=keeps_sizes)
        for name in pattern.split()
        for dims in (1, 2, 3)
    }


_LIKE_INPUT = (
    "Identity Dropout AlphaDropout FeatureAlphaDropout ReLU ReLU6 SELU Sigmoid LogSigmoid Tanh SiLU Mish Hardswish "
    "Hardsigmoid Tanhshrink Softsign GELU LeakyReLU ELU CELU PReLU RReLU Softplus Hardtanh Hardshrink Softshrink "
    "Threshold Softmax LogSoftmax Softmin LocalResponseNorm"
)
MODULE_RULES: dict[str, ModuleRule] = {
    **dict.fromkeys(_LIKE_INPUT.split(), _like_input),
    **_per_dims("Conv#d ConvTranspose#d LazyConv#d LazyConvTranspose#d", same_channels=False),
    **_per_dims(
        "MaxPool#d AvgPool#d AdaptiveAvgPool#d AdaptiveMaxPool#d LPPool#d FractionalMaxPool#d MaxUnpool#d "
        "ZeroPad#d ConstantPad#d ReflectionPad#d ReplicationPad#d CircularPad#d",
        same_channels=True,
    ),
    **_per_dims("InstanceNorm#d Dropout#d", same_channels=True, keeps_sizes=True),
    "BatchNorm2d": _spatial(2, same_channels=True, keeps_sizes=True),
    "BatchNorm3d": _spatial(3, same_channels=True, keeps_sizes=True),
    "BatchNorm1d": _batch_norm1d,
    "Softmax2d": _spatial(2, same_channels=True, keeps_sizes=True),
    "Dropout1d": _like_input,  # (N, C) is taken for (C, L) there
    "SyncBatchNorm": name_batch_and_channels,
    "GroupNorm": name_batch_and_channels,
    "LayerNorm": _layer_norm,
    "RMSNorm": _layer_norm,
    "Linear": name_linear,
    "LazyLinear": name_linear,
    "Embedding": name_embedding,
    "EmbeddingBag": _embedding_bag,
    "MultiheadAttention": _attention,
    "RNNBase": _recurrent,
    "RNNCellBase": _cell,
    "Flatten": _flatten,
    "Unflatten": _unflatten,
    "PixelShuffle": _spatial(2, same_channels=False),
    "PixelUnshuffle": _spatial(2, same_channels=False),
    "UpsamplingNearest2d": _spatial(2, same_channels=True),
    "UpsamplingBilinear2d": _spatial(2, same_channels=True),
    "Upsample": lambda op, _module: _resized(op),
}


def function_rule(name: str) -> FunctionRule | None:
    """The rule of the function of that plain name, or of its in-place form."""
    return _RULES.get(name) or _RULES.get(name.removesuffix("_"))


def _spatial_function(dims: int, *, same_channels: bool) -> FunctionRule:
    return lambda op: name_spatial(op, dims, same_channels=same_channels)


def _layer_norm_function(op: Operation) -> None:
    same_shaped(op)
    if len(op.inputs) > 1 and len(op.inputs[1]) == 1:
        call_feature(op, op.inputs[0])


def _resized(op: Operation) -> None:
    if len(op.inputs[0]) - 2 in SPATIAL:
        name_spatial(op, len(op.inputs[0]) - 2, same_channels=True)


_POOLS = (
    "max_pool#d avg_pool#d adaptive_avg_pool#d adaptive_max_pool#d lp_pool#d max_unpool#d max_pool#d_with_indices "
    "adaptive_max_pool#d_with_indices fractional_max_pool#d"
)
_RULES: dict[str, FunctionRule] = {
    **FUNCTION_RULES,
    **{f"conv{dims}d": _spatial_function(dims, same_channels=False) for dims in SPATIAL},
    **{f"conv_transpose{dims}d": _spatial_function(dims, same_channels=False) for dims in SPATIAL},
    **{
        name.replace("#", str(dims)): _spatial_function(dims, same_channels=True)
        for name in _POOLS.split()
        for dims in SPATIAL
    },
    **dict.fromkeys(["pixel_shuffle", "pixel_unshuffle"], _spatial_function(2, same_channels=False)),
    **dict.fromkeys(["interpolate", "upsample"], _resized),
    **dict.fromkeys(["batch_norm", "instance_norm", "group_norm"], name_batch_and_channels),
    "layer_norm": _layer_norm_function,
    "rms_norm": _layer_norm_function,
    "linear": name_linear,
    "embedding": name_embedding,
}
