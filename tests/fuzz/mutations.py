"""Ways to damage a file, from single bits to lies in its own terms; all by a seeded `random.Random`."""

import io
import json
import pickletools
import struct
import warnings
import zipfile

EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)
TEXTS = ("", "\0", "..", "../x", "a" * 300, "\ud800", "<b>", "é\u202e", "__class__", "1e999", "data.pkl")


def flip_bits(data, chance):
    for _ in range(chance.choice((1, 1, 3, 16))):
        place = chance.randrange(len(data))
        data[place] ^= 1 << chance.randrange(8)


def truncate(data, chance):
    del data[chance.randrange(len(data)) :]


def cut_out(data, chance):
    place = chance.randrange(len(data))
    del data[place : place + chance.choice((1, 2, 8, 100))]


def insert(data, chance):
    place = chance.randrange(len(data))
    data[place:place] = bytes(chance.randrange(256) for _ in range(chance.choice((1, 4, 30))))


def splice(data, chance):
    place, other = chance.randrange(len(data)), chance.randrange(len(data))
    length = chance.choice((4, 30, 200))
    data[place : place + length] = data[other : other + length]


def repeat(data, chance):
    place = chance.randrange(len(data))
    data[place:place] = data[place : place + chance.choice((8, 60))] * chance.choice((2, 20, 200))


def lie_about_a_length(data, chance):
    """A number that may be a length, in one of the widths and orders that formats use."""
    layout = chance.choice(("<H", "<I", "<Q", ">I", ">Q"))
    width = struct.calcsize(layout)
    if len(data) < width:
        return
    place = chance.randrange(len(data) - width + 1)
    value = chance.choice((*EDGES, len(data), len(data) + 1)) % 256**width
    struct.pack_into(layout, data, place, value)


ANYWHERE = (flip_bits, truncate, cut_out, insert, splice, repeat, lie_about_a_length)


def mutate_bytes(data, chance):
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        if changed:
            chance.choice(ANYWHERE)(changed, chance)
    return bytes(changed)


def mutate_pickle(data, chance):
    """Operations left out, doubled, moved, put in, or given other arguments."""
    try:
        places = [place for _, _, place in pickletools.genops(data)]
    except Exception:  # noqa: BLE001 - it is no pickle, or several
        return mutate_bytes(data, chance)
    pieces = [data[start:end] for start, end in zip(places, [*places[1:], len(data)], strict=True)]
    for _ in range(chance.choice((1, 2, 5))):
        place = chance.randrange(len(pieces))
        match chance.randrange(5):
            case 0:
                del pieces[place]
            case 1:
                pieces.insert(place, pieces[chance.randrange(len(pieces))])
            case 2:
                pieces[place] = pieces[chance.randrange(len(pieces))]
            case 3:
                pieces.insert(place, chance.choice(OPERATIONS) * chance.choice((1, 1, 50)))
            case 4:
                other = chance.randrange(len(pieces))
                pieces[place], pieces[other] = pieces[other], pieces[place]
        pieces = pieces or [b"."]
    return b"".join(pieces)


OPERATIONS = (
    *(b"(", b"0", b"1", b"2", b"t", b")", b"l", b"]", b"d", b"}", b"e", b"a", b"s", b"u", b"o", b"R", b"b", b"Q"),
    *(b"\x81", b"\x92", b"\x93", b"\x85", b"\x86", b"\x87", b"\x90", b"\x8f", b"\x91", b"\x94", b"\x82\x01", b"N"),
    *(b"j\xff\xff\xff\xff", b"r\xff\xff\xff\x7f", b"K\x01", b"J\xff\xff\xff\xff", b"\x8b\xff\xff\xff\x7f", b"h\x00"),
    *(b"X\xff\xff\xff\xff", b"\x8d" + b"\xff" * 8, b"ctorch\nTensor\n", b"cos\nsystem\n", b"ios\nsystem\n", b"."),
    *(b"\x80\x05", b"\x97", b"\x98", b"F1e999\n", b"I" + b"9" * 5000 + b"\n", b"S'\\ud800'\n", b"V\\ud800\n"),
)


def mutate_json(data, chance):
    """Values exchanged for others, keys renamed, doubled or left out, nesting, giants."""
    try:
        parsed = json.loads(data)
    except ValueError:
        return mutate_bytes(data, chance)
    for _ in range(chance.choice((1, 2, 4))):
        parsed = _change_json(parsed, chance, 0)
    text = json.dumps(parsed)
    if chance.random() < 0.1:
        text = text.replace(":", ':{"a":' * chance.choice((1, 300, 5000)), 1)
    return text.encode()


