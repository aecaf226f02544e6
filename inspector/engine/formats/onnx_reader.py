"""Reads an ONNX model's graph inertly: operations, names, shapes and where each tensor's bytes lie, not the bytes.

The numbers of the fields are those of onnx.proto3.
"""

import math
import struct

from inspector.engine.formats.cleaning import MAX_DIMENSION, clean_text
from inspector.engine.formats.onnx_parts import (
    DTYPES,
    External,
    OnnxAttribute,
    OnnxFile,
    OnnxFunction,
    OnnxGraph,
    OnnxNode,
    OnnxTensor,
    OnnxValue,
)
from inspector.engine.formats.onnx_scopes import SCOPE_KEYS, scopes_of
from inspector.engine.formats.protobuf import Field, Walker
from inspector.engine.formats.reading import Refused, Source

MAX_FIELDS = 3_000_000
MAX_DEPTH = 24  # subgraphs within subgraphs
_LONGEST_NAME = 500
_MOST_NUMBERS = 64  # of one attribute
_MOST_PLACES = 8192  # strings and metadata of one node


def read_onnx(source: Source) -> OnnxFile:
    """The model in a file that has been recognised as ONNX.

    Raises:
        Refused: it is damaged, or larger or deeper than any honest model.
    """
    return _Reader(Walker(source, MAX_FIELDS)).model(0, source.size_bytes)


