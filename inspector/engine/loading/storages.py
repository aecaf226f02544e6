"""A torch file opened inertly: the values of its pickle, and where the bytes of each storage lie."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from inspector.engine.formats.pickle_values import Value, pairs_of
from inspector.engine.formats.reading import MAX_READ_BYTES, Refused, Source
from inspector.engine.formats.torch_legacy import LegacyFile, read_legacy
from inspector.engine.formats.torch_zip import read_pickle_in
from inspector.engine.formats.zip_directory import ZipDirectory, read_zip


class CantRebuildError(Exception):
    """Something that only unpickling could make; the text is a sentence for people."""


@dataclass(frozen=True)
class TorchFile:
    """The root value, and the place of each storage: offset and length by key."""

    root: Value
    source: Source
    place_of: Callable[[str], tuple[int, int] | None]

    def read_storage(self, key: str) -> torch.Tensor:
        """The bytes of a storage, as uint8 in memory of their own.

        Raises:
            Refused: it is not whole.
        """
        place = self.place_of(key)
        if place is None:
            raise Refused(f"Storage {key} is not in it: it is cut off, or forged.")
        offset, length = place
        if offset + length > self.source.size_bytes:
            raise Refused(f"Storage {key} is cut off.")
        held = bytearray(length)
        for start in range(0, length, MAX_READ_BYTES):
            piece = self.source.read_at(offset + start, min(MAX_READ_BYTES, length - start))
            held[start : start + len(piece)] = piece
        return torch.frombuffer(held, dtype=torch.uint8) if length else torch.empty(0, dtype=torch.uint8)


def open_torch_file(source: Source) -> TorchFile:
    """Read the pickle of a torch file, zipped or of the older form.

    Raises:
        CantRebuildError: it is neither, or written on a machine that orders bytes the other way.
        Refused: it is damaged.
    """
    directory = read_zip(source)
    if directory is not None:
        return _zipped(source, directory)
    legacy = read_legacy(source)
    if legacy is None:
        raise CantRebuildError("It is a pickle that torch.save did not write.")
    return _legacy(source, legacy)


def _zipped(source: Source, directory: ZipDirectory) -> TorchFile:
    if not directory.has("data.pkl"):
        raise CantRebuildError("It is a zip that torch.save did not write.")
    if directory.has("byteorder") and directory.read("byteorder", 64).strip() != b"little":
        raise CantRebuildError("Its bytes are in the order of another kind of machine.")

    def place_of(key: str) -> tuple[int, int] | None:
        return directory.place_of(f"data/{key}") if directory.has(f"data/{key}") else None

    return TorchFile(read_pickle_in(directory, "data.pkl").root, source, place_of)


def _legacy(source: Source, legacy: LegacyFile) -> TorchFile:
    facts = {key: value for key, value in pairs_of(legacy.system.root) or [] if isinstance(key, str)}
    if facts.get("little_endian") is not True:
        raise CantRebuildError("Its bytes are in the order of another kind of machine.")
    if legacy.named_around:
        raise CantRebuildError("A pickle around its weights names code, which torch never writes.")
    return TorchFile(legacy.root.root, source, legacy.places.get)