def _change_json(value, chance, depth):
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        if chance.random() < 0.15:
            value[chance.choice(TEXTS)] = value.pop(key)
        else:
            value[key] = _change_json(value[key], chance, depth + 1)
        return value
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        value[place] = _change_json(value[place], chance, depth + 1)
        return value
    return chance.choice(
        [None, True, -1, 0.5, 1e308, {}, [], [[]] * 3, {"a": {}}, [value] * 3, *EDGES, *TEXTS, 10**40, -(2**63)]
    )


def mutate_zip(data, chance):
    """An honest zip around changed files, other names, other orders, or a directory that lies."""
    with zipfile.ZipFile(io.BytesIO(data)) as before:
        files = [(name, before.read(name)) for name in before.namelist()]
    place = chance.randrange(len(files))
    name, content = files[place]
    match chance.randrange(7):
        case 0 | 1 | 2:
            looked_at = [at for at, (inner, _) in enumerate(files) if inner.endswith((".pkl", ".json", ".pt"))]
            place = chance.choice(looked_at or [place])
            name, content = files[place]
            files[place] = (name, mutate(content, chance))
        case 3:
            del files[place]
        case 4:
            other = chance.choice((name, name.upper(), f"{name}/../x", "/etc/x", *TEXTS))
            files.append((other, content))
        case 5:
            files[place] = (name.replace("/", chance.choice(("\\", "//", "/./", "/../"))), content)
        case 6:
            chance.shuffle(files)
    packed = io.BytesIO()
    method = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(packed, "w", method) as after, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the same name twice, which is meant
        for inner, held in files:
            told = inner.replace("\0", "").encode("utf-8", "replace").decode() or "x"
            after.writestr(zipfile.ZipInfo(told), held, compress_type=method)
    changed = bytearray(packed.getvalue())
    if chance.random() < 0.3:
        edit_directory(changed, chance)
    return bytes(changed)


def edit_directory(data, chance):
    """A field of an entry, or of the end, given another value."""
    marks = [b"PK\x01\x02", b"PK\x05\x06", b"PK\x03\x04", b"PK\x06\x06", b"PK\x06\x07"]
    places = [at for mark in marks for at in _all(data, mark)]
    place = chance.choice(places) + chance.randrange(4, 46)
    layout = chance.choice(("<H", "<I"))
    if place + 4 <= len(data):
        struct.pack_into(layout, data, place, chance.choice(EDGES) % 256 ** struct.calcsize(layout))


def _all(data, mark):
    place = data.find(mark)
    while place >= 0:
        yield place
        place = data.find(mark, place + 1)


def mutate_safetensors(data, chance):
    """Its JSON, with a length that fits; or not."""
    (length,) = struct.unpack_from("<Q", data)
    header = mutate_json(data[8 : 8 + length], chance)
    told = len(header) if chance.random() < 0.8 else chance.choice(EDGES)
    return struct.pack("<Q", told) + header + data[8 + length :]


def mutate(data, chance):
    """Change a file in its own terms, or blindly."""
    if not data:
        return data
    if chance.random() < 0.25:
        return mutate_bytes(data, chance)
    if data[:4] == b"PK\x03\x04":
        changed = mutate_zip(data, chance)
    elif data[:1] in (b"{", b"["):
        changed = mutate_json(data, chance)
    elif len(data) > 9 and data[8:9] == b"{":
        changed = mutate_safetensors(data, chance)
    elif data[:1] in (b"\x80", b"(") and (parts := _pickles(data)):
        place = chance.randrange(len(parts))
        parts[place] = mutate_pickle(parts[place], chance)
        changed = b"".join(parts)
    else:
        changed = mutate_bytes(data, chance)
    return changed


def _pickles(data):
    """The pickles that a file begins with, and the rest."""
    stream, parts = io.BytesIO(data), []
    while True:
        start = stream.tell()
        try:
            for _ in pickletools.genops(stream):
                pass
        except Exception:  # noqa: BLE001 - the storages begin
            rest = data[start:]
            return [*parts, rest] if parts and rest else parts
        parts.append(data[start : stream.tell()])
        if stream.tell() >= len(data):
            return parts
