"""TorchScript and exported programs: torch's own restricted languages, loaded without asking."""

import warnings
from pathlib import Path

import msgspec
import torch
from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.loading.consent import HeldFile, ask, is_trusted, open_held
from inspector.engine.loading.loaded import Answer, Loaded
from inspector.engine.loading.refusal import weights_only_forced
from inspector.engine.module_tree import model_info
from inspector.protocol.events import TrustItem
from inspector.protocol.files import FileDescription
from inspector.protocol.requests import LoadModel


def load_torchscript(request: LoadModel, description: FileDescription) -> Answer:
    """Load a TorchScript program; one that would write or read files of its own choice asks first.

    Raises:
        EngineError: torch can't.
    """
    # A stream and not the name, which torch would open itself: what is lent can't be opened so.
    with open_held(request.path) as held:
        description = _as_it_is_now(held, description)
        if description.blocked_globals and not is_trusted(request, held.sha256):
            uses = tuple(use for use in description.uses if use.name in description.blocked_globals)
            return ask([TrustItem(path=request.path, sha256=held.sha256, what="pickle", uses=uses)])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch calls its own TorchScript old; the file is there all the same
                module = torch.jit.load(held.stream, map_location="cpu")  # type: ignore[no-untyped-call]  # no types
        except Exception as error:
            raise _failed(request.path, "TorchScript", error) from error
    return _loaded(module, request, description)


def load_exported(request: LoadModel, description: FileDescription) -> Loaded:
    """Load an exported program as a module with its hierarchy.

    Raises:
        EngineError: torch can't, or a pickle inside it names code.
    """
    name = Path(request.path).name
    with open_held(request.path) as held:
        description = _as_it_is_now(held, description)
        if description.blocked_globals:
            raise EngineError(
                f"{name} carries code that would run {', '.join(description.blocked_globals[:3])}; it is not opened.",
                "Export the model again without such objects in it, or open its weights with the .py of its class.",
            )
        try:
            # torch.export.load retries with a full unpickle when the safe one fails, unless this stands in its way.
            with weights_only_forced(True), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch warns of its own older parts
                module = torch.export.unflatten(torch.export.load(held.stream))
        except Exception as error:
            raise _failed(request.path, "exported program", error) from error
    return _loaded(module, request, description)


def _as_it_is_now(held: HeldFile, before: FileDescription) -> FileDescription:
    """The description of the bytes that will be loaded: the name may mean another file than a moment ago.

    Raises:
        EngineError: it is of another format now.
    """
    now = held.describe()
    if now.format != before.format:
        name = Path(held.path).name
        raise EngineError(f"{name} could not be loaded: {now.summary}", "It may be damaged; open it again.")
    return now


def _loaded(module: nn.Module, request: LoadModel, description: FileDescription) -> Loaded:
    info = model_info(module, description.format)
    if description.modules:  # unflattened modules and scripts have lost their class, the file has not
        info = msgspec.structs.replace(info, class_name=description.modules[0].class_name.rpartition(".")[2])
    return Loaded(module=module, info=info, path=request.path)


def _failed(path: str, kind: str, error: Exception) -> EngineError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = clean_text(lines[0] if lines else type(error).__name__, 300)
    return EngineError(
        f"{Path(path).name} could not be loaded as {kind}: {said}",
        f"It may be damaged, or saved by another version of torch than {torch.__version__}.",
    )
