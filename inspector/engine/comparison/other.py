"""The second model: opened by the same ladder of trust as the first, beside it."""

import msgspec

from inspector.engine.errors import EngineError
from inspector.engine.loading import Loaded, load_into_copy, load_model
from inspector.engine.loading.loaded import Answer
from inspector.engine.loading.source_module import kept_sources
from inspector.engine.loading.steps import Steps
from inspector.protocol.events import EntryNeeded
from inspector.protocol.files import FileDescription
from inspector.protocol.requests import LoadModel


def load_other(loaded: Loaded, request: LoadModel, description: FileDescription, steps: Steps) -> Answer:
    """The model of another file.

    Where nothing else is said, weights whose keys are all those of the open model are put into a copy of that; weights
    that fit it but for their shapes into its class, made anew.

    Raises:
        EngineError: it is no model, or can't be loaded.
        Cancelled: it was asked to stop.
    """
    chosen = bool(request.source or request.entry or request.arguments or request.mends)
    with kept_sources():
        if not chosen:
            copied = load_into_copy(loaded, request, description)
            if copied is not None:
                return copied
        try:
            answer = load_model(request, description, steps)
        except EngineError:
            if chosen or not loaded.source:
                raise
            return _as_the_open_one(loaded, request, description, steps)
        if isinstance(answer, EntryNeeded) and not chosen and loaded.entry:
            return _as_the_open_one(loaded, request, description, steps)
        return answer


def _as_the_open_one(loaded: Loaded, request: LoadModel, description: FileDescription, steps: Steps) -> Answer:
    """With the source and the entry of the open model; its arguments come from the weights."""
    same = msgspec.structs.replace(request, source=loaded.source, entry=loaded.entry)
    return load_model(same, description, steps)
