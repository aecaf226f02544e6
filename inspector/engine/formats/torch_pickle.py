"""What a torch pickle's contents come to: the format, how safe it is, and the sentence for people."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from inspector.core.formatting import counted
from inspector.engine.formats.allow_list import ALLOWED_GLOBALS, MODULE_GLOBALS, judge_global
from inspector.engine.formats.guessing import guess_modules
from inspector.engine.formats.nests import choose_nest, other_nests
from inspector.engine.formats.origins import find_origins
from inspector.engine.formats.pickle_values import Call, PickleRead, items_of
from inspector.engine.formats.suspicions import find_suspicious_calls
from inspector.engine.formats.torch_contents import Contents, read_contents
from inspector.engine.formats.torch_tensors import ELEMENT_BYTES, elements_needed, read_storage, storage_numel
from inspector.engine.formats.training_facts import with_optimisers
from inspector.protocol.files import FileDescription, FileFormat, ModuleEntry, Safety, TensorEntry

StoredBytes = Callable[[str], int | None]


def describe_pickle(
    path: str,
    size_bytes: int,
    read: PickleRead,
    *,
    stored_bytes: StoredBytes,
    form: str,
    member: str,
    readable: bool = True,
    notes: Iterable[str] = (),
) -> FileDescription:
    """Describe a torch file from its pickle.

    Args:
        path: of the file.
        size_bytes: of the file.
        read: the pickle.
        stored_bytes: the bytes behind a storage's key, None if unknown.
        form: what it is called.
        member: which part of the file the pickle is.
        readable: whether a module in it could be rebuilt without unpickling.
        notes: what else is to be warned of.
    """
    contents = read_contents(read.root)
    contents.suspicions += find_suspicious_calls(read.calls)
    if read.hashes_nested:
        contents.suspicions.append("Tuples of tuples are keys in it; loading hashes them, which may take for ever.")
    blocked = tuple(name for name in read.globals if name not in ALLOWED_GLOBALS)
    warnings = [*notes, *_check_storages(read.calls, stored_bytes), *dict.fromkeys(contents.suspicions)]
    safety = _safety(read, blocked, bool(contents.suspicions) or (not readable and bool(contents.modules)))
    origins = find_origins(read, blocked, member)
    file_format = _format(contents)
    return FileDescription(
        path=path,
        format=file_format,
        size_bytes=size_bytes,
        safety=safety,
        summary=_summary(file_format, contents, form, blocked),
        globals=read.globals,
        blocked_globals=blocked,
        uses=tuple(msgspec.structs.replace(judge_global(name), where=origins.get(name, "")) for name in read.globals),
        tensors=tuple(contents.tensors),
        modules=_modules(contents),
        metadata=_metadata(contents, form),
        warnings=tuple(warnings[:50]),
    )


def _safety(read: PickleRead, blocked: tuple[str, ...], doubtful: bool) -> Safety:
    if blocked or doubtful:
        return "needs_consent"
    return "allow_listed" if any(name in MODULE_GLOBALS for name in read.globals) else "inert"


def _format(contents: Contents) -> FileFormat:
    if contents.kind == "module":
        return "module"
    if contents.kind == "tensors":
        return "state_dict"
    holds_model = choose_nest(contents.groups) is not None or contents.module_paths
    return "checkpoint" if contents.kind == "dict" and holds_model else "unknown"


def _modules(contents: Contents) -> tuple[ModuleEntry, ...]:
    if contents.modules:
        return tuple(contents.modules)
    nest = choose_nest(contents.groups)
    if nest is None:
        return ()
    start = "".join(f"{part}." for part in nest)
    inside = [
        TensorEntry(name=tensor.name.removeprefix(start), shape=tensor.shape, dtype=tensor.dtype)
        for tensor in contents.tensors
        if tensor.name.startswith(start)
    ]
    return guess_modules(inside)


def _metadata(contents: Contents, form: str) -> dict[str, str]:
    found = {"form": form, **with_optimisers(contents.values)}
    nest = choose_nest(contents.groups)
    if nest:
        found["weights_at"] = ".".join(nest)
    others = other_nests(contents.groups, nest or ())
    if others:
        found["other_weights_at"] = ", ".join(others[:10])
    return found


def _summary(file_format: FileFormat, contents: Contents, form: str, blocked: tuple[str, ...]) -> str:
    tensors = counted(len(contents.tensors), "tensor")
    asks = f" Loading it would run {', '.join(blocked[:3])}{' …' if len(blocked) > 3 else ''}." if blocked else ""
    nest = ".".join(choose_nest(contents.groups) or ())
    match file_format:
        case "state_dict":
            return f"Weights alone (state_dict), {tensors}, {form}.{asks}"
        case "checkpoint":
            where = f", the weights under {nest}" if nest else ""
            return f"A training checkpoint, {tensors}{where}, {form}.{asks}"
        case "module":
            name = contents.modules[0].class_name if contents.modules else "unknown"
            return f"A whole pickled module of class {name}, {tensors}, {form}.{asks}"
        case _:
            return _no_model(contents, form, blocked)


def _no_model(contents: Contents, form: str, blocked: tuple[str, ...]) -> str:
    if contents.kind == "tensor":
        shape = contents.tensors[0].shape
        return f"A single tensor of shape {shape}, saved by torch: an input perhaps, but not a model."
    if blocked:
        return f"A pickle that holds no model, and whose loading would run {', '.join(blocked[:3])}."
    return f"A pickle with {counted(len(contents.tensors), 'tensor')} and no model in it, {form}."


def _check_storages(calls: Iterable[Call], stored_bytes: StoredBytes) -> list[str]:
    """Sentences on tensors that reach beyond their storage, and storages larger than what is there."""
    found: dict[str, None] = {}
    for call in calls:
        needed = elements_needed(call)
        if needed is None:
            continue
        sentence = _check_storage(call, needed, stored_bytes)
        if sentence:
            found[sentence] = None
        if len(found) >= 5:
            break
    return list(found)


def _check_storage(call: Call, needed: int, stored_bytes: StoredBytes) -> str:
    storage = call.arguments[0]
    key, dtype = read_storage(storage)
    numel = storage_numel(storage)
    if numel is None or not dtype:
        return ""
    held, wide = stored_bytes(key), ELEMENT_BYTES.get(dtype, 1)
    if held is not None and numel * wide > held:
        return f"Storage {key} declares {numel:,} elements, but the file holds {held:,} bytes of it: cut off or forged."
    unsure = call.name.endswith("_v3")  # counts bytes, not elements
    if needed > numel and not unsure:
        return f"A tensor reaches for {needed:,} elements of storage {key}, which has {numel:,}."
    return _check_expansion(call, numel)


def _check_expansion(call: Call, numel: int) -> str:
    """A view that repeats its storage (stride 0) loads fine, and takes all memory when it is used."""
    count = 1
    for length in items_of(call.arguments[2]) or []:
        count *= length if isinstance(length, int) else 1
    if count > 64 * max(numel, 1) and count > 10**8:
        return f"A tensor shows {count:,} elements of a storage of {numel:,}: it would take all memory when used."
    return ""


def sizes_by_key(sizes: Mapping[str, int]) -> StoredBytes:
    """Sizes that are known from a table."""
    return sizes.get
