"""Weights met with the source that defines their class: the entry whose keys match best, its arguments, the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import msgspec
from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.loading.beside import find_source_beside
from inspector.engine.loading.choosing import in_order_of_preference, named_entry, needs_arguments
from inspector.engine.loading.consent import ask
from inspector.engine.loading.constructing import construct, missing_arguments, real_entries
from inspector.engine.loading.keys import Fit, fit_keys, keys_of
from inspector.engine.loading.loaded import Answer, Loaded
from inspector.engine.loading.meeting import meet_weights
from inspector.engine.loading.proposals import propose_arguments
from inspector.engine.loading.solving import Search, is_told, solve
from inspector.engine.loading.steps import SILENT, Steps
from inspector.engine.loading.surroundings import class_names_in, config_beside, preprocessing_of, settings_in
from inspector.engine.loading.trusted_source import SourceFile, read_source
from inspector.engine.loading.weights import Weights
from inspector.engine.module_tree import model_info
from inspector.protocol.events import EntryNeeded
from inspector.protocol.files import Entry, EntryParameter, FileDescription, Mend
from inspector.protocol.requests import LoadModel

_MAX_TRIED = 24


@dataclass(frozen=True)
class Candidate:
    """An entry with the arguments that make it, how its keys meet the weights, and what was proposed."""

    entry: Entry
    arguments: dict[str, str]
    fit: Fit
    notes: tuple[str, ...] = ()
    mends: tuple[Mend, ...] = ()


def source_for(request: LoadModel, description: FileDescription) -> SourceFile | None:
    """The source that was given, or the one found beside the file; nothing runs."""
    path = request.source or find_source_beside(request.path, description)
    return read_source(path) if path else None


def load_with_source(
    request: LoadModel, description: FileDescription, weights: Weights, source: SourceFile, steps: Steps = SILENT
) -> Answer:
    """Make the model that the source defines and load the weights into it.

    Raises:
        EngineError: no class of the source has keys like these, or it can't be made.
    """
    if not source.is_trusted(request):
        return ask([source.trust_item])
    module = source.run(request)
    beside = {**config_beside(request.path), **weights.beside}
    settings = settings_in(beside)
    found = real_entries(module, source.outline.entries)
    entries = tuple(propose_arguments(entry, weights.shapes, settings) for entry in found)
    if not entries:
        raise EngineError(
            f"{Path(source.path).name} defines no model.", "Attach the .py that defines the class of these weights."
        )
    chosen = _choose(request, _Maker(module, weights, settings, steps), entries, source)
    if isinstance(chosen, EntryNeeded):
        return chosen
    model = construct(module, chosen.entry, chosen.arguments)
    met = meet_weights(model, weights, request, chosen.mends)
    return Loaded(
        module=model,
        info=model_info(model, description.format),
        path=request.path,
        source=source.path,
        entry=chosen.entry.name,
        entries=entries,
        keys=met.report,
        class_names=class_names_in(beside),
        notes=(*weights.notes, *chosen.notes, *met.notes),
        preprocessing=preprocessing_of(model, request.path),
    )


@dataclass(frozen=True)
class _Maker:
    """Makes entries of a source as sketches, and meets them with the weights."""

    module: ModuleType
    weights: Weights
    settings: Mapping[str, object]
    steps: Steps

    def search(self, entry: Entry) -> Search:
        """A search for the arguments of an entry."""
        return Search(lambda arguments: self._fit(entry, arguments), self.steps)

    def _fit(self, entry: Entry, arguments: Mapping[str, str]) -> Fit | None:
        if missing_arguments(entry, arguments):
            return None
        try:
            return self.fit(entry, arguments)
        except EngineError:
            return None

    def fit(self, entry: Entry, arguments: Mapping[str, str]) -> Fit:
        """How the keys meet.

        Raises:
            EngineError: it can't be made with these arguments.
        """
        return fit_keys(self.weights.state, keys_of(_sketch(self.module, entry, dict(arguments))))


def _choose(
    request: LoadModel, maker: _Maker, entries: tuple[Entry, ...], source: SourceFile
) -> Candidate | EntryNeeded:
    if request.entry:
        entry = named_entry(request.entry, entries, source.path)
        candidate = _try(maker, entry, request.arguments)
        if not isinstance(candidate, Candidate):
            return _asked(entry, entries, request.arguments, candidate)
        return _checked(candidate, source, maker.weights)
    ordered = in_order_of_preference(entries, source.outline, source.path)
    tried, untold = _try_all(maker, ordered, request.arguments)
    if not tried:
        return _ask_for_arguments(ordered, entries, request.arguments, source, untold)
    best = max(tried, key=lambda candidate: (candidate.fit.report.matched, -candidate.fit.faults))
    needing = [entry for entry in ordered if all(entry.name != one.entry.name for one in tried)]
    if not best.fit.report.matched and needing:
        return _ask_for_arguments(needing, entries, request.arguments, source, untold)
    return _checked(best, source, maker.weights)


def _try_all(
    maker: _Maker, ordered: list[Entry], arguments: Mapping[str, str]
) -> tuple[list[Candidate], dict[str, dict[str, str]]]:
    """Each entry that can be made, and of the others what was found for them; a failure counts only where all fail."""
    tried: list[Candidate] = []
    untold: dict[str, dict[str, str]] = {}
    failure: EngineError | None = None
    for done, entry in enumerate(ordered[:_MAX_TRIED]):
        maker.steps.progress(f"Trying {entry.name}", done, len(ordered))
        try:
            candidate = _try(maker, entry, arguments)
        except EngineError as error:
            failure = failure or error
            continue
        if not isinstance(candidate, Candidate):
            untold[entry.name] = candidate
            continue
        tried.append(candidate)
        if not candidate.fit.faults:
            break
    if failure is not None and not tried and not untold:
        raise failure
    return tried, untold


def _ask_for_arguments(
    ordered: list[Entry],
    entries: tuple[Entry, ...],
    arguments: Mapping[str, str],
    source: SourceFile,
    untold: Mapping[str, Mapping[str, str]],
) -> EntryNeeded:
    if len(ordered) == 1:
        return _asked(ordered[0], entries, arguments, untold.get(ordered[0].name, {}))
    names = ", ".join(entry.name for entry in ordered[:8])
    shown = tuple(_with_proposals(entry, untold.get(entry.name, {})) for entry in entries)
    sentence = f"{Path(source.path).name} has {names}. Choose one, with its arguments."
    return EntryNeeded(sentence=sentence, entries=shown)


def _asked(
    entry: Entry, entries: tuple[Entry, ...], arguments: Mapping[str, str], found: Mapping[str, str]
) -> EntryNeeded:
    """The question for an entry's arguments, with what was found for some of them."""
    shown = tuple(_with_proposals(one, found) if one.name == entry.name else one for one in entries)
    return needs_arguments(entry, shown, {**arguments, **found})


