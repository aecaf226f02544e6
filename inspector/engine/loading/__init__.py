"""Loads models by the ladder of trust: nothing of a file runs unless the user agreed. Must not know who listens."""

import copy
from dataclasses import replace

import msgspec

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.loading.consent import ask
from inspector.engine.loading.hugging_face_models import entry_of, load_folder
from inspector.engine.loading.import_guard import unasked_imports
from inspector.engine.loading.keys import fit_keys, keys_of
from inspector.engine.loading.libraries import library_of
from inspector.engine.loading.loaded import Answer, Loaded
from inspector.engine.loading.meeting import draw_anew, meet_weights
from inspector.engine.loading.mending import RESIZE, place_chosen
from inspector.engine.loading.onnx_models import load_onnx
from inspector.engine.loading.programs import load_exported, load_torchscript
from inspector.engine.loading.source_models import load_source
from inspector.engine.loading.source_module import detach_sources
from inspector.engine.loading.steps import SILENT, Steps
from inspector.engine.loading.surroundings import config_beside
from inspector.engine.loading.weights import Weights, find_weights_in, read_weights
from inspector.engine.loading.weights_with_library import load_with_library, offer_constructors
from inspector.engine.loading.weights_with_source import load_with_source, source_for
from inspector.engine.loading.whole_module import (
    Unpickled,
    load_module,
    load_module_without_code,
    read_without_asking,
    unpickle_trusted,
)
from inspector.engine.loading.without_trust import Rebuilt, open_without_code
from inspector.protocol.files import FileDescription
from inspector.protocol.requests import LoadModel


def load_model(request: LoadModel, description: FileDescription, steps: Steps = SILENT) -> Answer:
    """Load the model of a file that has been described, or say what has to be agreed to or chosen first.

    Raises:
        EngineError: it is no model, or can't be loaded; the sentence says why, and what mends it.
        Cancelled: it was asked to stop.
    """
    detach_sources()
    request = _without_blanks(request)
    try:
        answer = _load(request, description, steps)
    except EngineError:
        if not unasked_imports():
            raise
        return ask(unasked_imports())
    return ask(unasked_imports()) if unasked_imports() else answer


def _load(request: LoadModel, description: FileDescription, steps: Steps) -> Answer:
    match description.format:
        case "python_source":
            return _load_source(request, steps)
        case "state_dict" | "checkpoint" | "safetensors" | "hugging_face":
            return _load_weights(request, description, steps)
        case "module":
            return _load_module(request, description, steps)
        case "torchscript":
            return load_torchscript(request, description)
        case "exported_program":
            return load_exported(request, description)
        case "onnx":
            return load_onnx(request, description)
        case "unknown":
            raise EngineError(description.summary, "Drop a model: .pt, .pth, .safetensors, .pt2, .onnx or .py.")


def load_into_copy(
    loaded: Loaded, request: LoadModel, description: FileDescription, *, partly: bool = False
) -> Loaded | None:
    """The weights of a file in a copy of a model that is open: nothing but the open model's own code is needed.

    None where not every key fits, where they can't be had without trust, or the model can't be copied. `partly` takes
    what fits, after the mends that were asked for, where that is at least half of the keys or a mend would bring more;
    a head has as many outputs as the file says, and what the file lacks is random.
    """
    if description.format not in {"state_dict", "checkpoint", "safetensors", "hugging_face"}:
        return None
    try:
        had = _read(msgspec.structs.replace(request, weights_only=True), description)
        if not isinstance(had, Weights):
            return None
        fit = fit_keys(had.state, keys_of(loaded.module))
        whole = fit.report.matched and not fit.faults
        if not whole and not partly:
            return None
        module = copy.deepcopy(loaded.module)
        if not whole:
            draw_anew(module)
            request = msgspec.structs.replace(request, mends=(*request.mends, RESIZE))
        met = meet_weights(module, had, request)
        num_keys = max(len(fit.own.shapes), len(fit.state))
        if 2 * met.report.matched < num_keys and not met.report.mends:
            return None
    except (EngineError, RuntimeError, TypeError, AttributeError):
        return None
    info = msgspec.structs.replace(loaded.info, format=description.format)
    return replace(loaded, module=module, info=info, path=request.path, keys=met.report, notes=(*had.notes, *met.notes))


def _without_blanks(request: LoadModel) -> LoadModel:
    """A field of a form that was left empty is an argument not given; an empty text is written as quotes."""
    given = {name: text for name, text in request.arguments.items() if text.strip()}
    return msgspec.structs.replace(request, arguments=given)


def _load_source(request: LoadModel, steps: Steps) -> Answer:
    """A source alone; where its "source" is really the weights, both were dropped in the other order."""
    if request.source and request.source != request.path:
        other = describe_file(request.source)
        if other.format not in {"python_source", "unknown"}:
            return _load(msgspec.structs.replace(request, path=request.source, source=request.path), other, steps)
    return load_source(request)


def _load_module(request: LoadModel, description: FileDescription, steps: Steps) -> Answer:
    if not (request.weights_only and description.safety == "needs_consent"):
        return load_module(request, description)
    had = open_without_code(request.path)
    if isinstance(had, Rebuilt):
        return load_module_without_code(request, description, had)
    return _meet(request, description, had, steps)


def _load_weights(request: LoadModel, description: FileDescription, steps: Steps) -> Answer:
    if any(not module.guessed for module in description.modules):
        return _load_module(request, description, steps)
    return _meet(request, description, None, steps)


def _meet(request: LoadModel, description: FileDescription, weights: Weights | None, steps: Steps) -> Answer:
    """Weights meet a source, a library's constructor, or the question for one; which is known before they are read."""
    chosen = library_of(request.entry)
    source = source_for(request, description) if chosen is None else None
    config = config_beside(request.path) if description.format == "hugging_face" else {}
    if source is None and not request.entry and not entry_of(config):
        return offer_constructors(request, description, steps)
    had = weights or _read(request, description)
    if not isinstance(had, Weights):
        return had
    if source is not None:
        return load_with_source(request, description, had, source, steps)
    named = request.entry or entry_of(config)
    if named.startswith("timm.") or request.entry:
        return load_with_library(msgspec.structs.replace(request, entry=named), description, had, steps)
    return load_folder(request, description, had, config)


def _read(request: LoadModel, description: FileDescription) -> Weights | Answer:
    """The weights without trust; where the file names code beside them, with consent or without that code."""
    chosen = place_chosen(request.mends)
    if description.format in {"safetensors", "hugging_face"}:
        return read_weights(description, chosen)
    if description.safety != "needs_consent":
        plain = read_without_asking(request.path, description)
        if plain is not None:
            return find_weights_in(plain.value, request.path, chosen)
    elif request.weights_only:
        had = open_without_code(request.path)
        return had if isinstance(had, Weights) else find_weights_in(had.value, request.path, chosen)
    unpickled = unpickle_trusted(request)
    if not isinstance(unpickled, Unpickled):
        return unpickled
    return find_weights_in(unpickled.value, request.path, chosen)


__all__ = ["Loaded", "load_into_copy", "load_model"]
