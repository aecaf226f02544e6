"""The directory of a zip file, read strictly, so that no reader can see another file in it than we do.

Zip readers disagree: torch looks at the first four bytes, matches names without case and takes the last of two. So
anything that could be read in two ways is refused. No data is read but what is asked for.
"""

import struct
import zlib
from dataclasses import dataclass, field
from typing import NamedTuple

from inspector.engine.formats.reading import Refused, Source

MAX_ENTRIES = 200_000
MAX_DIRECTORY_BYTES = 32 * 2**20
MAX_RATIO = 200
_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_LOCATOR64 = b"PK\x06\x07"
_CENTRAL = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_TORCH_PARTS = {"data.pkl", "constants.pkl", "archive_format"}


class ZipEntry(NamedTuple):
    """One file in the zip."""

    name: str
    size_bytes: int
    stored_bytes: int
    method: int
    offset: int
    raw_name_bytes: int


@dataclass(frozen=True)
class ZipDirectory:
    """All entries by name. `root` is the one folder that torch puts everything into, with its slash, or ""."""

    source: Source
    entries: dict[str, ZipEntry] = field(default_factory=dict)
    root: str = ""

    def has(self, name: str) -> bool:
        """Whether there is such a file below the root."""
        return self.root + name in self.entries

    def size_of(self, name: str) -> int | None:
        """Its size, or None where there is none."""
        entry = self.entries.get(self.root + name)
        return None if entry is None else entry.size_bytes

    def names(self, folder: str = "") -> list[str]:
        """Names below the root, without it, in the file's order."""
        start = self.root + folder
        return [name[len(self.root) :] for name in self.entries if name.startswith(start)]

    def read(self, name: str, limit: int) -> bytes:
        """One file's bytes.

        Raises:
            Refused: it is larger than `limit`, packed like a bomb, or damaged.
        """
        entry = self.entries[self.root + name]
        if entry.size_bytes > limit:
            raise Refused(f"{name} in it is {entry.size_bytes:,} bytes, where at most {limit:,} are read.")
        data = self.source.read_at(self._data_offset(entry), entry.stored_bytes)
        if len(data) != entry.stored_bytes:
            raise Refused("It is cut off: the zip's directory names bytes beyond its end.")
        if entry.method == 0:
            return data
        unpacker = zlib.decompressobj(-15)
        try:
            unpacked = unpacker.decompress(data, entry.size_bytes + 1)
        except zlib.error:
            raise Refused(f"{name} in it is damaged.") from None
        if len(unpacked) != entry.size_bytes:
            raise Refused(f"{name} in it has another size than its directory says.")
        return unpacked

    def place_of(self, name: str) -> tuple[int, int]:
        """Offset and length of a file that is stored as it is.

        Raises:
            Refused: it is packed, or the directory points at something that is no file.
        """
        entry = self.entries[self.root + name]
        if entry.method:
            raise Refused(f"{name} in it is packed, where torch stores it as it is.")
        return self._data_offset(entry), entry.size_bytes

    def head(self, name: str) -> bytes:
        """The first four bytes of a file that is stored as it is; b"" for one that is packed."""
        entry = self.entries[self.root + name]
        if entry.method or entry.size_bytes < 4:
            return b""
        return self.source.read_at(self._data_offset(entry), 4)

    def _data_offset(self, entry: ZipEntry) -> int:
        header = self.source.read_at(entry.offset, 30)
        if len(header) < 30 or header[:4] != _LOCAL:
            raise Refused("Its zip directory points at something that is no file.")
        name_bytes, extra_bytes = struct.unpack_from("<HH", header, 26)
        return entry.offset + 30 + int(name_bytes) + int(extra_bytes)


def read_zip(source: Source) -> ZipDirectory | None:
    """The directory of a zip, or None where the file doesn't begin like one.

    Raises:
        Refused: it is damaged, or could be read in two ways.
    """
    known = source.parsed.get("zip")
    if isinstance(known, ZipDirectory):
        return known
    if source.read_at(0, 4) != _LOCAL:
        return None
    start, size, count, end = _find_directory(source)
    if size > MAX_DIRECTORY_BYTES or count > MAX_ENTRIES:
        raise Refused(f"Its zip holds {count:,} files, more than any honest model.")
    if start + size != end:
        raise Refused("Its zip has gaps or two directories, so that two readers could see two different files.")
    entries = _read_entries(source.read_at(start, size), count)
    _check_names(entries)
    _check_places(entries, start)
    by_name = {entry.name: entry for entry in entries}
    directory = ZipDirectory(source, by_name, _common_root(by_name))
    source.parsed["zip"] = directory
    return directory


def _find_directory(source: Source) -> tuple[int, int, int, int]:
    tail_start = max(0, source.size_bytes - 65_557)
    tail = source.read_at(tail_start, 65_557)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < 22:
        raise Refused("It begins like a zip, but its end is missing: it is cut off, perhaps by an unfinished download.")
    disk, first_disk, here, count, size, start, comment = struct.unpack_from("<HHHHIIH", tail, place + 4)
    end = tail_start + place
    if end + 22 + comment != source.size_bytes:
        raise Refused(
            "There is something behind the end of its zip, so that two readers could see two different files."
        )
    if 0xFFFFFFFF in {size, start} or count == 0xFFFF:
        return _find_directory64(source, end)
    locator = source.read_at(end - 20, 4) == _LOCATOR64
    if disk or first_disk or here != count:
        raise Refused("Its zip spans several disks.")
    if locator:
        start64, size64, count64, end64 = _find_directory64(source, end)
        if (start64, size64, count64) != (start, size, count):
            raise Refused("Its zip has two directories, so that two readers could see two different files.")
        return start64, size64, count64, end64
    return start, size, count, end