def _with_proposals(entry: Entry, found: Mapping[str, str]) -> Entry:
    parameters = tuple(
        msgspec.structs.replace(one, proposed=found.get(one.name, one.proposed)) for one in entry.parameters
    )
    return msgspec.structs.replace(entry, parameters=parameters)


def _try(maker: _Maker, entry: Entry, given: Mapping[str, str]) -> Candidate | dict[str, str]:
    """The entry with the given arguments and those that fit best; where one is missing that nothing tells, the others.

    Raises:
        EngineError: it can't be made with the given arguments.
    """
    if entry.kind == "instance":
        return Candidate(entry, {}, maker.fit(entry, {}))
    search = maker.search(entry)
    solve(search, entry, given, maker.weights.shapes)
    if search.best is None:
        if missing_arguments(entry, given):
            return {}
        return Candidate(entry, dict(given), maker.fit(entry, given))  # which says why it can't be made
    untold = [one.name for one in entry.parameters if _is_guess(one, given, search)]
    if untold and search.best.report.matched:
        return {name: text for name, text in search.arguments.items() if name not in untold}
    found = {name: text for name, text in search.arguments.items() if name not in given}
    notes = tuple(
        f"{name}={text} was taken from the weights." for name, text in found.items() if _differs(entry, name, text)
    )
    return Candidate(entry, search.arguments, search.best, notes, _better_without(maker, entry, given, search))


def _is_guess(parameter: EntryParameter, given: Mapping[str, str], search: Search) -> bool:
    """Whether it is required, and any other value would fit as well."""
    named = parameter.name in given or parameter.proposed
    return parameter.required and not named and not is_told(search, parameter.name)


def _better_without(maker: _Maker, entry: Entry, given: Mapping[str, str], search: Search) -> tuple[Mend, ...]:
    """Where more keys would fit with other arguments than those that were given: a mend that takes them."""
    if not given or search.best is None or not search.best.faults:
        return ()
    free = maker.search(entry)
    solve(free, entry, {}, maker.weights.shapes)
    if free.best is None or free.best.faults >= search.best.faults:
        return ()
    defaults = {one.name: one.default for one in entry.parameters if not one.required}
    found = {name: text for name, text in defaults.items() if name in given} | free.arguments
    changed = {name: text for name, text in found.items() if search.arguments.get(name) != text}
    told = ", ".join(f"{name}={text}" for name, text in list(changed.items())[:3])
    why = f"With it {free.best.report.matched:,} keys fit in place of {search.best.report.matched:,}."
    return (Mend(name="arguments", label=f"Build with {told}", why=why, arguments=found),)


def _sketch(module: ModuleType, entry: Entry, arguments: dict[str, str]) -> nn.Module:
    """The model without memory for its weights where it can be made so."""
    if entry.kind == "instance":
        return construct(module, entry, {})
    try:
        return construct(module, entry, arguments, on_meta=True)
    except EngineError:
        return construct(module, entry, arguments)


def _differs(entry: Entry, name: str, text: str) -> bool:
    return any(one.name == name and one.default != text for one in entry.parameters)


def _checked(candidate: Candidate, source: SourceFile, weights: Weights) -> Candidate:
    if candidate.fit.report.matched or not weights.state:
        return candidate
    theirs, ours = next(iter(weights.state)), next(iter(candidate.fit.report.missing), "none")
    raise EngineError(
        f"No key of the weights matches {candidate.entry.name} in {Path(source.path).name}: "
        f"the file has {theirs}, the model has {ours}.",
        "Attach the .py that defines the class that these weights were saved from.",
    )
