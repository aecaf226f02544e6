"""ONNX: a protocol buffer whose graph, names and shapes are read, and whose tensors' bytes are skipped."""

from collections import Counter
from itertools import islice

from inspector.engine.formats.cleaning import MAX_DIMENSION, clean_text, counted
from inspector.engine.formats.protobuf import Field, Walker
from inspector.engine.formats.reading import Refused, Source
from inspector.protocol.files import FileDescription, TensorEntry

_DTYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    8: "string",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
    17: "float8_e4m3fn",
    19: "float8_e5m2",
}
_KNOWN_FIELDS = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}


def describe(source: Source) -> FileDescription | None:
    """Describe it, or None where it is something else."""
    graph = _find_graph(source)
    if graph is None:
        return None
    walker = Walker(source)
    top = list(islice(walker.fields(0, source.size_bytes), 1000))
    tensors, ops, inputs, outputs = _read_graph(walker, graph)
    metadata = {"form": "ONNX", **_texts(walker, top)}
    metadata["inputs"], metadata["outputs"] = ", ".join(inputs[:20]), ", ".join(outputs[:20])
    metadata["operations"] = ", ".join(f"{op} ×{count}" for op, count in ops.most_common(12))
    return FileDescription(
        path=source.path,
        format="onnx",
        size_bytes=source.size_bytes,
        safety="inert",
        summary=f"An ONNX model, {counted(ops.total(), 'operation')}, {counted(len(tensors), 'tensor')}.",
        tensors=tuple(tensors),
        metadata=metadata,
    )


def _find_graph(source: Source) -> Field | None:
    """The graph's field, if the file has the shape of an ONNX model: ir_version first or soon, then a graph."""
    if source.read_at(0, 1) not in {b"\x08", b"\x12", b"\x3a", b"\x42"}:
        return None
    graph, version = None, False
    try:
        for field in islice(Walker(source).fields(0, source.size_bytes), 1000):
            if field.number not in _KNOWN_FIELDS:
                return None
            version = version or (field.number == 1 and 0 < field.value < 1000)
            if field.number == 7 and field.is_bytes:
                graph = field
    except Refused:
        if graph is None or not version:
            return None
        raise
    return graph if version else None


def _texts(walker: Walker, top: list[Field]) -> dict[str, str]:
    found = {}
    for field in top:
        if field.number in {2, 3} and field.is_bytes:
            key = "producer" if field.number == 2 else "producer_version"
            found[key] = clean_text(walker.text(field), 100)
        elif field.number == 1:
            found["ir_version"] = str(field.value)
        elif field.number == 8 and field.is_bytes:
            parts = list(walker.fields(field.start, field.end))
            domain = next((walker.text(part, 60) for part in parts if part.number == 1 and part.is_bytes), "")
            version = next((part.value for part in parts if part.number == 2), 0)
            found[f"opset {clean_text(domain, 60)}".strip()] = str(version)
    return found


def _read_graph(walker: Walker, graph: Field) -> tuple[list[TensorEntry], Counter[str], list[str], list[str]]:
    tensors: list[TensorEntry] = []
    ops: Counter[str] = Counter()
    inputs: list[str] = []
    outputs: list[str] = []
    for field in walker.fields(graph.start, graph.end):
        if not field.is_bytes:
            continue
        match field.number:
            case 1:
                ops[_named(walker, field, 4) or "?"] += 1
            case 5:
                tensors.append(_tensor(walker, field))
            case 11:
                inputs.append(_named(walker, field, 1))
            case 12:
                outputs.append(_named(walker, field, 1))
            case _:
                pass
    return tensors, ops, inputs, outputs


def _named(walker: Walker, outer: Field, number: int) -> str:
    for field in walker.fields(outer.start, outer.end):
        if field.number == number and field.is_bytes:
            return clean_text(walker.text(field), 200)
    return ""


def _tensor(walker: Walker, outer: Field) -> TensorEntry:
    shape: list[int] = []
    name, dtype = "", 0
    for field in walker.fields(outer.start, outer.end):
        if field.number == 1:
            shape += walker.varints(field) if field.is_bytes else [field.value]
        elif field.number == 2:
            dtype = field.value
        elif field.number == 8 and field.is_bytes:
            name = clean_text(walker.text(field), 500)
    sizes = tuple(size if size <= MAX_DIMENSION else 0 for size in shape[:64])
    return TensorEntry(name=name, shape=sizes, dtype=_DTYPES.get(dtype, "unknown"))