def _find_directory64(source: Source, end: int) -> tuple[int, int, int, int]:
    locator = source.read_at(end - 20, 20)
    if len(locator) < 20 or locator[:4] != _LOCATOR64:
        raise Refused("The end of its zip is damaged.")
    (place,) = struct.unpack_from("<Q", locator, 8)
    record = source.read_at(place, 56)
    if len(record) < 56 or record[:4] != _END64:
        raise Refused("The end of its zip is damaged.")
    record_bytes, _, _, disk, first_disk, here, count, size, start = struct.unpack_from("<QHHIIQQQQ", record, 4)
    if disk or first_disk or here != count or place + 12 + record_bytes != end - 20:
        raise Refused("The end of its zip is damaged.")
    return start, size, count, place


def _read_entries(directory: bytes, count: int) -> list[ZipEntry]:
    entries = []
    place = 0
    for _ in range(count):
        if directory[place : place + 4] != _CENTRAL or place + 46 > len(directory):
            raise Refused("Its zip directory is damaged.")
        entry, place = _read_entry(directory, place)
        entries.append(entry)
    if place != len(directory):
        raise Refused("Its zip has two directories, so that two readers could see two different files.")
    return entries


def _read_entry(directory: bytes, place: int) -> tuple[ZipEntry, int]:
    flags, method = struct.unpack_from("<HH", directory, place + 8)
    stored, size, name_bytes, extra_bytes, comment_bytes = struct.unpack_from("<IIHHH", directory, place + 20)
    (offset,) = struct.unpack_from("<I", directory, place + 42)
    raw = directory[place + 46 : place + 46 + name_bytes]
    extra = directory[place + 46 + name_bytes : place + 46 + name_bytes + extra_bytes]
    size, stored, offset = _wide_sizes(extra, size, stored, offset)
    if flags & 1:
        raise Refused("Its zip is encrypted.")
    if method not in {0, 8} or (method == 0 and size != stored):
        raise Refused("Its zip is packed in a way that torch doesn't read.")
    if size > 10_000 and size > MAX_RATIO * max(stored, 1):
        raise Refused(f"It unpacks to more than {MAX_RATIO} times its size, like a zip bomb.")
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("A name in its zip is not valid text.") from None
    return ZipEntry(
        name, size, stored, method, offset, name_bytes
    ), place + 46 + name_bytes + extra_bytes + comment_bytes


def _wide_sizes(extra: bytes, size: int, stored: int, offset: int) -> tuple[int, int, int]:
    """The 64-bit sizes of the zip64 extra field, for those that are 0xFFFFFFFF."""
    place = 0
    while place + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, place)
        if tag == 1:
            field_bytes = extra[place + 4 : place + 4 + length]
            wide = list(struct.unpack_from(f"<{len(field_bytes) // 8}Q", field_bytes))
            size = wide.pop(0) if size == 0xFFFFFFFF and wide else size
            stored = wide.pop(0) if stored == 0xFFFFFFFF and wide else stored
            offset = wide.pop(0) if offset == 0xFFFFFFFF and wide else offset
        place += 4 + length
    return size, stored, offset


def _check_names(entries: list[ZipEntry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        folded = entry.name.casefold()
        if folded in seen:
            raise Refused("Two files in its zip have the same name, so that two readers could see two different files.")
        seen.add(folded)
        parts = entry.name.replace("\\", "/").split("/")
        if ".." in parts or entry.name.startswith(("/", "\\")) or "\0" in entry.name:
            raise Refused("A name in its zip points outside of it (`..`).")


def _check_places(entries: list[ZipEntry], directory_start: int) -> None:
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < end:
            raise Refused("Files in its zip overlap, like in a zip bomb.")
        end = entry.offset + 30 + entry.raw_name_bytes + entry.stored_bytes
    if end > directory_start:
        raise Refused("Its zip directory names bytes beyond its end: it is cut off, or forged.")


def _common_root(entries: dict[str, ZipEntry]) -> str:
    """The one top folder of all entries; torch names it after the file that was saved.

    Raises:
        Refused: there are several, with torch's parts in them. Torch takes the folder of the first entry.
    """
    roots = {name.partition("/")[0] if "/" in name else "" for name in entries}
    if len(roots) > 1 and any(_is_torch_part(name) for name in entries):
        raise Refused("Its zip has several folders at its top, so that two readers could see two different files.")
    return roots.pop() + "/" if len(roots) == 1 and roots != {""} else ""


def _is_torch_part(name: str) -> bool:
    """Whether torch might look for this, were its folder, or none, the root."""
    below = name.partition("/")[2].casefold()
    return any(place in _TORCH_PARTS or place.startswith("models/") for place in (name.casefold(), below))
