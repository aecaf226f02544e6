"""GGUF, the form of llama.cpp: a header with the model's facts and its tensors' names and shapes. Named, not opened."""

import struct

from inspector.core.formatting import counted
from inspector.engine.formats.cleaning import MAX_DIMENSION, clean_text
from inspector.engine.formats.reading import Refused, Source, Window
from inspector.protocol.files import FileDescription, TensorEntry

_MAX_HEADER_BYTES = 64 * 2**20
_MAX_ITEMS = 200_000
_MAX_LISTED = 2_000_000  # a vocabulary, its scores and its merges
_MAX_NESTED = 4
_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_TEXT, _LIST = 8, 9
_MAX_SHOWN = 60
# The names of ggml's types, by their numbers.
_TYPES = {
    0: "float32",
    1: "float16",
    2: "Q4_0",
    3: "Q4_1",
    6: "Q5_0",
    7: "Q5_1",
    8: "Q8_0",
    9: "Q8_1",
    10: "Q2_K",
    11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K",
    14: "Q6_K",
    15: "Q8_K",
    16: "IQ2_XXS",
    17: "IQ2_XS",
    18: "IQ3_XXS",
    19: "IQ1_S",
    20: "IQ4_NL",
    21: "IQ3_S",
    22: "IQ2_S",
    23: "IQ4_XS",
    24: "int8",
    25: "int16",
    26: "int32",
    27: "int64",
    28: "float64",
    29: "IQ1_M",
    30: "bfloat16",
    34: "TQ1_0",
    35: "TQ2_0",
    39: "MXFP4",
}


def describe(source: Source) -> FileDescription | None:
    """Describe it, or None where it is something else."""
    if source.read_at(0, 4) != b"GGUF":
        return None
    version = int.from_bytes(source.read_at(4, 4), "little")
    if version not in {2, 3}:
        return _description(source, (), {}, f"of version {version}, which is not known here")
    reader = _Reader(source)
    num_tensors, num_facts = reader.number("<Q"), reader.number("<Q")
    if max(num_tensors, num_facts) > _MAX_ITEMS:
        raise Refused("Its GGUF header counts more tensors than any honest model has.")
    facts = {"form": "GGUF", "version": str(version)}
    for place in range(num_facts):
        name, shown = reader.text(), reader.value(reader.number("<I"), 0)
        if place < _MAX_SHOWN:
            facts[clean_text(name, 80)] = clean_text(shown, 200)
    tensors = tuple(reader.tensor() for _ in range(num_tensors))
    kind = facts.get("general.architecture", "unknown architecture")
    return _description(source, tensors, facts, f"({kind}), {counted(len(tensors), 'tensor')}")


def _description(source: Source, tensors: tuple[TensorEntry, ...], facts: dict[str, str], told: str) -> FileDescription:
    return FileDescription(
        path=source.path,
        format="unknown",
        size_bytes=source.size_bytes,
        safety="inert",
        summary=f"A GGUF model for llama.cpp {told}. It can't be run here: open the weights it was made of.",
        tensors=tensors,
        metadata=facts,
    )


class _Reader:
    """Reads the header in order; every number in it may lie."""

    def __init__(self, source: Source) -> None:
        self._window = Window(source, 8, _MAX_HEADER_BYTES)
        self._items = 0

    def number(self, layout: str) -> int:
        """One number."""
        return int(self._unpacked(layout))

    def text(self) -> str:
        """A text with its length before it."""
        length = self.number("<Q")
        if length > 2**20:
            raise Refused(f"Its GGUF header declares a text of {length:,} bytes.")
        return self._take(length).decode("utf-8", "replace")

    def value(self, kind: int, depth: int) -> str:
        """One value as text; of a list its length."""
        if kind == _TEXT:
            return self.text()
        if kind == _LIST and depth < _MAX_NESTED:
            inner, length = self.number("<I"), self.number("<Q")
            self._items += length
            if self._items > _MAX_LISTED:
                raise Refused("Its GGUF header holds longer lists than any honest model.")
            if inner in _NUMBERS:
                self._take(length * struct.calcsize(_NUMBERS[inner]))
            else:
                for _ in range(length):
                    self.value(inner, depth + 1)
            return counted(length, "value")
        if kind not in _NUMBERS:
            raise Refused("Its GGUF header is damaged: it holds a value of an unknown kind.")
        return str(self._unpacked(_NUMBERS[kind]))

    def tensor(self) -> TensorEntry:
        """A tensor's name, shape (torch's order: the last dimension varies fastest) and type."""
        name, num_dimensions = self.text(), self.number("<I")
        if num_dimensions > 8:
            raise Refused("Its GGUF header gives a tensor more dimensions than there are.")
        sizes = [min(self.number("<Q"), MAX_DIMENSION) for _ in range(num_dimensions)]
        kind, _ = self.number("<I"), self.number("<Q")
        return TensorEntry(
            name=clean_text(name, 500), shape=tuple(reversed(sizes)), dtype=_TYPES.get(kind, f"type {kind}")
        )

    def _unpacked(self, layout: str) -> float:
        value: float = struct.unpack(layout, self._take(struct.calcsize(layout)))[0]
        return value

    def _take(self, length: int) -> bytes:
        part = self._window.read(length)
        if len(part) < length:
            raise Refused("Its GGUF header is cut off, or longer than any honest one.")
        return part
