"""Torch's form before 1.6, still common: five pickles in a row (magic, protocol, system, root, keys), then storages."""

import struct
from dataclasses import dataclass

import msgspec

from inspector.core.formatting import counted
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.pickle_machine import MAX_PICKLE_BYTES, read_pickle
from inspector.engine.formats.pickle_values import Call, PickleRead, items_of
from inspector.engine.formats.plain_values import key_text
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
    file = _read_rest(source, window, first)
    description = describe_pickle(
        source.path,
        source.size_bytes,
        _as_one(file),
        stored_bytes=sizes_by_key({key: length for key, (_, length) in file.places.items()}),
        form="torch's older form",
        member="the fourth of its five pickles",
        notes=file.notes,
    )
    around = file.named_around
    uses = (
        msgspec.structs.replace(use, where="a pickle around the fourth, which torch never writes so")
        if use.name in around and use.name not in file.root.globals
        else use
        for use in description.uses
    )
    return msgspec.structs.replace(description, uses=tuple(uses)) if around else description


@dataclass(frozen=True)
class LegacyFile:
    """Its pickles, and where each storage's bytes lie: offset and length by key."""

    magic: PickleRead
    protocol: PickleRead
    system: PickleRead
    root: PickleRead
    keys: PickleRead
    places: dict[str, tuple[int, int]]
    notes: list[str]

    @property
    def named_around(self) -> frozenset[str]:
        """What the pickles around the root would import; none that torch wrote imports anything."""
        return frozenset(name for part in (self.magic, self.protocol, self.system, self.keys) for name in part.globals)


def read_legacy(source: Source) -> LegacyFile | None:
    """Read one inertly, or None where the file is something else.

    Raises:
        Refused: it is damaged.
    """
    if source.read_at(0, 1) != b"\x80":
        return None
    window = Window(source, 0, MAX_PICKLE_BYTES)
    first = _next(window)
    return _read_rest(source, window, first) if isinstance(first.root, int) and first.root == _MAGIC else None


def _read_rest(source: Source, window: Window, magic: PickleRead) -> LegacyFile:
    protocol, system = _next(window), _next(window)
    root, keys = _next(window), _next(window)
    places, notes = _storage_places(source, window.position, root, keys)
    return LegacyFile(magic, protocol, system, root, keys, places, notes)


def _as_one(file: LegacyFile) -> PickleRead:
    """The root with what all five would import and call: torch unpickles each, also what it then throws away."""
    parts = (file.magic, file.protocol, file.system, file.root, file.keys)
    return PickleRead(
        file.root.root,
        tuple(dict.fromkeys(name for part in parts for name in part.globals)),
        tuple(call for part in parts for call in part.calls),
        file.keys.end,
        any(part.hashes_nested for part in parts),
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
        member="the pickle",
        readable=False,
        notes=["It is a plain pickle that torch.save did not write."],
    )


def _storage_places(
    source: Source, place: int, root: PickleRead, keys: PickleRead
) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """Where the bytes of each storage really are, offset and length, and a sentence where they are not."""
    widths = _element_bytes(root.calls)
    places: dict[str, tuple[int, int]] = {}
    for item in (items_of(keys.root) or [])[:_MAX_STORAGES]:
        key = clean_text(key_text(item), 80)
        header = source.read_at(place, 8)
        numel = struct.unpack("<q", header)[0] if len(header) == 8 else -1
        length = numel * widths.get(key, 1)
        if numel < 0 or place + 8 + length > source.size_bytes:
            missing = len(items_of(keys.root) or []) - len(places)
            return places, [f"It is cut off: {counted(missing, 'storage')} at its end can't be whole."]
        places[key] = (place + 8, length)
        place += 8 + length
    return places, []


def _element_bytes(calls: tuple[Call, ...]) -> dict[str, int]:
    widths = {}
    for call in calls:
        for value in call.arguments[:1]:
            key, dtype = read_storage(value)
            if key and dtype:
                widths[key] = ELEMENT_BYTES.get(dtype, 1)
    return widths
