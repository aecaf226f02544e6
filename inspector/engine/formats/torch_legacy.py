"""Torch's form before 1.6, still common: five pickles in a row (magic, protocol, system, root, keys), then storages."""

import struct

from inspector.engine.formats.cleaning import counted
from inspector.engine.formats.pickle_machine import MAX_PICKLE_BYTES, read_pickle
from inspector.engine.formats.pickle_values import Call, Persistent, PickleRead, items_of, text_of
from inspector.engine.formats.reading import Refused, Source, Window
from inspector.engine.formats.torch_pickle import describe_pickle, sizes_by_key
from inspector.engine.formats.torch_tensors import ELEMENT_BYTES, read_storage
from inspector.protocol.files import FileDescription

_MAGIC = 0x1950A86A20F9469CFC6C
_MAX_STORAGES = 200_000
_TEXT_PICKLES = {b"(", b"c", b"]", b"}", b"i"}


def describe(source: Source) -> FileDescription | None:
    """Describe it, or None where it is something else."""
    head = source.read_at(0, 2)
    binary = len(head) == 2 and head[0] == 0x80 and 1 <= head[1] <= 5
    if not binary and head[:1] not in _TEXT_PICKLES:
        return None
    window = Window(source, 0, MAX_PICKLE_BYTES)
    try:
        first = _next(window)
    except Refused:
        if binary:
            raise
        return None
    if not isinstance(first.root, int) or first.root != _MAGIC:
        return _plain_pickle(source, first) if _is_whole(source, first) else None
    protocol, system = _next(window), _next(window)
    root, keys = _next(window), _next(window)
    sizes, notes = _storage_sizes(source, window.position, root, keys)
    extra = dict.fromkeys((*protocol.globals, *system.globals, *root.globals, *keys.globals))
    whole = PickleRead(root.root, tuple(extra), root.opcodes, root.calls, keys.end, root.hashes_nested)
    return describe_pickle(
        source.path,
        source.size_bytes,
        whole,
        stored_bytes=sizes_by_key(sizes),
        form="torch's older form",
        carries_source=_carries_source(root),
        notes=notes,
    )


def _next(window: Window) -> PickleRead:
    return read_pickle(window, lambda: window.position)


def _is_whole(source: Source, read: PickleRead) -> bool:
    """Whether the file is this pickle and no more; one of protocol 0 looks like text, and must name something."""
    return source.read_at(0, 1) == b"\x80" or (read.end >= source.size_bytes - 2 and bool(read.globals))


def _plain_pickle(source: Source, read: PickleRead) -> FileDescription:
    """A pickle that torch.save didn't write: joblib, sklearn, or a hostile one."""
    return describe_pickle(
        source.path,
        source.size_bytes,
        read,
        stored_bytes=lambda key: None,
        form="a plain pickle",
        carries_source=True,
        notes=["It is a plain pickle that torch.save did not write."],
    )


def _carries_source(root: PickleRead) -> bool:
    """Whether a class stands with its source text, `("module", class, file, text)`: weights_only takes no such file."""
    for call in root.calls:
        function = call.function
        if isinstance(function, Persistent) and isinstance(function.id, tuple) and text_of(function.id[0]) == "module":
            return True
    return False


def _storage_sizes(source: Source, place: int, root: PickleRead, keys: PickleRead) -> tuple[dict[str, int], list[str]]:
    """The bytes of each storage that are really there, and a sentence where they are not."""
    widths = _element_bytes(root.calls)
    sizes: dict[str, int] = {}
    for item in (items_of(keys.root) or [])[:_MAX_STORAGES]:
        key = text_of(item) or str(item)[:40]
        header = source.read_at(place, 8)
        numel = struct.unpack("<q", header)[0] if len(header) == 8 else -1
        length = numel * widths.get(key, 1)
        if numel < 0 or place + 8 + length > source.size_bytes:
            missing = len(items_of(keys.root) or []) - len(sizes)
            return sizes, [f"It is cut off: {counted(missing, 'storage')} at its end can't be whole."]
        sizes[key] = length
        place += 8 + length
    return sizes, []


def _element_bytes(calls: tuple[Call, ...]) -> dict[str, int]:
    widths = {}
    for call in calls:
        for value in call.arguments[:1]:
            key, dtype = read_storage(value)
            if key and dtype:
                widths[key] = ELEMENT_BYTES.get(dtype, 1)
    return widths
