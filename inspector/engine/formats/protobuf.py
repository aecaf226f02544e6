"""The few wire rules of protocol buffers, enough to walk a file without reading its large parts."""

from collections.abc import Iterator
from dataclasses import dataclass

from inspector.engine.formats.reading import Refused, Source

MAX_FIELDS = 400_000


@dataclass(frozen=True)
class Field:
    """One field: its number, and either a number or the place of its bytes."""

    number: int
    value: int = 0
    start: int = 0
    end: int = 0
    is_bytes: bool = False


class Walker:
    """Reads fields with few system calls, and counts them all, however they nest."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._count = 0
        self._chunk_start = 0
        self._chunk = b""

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """The fields between two places.

        Raises:
            Refused: it is no protocol buffer, or has more fields than any honest model.
        """
        place = start
        while place < end:
            self._count += 1
            if self._count > MAX_FIELDS:
                raise Refused("It has more parts than any honest ONNX model.")
            field, place = self._field(place, end)
            yield field

    def text(self, field: Field, limit: int = 500) -> str:
        """The bytes of a field as text, cut to `limit`."""
        length = min(field.end - field.start, limit)
        return self._bytes(field.start, length).decode("utf-8", "replace")

    def _field(self, place: int, end: int) -> tuple[Field, int]:
        tag, place = self._varint(place, end)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise Refused("It is no protocol buffer.")
        match wire:
            case 0:
                value, place = self._varint(place, end)
                return Field(number, value), place
            case 1 | 5:
                width = 8 if wire == 1 else 4
                if place + width > end:
                    raise Refused("It is cut off.")
                return Field(number), place + width
            case 2:
                length, place = self._varint(place, end)
                if place + length > end:
                    raise Refused("It is cut off.")
                return Field(number, start=place, end=place + length, is_bytes=True), place + length
            case _:
                raise Refused("It is no protocol buffer.")

    def _varint(self, place: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if place >= end:
                raise Refused("It is cut off.")
            byte = self._bytes(place, 1)
            if not byte:
                raise Refused("It is cut off.")
            value |= (byte[0] & 0x7F) << shift
            place += 1
            if byte[0] < 0x80:
                return value, place
        raise Refused("It is no protocol buffer.")

    def varints(self, field: Field, limit: int = 64) -> list[int]:
        """Packed numbers of a field."""
        place = field.start
        found: list[int] = []
        while place < field.end and len(found) < limit:
            value, place = self._varint(place, field.end)
            found.append(value)
        return found

    def _bytes(self, place: int, length: int) -> bytes:
        begin = place - self._chunk_start
        if begin < 0 or begin + length > len(self._chunk):
            self._chunk = self.source.read_at(place, max(length, 8192))
            self._chunk_start, begin = place, 0
        return self._chunk[begin : begin + length]
