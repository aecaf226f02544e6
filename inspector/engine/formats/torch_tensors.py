"""Tensors in an inert pickle: what torch's rebuilding functions would be called with."""

from collections.abc import Sequence

from inspector.engine.formats.cleaning import MAX_DIMENSION, clean_text, is_size
from inspector.engine.formats.pickle_values import Call, Global, Persistent, Value, items_of
from inspector.engine.formats.plain_values import key_text
from inspector.engine.formats.reading import Refused
from inspector.protocol.files import TensorEntry

ELEMENT_BYTES = {
    "uint8": 1,
    "int8": 1,
    "bool": 1,
    "int16": 2,
    "uint16": 2,
    "float16": 2,
    "bfloat16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "int64": 8,
    "uint64": 8,
    "float64": 8,
    "complex32": 4,
    "complex64": 8,
    "complex128": 16,
    "qint8": 1,
    "quint8": 1,
    "qint32": 4,
    "float8_e4m3fn": 1,
    "float8_e5m2": 1,
}
_STORAGE_DTYPES = {
    "Double": "float64",
    "Float": "float32",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "ComplexDouble": "complex128",
    "ComplexFloat": "complex64",
    "QInt8": "qint8",
    "QInt32": "qint32",
    "QUInt8": "quint8",
    "QUInt4x2": "quint4x2",
    "QUInt2x4": "quint2x4",
    "Untyped": "uint8",
}
_WITH_STORAGE = {"_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor"}
_AROUND = {"_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_device_tensor_from_cpu_tensor"}
_MAX_AROUND = 8
MAX_DIMENSIONS = 64  # as many as most of torch and numpy take


def read_tensor(value: Value, name: str, depth: int = 0) -> TensorEntry | None:
    """The tensor or parameter that this value would become, or None if it would be something else."""
    if not isinstance(value, Call) or depth > _MAX_AROUND:
        return None
    maker = value.name.removeprefix("torch._utils.")
    args = value.arguments
    if maker in _WITH_STORAGE and len(args) >= 3:
        return _with_storage(maker, args, name)
    if (maker in _AROUND or value.name == "torch.nn.parameter.Parameter") and args:
        return read_tensor(args[0], name, depth + 1)
    if maker == "torch._tensor._rebuild_from_type_v2" and len(args) >= 3:
        return read_tensor(Call(args[0], args[2], "reduce"), name, depth + 1)
    return _without_storage(maker, args, name)


def _with_storage(maker: str, args: Sequence[Value], name: str) -> TensorEntry:
    key, dtype = read_storage(args[0])
    if maker == "_rebuild_tensor_v3" and len(args) > 6:
        dtype = _dtype_name(args[6]) or dtype
    return _entry(name, args[2], dtype, key)


def _without_storage(maker: str, args: Sequence[Value], name: str) -> TensorEntry | None:
    if maker == "_rebuild_meta_tensor_no_storage" and len(args) >= 2:
        return _entry(name, args[1], _dtype_name(args[0]), "")
    if maker == "_rebuild_wrapper_subclass" and len(args) >= 3:
        return _entry(name, args[2], _dtype_name(args[1]), "")
    if maker == "_rebuild_sparse_tensor" and len(args) == 2:
        parts = items_of(args[1]) or []
        values = read_tensor(parts[1], name) if len(parts) >= 3 else None
        return _entry(name, parts[2], values.dtype if values else "", "") if len(parts) >= 3 else None
    return None


def read_storage(value: Value) -> tuple[str, str]:
    """The key and the dtype of a storage, "" where the file doesn't say."""
    if not isinstance(value, Persistent) or not isinstance(value.id, tuple) or len(value.id) < 5:
        return "", ""
    kind = value.id[1]
    short = kind.name.removeprefix("torch.cuda.").removeprefix("torch.") if isinstance(kind, Global) else ""
    short = short.removeprefix("storage.").removesuffix("Storage")
    return clean_text(key_text(value.id[2]), 80), _STORAGE_DTYPES.get(short, "")


def storage_numel(value: Value) -> int | None:
    """How many elements a storage declares, or None."""
    if isinstance(value, Persistent) and isinstance(value.id, tuple) and len(value.id) >= 5 and is_size(value.id[4]):
        return value.id[4] if isinstance(value.id[4], int) else None
    return None


def elements_needed(call: Call) -> int | None:
    """How many elements of its storage a tensor reaches for, by its size and strides; None where that is not told.

    Raises:
        Refused: it has more dimensions than there are; a file may name a list of a million sizes a million times.
    """
    args = call.arguments
    if call.name.removeprefix("torch._utils.") not in _WITH_STORAGE or len(args) < 4:
        return None
    size, stride = _sizes(args[2]), _sizes(args[3])
    if max(len(size), len(stride)) > MAX_DIMENSIONS:
        raise Refused("A tensor in it has more dimensions than there are.")
    if len(size) != len(stride) or not is_size(args[1]):
        return None
    reach = 1 if isinstance(args[1], int) else 0
    for length, step in zip(size, stride, strict=True):
        if not isinstance(length, int) or not isinstance(step, int) or length < 0 or step < 0:
            return None
        if length == 0:
            return 0
        reach += (length - 1) * step
    return reach + (args[1] if isinstance(args[1], int) else 0)


def _dtype_name(value: Value) -> str:
    return clean_text(value.name.removeprefix("torch."), 40) if isinstance(value, Global) else ""


def _entry(name: str, size: Value, dtype: str, storage: str) -> TensorEntry:
    if isinstance(size, Call) and size.name == "torch.Size" and size.arguments:
        size = size.arguments[0]
    shape = tuple(_dimension(length) for length in _sizes(size)[:MAX_DIMENSIONS])
    return TensorEntry(name=name, shape=shape, dtype=dtype or "unknown", storage=storage)


def _sizes(value: Value) -> Sequence[Value]:
    """The items, not copied as `items_of` would."""
    return value if isinstance(value, tuple) else items_of(value) or ()


def _dimension(value: Value) -> int:
    if is_size(value) and isinstance(value, int):
        return value
    return MAX_DIMENSION if isinstance(value, int) and value > 0 else 0
