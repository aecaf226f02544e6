"""How many bytes a tensor takes, from its shape and dtype alone."""

import math

from inspector.protocol.graph import Node, TensorSpec

BITS = {
    **dict.fromkeys(("bool", "uint8", "int8", "quint8", "qint8"), 8),
    **dict.fromkeys(("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"), 8),
    **dict.fromkeys(("int16", "uint16", "float16", "bfloat16"), 16),
    **dict.fromkeys(("int64", "uint64", "float64", "complex64"), 64),
    "complex128": 128,
    "quint4x2": 4,
    "quint2x4": 2,
}


def is_open(spec: TensorSpec) -> bool:
    """Whether a size is free, as files of programs may leave it: then it is −1."""
    return min(spec.shape, default=0) < 0


def spec_bytes(spec: TensorSpec) -> int:
    """Values times the size of one; a dtype without a row counts four bytes a value, a size left open nothing."""
    if is_open(spec):
        return 0
    return -(-math.prod(spec.shape) * BITS.get(spec.dtype, 32) // 8)


def output_bytes(node: Node) -> int:
    """Of all tensors that a node gives; a view counts as much as a copy would."""
    return sum(spec_bytes(spec) for spec in node.outputs)
