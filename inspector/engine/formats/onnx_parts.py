"""What an ONNX file is made of, as it is read: operations, values, and where the bytes of tensors lie."""

import math
from dataclasses import dataclass, field

# ONNX's number of each type; torch's name, and bits a value (0 where they differ).
DTYPES: dict[int, tuple[str, int]] = {
    1: ("float32", 32),
    2: ("uint8", 8),
    3: ("int8", 8),
    4: ("uint16", 16),
    5: ("int16", 16),
    6: ("int32", 32),
    7: ("int64", 64),
    8: ("string", 0),
    9: ("bool", 8),
    10: ("float16", 16),
    11: ("float64", 64),
    12: ("uint32", 32),
    13: ("uint64", 64),
    14: ("complex64", 64),
    15: ("complex128", 128),
    16: ("bfloat16", 16),
    17: ("float8_e4m3fn", 8),
    18: ("float8_e4m3fnuz", 8),
    19: ("float8_e5m2", 8),
    20: ("float8_e5m2fnuz", 8),
    21: ("uint4", 4),
    22: ("int4", 4),
    23: ("float4_e2m1", 4),
}


@dataclass(frozen=True)
class External:
    """Where the bytes of a tensor lie outside the file: as written there, not to be believed."""

    location: str
    offset: int = 0
    length: int | None = None


@dataclass(frozen=True)
class OnnxTensor:
    """A tensor that the file holds. `place` is where its message lies, `raw` its bytes where they lie in one piece.

    `values` are those of a small one of integers, as shapes and axes are.
    """

    name: str
    shape: tuple[int, ...]
    type_number: int
    place: tuple[int, int]
    raw: tuple[int, int] | None = None
    external: External | None = None
    values: tuple[int, ...] | None = None
    is_sparse: bool = False

    @property
    def dtype(self) -> str:
        """As torch names it."""
        return DTYPES.get(self.type_number, ("unknown", 0))[0]

    @property
    def size_bytes(self) -> int:
        """What its values take."""
        return -(-math.prod(self.shape) * DTYPES.get(self.type_number, ("", 0))[1] // 8)


@dataclass(frozen=True)
class OnnxValue:
    """A named value and what the file says of it: `dims` are sizes, names of free ones, or None; None: no shape."""

    name: str
    dtype: str = ""
    type_number: int = 0
    dims: tuple[int | str | None, ...] | None = None
    kind: str = "tensor"  # or sequence, map, optional, sparse_tensor


@dataclass(frozen=True)
class OnnxAttribute:
    """An attribute: a number, a text, a list of these, a tensor, or graphs. `place` is that of its message."""

    name: str
    value: int | float | str | tuple[int | float | str, ...] | None
    place: tuple[int, int]
    tensors: tuple[OnnxTensor, ...] = ()
    graphs: tuple["OnnxGraph", ...] = ()
    refers_to: str = ""  # in a function: which of the caller's attributes it is


@dataclass(frozen=True)
class OnnxNode:
    """An operation; "" among its inputs and outputs is one left out. `scopes` are names of modules, outermost first.

    `classes` are their classes, where the exporter wrote them, else empty.
    """

    op: str
    name: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: tuple[OnnxAttribute, ...]
    place: tuple[int, int]
    scopes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    overload: str = ""

    def attribute(self, name: str) -> OnnxAttribute | None:
        """The attribute of that name."""
        return next((one for one in self.attributes if one.name == name), None)


@dataclass(frozen=True)
class OnnxGraph:
    """A graph, or one inside an operation. `values` are what the file says of tensors in between."""

    nodes: tuple[OnnxNode, ...]
    tensors: tuple[OnnxTensor, ...] = ()
    inputs: tuple[OnnxValue, ...] = ()
    outputs: tuple[OnnxValue, ...] = ()
    values: tuple[OnnxValue, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class OnnxFunction:
    """An operation that the file itself defines; `attributes` are those that a call may leave out."""

    name: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[OnnxNode, ...]
    place: tuple[int, int]
    values: tuple[OnnxValue, ...] = ()
    attributes: tuple[OnnxAttribute, ...] = ()
    overload: str = ""


@dataclass(frozen=True)
class OnnxFile:
    """All of a file but its tensors' bytes. `opsets` are versions by domain, "" being ONNX's own."""

    graph: OnnxGraph
    opsets: dict[str, int] = field(default_factory=dict)
    functions: tuple[OnnxFunction, ...] = ()
    ir_version: int = 0
    producer: str = ""
    producer_version: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
