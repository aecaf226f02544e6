"""Plain values in an inert pickle, as text for people: numbers, names, short lists, numpy scalars, dates and paths."""

import struct

from inspector.engine.formats.cleaning import clean_text, shown_number
from inspector.engine.formats.pickle_values import Call, Pairs, Value, items_of, text_of

_NUMPY_CODES = {
    "f8": "<d",
    "f4": "<f",
    "f2": "<e",
    "i8": "<q",
    "i4": "<i",
    "i2": "<h",
    "i1": "<b",
    "u8": "<Q",
    "u4": "<I",
    "u2": "<H",
    "u1": "<B",
    "b1": "<?",
}
_SCALARS = {"numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"}


def shown_value(value: Value) -> str | None:
    """The value as text, or None where it has parts that are worth a walk of their own."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return shown_number(value)
    text = text_of(value)
    if text is not None:
        return clean_text(text, 300)
    if isinstance(value, Call) and value.name in _SCALARS:
        return _numpy_scalar(value)
    return _shown_list(value)


def key_text(key: Value) -> str:
    """A key as a part of a path. One that is neither text nor number is not written out: it may be endless."""
    text = text_of(key)
    if text is not None:
        return clean_text(text, 500)
    return shown_number(key) if isinstance(key, int | float) else "?"


def _shown_list(value: Value) -> str | None:
    items = items_of(value)
    if items is None or isinstance(value, Pairs) or not all(_is_small(item) for item in items[:1000]):
        return None
    shown = [str(shown_value(item)) for item in items[:20]]
    more = f", … ({len(items):,} in all)" if len(items) > 20 else ""
    return clean_text(", ".join(shown) + more, 600)


def _is_small(value: Value) -> bool:
    return value is None or isinstance(value, bool | int | float | str | bytes)


def _numpy_scalar(call: Call) -> str:
    number = numpy_number(call)
    return "a numpy number" if number is None else str(number)


def numpy_number(call: Call) -> int | float | bool | None:
    """The number that a numpy scalar stands for, or None where it is none."""
    if call.name not in _SCALARS:
        return None
    kind, data = (*call.arguments, None, None)[:2]
    code = text_of(kind.arguments[0]) if isinstance(kind, Call) and kind.arguments else None
    raw = _raw_bytes(data)
    layout = _NUMPY_CODES.get(code or "")
    if layout is None or raw is None or struct.calcsize(layout) != len(raw):
        return None
    number: int | float | bool = struct.unpack(layout, raw)[0]
    return number


def _raw_bytes(value: Value) -> bytes | None:
    """Bytes, also as protocol 2 writes them: `_codecs.encode(text, "latin1")`."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, Call) and value.name == "_codecs.encode" and value.arguments:
        text = value.arguments[0]
        if isinstance(text, str) and len(text) <= 64 and all(ord(letter) < 256 for letter in text):
            return text.encode("latin-1")
    return None
