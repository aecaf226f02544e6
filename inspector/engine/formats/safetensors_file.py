"""safetensors: a length, a JSON header, and the tensors' bytes, which are not read."""

import struct
from dataclasses import dataclass
from itertools import pairwise

from inspector.core.formatting import counted
from inspector.engine.formats.cleaning import clean_text, is_size
from inspector.engine.formats.guessing import guess_modules
from inspector.engine.formats.json_text import parse_json
from inspector.engine.formats.reading import Refused, Source
from inspector.protocol.files import FileDescription, TensorEntry

MAX_HEADER_BYTES = 100_000_000  # the format's own limit
DTYPES = {
    "F64": ("float64", 8),
    "F32": ("float32", 4),
    "F16": ("float16", 2),
    "BF16": ("bfloat16", 2),
    "I64": ("int64", 8),
    "I32": ("int32", 4),
    "I16": ("int16", 2),
    "I8": ("int8", 1),
    "U8": ("uint8", 1),
    "BOOL": ("bool", 1),
    "U64": ("uint64", 8),
    "U32": ("uint32", 4),
    "U16": ("uint16", 2),
    "F8_E4M3": ("float8_e4m3fn", 1),
    "F8_E5M2": ("float8_e5m2", 1),
    "C64": ("complex64", 8),
}


@dataclass(frozen=True)
class Placed:
    """A tensor with its name as the file has it, and the place of its bytes in the file."""

    name: str
    begin: int
    end: int
    entry: TensorEntry


def describe(source: Source) -> FileDescription | None:
    """Describe it, or None where it is something else."""
    header = read_header(source)
    if header is None:
        return None
    placed, metadata = header
    # Torch keeps names in the order of their bytes in the file.
    tensors = tuple(one.entry for one in sorted(placed, key=lambda one: one.begin))
    return FileDescription(
        path=source.path,
        format="safetensors",
        size_bytes=source.size_bytes,
        safety="inert",
        summary=f"Weights alone (safetensors), {counted(len(tensors), 'tensor')}.",
        tensors=tensors,
        modules=guess_modules(tensors),
        metadata=metadata,
    )


def read_header(source: Source) -> tuple[tuple[Placed, ...], dict[str, str]] | None:
    """The tensors in the order of the header, and the metadata; None where it is no safetensors file.

    Every place and size is checked: whoever reads the bytes takes them from here, and not from the file once more.

    Raises:
        Refused: it is damaged.
    """
    head = source.read_at(0, 9)
    if len(head) < 9 or head[8:9] != b"{":
        return None
    (length,) = struct.unpack("<Q", head[:8])
    if length > 2**40:
        return None  # not a length
    if length > MAX_HEADER_BYTES:
        raise Refused(
            f"It begins like safetensors, but its header would be {length:,} bytes, more than the {MAX_HEADER_BYTES:,} "
            "that the format allows."
        )
    if 8 + length > source.size_bytes:
        raise Refused(
            f"It begins like safetensors, but its header would be {length:,} bytes in a file of {source.size_bytes:,}: "
            "it is cut off."
        )
    header = parse_json(source.read_at(8, length), "It begins like safetensors, but its header")
    if not isinstance(header, dict):
        raise Refused("It begins like safetensors, but its header is no JSON object.")
    return _read_entries(header, 8 + length, source.size_bytes)


def _read_entries(header: dict[str, object], start: int, size_bytes: int) -> tuple[tuple[Placed, ...], dict[str, str]]:
    metadata = header.pop("__metadata__", {})
    placed: list[Placed] = []
    for name, entry in header.items():
        begin, end, tensor = _read_entry(name, entry, size_bytes - start)
        placed.append(Placed(name, start + begin, start + end, tensor))
    spans = sorted((one.begin, one.end) for one in placed if one.begin != one.end)
    if any(first[1] > second[0] for first, second in pairwise(spans)):
        raise Refused("Tensors in its safetensors header overlap.")
    texts = metadata.items() if isinstance(metadata, dict) else ()
    return tuple(placed), {clean_text(str(key), 100): clean_text(str(value), 500) for key, value in list(texts)[:200]}


def _read_entry(name: str, entry: object, data_bytes: int) -> tuple[int, int, TensorEntry]:
    shown = clean_text(name, 500)
    if not isinstance(entry, dict):
        raise Refused(f"The safetensors header says nothing of {shown[:80]}.")
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    # In capitals, as the format writes them: `float32` would be torch's own name, with a width that nobody checked.
    dtype, width = DTYPES.get(str(entry.get("dtype")), (clean_text(str(entry.get("dtype")).upper(), 20), 0))
    if not isinstance(shape, list) or not all(map(is_size, shape)) or len(shape) > 64:
        raise Refused(f"The safetensors header gives {shown[:80]} no valid shape.")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(is_size, offsets)):
        raise Refused(f"The safetensors header gives {shown[:80]} no valid place.")
    begin, end = offsets
    count = 1
    for length in shape:
        count *= length
    if begin > end or end > data_bytes:
        raise Refused(f"{shown[:80]} would lie beyond the end of the file: it is cut off.")
    if width and count * width != end - begin:
        raise Refused(f"{shown[:80]} has {end - begin:,} bytes, where its shape needs {count * width:,}.")
    return begin, end, TensorEntry(name=shown, shape=tuple(shape), dtype=dtype)
