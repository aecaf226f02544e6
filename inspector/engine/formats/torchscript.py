"""TorchScript: a zip with `data.pkl`, `constants.pkl` and `code/` in torch's own restricted language."""

import msgspec

from inspector.core.formatting import counted
from inspector.engine.formats.allow_list import ALLOWED_GLOBALS, judge_global
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.origins import find_origins
from inspector.engine.formats.pickle_values import Call, PickleRead, Value, pairs_of, text_of
from inspector.engine.formats.reading import Refused, Source
from inspector.engine.formats.torch_contents import Contents, class_name_of
from inspector.engine.formats.torch_tensors import read_tensor
from inspector.engine.formats.torch_zip import read_pickle_in
from inspector.engine.formats.torchscript_code import find_uses
from inspector.engine.formats.zip_directory import read_zip
from inspector.protocol.files import FileDescription, GlobalUse, ModuleEntry


def describe(source: Source) -> FileDescription | None:
    """Describe it, or None where it is something else."""
    directory = read_zip(source)
    if directory is None or not directory.has("constants.pkl") or not directory.has("data.pkl"):
        return None
    read = read_pickle_in(directory, "data.pkl")
    found = Contents()
    _visit(found, read.root, "", (), 0)
    code = [name for name in directory.names("code/") if name.endswith(".py")]
    constants = read_pickle_in(directory, "constants.pkl")
    named = tuple(dict.fromkeys((*read.globals, *constants.globals)))
    foreign = (*_foreign_names(read, "data.pkl"), *_foreign_names(constants, "constants.pkl"))
    uses = (*{use.name: use for use in reversed(foreign)}.values(), *find_uses(directory))
    root_class = found.modules[0].class_name if found.modules else "unknown"
    return FileDescription(
        path=source.path,
        format="torchscript",
        size_bytes=source.size_bytes,
        safety="needs_consent" if uses else "inert",
        summary=f"A TorchScript program of class {root_class}, {counted(len(found.tensors), 'tensor')}.",
        globals=tuple(dict.fromkeys((*named, *(use.name for use in uses)))),
        blocked_globals=tuple(use.name for use in uses),
        uses=uses,
        tensors=tuple(found.tensors),
        modules=tuple(found.modules),
        metadata={"form": "TorchScript", "code_files": str(len(code))},
    )


def _foreign_names(read: PickleRead, member: str) -> tuple[GlobalUse, ...]:
    """What a pickle names beside the program's own classes and torch's tensors; TorchScript never does."""
    names = [
        name
        for name in read.globals
        if name not in ALLOWED_GLOBALS and not name.startswith(("__torch__.", "torch.jit._pickle."))
    ]
    origins = find_origins(read, names, member)
    return tuple(msgspec.structs.replace(judge_global(name), where=origins[name]) for name in names)


def _visit(found: Contents, value: Value, fqn: str, above: tuple[int, ...], depth: int) -> None:
    """Walk one object; TorchScript keeps parameters, buffers and children as plain attributes."""
    found.step(depth)
    if id(value) in above:
        raise Refused("It nests or repeats its parts more than any honest file.")
    if not isinstance(value, Call) or pairs_of(value.state) is None:
        return
    name = class_name_of(value).removeprefix("__torch__.")
    found.modules.append(ModuleEntry(fqn=fqn, class_name=_without_mangling(name)))
    for key, inner in pairs_of(value.state) or []:
        found.step(depth)
        place = found.named(f"{fqn}.{_text(key)}" if fqn else _text(key))
        tensor = read_tensor(inner, place)
        if tensor is not None:
            found.tensors.append(tensor)
        else:
            _visit(found, inner, place, (*above, id(value)), depth + 1)


def _text(key: Value) -> str:
    return clean_text(text_of(key) or "?", 300)


def _without_mangling(name: str) -> str:
    """`torch.nn.modules.linear.___torch_mangle_3.Linear` is a second Linear with attributes of other kinds."""
    return ".".join(part for part in name.split(".") if not part.startswith("___torch_mangle"))
