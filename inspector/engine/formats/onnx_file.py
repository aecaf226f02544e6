"""ONNX: a protocol buffer whose graph, names and shapes are read, and whose tensors' bytes are skipped."""

from collections import Counter
from itertools import islice

from inspector.core.formatting import counted
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.guessing import MAX_MODULES
from inspector.engine.formats.onnx_operations import is_parameter
from inspector.engine.formats.onnx_parts import OnnxFile, OnnxGraph, OnnxNode, OnnxTensor
from inspector.engine.formats.onnx_reader import read_onnx
from inspector.engine.formats.onnx_scopes import places_of
from inspector.engine.formats.protobuf import Walker
from inspector.engine.formats.reading import Refused, Source
from inspector.protocol.files import FileDescription, ModuleEntry, TensorEntry

_KNOWN_FIELDS = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}
# Domains whose operations ONNX Runtime itself has.
_OWN_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc", "ai.onnx.preview.training"}


def describe(source: Source) -> FileDescription | None:
    """Describe it, or None where it is something else."""
    if not _is_onnx(source):
        return None
    file = read_onnx(source)
    tensors = file.graph.tensors
    ops = Counter(node.op for node in file.graph.nodes)
    return FileDescription(
        path=source.path,
        format="onnx",
        size_bytes=source.size_bytes,
        safety="inert",
        summary=f"An ONNX model, {counted(ops.total(), 'operation')}, {counted(len(tensors), 'tensor')}.",
        tensors=tuple(TensorEntry(tensor.name, tensor.shape, tensor.dtype) for tensor in tensors),
        modules=tuple(_modules(file)),
        metadata=_metadata(file, ops),
        warnings=tuple(_warnings(file)),
    )


def _is_onnx(source: Source) -> bool:
    """Whether the file has the shape of an ONNX model: ir_version first or soon, then a graph."""
    if source.read_at(0, 1) not in {b"\x08", b"\x12", b"\x3a", b"\x42"}:
        return False
    graph, version = False, False
    try:
        for field in islice(Walker(source).fields(0, source.size_bytes), 1000):
            if field.number not in _KNOWN_FIELDS:
                return False
            version = version or (field.number == 1 and 0 < field.value < 1000)
            graph = graph or (field.number == 7 and field.is_bytes)
    except Refused:
        if not graph or not version:
            return False
        raise
    return graph and version


def _metadata(file: OnnxFile, ops: Counter[str]) -> dict[str, str]:
    metadata = {"form": "ONNX"}
    if file.producer:
        metadata["producer"] = file.producer
    if file.producer_version:
        metadata["producer_version"] = file.producer_version
    metadata["ir_version"] = str(file.ir_version)
    metadata |= {f"opset {domain}".strip(): str(version) for domain, version in list(file.opsets.items())[:20]}
    held = {tensor.name for tensor in file.graph.tensors}
    inputs = [value.name for value in file.graph.inputs if value.name not in held]
    metadata["inputs"] = ", ".join(inputs[:20])
    metadata["outputs"] = ", ".join(value.name for value in file.graph.outputs[:20])
    metadata["operations"] = ", ".join(f"{op} ×{count}" for op, count in ops.most_common(12))
    if file.functions:
        metadata["functions"] = ", ".join(function.name for function in file.functions[:20])
    outside = sorted({tensor.external.location for tensor in _tensors(file) if tensor.external is not None})
    if outside:
        metadata["external files"] = ", ".join(outside[:20])
    for key, text in list(file.metadata.items())[:20]:
        if key:
            metadata.setdefault(clean_text(key, 60), clean_text(text, 200))
    return metadata


def _warnings(file: OnnxFile) -> list[str]:
    found = []
    outside = {tensor.external.location for tensor in _tensors(file) if tensor.external is not None}
    odd = sorted(location for location in outside if not is_plain_name(location))
    if odd:
        found.append(f'Weights lie in "{odd[0]}", which leads out of its folder; it is not followed.')
    own = {(function.domain, function.name) for function in file.functions}
    foreign = sorted(
        {
            f"{node.domain}::{node.op}"
            for node in _nodes(file)
            if node.domain not in _OWN_DOMAINS and (node.domain, node.op) not in own
        }
    )
    if foreign:
        names = ", ".join(foreign[:5])
        found.append(f"Operations of a library of somebody's own can't be run: {names}.")
    return found


def is_plain_name(location: str) -> bool:
    """Whether a tensor's place is a file beside the model, or in a folder there: no way up, and not from the root."""
    parts = location.replace("\\", "/").split("/")
    return bool(location) and ":" not in parts[0] and not any(part in {"", "..", "."} for part in parts)


def _modules(file: OnnxFile) -> list[ModuleEntry]:
    """The modules that the names in the file tell of, and operations with weights, in the order of the graph."""
    held = {tensor.name: tensor for tensor in file.graph.tensors}
    found: dict[str, str] = {}
    for node, place in zip(file.graph.nodes, places_of(file.graph.nodes), strict=True):
        for fqn, name in zip(place.groups, place.classes, strict=True):
            found.setdefault(fqn, name or "Module")
        given = [(at, held[name]) for at, name in enumerate(node.inputs) if name in held]
        if len(found) > MAX_MODULES:
            raise Refused(f"The names in it tell of more than {MAX_MODULES:,} modules, as no honest model's do.")
        if place.fqn and (place.stands_for_module or any(is_parameter(node, at, tensor) for at, tensor in given)):
            found.setdefault(place.fqn, node.op)
    return [ModuleEntry(fqn, class_name) for fqn, class_name in found.items()]


def _nodes(file: OnnxFile) -> list[OnnxNode]:
    """All operations, however deep."""
    waiting: list[OnnxGraph] = [file.graph]
    found = [node for function in file.functions for node in function.nodes]
    waiting += [graph for node in found for one in node.attributes for graph in one.graphs]
    while waiting:
        graph = waiting.pop()
        found += graph.nodes
        waiting += [inner for node in graph.nodes for one in node.attributes for inner in one.graphs]
    return found


def _tensors(file: OnnxFile) -> list[OnnxTensor]:
    """All tensors of the file, however deep."""
    nodes = _nodes(file)
    graphs = [file.graph, *(graph for node in nodes for one in node.attributes for graph in one.graphs)]
    held = [tensor for graph in graphs for tensor in graph.tensors]
    return held + [tensor for node in nodes for one in node.attributes for tensor in one.tensors]
