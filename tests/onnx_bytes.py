"""Writes small ONNX files field by field, honest ones and others; the numbers are those of onnx.proto3."""

import struct

FLOAT, INT64 = 1, 7


def varint(value):
    value &= 2**64 - 1
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def field(number, payload):
    if isinstance(payload, int):
        return varint(number << 3) + varint(payload)
    if isinstance(payload, str):
        payload = payload.encode()
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def fields(number, payloads):
    return b"".join(field(number, payload) for payload in payloads)


def tensor(name, shape, *, number=FLOAT, raw=None, outside=None):
    """`outside` are the key and value pairs of external data."""
    data = fields(1, shape) + field(2, number) + field(8, name)
    if raw is not None:
        data += field(9, raw)
    if outside is not None:
        data += b"".join(field(13, field(1, key) + field(2, value)) for key, value in outside.items()) + field(14, 1)
    return data


def floats(name, shape, values):
    return tensor(name, shape, raw=struct.pack(f"<{len(values)}f", *values))


def integers(name, values):
    return tensor(name, [len(values)], number=INT64, raw=struct.pack(f"<{len(values)}q", *values))


def value(name, dims=None, number=FLOAT):
    """A named tensor; `dims` are numbers, names, or None for a size that is not told; without them no shape is."""
    inner = field(1, number)
    if dims is not None:
        sizes = [b"" if d is None else field(1, d) if isinstance(d, int) else field(2, d) for d in dims]
        inner += field(2, fields(1, sizes))
    return field(1, name) + field(2, field(1, inner))


def attribute(name, what):
    kinds = {int: 2, str: 3, float: 1}
    if isinstance(what, float):
        return field(1, name) + varint(2 << 3 | 5) + struct.pack("<f", what) + field(20, 1)
    if isinstance(what, (list, tuple)):
        return field(1, name) + fields(8, what) + field(20, 7)
    if isinstance(what, bytes):  # a graph
        return field(1, name) + field(6, what) + field(20, 5)
    return field(1, name) + field(3 if isinstance(what, int) else 4, what) + field(20, kinds[type(what)])


def tensor_attribute(name, data):
    return field(1, name) + field(5, data) + field(20, 4)


def node(op, inputs, outputs, name="", domain="", *, extra=b"", **attributes):
    data = fields(1, inputs) + fields(2, outputs) + field(3, name) + field(4, op)
    data += b"".join(field(5, attribute(key, what)) for key, what in attributes.items())
    return data + (field(7, domain) if domain else b"") + extra


def graph(nodes, inputs=(), outputs=(), tensors=(), values=()):
    return (
        fields(1, nodes) + field(2, "main") + fields(5, tensors)
        + fields(11, inputs) + fields(12, outputs) + fields(13, values)
    )  # fmt: skip


def function(name, inputs, outputs, nodes, domain="own"):
    opset = field(1, "") + field(2, 17)
    own = field(1, domain) + field(2, 1)
    return (
        field(1, name)
        + fields(4, inputs)
        + fields(5, outputs)
        + fields(7, nodes)
        + fields(9, [opset, own])
        + field(10, domain)
    )


def model(main, *, opset=17, functions=(), domains=()):
    opsets = [field(1, "") + field(2, opset), *(field(1, name) + field(2, 1) for name in domains)]
    return (
        field(1, 8)
        + field(2, "pytorch")
        + field(3, "2.13")
        + field(7, main)
        + fields(8, opsets)
        + fields(25, functions)
    )


def two_layers():
    """input (batch, 3, 8, 8) → Conv → Relu → Flatten → Gemm → scores (batch, 2), with names as torch writes them."""
    return model(
        graph(
            [
                node("Conv", ["input", "body.0.weight"], ["a"], "/body/body.0/Conv", strides=[2, 2], pads=[1, 1, 1, 1]),
                node("Relu", ["a"], ["b"], "/body/body.1/Relu"),
                node("Flatten", ["b"], ["c"], "/Flatten", axis=1),
                node("Gemm", ["c", "head.weight", "head.bias"], ["scores"], "/head/Gemm", transB=1),
            ],
            [value("input", ["batch", 3, 8, 8])],
            [value("scores", ["batch", 2])],
            [
                floats("body.0.weight", [4, 3, 3, 3], [0.01 * at for at in range(108)]),
                floats("head.weight", [2, 64], [0.01 * at for at in range(128)]),
                floats("head.bias", [2], [0.5, -0.5]),
            ],
        )
    )