class _Reader:
    """One method a kind of message."""

    def __init__(self, walker: Walker) -> None:
        self._walker = walker

    def model(self, start: int, end: int) -> OnnxFile:
        graph = OnnxGraph(nodes=())
        numbers: dict[int, int] = {}
        texts: dict[int, str] = {}
        opsets: dict[str, int] = {}
        functions = []
        metadata: dict[str, str] = {}
        for part in self._walker.fields(start, end):
            if not part.is_bytes:
                numbers[part.number] = part.value
            elif part.number == 7:
                graph = self.graph(part, 0)
            elif part.number == 8:
                domain, version = self._opset(part)
                opsets[domain] = version
            elif part.number == 14 and len(metadata) < 100:
                key, text = self._pair(part)
                metadata[key] = text
            elif part.number == 25:
                functions.append(self._function(part))
            elif part.number in {2, 3}:
                texts[part.number] = self._text(part, 100)
        return OnnxFile(
            graph=graph,
            opsets=opsets,
            functions=tuple(functions),
            ir_version=numbers.get(1, 0),
            producer=texts.get(2, ""),
            producer_version=texts.get(3, ""),
            metadata=metadata,
        )

    def graph(self, outer: Field, depth: int) -> OnnxGraph:
        if depth > MAX_DEPTH:
            raise Refused("Its graphs nest more deeply than any honest model's.")
        nodes: list[OnnxNode] = []
        tensors: list[OnnxTensor] = []
        values: dict[int, list[OnnxValue]] = {11: [], 12: [], 13: []}
        name = ""
        for part in self._walker.fields(outer.start, outer.end):
            if not part.is_bytes:
                continue
            match part.number:
                case 1:
                    nodes.append(self._node(part, depth))
                case 2:
                    name = self._text(part)
                case 5:
                    tensors.append(self._tensor(part))
                case 15:
                    tensors.append(self._sparse(part))
                case 11 | 12 | 13:
                    values[part.number].append(self._value(part))
                case _:
                    pass
        return OnnxGraph(
            nodes=tuple(nodes),
            tensors=tuple(tensors),
            inputs=tuple(values[11]),
            outputs=tuple(values[12]),
            values=tuple(values[13]),
            name=name,
        )

    def _function(self, outer: Field) -> OnnxFunction:
        texts = {1: "", 10: "", 13: ""}
        inputs: list[str] = []
        outputs: list[str] = []
        nodes: list[OnnxNode] = []
        values: list[OnnxValue] = []
        attributes: list[OnnxAttribute] = []
        for part in self._walker.fields(outer.start, outer.end):
            if not part.is_bytes:
                continue
            match part.number:
                case 1 | 10 | 13:
                    texts[part.number] = self._text(part)
                case 4:
                    inputs.append(self._text(part))
                case 5:
                    outputs.append(self._text(part))
                case 7:
                    nodes.append(self._node(part, 0))
                case 11:
                    attributes.append(self._attribute(part, 0))
                case 12:
                    values.append(self._value(part))
                case _:
                    pass
        return OnnxFunction(
            name=texts[1],
            domain=texts[10],
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            nodes=tuple(nodes),
            place=(outer.start, outer.end),
            values=tuple(values),
            attributes=tuple(attributes),
            overload=texts[13],
        )

    def _node(self, outer: Field, depth: int) -> OnnxNode:
        texts = {3: "", 4: "", 7: "", 8: ""}
        ends: dict[int, list[str]] = {1: [], 2: []}
        attributes: list[OnnxAttribute] = []
        metadata: dict[str, str] = {}
        for part in self._walker.fields(outer.start, outer.end):
            if not part.is_bytes:
                continue
            match part.number:
                case 1 | 2:
                    ends[part.number].append(self._text(part))
                case 3 | 4 | 7 | 8:
                    texts[part.number] = self._text(part)
                case 5:
                    attributes.append(self._attribute(part, depth))
                case 9:
                    self._note_scope(part, metadata)
                case _:
                    pass
        scopes, classes = scopes_of(texts[3], metadata)
        return OnnxNode(
            op=texts[4] or "?",
            name=texts[3],
            domain=texts[7],
            inputs=tuple(ends[1]),
            outputs=tuple(ends[2]),
            attributes=tuple(attributes),
            place=(outer.start, outer.end),
            scopes=scopes,
            classes=classes,
            overload=texts[8],
        )

    def _attribute(self, outer: Field, depth: int) -> OnnxAttribute:
        name, refers_to = "", ""
        value: int | float | str | None = None
        many: list[int | float | str] = []
        tensors: list[OnnxTensor] = []
        graphs: list[OnnxGraph] = []
        for part in self._walker.fields(outer.start, outer.end):
            match part.number:
                case 1 if part.is_bytes:
                    name = self._text(part)
                case 2 if part.end - part.start == 4:
                    value = self._float(part)
                case 3 if not part.is_bytes:
                    value = part.signed
                case 4 if part.is_bytes:
                    value = self._text(part)
                case 5 | 10 | 22 | 23 if part.is_bytes:
                    tensors.append(self._tensor(part) if part.number <= 10 else self._sparse(part))
                case 6 | 11 if part.is_bytes:
                    graphs.append(self.graph(part, depth + 1))
                case 7 | 8 | 9 if len(many) < _MOST_NUMBERS:
                    many += self._list(part, _MOST_NUMBERS - len(many))
                case 21 if part.is_bytes:
                    refers_to = self._text(part)
                case _:
                    pass
        return OnnxAttribute(
            name=name,
            value=tuple(many) if many else value,
            place=(outer.start, outer.end),
            tensors=tuple(tensors),
            graphs=tuple(graphs),
            refers_to=refers_to,
        )

    def _list(self, part: Field, most: int) -> list[int | float | str]:
        if part.number == 9:
            return [self._text(part, 100)] if part.is_bytes else []
        if part.number == 8:
            if not part.is_bytes:
                return [part.signed]
            return [Field(8, value).signed for value in self._walker.varints(part, most)]
        if not part.is_bytes:
            return [self._float(part)]
        packed = self._walker.bytes_of(part, most * 4)
        return list(struct.unpack(f"<{len(packed) // 4}f", packed[: len(packed) // 4 * 4]))

    def _tensor(self, outer: Field) -> OnnxTensor:
        shape: list[int] = []
        name, number, outside = "", 0, False
        raw: Field | None = None
        told: dict[str, str] = {}
        integers: list[int] = []
        for part in self._walker.fields(outer.start, outer.end):
            match part.number:
                case 1:
                    shape += self._walker.varints(part) if part.is_bytes else [part.value]
                case 2 if not part.is_bytes:
                    number = part.value
                case 7 if len(integers) < _MOST_NUMBERS:
                    one = Field(8, part.value, part.start, part.end, part.is_bytes)
                    integers += [int(number) for number in self._list(one, _MOST_NUMBERS - len(integers))]
                case 8 if part.is_bytes:
                    name = self._text(part)
                case 9 if part.is_bytes:
                    raw = part
                case 13 if part.is_bytes:
                    key, text = self._pair(part)
                    told[key] = text
                case 14:
                    outside = outside or part.value == 1
                case _:
                    pass
        sizes = tuple(size if size <= MAX_DIMENSION else 0 for size in shape[:64])
        return OnnxTensor(
            name=name,
            shape=sizes,
            type_number=number,
            place=(outer.start, outer.end),
            raw=(raw.start, raw.end) if raw is not None else None,
            external=_external(told) if outside or told else None,
            values=self._small_values(sizes, number, raw, integers),
        )

    def _small_values(
        self, shape: tuple[int, ...], number: int, raw: Field | None, integers: list[int]
    ) -> tuple[int, ...] | None:
        """Of a few integers of 64 bits: the shapes, axes and steps that operations take as inputs."""
        count = math.prod(shape)
        if number != 7 or len(shape) > 1 or count > 16:
            return None
        if raw is not None and raw.end - raw.start == count * 8:
            return struct.unpack(f"<{count}q", self._walker.bytes_of(raw, count * 8)) if count else ()
        return tuple(integers) if len(integers) == count else None

    def _sparse(self, outer: Field) -> OnnxTensor:
        """Its own shape, with the name and type of its values, and where its values or indices lie outside the file."""
        shape: list[int] = []
        values, external = None, None
        for part in self._walker.fields(outer.start, outer.end):
            if part.number in {1, 2} and part.is_bytes:
                tensor = self._tensor(part)
                external = external or tensor.external
                values = tensor if part.number == 1 else values
            elif part.number == 3:
                shape += self._walker.varints(part) if part.is_bytes else [part.value]
        return OnnxTensor(
            name=values.name if values else "",
            shape=tuple(size if size <= MAX_DIMENSION else 0 for size in shape[:64]),
            type_number=values.type_number if values else 0,
            place=(outer.start, outer.end),
            external=external,
            is_sparse=True,
        )

    def _value(self, outer: Field) -> OnnxValue:
        name = ""
        found = OnnxValue("")
        for part in self._walker.fields(outer.start, outer.end):
            if part.number == 1 and part.is_bytes:
                name = self._text(part)
            elif part.number == 2 and part.is_bytes:
                found = self._type(part)
        return OnnxValue(name, found.dtype, found.type_number, found.dims, found.kind)

    def _type(self, outer: Field) -> OnnxValue:
        kinds = {1: "tensor", 4: "sequence", 5: "map", 8: "sparse_tensor", 9: "optional"}
        for part in self._walker.fields(outer.start, outer.end):
            if not part.is_bytes or part.number not in kinds:
                continue
            if part.number not in {1, 8}:
                return OnnxValue("", kind=kinds[part.number])
            number, dims = 0, None
            for inner in self._walker.fields(part.start, part.end):
                if inner.number == 1 and not inner.is_bytes:
                    number = inner.value
                elif inner.number == 2 and inner.is_bytes:
                    dims = self._dims(inner)
            return OnnxValue("", DTYPES.get(number, ("unknown", 0))[0], number, dims, kinds[part.number])
        return OnnxValue("")

    def _dims(self, outer: Field) -> tuple[int | str | None, ...]:
        dims: list[int | str | None] = []
        for part in self._walker.fields(outer.start, outer.end):
            if part.number != 1 or not part.is_bytes or len(dims) >= 64:
                continue
            size: int | str | None = None
            for inner in self._walker.fields(part.start, part.end):
                if inner.number == 1 and not inner.is_bytes:
                    size = inner.signed if inner.signed >= 0 else None
                elif inner.number == 2 and inner.is_bytes:
                    size = self._text(inner, 60) or None
            dims.append(size)
        return tuple(dims)

    def _opset(self, outer: Field) -> tuple[str, int]:
        domain, version = "", 0
        for part in self._walker.fields(outer.start, outer.end):
            if part.number == 1 and part.is_bytes:
                domain = self._text(part, 60)
            elif part.number == 2 and not part.is_bytes:
                version = part.value
        return "" if domain == "ai.onnx" else domain, version

    def _pair(self, outer: Field) -> tuple[str, str]:
        texts = {1: "", 2: ""}
        for part in self._walker.fields(outer.start, outer.end):
            if part.number in texts and part.is_bytes:
                texts[part.number] = self._text(part)
        return texts[1], texts[2]

    def _note_scope(self, outer: Field, metadata: dict[str, str]) -> None:
        """Keep what torch's exporter says of a node's modules; the rest, whole tracebacks among it, is not read."""
        key = ""
        for part in self._walker.fields(outer.start, outer.end):
            if part.number == 1 and part.is_bytes:
                key = self._text(part, 60)
            elif part.number == 2 and part.is_bytes and key in SCOPE_KEYS:
                metadata[key] = self._text(part, _MOST_PLACES)

    def _text(self, part: Field, limit: int = _LONGEST_NAME) -> str:
        return clean_text(self._walker.text(part, limit), limit)

    def _float(self, part: Field) -> float:
        packed = self._walker.bytes_of(part, 4)
        return float(struct.unpack("<f", packed)[0]) if len(packed) == 4 else 0.0


def _external(told: dict[str, str]) -> External:
    def number(key: str) -> int | None:
        text = told.get(key, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None

    return External(told.get("location", ""), number("offset") or 0, number("length"))
