"""The few wire rules of protocol buffers, enough to walk a file without reading its large parts."""

from collections.abc import Iterator
from typing import NamedTuple

from inspector.engine.formats.reading import Refused, Source

MAX_FIELDS = 400_000


class Field(NamedTuple):
    """One field: its number, and either a number or the place of its bytes: a tuple, as files have millions.

    `at` is where the field itself begins; of a number of fixed width `start` and `end` are the place too.
    """

    number: int
    value: int = 0
    start: int = 0
    end: int = 0
    is_bytes: bool = False
    at: int = 0

    @property
    def signed(self) -> int:
        """The number as one of 64 bits with a sign."""
        value = self.value & (2**64 - 1)
        return value - 2**64 if value >= 2**63 else value


class Walker:
    """Reads fields with few system calls, and counts them all, however they nest."""

    def __init__(self, source: Source, most_fields: int = MAX_FIELDS) -> None:
        self.source = source
        self._most = most_fields
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
            if self._count > self._most:
                raise Refused("It has more parts than any honest ONNX model.")
            field, place = self._field(place, end)
            yield field

    def text(self, field: Field, limit: int = 500) -> str:
        """The bytes of a field as text, cut to `limit`."""
        length = min(field.end - field.start, limit)
        return self._bytes(field.start, length).decode("utf-8", "replace") if length > 0 else ""

    def bytes_of(self, field: Field, limit: int) -> bytes:
        """The first `limit` bytes of a field."""
        return self._bytes(field.start, min(field.end - field.start, limit))

    def _field(self, place: int, end: int) -> tuple[Field, int]:
        at = place
        tag, place = self._varint(place, end)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise Refused("It is no protocol buffer.")
        match wire:
            case 0:
                value, place = self._varint(place, end)
                return Field(number, value, at=at), place
            case 1 | 5:
                width = 8 if wire == 1 else 4
                if place + width > end:
                    raise Refused("It is cut off.")
                return Field(number, start=place, end=place + width, at=at), place + width
            case 2:
                length, place = self._varint(place, end)
                if place + length > end:
                    raise Refused("It is cut off.")
                return Field(number, 0, place, place + length, is_bytes=True, at=at), place + length
            case _:
                raise Refused("It is no protocol buffer.")

    def _varint(self, place: int, end: int) -> tuple[int, int]:
        begin = place - self._chunk_start
        if 0 <= begin < len(self._chunk) and place < end and self._chunk[begin] < 0x80:  # as nearly always
            return self._chunk[begin], place + 1
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
            self._chunk = self.source.read_at(place, max(length, 32768))
            self._chunk_start, begin = place, 0
        return self._chunk[begin : begin + length]
