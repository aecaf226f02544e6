"""The few wire rules of protocol buffers that a model of one operation is written with."""

from collections.abc import Iterable, Mapping

# Newer files are read all the same: what one operation needs has not changed since.
_NEWEST_IR, _OLDEST_IR = 10, 4


def number_field(number: int, value: int) -> bytes:
    """A field that holds a whole number."""
    return _varint(number << 3) + _varint(value)


def bytes_field(number: int, content: bytes) -> bytes:
    """A field that holds bytes, a text or a message."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def text_field(number: int, text: str) -> bytes:
    """A field that holds a text."""
    return bytes_field(number, text.encode())


def text_fields(number: int, texts: Iterable[str]) -> bytes:
    """The same field several times."""
    return b"".join(text_field(number, text) for text in texts)


def tensor_named(message: bytes, name: str) -> bytes:
    """A tensor's message under another name: of a field that is there twice the last one holds."""
    return message + text_field(8, name)


def model_of(
    node: bytes,
    inputs: Mapping[str, bytes],
    outputs: Iterable[str],
    *,
    tensors: Iterable[bytes],
    opsets: Mapping[str, int],
    functions: Iterable[bytes],
    ir_version: int,
) -> bytes:
    """A model of one operation; `inputs` are the messages of their types."""
    graph = bytes_field(1, node) + text_field(2, "one")
    graph += b"".join(bytes_field(5, tensor) for tensor in tensors)
    graph += b"".join(bytes_field(11, text_field(1, name) + bytes_field(2, kind)) for name, kind in inputs.items())
    graph += b"".join(bytes_field(12, text_field(1, name)) for name in outputs)
    model = number_field(1, max(_OLDEST_IR, min(ir_version, _NEWEST_IR))) + bytes_field(7, graph)
    model += b"".join(bytes_field(8, text_field(1, name) + number_field(2, at)) for name, at in opsets.items())
    return model + b"".join(bytes_field(25, function) for function in functions)


def tensor_type(number: int) -> bytes:
    """The type of tensors of that number of ONNX's, whatever their shape."""
    return bytes_field(1, number_field(1, number))


def sequence_type(inner: bytes) -> bytes:
    """The type of sequences of what `inner` is."""
    return bytes_field(4, bytes_field(1, inner))


def map_type(key: int, inner: bytes) -> bytes:
    """The type of maps from that number of ONNX's to what `inner` is."""
    return bytes_field(5, number_field(1, key) + bytes_field(2, inner))


def optional_type(inner: bytes) -> bytes:
    """The type of what may be missing."""
    return bytes_field(9, bytes_field(1, inner))


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
