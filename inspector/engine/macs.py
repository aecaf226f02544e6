"""Multiply-accumulates of one operation, from its shapes: a row an operation; what adds or moves only counts nothing.

A bias is not counted. None says that the operation multiplies in a way that is not known here.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from inspector.engine.foreign import ForeignOperation
from inspector.protocol.graph import Category, TensorSpec

Specs = Sequence[TensorSpec]
Shape = tuple[int, ...]

# Categories of which every member only adds, compares or moves; their few elementwise products are not counted.
_LIGHT = frozenset(["normalisation", "activation", "pooling", "dropout", "arithmetic", "shape", "embedding"])


def module_macs(
    module: nn.Module, inputs: Specs, outputs: Specs, category: Category, kind: type[nn.Module] | None = None
) -> int | None:
    """Multiply-accumulates of one call of a module that is drawn as one node; `kind` is its class, if another's."""
    if isinstance(module, ForeignOperation):
        return module.macs(inputs, outputs)
    for base in (kind or type(module)).__mro__:
        count = _MODULE_MACS.get(base.__name__)
        if count is not None:
            return _counted(count, module, inputs, outputs)
    if category in _LIGHT or type(module) in (nn.Identity, nn.Sequential):
        return 0
    # A module of the user's own, without anything to see or to learn, passed its input on.
    passed_on = [spec.shape for spec in inputs] == [spec.shape for spec in outputs]
    return 0 if passed_on and not list(module.parameters()) else None


def function_macs(name: str, inputs: Specs, outputs: Specs, category: Category, details: str = "") -> int | None:
    """Multiply-accumulates of a function by its plain name; `details` hold einsum's equation."""
    plain = name.removesuffix("_")
    shapes = [spec.shape for spec in inputs]
    if plain == "einsum":
        return _counted(_einsum, details.split(" ", maxsplit=1)[0], shapes)
    count = _FUNCTION_MACS.get(plain)
    if count is not None:
        return _counted(count, shapes, [spec.shape for spec in outputs])
    if category in _LIGHT or not inputs or plain in _FREE:
        return 0
    return None


_FREE = frozenset(
    ["item", "numpy", "tolist", "bool", "float", "int", "array", "equal", "allclose", "is_nonzero", "set_data"]
)


def _counted(count: Callable[..., int], *args: object) -> int | None:
    try:
        return int(count(*args))
    except (IndexError, AttributeError, ValueError, TypeError, ZeroDivisionError):
        return None  # shapes that the formula does not know


# --- modules


def _conv_module(module: Any, inputs: Specs, outputs: Specs) -> int:  # noqa: ANN401 - any convolution
    return int(math.prod(outputs[0].shape) * module.in_channels // module.groups * math.prod(module.kernel_size))


def _conv_transpose_module(module: Any, inputs: Specs, outputs: Specs) -> int:  # noqa: ANN401 - as above
    return int(math.prod(inputs[0].shape) * module.out_channels // module.groups * math.prod(module.kernel_size))


def _linear_module(module: Any, inputs: Specs, outputs: Specs) -> int:  # noqa: ANN401 - Linear
    return math.prod(outputs[0].shape) * int(module.in_features)


def _bilinear_module(module: Any, inputs: Specs, outputs: Specs) -> int:  # noqa: ANN401 - Bilinear
    return math.prod(outputs[0].shape) * int(module.in1_features * (module.in2_features + 1))


def _attention_module(module: Any, inputs: Specs, outputs: Specs) -> int:  # noqa: ANN401 - MultiheadAttention
    query, key, value = (spec.shape for spec in inputs[:3])
    width = module.embed_dim
    length_axis = -2 if module.batch_first or len(query) == 2 else 0
    batch = 1 if len(query) == 2 else query[0 if module.batch_first else 1]
    target, source = query[length_axis], key[length_axis]
    projections = target * width * width * 2 + source * width * (key[-1] + value[-1])
    return int(batch * (projections + 2 * target * source * width))


def _recurrent_module(module: Any, inputs: Specs, outputs: Specs) -> int:  # noqa: ANN401 - RNN, LSTM, GRU
    weights = sum(tensor.numel() for name, tensor in module.named_parameters() if name.startswith("weight_"))
    steps = math.prod(inputs[0].shape[:-1])
    return int(steps * weights)


_MODULE_MACS: dict[str, Callable[[Any, Specs, Specs], int]] = {
    **dict.fromkeys(["Conv1d", "Conv2d", "Conv3d"], _conv_module),
    **dict.fromkeys(["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"], _conv_transpose_module),
    "Linear": _linear_module,
    "Bilinear": _bilinear_module,
    "MultiheadAttention": _attention_module,
    **dict.fromkeys(["RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"], _recurrent_module),
}

# --- functions


def _conv(inputs: list[Shape], outputs: list[Shape]) -> int:
    return math.prod(outputs[0]) * math.prod(inputs[1][1:])


def _conv_transpose(inputs: list[Shape], outputs: list[Shape]) -> int:
    return math.prod(inputs[0]) * math.prod(inputs[1][1:])


def _linear(inputs: list[Shape], outputs: list[Shape]) -> int:
    return math.prod(outputs[0]) * inputs[1][-1]


def _matmul(inputs: list[Shape], outputs: list[Shape]) -> int:
    return math.prod(outputs[0]) * inputs[0][-1]


def _added_matmul(inputs: list[Shape], outputs: list[Shape]) -> int:
    return math.prod(outputs[0]) * inputs[1][-1]


def _batch_sum_matmul(inputs: list[Shape], outputs: list[Shape]) -> int:
    return math.prod(inputs[1]) * inputs[2][-1]


def _outer(inputs: list[Shape], outputs: list[Shape]) -> int:
    return math.prod(outputs[0])


def _bilinear(inputs: list[Shape], outputs: list[Shape]) -> int:
    return math.prod(outputs[0]) * inputs[0][-1] * (inputs[1][-1] + 1)


def _attention(inputs: list[Shape], outputs: list[Shape]) -> int:
    query, key, value = inputs[:3]
    return math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _distances(inputs: list[Shape], outputs: list[Shape]) -> int:
    return math.prod(outputs[0]) * inputs[0][-1]


def _einsum(equation: str, shapes: list[Shape]) -> int:
    """Of two operands: the product of all sizes that appear; of one: nothing is multiplied."""
    if len(shapes) == 1:
        return 0
    if len(shapes) != 2 or "." in equation:
        raise ValueError("the order of the contractions is not known")
    sizes: dict[str, int] = {}
    for letters, shape in zip(equation.replace(" ", "").split("->")[0].split(","), shapes, strict=True):
        sizes.update(zip(letters, shape, strict=True))
    return math.prod(sizes.values())


_FUNCTION_MACS: dict[str, Callable[[list[Shape], list[Shape]], int]] = {
    **dict.fromkeys(["conv1d", "conv2d", "conv3d", "convolution"], _conv),
    **dict.fromkeys(["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"], _conv_transpose),
    "linear": _linear,
    "bilinear": _bilinear,
    **dict.fromkeys(["matmul", "mm", "bmm", "mv", "dot", "vdot", "inner"], _matmul),
    **dict.fromkeys(["addmm", "addmv", "baddbmm"], _added_matmul),
    "addbmm": _batch_sum_matmul,
    **dict.fromkeys(["outer", "ger", "kron"], _outer),
    "scaled_dot_product_attention": _attention,
    "cdist": _distances,
}
