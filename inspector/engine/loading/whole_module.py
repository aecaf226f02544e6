"""Whole pickled modules: without asking where all is torch's own, with consent otherwise."""

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO

import torch
from torch import nn

from inspector.engine.errors import EngineError, said_by
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.loading.consent import ask, is_trusted, open_held
from inspector.engine.loading.loaded import Answer, Loaded
from inspector.engine.loading.refusal import weights_only_forced
from inspector.engine.loading.shadows import find_shadows
from inspector.engine.loading.storages import CantRebuildError
from inspector.engine.loading.surroundings import class_names_in, preprocessing_of
from inspector.engine.loading.trusted_source import SourceFile, find_beside, read_source
from inspector.engine.loading.weights import read_plainly
from inspector.engine.loading.whereabouts import is_missing, missing_names, with_whereabouts
from inspector.engine.loading.without_trust import Rebuilt, module_in, rebuild
from inspector.engine.module_tree import model_info
from inspector.protocol.events import ConsentNeeded, TrustItem
from inspector.protocol.files import FileDescription
from inspector.protocol.requests import LoadModel


def load_module(request: LoadModel, description: FileDescription) -> Answer:
    """Load a pickled module.

    Raises:
        EngineError: its class is not to be had, or it is damaged.
    """
    if description.safety != "needs_consent":
        plain = read_without_asking(request.path, description)
        if plain is not None:
            module, beside = module_in(plain.value, request.path)
            shadows = find_shadows(module)
            if shadows:
                raise EngineError(f"{Path(request.path).name} is not opened: {shadows[0]}", "It was forged by hand.")
            return _loaded(module, beside, request, description)
    unpickled = unpickle_trusted(request)
    if not isinstance(unpickled, Unpickled):
        return unpickled
    module, beside = module_in(unpickled.value, request.path)
    return _loaded(module, beside, request, description, source=unpickled.source)


def load_module_without_code(request: LoadModel, description: FileDescription, had: Rebuilt) -> Loaded:
    """A module of torch's own classes, from a file that has code beside it."""
    module, beside = module_in(had.value, request.path)
    return _loaded(module, had.beside or beside, request, description, notes=had.notes)


@dataclass(frozen=True)
class Plain:
    """What a file held that loaded without trust."""

    value: object


def read_without_asking(path: str, description: FileDescription) -> Plain | None:
    """All of a file of allow-listed parts: by torch's own safe reader, or rebuilt where that takes no such form.

    None where only unpickling could make some of it.

    Raises:
        EngineError: it is damaged.
    """
    try:
        return Plain(read_plainly(path, description.globals))
    except EngineError:
        pass
    try:
        return Plain(rebuild(path))
    except CantRebuildError:
        return None


@dataclass(frozen=True)
class Unpickled:
    """What a trusted file held, and the source that supplied its classes."""

    value: object
    source: str


def unpickle_trusted(request: LoadModel) -> Unpickled | ConsentNeeded:
    """Unpickle a file fully if the user trusts it and the source that supplies its classes; else the question.

    What is asked about, hashed and loaded are the same bytes, whatever happens to the file meanwhile.

    Raises:
        EngineError: a class is not to be had, or it is damaged.
    """
    with open_held(request.path) as held:
        description = held.describe()
        blocked = description.blocked_globals
        source = _source_for(request, blocked)
        missing = missing_names(blocked) if source is None else ()
        items = []
        if not is_trusted(request, held.sha256):
            uses = tuple(with_whereabouts(use) for use in description.uses if use.name in blocked)
            items.append(TrustItem(path=request.path, sha256=held.sha256, what="pickle", uses=uses))
        if source is not None and not source.is_trusted(request):
            items.append(source.trust_item)
        if items:
            lacking = () if source is None else source.lacks(missing_names(blocked))
            return ask(items, missing=missing, lacking=lacking, weights_only=bool(description.tensors))
        if missing:
            raise _classes_missing(request.path, missing)
        module = None if source is None else source.run(request)
        with _supplied(module, blocked):
            return Unpickled(_unpickle(held.stream, request.path), "" if source is None else source.path)


def _source_for(request: LoadModel, blocked: tuple[str, ...]) -> SourceFile | None:
    """The source that was given, or that of a missing module where it lies beside the file."""
    if request.source:
        return read_source(request.source)
    lacking = [name.rpartition(".")[0] for name in blocked]
    names = [f"{name.replace('.', '/')}.py" for name in lacking if name and is_missing(name)]
    if "__main__" in lacking:
        names.append(f"{Path(request.path).stem}.py")
    beside = find_beside(request.path, names)
    return read_source(beside) if beside else None


@contextmanager
def _supplied(source: ModuleType | None, names: tuple[str, ...]) -> Iterator[None]:
    """The source stands in for `__main__` and for modules that are missing, while the file is unpickled."""
    wanted = {name.rpartition(".")[0] for name in names}
    standing_in = {name for name in wanted if name == "__main__" or (name and is_missing(name))} if source else set()
    # Whoever imports `a.b` imports `a` first.
    standing_in |= {above for name in standing_in for above in _packages_above(name) if is_missing(above)}
    before: dict[str, ModuleType | None] = {name: sys.modules.get(name) for name in standing_in}
    try:
        if source is not None:
            sys.modules.update(dict.fromkeys(standing_in, source))
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def _packages_above(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


class _Nameless:
    """A stream without a file's number, so that torch reads the two forms that were described, and no other.

    Of a real file it first tries its oldest form, a tar; one file can be that and the older form in one.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.read, self.readline, self.readinto = stream.read, stream.readline, stream.readinto  # type: ignore[attr-defined]  # both kinds have it
        self.seek, self.tell = stream.seek, stream.tell


def _unpickle(stream: IO[bytes], path: str) -> object:
    name = Path(path).name
    try:
        with weights_only_forced(False), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's SourceChangeWarning and older storages
            loaded: object = torch.load(_Nameless(stream), map_location="cpu", weights_only=False)  # type: ignore[arg-type]  # all it asks for
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        raise _failed(name, error) from error
    return loaded


def _classes_missing(path: str, missing: tuple[str, ...]) -> EngineError:
    shown = ", ".join(missing[:6]) + (f" and {len(missing) - 6} more" if len(missing) > 6 else "")
    return EngineError(
        f"{Path(path).name} needs {shown}, which {'is' if len(missing) == 1 else 'are'} not to be had here.",
        "Drop the .py that defines its class together with it, or attach it.",
    )


def _failed(name: str, error: BaseException) -> EngineError:
    said = clean_text(said_by(error), 300)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return EngineError(
            f"{name} needs the module {error.name}, which is not there.",
            f"Drop the .py that defines its class together with it, or install {error.name.partition('.')[0]}.",
        )
    if isinstance(error, AttributeError) and ("Can't get attribute" in said or "has no attribute" in said):
        return EngineError(
            f"{name} needs a class that is not to be had: {said}.",
            "Drop the .py that defines its class together with it.",
        )
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return EngineError(f"{name} ends the program while it is being opened.")
    return EngineError(f"{name} could not be loaded: {type(error).__name__}: {said}", "It may be damaged.")


def _loaded(
    module: nn.Module,
    beside: Mapping[str, object],
    request: LoadModel,
    description: FileDescription,
    *,
    source: str = "",
    notes: tuple[str, ...] = (),
) -> Loaded:
    return Loaded(
        module=module,
        info=model_info(module, description.format),
        path=request.path,
        source=source,
        class_names=class_names_in(beside),
        notes=notes,
        preprocessing=preprocessing_of(module, request.path),
    )
