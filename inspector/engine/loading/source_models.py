"""Models from Python source alone: consent, the choice of an entry, and its construction."""

from pathlib import Path

from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.loading.choosing import choose_entry, named_entry, needs_arguments
from inspector.engine.loading.consent import ask
from inspector.engine.loading.constructing import construct, missing_arguments, real_entries
from inspector.engine.loading.loaded import Answer, Loaded
from inspector.engine.loading.surroundings import preprocessing_of
from inspector.engine.loading.trusted_source import read_source
from inspector.engine.module_tree import model_info
from inspector.protocol.events import EntryNeeded
from inspector.protocol.requests import LoadModel


def load_source(request: LoadModel) -> Answer:
    """Make the model that a source file defines; its weights are random.

    Raises:
        EngineError: it defines none, or can't be made.
    """
    source = read_source(request.path)
    if not source.is_trusted(request):
        return ask([source.trust_item])
    module = source.run(request)
    entries = real_entries(module, source.outline.entries)
    if not entries:
        raise EngineError(
            f"{Path(request.path).name} defines no model: no nn.Module class, no function returning one, no instance.",
            "Open the .py file that defines the model's class.",
        )
    if request.entry:
        entry = named_entry(request.entry, entries, request.path)
        if missing_arguments(entry, request.arguments):
            return needs_arguments(entry, entries, request.arguments)
    else:
        chosen = choose_entry(entries, source.outline, request.arguments, request.path)
        if isinstance(chosen, EntryNeeded):
            return chosen
        entry = chosen
    model = construct(module, entry, request.arguments)
    return Loaded(
        module=model,
        info=model_info(model, "python_source"),
        path=request.path,
        source=request.path,
        entry=entry.name,
        entries=entries,
        class_names=_own_class_names(model),
        notes=_notes(entry.kind, model),
        preprocessing=preprocessing_of(model, request.path),
    )


def _own_class_names(model: object) -> tuple[str, ...]:
    for name in ("class_names", "classes", "CLASSES"):
        found = getattr(model, name, None)
        if isinstance(found, list | tuple) and found and all(isinstance(item, str) for item in found):
            return tuple(found)
    return ()


def _notes(kind: str, model: nn.Module) -> tuple[str, ...]:
    if kind == "class" and next(model.parameters(), None) is not None:
        return ("The weights are random: this is the source alone. Drop trained weights with it to load them.",)
    return ()
