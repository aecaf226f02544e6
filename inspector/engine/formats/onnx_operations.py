"""ONNX's operations: each one's category, and the key arguments that its card shows. One row an operation."""

import math
from collections.abc import Callable, Sequence

from inspector.core.formatting import value_text
from inspector.engine.formats.onnx_parts import DTYPES, OnnxAttribute, OnnxNode, OnnxTensor
from inspector.protocol.graph import Category

# The tensors of the file among an operation's inputs, in order; None where an input is no such tensor.
Held = Sequence[OnnxTensor | None]


def category_of(op: str) -> Category:
    """What kind of operation it is."""
    return _CATEGORIES.get(op, "other")


def details_of(node: OnnxNode, held: Held) -> str:
    """The key arguments as `64→128 k3 s2 p1`, else the first attributes by name."""
    row = _DETAILS.get(node.op)
    if row is None or node.domain not in {"", "ai.onnx"}:
        return _attributes(node)
    try:
        return row(node, held).strip()
    except (IndexError, TypeError, ValueError, ZeroDivisionError):
        return _attributes(node)  # an operation without the inputs or attributes that it must have


def is_parameter(node: OnnxNode, place: int, tensor: OnnxTensor) -> bool:
    """Whether a tensor of the file is learned: of floats with an axis, and no statistics of a normalisation.

    The file does not say; numbers alone are settings, and whole numbers are shapes, indices or quantised weights.
    """
    if not tensor.shape or not tensor.dtype.startswith(("float", "bfloat", "complex")):
        return False
    return not (node.op == "BatchNormalization" and place in {3, 4})


def num_values(tensor: OnnxTensor) -> int:
    """How many values it has."""
    return math.prod(tensor.shape)


def attribute_text(attribute: OnnxAttribute) -> str:
    """An attribute's value for people; what is no number or text is named."""
    if attribute.refers_to:
        return f"the caller's {attribute.refers_to}"
    if attribute.graphs:
        return f"a graph of {len(attribute.graphs[0].nodes)} operations" if len(attribute.graphs) == 1 else "graphs"
    if attribute.tensors:
        return "a tensor" if len(attribute.tensors) == 1 else "tensors"
    value = attribute.value
    if isinstance(value, tuple):
        shown = ", ".join(_value(one) for one in value[:8])
        return f"({shown}, …)" if len(value) > 8 else f"({shown})"
    return "" if value is None else _value(value)


def _value(value: float | str) -> str:
    if isinstance(value, str):
        return value if len(value) <= 60 else value[:59] + "…"
    return str(value) if isinstance(value, int) else value_text(value)


def _attributes(node: OnnxNode) -> str:
    shown = [one for one in node.attributes if not one.graphs and not one.tensors and not isinstance(one.value, str)]
    return " ".join(f"{one.name}={attribute_text(one)}" for one in shown[:3] if attribute_text(one))


def _ints(node: OnnxNode, name: str) -> tuple[int, ...]:
    attribute = node.attribute(name)
    value = attribute.value if attribute is not None else None
    return tuple(one for one in value if isinstance(one, int)) if isinstance(value, tuple) else ()


def _int(node: OnnxNode, name: str, usual: int) -> int:
    attribute = node.attribute(name)
    return attribute.value if attribute is not None and isinstance(attribute.value, int) else usual


