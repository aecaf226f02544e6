"""Weights met with the source that defines their class: the entry whose keys match best, its arguments, the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.loading.beside import find_source_beside
from inspector.engine.loading.choosing import in_order_of_preference, named_entry, needs_arguments
from inspector.engine.loading.consent import ask
from inspector.engine.loading.constructing import construct, missing_arguments, real_entries
from inspector.engine.loading.keys import Fit, fit_keys, load_fitting, shapes_of
from inspector.engine.loading.loaded import Answer, Loaded
from inspector.engine.loading.proposals import propose_arguments, sizes_from_mismatch
from inspector.engine.loading.surroundings import class_names_in, config_beside, preprocessing_of, settings_in
from inspector.engine.loading.trusted_source import SourceFile, read_source
from inspector.engine.loading.weights import Weights
from inspector.engine.module_tree import model_info
from inspector.protocol.events import EntryNeeded
from inspector.protocol.files import Entry, FileDescription
from inspector.protocol.requests import LoadModel

_MAX_TRIED = 24
_MAX_SIZES = 12


@dataclass(frozen=True)
class Candidate:
    """An entry with the arguments that make it, how its keys meet the weights, and what was proposed."""

    entry: Entry
    arguments: dict[str, str]
    fit: Fit
    notes: tuple[str, ...] = ()


def source_for(request: LoadModel, description: FileDescription) -> SourceFile | None:
    """The source that was given, or the one found beside the file; nothing runs."""
    path = request.source or find_source_beside(request.path, description)
    return read_source(path) if path else None


def load_with_source(request: LoadModel, description: FileDescription, weights: Weights, source: SourceFile) -> Answer:
    """Make the model that the source defines and load the weights into it.

    Raises:
        EngineError: no class of the source has keys like these, or it can't be made.
    """
    if not source.is_trusted(request):
        return ask([source.trust_item])
    module = source.run()
    beside = {**config_beside(request.path), **weights.beside}
    settings = settings_in(beside)
    found = real_entries(module, source.outline.entries)
    entries = tuple(propose_arguments(entry, weights.shapes, settings) for entry in found)
    if not entries:
        raise EngineError(
            f"{Path(source.path).name} defines no model.", "Attach the .py that defines the class of these weights."
        )
    chosen = _choose(request, module, entries, source, weights)
    if isinstance(chosen, EntryNeeded):
        return chosen
    model = construct(module, chosen.entry, chosen.arguments)
    fit = fit_keys(weights.state, shapes_of(model))
    load_fitting(model, fit)
    return Loaded(
        module=model,
        info=model_info(model, description.format),
        path=request.path,
        source=source.path,
        entry=chosen.entry.name,
        entries=entries,
        keys=fit.report,
        class_names=class_names_in(beside),
        notes=(*weights.notes, *chosen.notes, *_random_notes(fit, model)),
        preprocessing=preprocessing_of(model, request.path),
    )


def _choose(
    request: LoadModel, module: ModuleType, entries: tuple[Entry, ...], source: SourceFile, weights: Weights
) -> Candidate | EntryNeeded:
    if request.entry:
        entry = named_entry(request.entry, entries, source.path)
        candidate = _try(module, entry, request.arguments, weights)
        if candidate is None:
            return needs_arguments(entry, entries, request.arguments)
        return _checked(candidate, source, weights)
    ordered = in_order_of_preference(entries, source.outline, source.path)
    tried = _try_all(module, ordered, request.arguments, weights)
    if not tried:
        return _ask_for_arguments(ordered, entries, request.arguments, source)
    best = max(tried, key=lambda candidate: (candidate.fit.report.matched, -candidate.fit.faults))
    needing = [entry for entry in ordered if all(entry.name != one.entry.name for one in tried)]
    if not best.fit.report.matched and needing:
        return _ask_for_arguments(needing, entries, request.arguments, source)
    return _checked(best, source, weights)


def _try_all(
    module: ModuleType, ordered: list[Entry], arguments: Mapping[str, str], weights: Weights
) -> list[Candidate]:
    """Each entry that can be made; a failure counts only where there is no other."""
    tried: list[Candidate] = []
    failure: EngineError | None = None
    for entry in ordered[:_MAX_TRIED]:
        try:
            candidate = _try(module, entry, arguments, weights)
        except EngineError as error:
            failure = failure or error
            continue
        if candidate is not None:
            tried.append(candidate)
            if not candidate.fit.faults:
                break
    if failure is not None and not tried:
        raise failure
    return tried


def _ask_for_arguments(
    ordered: list[Entry], entries: tuple[Entry, ...], arguments: Mapping[str, str], source: SourceFile
) -> EntryNeeded:
    if len(ordered) == 1:
        return needs_arguments(ordered[0], entries, arguments)
    names = ", ".join(entry.name for entry in ordered[:8])
    return EntryNeeded(
        sentence=f"{Path(source.path).name} has {names}. Choose one, with its arguments.", entries=entries
    )


def _try(module: ModuleType, entry: Entry, arguments: Mapping[str, str], weights: Weights) -> Candidate | None:
    """The entry with the given arguments, or where those don't fit with the proposed; None where some are missing."""
    given = dict(arguments)
    proposed = {one.name: one.proposed for one in entry.parameters if one.proposed and one.name not in given}
    required = {one.name: one.proposed for one in entry.parameters if one.required and one.name in proposed}
    best: Candidate | None = None
    for extra in [required, *_sizes_for_one(entry, {**given, **required}, weights)]:
        best = _better(best, _make(module, entry, {**given, **extra}, {**required, **extra}, weights))
    if best is None or not best.fit.faults:
        return best
    told = sizes_from_mismatch(entry, best.fit.report.misshaped)
    for extra in (told, proposed, {**proposed, **told}):
        free = {name: value for name, value in extra.items() if name not in given}
        if free and best.fit.faults:
            best = _better(best, _make(module, entry, {**best.arguments, **free}, free, weights)) or best
    return best


