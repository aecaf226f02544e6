"""Exported programs (`.pt2`): a zip with the graph and the shapes as plain JSON. Pickles in it are not opened."""

import msgspec

from inspector.core.formatting import counted
from inspector.engine.formats.allow_list import ALLOWED_GLOBALS, judge_global
from inspector.engine.formats.cleaning import clean_text, is_size
from inspector.engine.formats.exported_code import MAX_JSON_BYTES, find_code
from inspector.engine.formats.json_text import parse_json
from inspector.engine.formats.reading import Refused, Source
from inspector.engine.formats.torch_zip import read_pickle_in
from inspector.engine.formats.zip_directory import ZipDirectory, read_zip
from inspector.protocol.files import FileDescription, ModuleEntry, TensorEntry

_DTYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    9: "complex32",
    10: "complex64",
    11: "complex128",
    12: "bool",
    13: "bfloat16",
    28: "uint16",
    29: "float8_e4m3fn",
    30: "float8_e5m2",
    34: "uint32",
    35: "uint64",
}


def describe(source: Source) -> FileDescription | None:
    """Describe it, or None where it is something else."""
    directory = read_zip(source)
    if directory is None:
        return None
    names = [name for name in directory.names("models/") if name.endswith(".json")]
    if not names and directory.has("serialized_exported_program.json"):
        names = ["serialized_exported_program.json"]
    if not names:
        return None
    program = _load_json(directory, names[0])
    tensors = tuple(_read_tensors(program))
    modules = tuple(_read_modules(program))
    found, notes = _pickled_globals(directory)
    code = find_code(directory)
    blocked = tuple(name for name in found if name not in ALLOWED_GLOBALS) + tuple(use.name for use in code)
    if code:
        notes.append("It carries code beside its operations, so it is not opened.")
    return FileDescription(
        path=source.path,
        format="exported_program",
        size_bytes=source.size_bytes,
        safety="needs_consent" if blocked else "inert",
        summary=f"An exported program (torch.export), {counted(len(tensors), 'tensor')}, "
        f"{counted(len(_nodes(program)), 'operation')}.",
        globals=tuple(found),
        blocked_globals=blocked,
        uses=(*(msgspec.structs.replace(judge_global(name), where=member) for name, member in found.items()), *code),
        tensors=tensors,
        modules=modules,
        metadata=_metadata(program, directory),
        warnings=tuple(notes),
    )


def _load_json(directory: ZipDirectory, name: str) -> dict[str, object]:
    program = parse_json(directory.read(name, MAX_JSON_BYTES), f"It looks like an exported program, but {name}")
    if not isinstance(program, dict):
        raise Refused(f"It looks like an exported program, but {name} is no JSON object.")
    return program


def inside(value: object, *keys: str) -> object:
    """The value under nested keys, or None."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _list_inside(value: object, *keys: str) -> list[object]:
    found = inside(value, *keys)
    return found if isinstance(found, list) else []


def _nodes(program: dict[str, object]) -> list[object]:
    return _list_inside(program, "graph_module", "graph", "nodes")


def _read_tensors(program: dict[str, object]) -> list[TensorEntry]:
    """Parameters and buffers, by the names that the signature gives them."""
    found = []
    for spec in _list_inside(program, "graph_module", "signature", "input_specs"):
        for kind, name_key in (("parameter", "parameter_name"), ("buffer", "buffer_name")):
            name, arg = inside(spec, kind, name_key), inside(spec, kind, "arg", "name")
            if isinstance(name, str) and isinstance(arg, str):
                meta = inside(program, "graph_module", "graph", "tensor_values", arg)
                found.append(_entry(name, meta))
    return found


def _entry(name: str, meta: object) -> TensorEntry:
    sizes = [inside(size, "as_int") for size in _list_inside(meta, "sizes")]
    dtype = inside(meta, "dtype")
    return TensorEntry(
        name=clean_text(name, 500),
        shape=tuple(size if isinstance(size, int) and is_size(size) else 0 for size in sizes[:64]),
        dtype=_DTYPES.get(dtype, "unknown") if isinstance(dtype, int) else "unknown",
    )


def _read_modules(program: dict[str, object]) -> list[ModuleEntry]:
    """The modules that the operations came from: `L__self__,,Net;L__self__conv,conv,torch.nn.modules.conv.Conv2d`."""
    classes: dict[str, str] = {}
    for node in _nodes(program):
        stack = inside(node, "metadata", "nn_module_stack")
        for level in stack.split(";") if isinstance(stack, str) else ():
            parts = level.split(",")
            if len(parts) >= 3:
                classes.setdefault(clean_text(parts[1].partition("@")[0], 300), clean_text(parts[2], 200))
    return [ModuleEntry(fqn=fqn, class_name=name) for fqn, name in classes.items()]


def _pickled_globals(directory: ZipDirectory) -> tuple[dict[str, str], list[str]]:
    """Every global that a pickle inside would import, with the member it is in: torch.export.load would run them."""
    found: dict[str, str] = {}
    notes = []
    for name in directory.names():
        if not _may_be_pickled(directory, name):
            continue
        try:
            found = dict.fromkeys(_globals_of(directory, name), clean_text(name, 120)) | found
        except Refused as refused:
            notes.append(f"{clean_text(name, 80)} inside could not be read: {refused}")
    if any(name not in ALLOWED_GLOBALS for name in found):
        notes.append("A pickle inside it names code; torch's weights-only reader, the only one used, refuses it.")
    return found, notes


def _may_be_pickled(directory: ZipDirectory, name: str) -> bool:
    """By its name, or as it begins like a zip: weights may be pickled under any name."""
    folded = name.casefold()
    return (
        folded.endswith((".pt", ".pkl", ".pickle"))
        or any(part.startswith("opaque_obj") for part in folded.split("/"))
        or directory.head(name) == b"PK\x03\x04"
    )


def _globals_of(directory: ZipDirectory, name: str) -> tuple[str, ...]:
    entry = directory.entries[directory.root + name]
    if entry.method == 0 and entry.size_bytes < 2**30:
        data = directory.read(name, 64 * 2**20)
        if data[:4] == b"PK\x03\x04":
            return _globals_of_inner_zip(data)
    return read_pickle_in(directory, name).globals


def _globals_of_inner_zip(data: bytes) -> tuple[str, ...]:
    inner = read_zip(_Bytes(data))
    if inner is None or not inner.has("data.pkl"):
        return ()
    return read_pickle_in(inner, "data.pkl").globals


class _Bytes(Source):
    """A file inside a file, already read."""

    def __init__(self, data: bytes) -> None:
        super().__init__("", len(data), None)
        self._data = data

    def read_at(self, offset: int, length: int) -> bytes:
        """The bytes at `offset`."""
        return self._data[max(offset, 0) : max(offset, 0) + max(length, 0)]


def _metadata(program: dict[str, object], directory: ZipDirectory) -> dict[str, str]:
    found = {"form": "exported program"}
    version = inside(program, "torch_version")
    if isinstance(version, str):
        found["torch_version"] = clean_text(version, 40)
    opset = inside(program, "opset_version", "aten")
    if isinstance(opset, int):
        found["aten_opset"] = str(opset)[:20]
    if directory.has("archive_version"):
        found["archive_version"] = clean_text(directory.read("archive_version", 100).decode("utf-8", "replace"), 20)
    inputs = [
        clean_text(str(inside(spec, "user_input", "arg", "as_tensor", "name")), 60)
        for spec in _list_inside(program, "graph_module", "signature", "input_specs")
        if inside(spec, "user_input") is not None
    ]
    found["inputs"] = ", ".join(inputs[:20])
    return found
