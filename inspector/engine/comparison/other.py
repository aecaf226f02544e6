"""The second model: opened by the same ladder of trust as the first, beside it."""

import msgspec

from inspector.engine.errors import EngineError
from inspector.engine.loading import Loaded, load_into_copy, load_model
from inspector.engine.loading.beside import find_source_beside
from inspector.engine.loading.loaded import Answer
from inspector.engine.loading.source_module import kept_sources
from inspector.engine.loading.steps import Steps
from inspector.protocol.files import FileDescription
from inspector.protocol.requests import LoadModel

_WEIGHTS = ("state_dict", "checkpoint", "safetensors")


def load_other(loaded: Loaded, request: LoadModel, description: FileDescription, steps: Steps) -> Answer:
    """The model of another file.

    Where nothing else is said, weights whose keys are all those of the open model are put into a copy of that; weights
    that fit it but for their shapes into its class, made anew; and what fits it in part, where there is no class to be
    had, into a copy, with a report of its keys.

    Raises:
        EngineError: it is no model, or can't be loaded.
        Cancelled: it was asked to stop.
    """
    chosen = bool(request.source or request.entry)
    with kept_sources():
        if not chosen and not request.arguments and not request.mends:
            copied = load_into_copy(loaded, request, description)
            if copied is not None:
                return copied
        if not chosen and description.format in _WEIGHTS and not find_source_beside(request.path, description):
            answer = _as_the_open_one(loaded, request, description, steps)
            if answer is not None:
                return answer
        return load_model(request, description, steps)


def _as_the_open_one(loaded: Loaded, request: LoadModel, description: FileDescription, steps: Steps) -> Answer | None:
    """With the source and the entry of the open model, arguments from the weights; where it has none, a copy of it.

    None where these weights are no such model's.
    """
    if not loaded.source and not loaded.entry:
        return load_into_copy(loaded, request, description, partly=True)
    same = msgspec.structs.replace(request, source=loaded.source, entry=loaded.entry)
    try:
        return load_model(same, description, steps)
    except EngineError:
        return None