def _side(sizes: Sequence[int]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else "×".join(map(str, sizes))


def _unless(letter: str, sizes: Sequence[int], usual: int) -> str:
    return f" {letter}{_side(sizes)}" if sizes and set(sizes) != {usual} else ""


def _window(node: OnnxNode) -> str:
    pads = _ints(node, "pads")
    half = len(pads) // 2
    even = pads[:half] if pads[:half] == pads[half:] else pads
    return _unless("s", _ints(node, "strides"), 1) + _unless("p", even, 0) + _unless("d", _ints(node, "dilations"), 1)


def _shape_at(held: Held, place: int) -> tuple[int, ...]:
    tensor = held[place]
    if tensor is None:
        raise ValueError
    return tensor.shape


def _conv(node: OnnxNode, held: Held) -> str:
    shape, group = _shape_at(held, 1), _int(node, "group", 1)
    ends = (shape[1] * group, shape[0]) if node.op != "ConvTranspose" else (shape[0], shape[1] * group)
    return f"{ends[0]}→{ends[1]} k{_side(shape[2:])}{_window(node)}{_unless('g', [group], 1)}"


def _pool(node: OnnxNode, _held: Held) -> str:
    return f"k{_side(_ints(node, 'kernel_shape'))}{_window(node)}"


def _gemm(node: OnnxNode, held: Held) -> str:
    first, second = _shape_at(held, 1)
    return f"{second}→{first}" if _int(node, "transB", 0) else f"{first}→{second}"


def _matmul(_node: OnnxNode, held: Held) -> str:
    *_, first, second = _shape_at(held, 1)
    return f"{first}→{second}"


def _norm(_node: OnnxNode, held: Held) -> str:
    return _side(_shape_at(held, 1))


def _recurrent(node: OnnxNode, held: Held) -> str:
    directions, _gates, size = _shape_at(held, 1)
    return f"{size}→{_int(node, 'hidden_size', 0)}{' bidirectional' if directions == 2 else ''}"


def _axis(node: OnnxNode, _held: Held) -> str:
    axis = node.attribute("axis")
    return f"axis={axis.value}" if axis is not None else ""


def _given(place: int, word: str) -> Callable[[OnnxNode, Held], str]:
    """What a small tensor of integers at that input says, else the attribute of the same name."""

    def details(node: OnnxNode, held: Held) -> str:
        tensor = held[place] if place < len(held) else None
        numbers = tensor.values if tensor is not None else _ints(node, word)
        return "" if not numbers else f"{word}=({', '.join(map(str, numbers))}{',' if len(numbers) == 1 else ''})"

    return details


def _gather(node: OnnxNode, held: Held) -> str:
    table = held[0] if held else None
    index = held[1] if len(held) > 1 else None
    if table is not None and len(table.shape) == 2 and index is None:
        return f"{table.shape[0]}→{table.shape[1]}"
    at = f"[{', '.join(map(str, index.values))}] " if index is not None and index.values else ""
    return at + _axis(node, held)


def _cast(node: OnnxNode, _held: Held) -> str:
    return "→ " + DTYPES.get(_int(node, "to", 0), ("unknown", 0))[0]


_CATEGORY_GROUPS: tuple[tuple[Category, str], ...] = (
    ("convolution", "Conv ConvTranspose ConvInteger QLinearConv DeformConv FusedConv NhwcConv"),
    ("linear", "Gemm MatMul MatMulInteger QLinearMatMul Einsum FusedMatMul FusedGemm MatMulNBits"),
    ("linear", "LinearClassifier LinearRegressor DynamicQuantizeMatMul MatMulIntegerToFloat"),
    ("normalisation", "BatchNormalization InstanceNormalization LayerNormalization GroupNormalization LRN"),
    ("normalisation", "RMSNormalization LpNormalization MeanVarianceNormalization SimplifiedLayerNormalization"),
    ("normalisation", "SkipLayerNormalization SkipSimplifiedLayerNormalization EmbedLayerNormalization"),
    ("activation", "Relu LeakyRelu PRelu Elu Selu Celu Sigmoid HardSigmoid HardSwish Tanh Softmax LogSoftmax Hardmax"),
    ("activation", "Softplus Softsign Gelu FastGelu BiasGelu QuickGelu Mish Swish ThresholdedRelu Shrink Erf"),
    (
        "pooling",
        "MaxPool AveragePool LpPool GlobalMaxPool GlobalAveragePool GlobalLpPool MaxUnpool MaxRoiPool RoiAlign",
    ),
    ("attention", "Attention MultiHeadAttention GroupQueryAttention RotaryEmbedding"),
    ("recurrent", "RNN LSTM GRU"),
    ("dropout", "Dropout"),
    (
        "arithmetic",
        "Add Sub Mul Div Pow Mod Neg Abs Sqrt Reciprocal Exp Log Sum Mean Max Min Clip Sign Floor Ceil Round",
    ),
    ("arithmetic", "Sin Cos Tan Asin Acos Atan Sinh Cosh And Or Not Xor Equal Greater GreaterOrEqual Less LessOrEqual"),
    ("arithmetic", "ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum CumSum"),
    ("arithmetic", "Floor Ceil Round ReduceLogSumExp ReduceSumSquare ArgMax ArgMin TopK Where IsNaN IsInf BitShift"),
    ("shape", "Reshape Flatten Transpose Squeeze Unsqueeze Expand Concat Split Slice Gather GatherElements GatherND"),
    ("shape", "Pad Tile Resize Upsample DepthToSpace SpaceToDepth Shape Size Cast CastLike Identity Range ScatterND"),
    (
        "shape",
        "ConstantOfShape ScatterElements Scatter OneHot NonZero Compress Trilu EyeLike GridSample ReverseSequence",
    ),
)
_CATEGORIES: dict[str, Category] = {op: category for category, ops in _CATEGORY_GROUPS for op in ops.split()}

_DETAIL_GROUPS: tuple[tuple[str, Callable[[OnnxNode, Held], str]], ...] = (
    ("Conv ConvTranspose", _conv),
    ("MaxPool AveragePool LpPool", _pool),
    ("Gemm", _gemm),
    ("MatMul", _matmul),
    ("BatchNormalization InstanceNormalization LayerNormalization GroupNormalization RMSNormalization", _norm),
    ("RNN LSTM GRU", _recurrent),
    ("Softmax LogSoftmax Hardmax Concat Flatten GatherElements", _axis),
    ("Gather", _gather),
    ("Reshape", _given(1, "shape")),
    ("Expand", _given(1, "shape")),
    ("Squeeze Unsqueeze ReduceMean ReduceSum ReduceMax ReduceMin ReduceL2", _given(1, "axes")),
    ("Pad", _given(1, "pads")),
    ("Tile", _given(1, "repeats")),
    ("Cast", _cast),
)
_DETAILS = {op: details for ops, details in _DETAIL_GROUPS for op in ops.split()}
