"""Which entry of a source is the model, where the user has not said: only where it is clear."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from inspector.engine.errors import WrongUseError
from inspector.engine.loading.constructing import missing_arguments
from inspector.engine.loading.static_entries import SourceOutline
from inspector.protocol.events import EntryNeeded
from inspector.protocol.files import Entry

_USUAL_FUNCTIONS = ("build_model", "create_model", "make_model", "get_model", "build", "create", "make")
_USUAL_INSTANCES = ("model", "net", "network")


def named_entry(name: str, entries: Iterable[Entry], path: str) -> Entry:
    """The entry of that name.

    Raises:
        WrongUseError: there is none; the sentence names those that are there.
    """
    entries = list(entries)
    for entry in entries:
        if entry.name == name:
            return entry
    there = ", ".join(entry.name for entry in entries[:10]) or "nothing"
    raise WrongUseError(f"{Path(path).name} has no model {name}; it has {there}.", "Choose one of these.")


def choose_entry(
    entries: tuple[Entry, ...], outline: SourceOutline, arguments: Mapping[str, str], path: str
) -> Entry | EntryNeeded:
    """The one entry that is clearly the model, or the question."""
    ready = [entry for entry in entries if not missing_arguments(entry, arguments)]
    if len(entries) == 1:
        return entries[0] if ready else needs_arguments(entries[0], entries, arguments)
    strong = [entry for entry in ready if entry.name not in outline.weak]
    for preference in (_by_file_name(strong, path), _by_usual_name(strong), _outermost(strong, outline)):
        if len(preference) == 1:
            return preference[0]
    if len(ready) == 1:
        return ready[0]
    names = ", ".join(entry.name for entry in entries[:8])
    return EntryNeeded(sentence=f"{Path(path).name} has several models: {names}. Choose one.", entries=entries)


def needs_arguments(entry: Entry, entries: tuple[Entry, ...], arguments: Mapping[str, str]) -> EntryNeeded:
    """The question for the arguments of an entry."""
    missing = missing_arguments(entry, arguments)
    return EntryNeeded(
        sentence=f"{entry.name} needs {', '.join(missing)} to be made.", entries=entries, chosen=entry.name
    )


def in_order_of_preference(entries: tuple[Entry, ...], outline: SourceOutline, path: str) -> list[Entry]:
    """All entries, the likeliest first; used to break ties between those that fit weights equally."""
    first = [*_by_file_name(entries, path), *_by_usual_name(entries), *_outermost(entries, outline)]
    return list({entry.name: entry for entry in [*first, *entries]}.values())


def _by_file_name(entries: Iterable[Entry], path: str) -> list[Entry]:
    stem = _plain(Path(path).stem)
    return [entry for entry in entries if entry.kind == "class" and _plain(entry.name) == stem]


def _by_usual_name(entries: Iterable[Entry]) -> list[Entry]:
    there = list(entries)
    for names, kind in ((_USUAL_FUNCTIONS, "function"), (_USUAL_INSTANCES, "instance")):
        found = [entry for name in names for entry in there if entry.name == name and entry.kind == kind]
        if found:
            return found[:1]
    instances = [entry for entry in there if entry.kind == "instance"]
    return instances if len(instances) == 1 else []


def _outermost(entries: Iterable[Entry], outline: SourceOutline) -> list[Entry]:
    return [entry for entry in entries if entry.name not in outline.used_by_others]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