def _sizes_for_one(entry: Entry, arguments: Mapping[str, str], weights: Weights) -> list[dict[str, str]]:
    """Where a single argument is missing and nothing tells it, each size that occurs in the weights."""
    missing = missing_arguments(entry, arguments)
    if len(missing) != 1:
        return []
    sizes = dict.fromkeys(size for shape in weights.shapes.values() for size in shape)
    return [{**arguments, missing[0]: str(size)} for size in list(sizes)[:_MAX_SIZES]]


def _better(first: Candidate | None, second: Candidate | None) -> Candidate | None:
    if first is None or second is None:
        return first or second
    return second if second.fit.faults < first.fit.faults else first


def _make(
    module: ModuleType,
    entry: Entry,
    arguments: dict[str, str],
    extra: dict[str, str],
    weights: Weights,
) -> Candidate | None:
    """The entry made with these arguments; None where some are missing, or where what was only proposed fails."""
    if missing_arguments(entry, arguments):
        return None
    try:
        model = _sketch(module, entry, arguments)
    except EngineError:
        if extra:
            return None
        raise
    fit = fit_keys(weights.state, shapes_of(model))
    notes = tuple(
        f"{name}={value} was taken from the weights." for name, value in extra.items() if _differs(entry, name)
    )
    return Candidate(entry, arguments, fit, notes)


def _sketch(module: ModuleType, entry: Entry, arguments: dict[str, str]) -> nn.Module:
    """The model without memory for its weights where it can be made so."""
    if entry.kind == "instance":
        return construct(module, entry, {})
    try:
        return construct(module, entry, arguments, on_meta=True)
    except EngineError:
        return construct(module, entry, arguments)


def _differs(entry: Entry, name: str) -> bool:
    return any(one.name == name and one.proposed != one.default for one in entry.parameters)


def _checked(candidate: Candidate, source: SourceFile, weights: Weights) -> Candidate:
    if candidate.fit.report.matched or not weights.state:
        return candidate
    theirs, ours = next(iter(weights.state)), next(iter(candidate.fit.report.missing), "none")
    raise EngineError(
        f"No key of the weights matches {candidate.entry.name} in {Path(source.path).name}: "
        f"the file has {theirs}, the model has {ours}.",
        "Attach the .py that defines the class that these weights were saved from.",
    )


def _random_notes(fit: Fit, model: nn.Module) -> tuple[str, ...]:
    """The loud note on what was not in the file."""
    names = {name for name, _ in model.named_parameters()}
    left = [key for key in (*fit.report.missing, *(one.key for one in fit.report.misshaped)) if key in names]
    if not left:
        return ()
    shown = ", ".join(left[:4]) + (" …" if len(left) > 4 else "")
    return (f"{len(left):,} of {len(names):,} parameters stay RANDOM, as the file has none that fit: {shown}.",)
