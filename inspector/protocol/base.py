"""The base of every message: frozen, closed to unknown fields."""

import msgspec


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a message; immutable, and decoded strictly."""


class ArrayRef(Message, frozen=True):
    """An array that travels beside its message.

    `offset` is the place of its first byte in the shared memory that the window made; where there is
    none, or no room in it, the bytes travel in `inline`. `dtype` is numpy's name for a plain number type
    (`float32`, `int64`, `uint8` …); bfloat16 is widened to float32 by the engine first.
    """

    shape: tuple[int, ...]
    dtype: str
    offset: int = -1
    inline: bytes = b""
