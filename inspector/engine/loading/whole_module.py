"""Whole pickled modules: without asking where all is torch's own, with consent otherwise."""

import importlib.util
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import IO

import torch
from torch import nn

from inspector.engine.errors import EngineError, said_by
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.loading.consent import ask, is_trusted, open_hashed
from inspector.engine.loading.loaded import Answer, Loaded
from inspector.engine.loading.refusal import weights_only_forced
from inspector.engine.loading.shadows import find_shadows
from inspector.engine.loading.surroundings import class_names_in, preprocessing_of
from inspector.engine.loading.trusted_source import SourceFile, find_beside, read_source
from inspector.engine.loading.weights import read_plainly
from inspector.engine.module_tree import model_info
from inspector.protocol.events import TrustItem
from inspector.protocol.files import FileDescription
from inspector.protocol.requests import LoadModel


def load_module(request: LoadModel, description: FileDescription) -> Answer:
    """Load a pickled module.

    Raises:
        EngineError: its class is not to be had, or it is damaged.
    """
    if description.safety != "needs_consent":
        loaded = read_plainly(request.path, description.globals)
        module, beside = _module_in(loaded, request.path)
        shadows = find_shadows(module)
        if shadows:
            raise EngineError(f"{Path(request.path).name} is not opened: {shadows[0]}", "It was forged by hand.")
        return _loaded(module, beside, request, description, "")
    unpickled = unpickle_trusted(request, description)
    if not isinstance(unpickled, Unpickled):
        return unpickled
    module, beside = _module_in(unpickled.value, request.path)
    return _loaded(module, beside, request, description, unpickled.source)


class Unpickled:
    """What a trusted file held, and the source that supplied its classes."""

    def __init__(self, value: object, source: str) -> None:
        self.value = value
        self.source = source


def unpickle_trusted(request: LoadModel, description: FileDescription) -> "Unpickled | Answer":
    """Unpickle a file fully if the user trusts it and the source that supplies its classes; else the question.

    Raises:
        EngineError: a class is not to be had, or it is damaged.
    """
    stream, digest = open_hashed(request.path)
    with stream:
        source = _source_for(request, description)
        items = []
        if not is_trusted(request, digest):
            uses = tuple(use for use in description.uses if use.name in description.blocked_globals)
            items.append(TrustItem(path=request.path, sha256=digest, what="pickle", uses=uses))
        if source is not None and not source.is_trusted(request):
            items.append(source.trust_item)
        if items:
            return ask(items)
        module = None if source is None else source.run()
        with _supplied(module, description.blocked_globals):
            return Unpickled(_unpickle(stream, request.path), "" if source is None else source.path)


def _source_for(request: LoadModel, description: FileDescription) -> SourceFile | None:
    """The source that was given, or that of a missing module where it lies beside the file."""
    if request.source:
        return read_source(request.source)
    missing = [name.rpartition(".")[0] for name in description.blocked_globals]
    names = [f"{name.replace('.', '/')}.py" for name in missing if name and _is_missing(name)]
    if "__main__" in missing:
        names.append(f"{Path(request.path).stem}.py")
    beside = find_beside(request.path, names)
    return read_source(beside) if beside else None


def _is_missing(name: str) -> bool:
    """Whether a module is not to be had here; only its top is looked for, so that nothing is imported."""
    top = name.partition(".")[0]
    if top == "__main__":
        return False
    try:
        return top not in sys.modules and importlib.util.find_spec(top) is None
    except (ImportError, ValueError):
        return True


@contextmanager
def _supplied(source: ModuleType | None, names: tuple[str, ...]) -> Iterator[None]:
    """The source stands in for `__main__` and for modules that are missing, while the file is unpickled."""
    wanted = {name.rpartition(".")[0] for name in names}
    standing_in = {name for name in wanted if name == "__main__" or (name and _is_missing(name))} if source else set()
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


def _unpickle(stream: IO[bytes], path: str) -> object:
    name = Path(path).name
    try:
        with weights_only_forced(False), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's SourceChangeWarning and older storages
            loaded: object = torch.load(stream, map_location="cpu", weights_only=False)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        raise _failed(name, error) from error
    return loaded


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


def _module_in(loaded: object, path: str) -> tuple[nn.Module, Mapping[str, object]]:
    """The module, and the plain values beside it where it lay in a checkpoint."""
    if isinstance(loaded, nn.Module):
        return loaded, {}
    if isinstance(loaded, Mapping):
        found = {str(key): value for key, value in loaded.items() if isinstance(value, nn.Module)}
        for key in ("model", "ema", "net", *found):
            if key in found:
                rest = {str(name): value for name, value in loaded.items() if name not in found}
                return found[key], rest
    raise EngineError(f"{Path(path).name} holds {type(loaded).__name__}, and no module.")


def _loaded(
    module: nn.Module, beside: Mapping[str, object], request: LoadModel, description: FileDescription, source: str
) -> Loaded:
    return Loaded(
        module=module,
        info=model_info(module, description.format),
        path=request.path,
        source=source,
        class_names=class_names_in(beside),
        preprocessing=preprocessing_of(module, request.path),
    )
