"""The table of operations: each one's category, and the key arguments that its card shows.

One row an operation. A module's row is found by its class's name or those of its bases; a function's by its plain
name, without the `_` of its in-place form. What has no row is drawn as `other`, with its plain arguments.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import nn

from inspector.engine.capture.details import (
    argument_details,
    conv_call_details,
    conv_details,
    flattened_details,
    index_details,
    named_details,
    no_details,
    normalised_details,
    pool_details,
    recurrent_details,
    resized_details,
    side_text,
    written_details,
)
from inspector.engine.capture.programs import original_class
from inspector.engine.foreign import ForeignOperation
from inspector.protocol.graph import Category


class ModuleRow(NamedTuple):
    """A kind of module: its category and the function that tells its key arguments."""

    category: Category
    details: Callable[[Any], str]


class FunctionRow(NamedTuple):
    """A kind of function: its category and the names of its arguments after the first, `*name` taking the rest."""

    category: Category
    arguments: tuple[str, ...]


# These say all by their tensors.
_NO_ARGUMENTS = frozenset(["relu", "sigmoid", "tanh", "matmul", "sin", "cos", "exp", "sqrt", "rsqrt", "abs", "neg"])


def module_category(module: nn.Module) -> Category:
    """What kind of operation `module` is."""
    if isinstance(module, ForeignOperation):
        return module.category
    row = _module_row(module)
    return row.category if row else "other"


def module_details(module: nn.Module) -> str:
    """Its key arguments, as `64→128 k3 s2 p1`; "" where nothing is known."""
    return module_category_and_details(module)[1]


def module_category_and_details(module: nn.Module) -> tuple[Category, str]:
    """Both at once."""
    if isinstance(module, ForeignOperation):
        return module.category, module.details
    row = _module_row(module)
    if row is None:
        return "other", ""
    try:
        return row.category, row.details(module)
    except Exception:  # noqa: BLE001 - a subclass without its base's attributes or with its own, or an old pickle
        return row.category, ""


def function_category(name: str) -> Category:
    """What kind of operation the function of that plain name is."""
    row = FUNCTIONS.get(name) or FUNCTIONS.get(name.removesuffix("_"))
    return row.category if row else "other"


def function_details(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """The key arguments of one call, without its tensors."""
    plain = name.removesuffix("_")
    if not kwargs and plain in _NO_ARGUMENTS:
        return ""
    if plain in ("getitem", "setitem"):
        return index_details(args[1]) if len(args) > 1 else ""
    if plain.startswith("conv") and len(args) > 1 and isinstance(args[1], torch.Tensor):
        return conv_call_details(plain, args, kwargs)
    if plain == "linear" and len(args) > 1 and isinstance(args[1], torch.Tensor) and args[1].dim() == 2:
        return f"{args[1].shape[1]}→{args[1].shape[0]}"
    row = FUNCTIONS.get(plain)
    return argument_details(row.arguments if row else (), args, kwargs)


def _module_row(module: nn.Module) -> ModuleRow | None:
    kind = original_class(module) or type(module)
    if kind not in _rows:
        rows = (MODULES.get(base.__name__) for base in kind.__mro__)
        _rows[kind] = next((row for row in rows if row is not None), None)
    return _rows[kind]


_rows: WeakKeyDictionary[type[nn.Module], ModuleRow | None] = WeakKeyDictionary()


_MODULE_GROUPS: tuple[tuple[str, Category, Callable[[Any], str]], ...] = (
    ("Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d", "convolution", conv_details),
    ("LazyConv1d LazyConv2d LazyConv3d", "convolution", conv_details),
    ("Unfold Fold", "shape", named_details("kernel_size", "stride")),
    ("Linear", "linear", written_details("{m.in_features}→{m.out_features}")),
    ("Bilinear", "linear", written_details("{m.in1_features}×{m.in2_features}→{m.out_features}")),
    ("BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm", "normalisation", written_details("{m.num_features}")),
    ("InstanceNorm1d InstanceNorm2d InstanceNorm3d", "normalisation", written_details("{m.num_features}")),
    ("GroupNorm", "normalisation", written_details("{m.num_channels} g{m.num_groups}")),
    ("LayerNorm RMSNorm", "normalisation", normalised_details),
    ("LocalResponseNorm CrossMapLRN2d", "normalisation", named_details("size")),
    ("MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d", "pooling", pool_details),
    ("MaxUnpool1d MaxUnpool2d MaxUnpool3d LPPool1d LPPool2d LPPool3d", "pooling", pool_details),
    ("FractionalMaxPool2d FractionalMaxPool3d", "pooling", pool_details),
    ("AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d", "pooling", lambda m: f"→{side_text(m.output_size)}"),
    ("AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d", "pooling", lambda m: f"→{side_text(m.output_size)}"),
    ("MultiheadAttention", "attention", written_details("{m.embed_dim} heads={m.num_heads}")),
    ("RNN LSTM GRU RNNCell LSTMCell GRUCell", "recurrent", recurrent_details),
    ("Embedding EmbeddingBag", "embedding", written_details("{m.num_embeddings}→{m.embedding_dim}")),
    ("Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout", "dropout", named_details("p")),
    ("ReLU ReLU6 SELU Sigmoid LogSigmoid Tanh SiLU Mish Hardswish Hardsigmoid", "activation", no_details),
    ("Tanhshrink Softsign Softmax2d", "activation", no_details),
    ("GELU", "activation", lambda m: "tanh" if m.approximate == "tanh" else ""),
    ("LeakyReLU", "activation", named_details("negative_slope")),
    ("ELU CELU", "activation", named_details("alpha")),
    ("PReLU", "activation", named_details("num_parameters")),
    ("RReLU", "activation", named_details("lower", "upper")),
    ("Softplus", "activation", named_details("beta")),
    ("Hardtanh", "activation", named_details("min_val", "max_val")),
    ("Hardshrink Softshrink", "activation", named_details("lambd")),
    ("Threshold", "activation", named_details("threshold", "value")),
    ("Softmax LogSoftmax Softmin GLU", "activation", named_details("dim")),
    ("Flatten", "shape", flattened_details),
    ("Unflatten", "shape", named_details("dim", "unflattened_size")),
    ("PixelShuffle", "shape", named_details("upscale_factor")),
    ("PixelUnshuffle", "shape", named_details("downscale_factor")),
    ("ChannelShuffle", "shape", named_details("groups")),
    ("Upsample UpsamplingNearest2d UpsamplingBilinear2d", "shape", resized_details),
    ("ZeroPad1d ZeroPad2d ZeroPad3d ConstantPad1d ConstantPad2d ConstantPad3d", "shape", named_details("padding")),
    ("ReflectionPad1d ReflectionPad2d ReflectionPad3d CircularPad1d CircularPad2d", "shape", named_details("padding")),
    ("CircularPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d", "shape", named_details("padding")),
    ("Identity", "other", no_details),
    ("CosineSimilarity PairwiseDistance", "arithmetic", no_details),
)
MODULES: dict[str, ModuleRow] = {
    name: ModuleRow(category, details) for names, category, details in _MODULE_GROUPS for name in names.split()
}

# names of the functions | category | names of the arguments after the first
_FUNCTION_GROUPS: tuple[tuple[str, Category, str], ...] = (
    ("conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d conv_tbc convolution", "convolution", ""),
    ("linear bilinear matmul mm bmm mv addmm addmv addbmm baddbmm dot vdot inner outer ger", "linear", ""),
    ("einsum tensordot kron chain_matmul multi_dot", "linear", ""),
    ("scaled_dot_product_attention", "attention", "key value attn_mask dropout_p is_causal scale"),
    ("multi_head_attention_forward", "attention", "key value embed_dim_to_check num_heads"),
    ("batch_norm instance_norm", "normalisation", "running_mean running_var weight bias training"),
    ("layer_norm rms_norm native_layer_norm", "normalisation", "normalized_shape"),
    ("group_norm", "normalisation", "num_groups"),
    ("normalize", "normalisation", "p dim"),
    ("local_response_norm", "normalisation", "size"),
    ("max_pool1d max_pool2d max_pool3d", "pooling", "kernel_size stride padding dilation"),
    ("max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices", "pooling", "kernel_size stride"),
    ("avg_pool1d avg_pool2d avg_pool3d", "pooling", "kernel_size stride padding"),
    ("lp_pool1d lp_pool2d lp_pool3d", "pooling", "norm_type kernel_size stride"),
    ("adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d", "pooling", "output_size"),
    ("adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d", "pooling", "output_size"),
    ("max_unpool1d max_unpool2d max_unpool3d", "pooling", "indices kernel_size"),
    ("lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell", "recurrent", ""),
    ("embedding embedding_bag", "embedding", "weight padding_idx"),
    ("dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout feature_dropout", "dropout", "p"),
    ("relu relu6 sigmoid tanh silu mish hardswish hardsigmoid logsigmoid softsign tanhshrink selu", "activation", ""),
    ("log_sigmoid expit", "activation", ""),
    ("gelu", "activation", "approximate"),
    ("leaky_relu", "activation", "negative_slope"),
    ("elu celu", "activation", "alpha"),
    ("prelu rrelu softplus threshold", "activation", ""),
    ("hardtanh", "activation", "min_val max_val"),
    ("softmax log_softmax softmin glu", "activation", "dim"),
    ("gumbel_softmax", "activation", "tau hard"),
    ("add sub mul div rsub floor_divide remainder fmod pow neg abs reciprocal", "arithmetic", ""),
    ("exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square sin cos tan asin acos atan atan2", "arithmetic", ""),
    ("sinh cosh erf erfc erfinv sign floor ceil round trunc frac lerp addcmul addcdiv", "arithmetic", ""),
    ("maximum minimum fmax fmin where masked_fill nan_to_num isnan isinf isfinite", "arithmetic", ""),
    ("clamp clip", "arithmetic", "min max"),
    ("eq ne lt le gt ge logical_and logical_or logical_not logical_xor", "arithmetic", ""),
    ("bitwise_and bitwise_or bitwise_not bitwise_xor", "arithmetic", ""),
    ("sum mean prod max min amax amin argmax argmin all any logsumexp cumsum cumprod", "arithmetic", "dim keepdim"),
    ("nansum nanmean median mode aminmax argsort", "arithmetic", "dim keepdim"),
    ("std var std_mean var_mean", "arithmetic", "dim"),
    ("norm vector_norm matrix_norm", "arithmetic", "p dim"),
    ("topk", "arithmetic", "k dim"),
    ("sort", "arithmetic", "dim descending"),
    ("cosine_similarity pairwise_distance cdist", "arithmetic", ""),
    ("cat concat concatenate stack hstack vstack dstack", "shape", "dim"),
    ("flatten", "shape", "start_dim end_dim"),
    ("unflatten", "shape", "dim sizes"),
    ("view reshape", "shape", "*shape"),
    ("permute", "shape", "*dims"),
    ("expand repeat tile", "shape", "*sizes"),
    ("transpose swapaxes swapdims", "shape", "dim0 dim1"),
    ("t adjoint detach clone contiguous view_as reshape_as expand_as type_as data alias", "shape", ""),
    ("T mT H mH real imag view_as_real view_as_complex lift_fresh", "shape", ""),
    ("squeeze unsqueeze", "shape", "dim"),
    ("movedim moveaxis", "shape", "source destination"),
    ("chunk", "shape", "chunks dim"),
    ("split split_with_sizes tensor_split", "shape", "split_size dim"),
    ("unbind", "shape", "dim"),
    ("narrow", "shape", "dim start length"),
    ("select", "shape", "dim index"),
    ("slice", "shape", "dim start end step"),
    ("roll", "shape", "shifts dims"),
    ("flip", "shape", "dims"),
    ("pad constant_pad_nd", "shape", "pad mode value"),
    ("interpolate upsample", "shape", "size scale_factor mode"),
    ("upsample_nearest1d upsample_nearest2d upsample_bilinear2d upsample_bicubic2d", "shape", "output_size"),
    ("grid_sample affine_grid unfold fold im2col col2im", "shape", ""),
    ("pixel_shuffle", "shape", "upscale_factor"),
    ("pixel_unshuffle", "shape", "downscale_factor"),
    ("channel_shuffle", "shape", "groups"),
    ("gather scatter scatter_add index_add index_copy index_fill", "shape", "dim"),
    ("index_select index take take_along_dim masked_select masked_scatter index_put", "shape", ""),
    ("getitem setitem copy fill zero tril triu diag diagonal meshgrid broadcast_tensors broadcast_to", "shape", ""),
    ("repeat_interleave", "shape", "repeats dim"),
    ("to type float double half bfloat16 int long bool cpu cuda", "shape", "dtype"),
    ("one_hot", "shape", "num_classes"),
)
# Made from nothing: no category of their own, but their arguments are worth showing, and they multiply nothing.
_FACTORIES = (
    "zeros ones full empty arange linspace tensor as_tensor scalar_tensor eye rand randn randint randperm "
    "zeros_like ones_like full_like empty_like rand_like randn_like new_zeros new_ones new_full new_empty "
    "new_tensor normal uniform bernoulli from_numpy item numpy tolist"
)
FUNCTIONS: dict[str, FunctionRow] = {
    name: FunctionRow(category, tuple(arguments.split()))
    for names, category, arguments in _FUNCTION_GROUPS
    for name in names.split()
} | {name: FunctionRow("other", ()) for name in _FACTORIES.split()}

# What these give is whatever lay in that memory: nothing to measure.
UNINITIALISED = frozenset(["empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "empty_permuted"])

# These only move values: statistics of their input hold for their output too, when it has as many elements.
REARRANGING = frozenset(
    [
        "view",
        "reshape",
        "flatten",
        "unflatten",
        "permute",
        "transpose",
        "swapaxes",
        "swapdims",
        "t",
        "adjoint",
        "detach",
        "clone",
        "contiguous",
        "view_as",
        "reshape_as",
        "data",
        "alias",
        "T",
        "mT",
        "H",
        "mH",
        "squeeze",
        "unsqueeze",
        "movedim",
        "moveaxis",
        "roll",
        "flip",
        "to",
        "pixel_shuffle",
        "pixel_unshuffle",
        "channel_shuffle",
        "lift_fresh",
        "requires_grad",
        "Flatten",
        "Unflatten",
        "PixelShuffle",
        "PixelUnshuffle",
        "ChannelShuffle",
        "Identity",
    ]
)
