"""Weights that came without source, met with the constructors of installed libraries: offered, or made as chosen."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import torch
from torch import nn

from inspector.engine.errors import EngineError, WrongUseError, said_by
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.loading.libraries import LIBRARIES, Library, NotUsable, library_of
from inspector.engine.loading.libraries.ranking import Ranked, Ranking, Sought, rank
from inspector.engine.loading.libraries.sketching import quiet, sketch_fit
from inspector.engine.loading.loaded import Loaded
from inspector.engine.loading.meeting import meet_weights
from inspector.engine.loading.proposals import read_value
from inspector.engine.loading.solving import Arguments, Search, solve
from inspector.engine.loading.steps import SILENT, Steps
from inspector.engine.loading.surroundings import class_names_in, config_beside, preprocessing_of, settings_in
from inspector.engine.loading.weights import Weights
from inspector.engine.module_tree import model_info
from inspector.protocol.events import EntryNeeded
from inspector.protocol.files import Entry, FileDescription
from inspector.protocol.requests import LoadModel

_NAMING = ("arch", "architecture", "model_name", "model_type", "backbone", "model", "_name_or_path", "name")
_WORTH_OFFERING = 0.5


def offer_constructors(request: LoadModel, description: FileDescription, steps: Steps = SILENT) -> EntryNeeded:
    """Ask which constructor it is, the likeliest first; names and shapes are enough, so nothing of the file is loaded.

    Raises:
        EngineError: no constructor has keys like these; the sentence says what else would do.
    """
    state = _outlined(description)
    sought = Sought(state, {}, _hints(request.path, {**config_beside(request.path), **description.metadata}))
    ranking = rank(sought, LIBRARIES, steps) if state else Ranking()
    good = [one for one in ranking.found if one.fit.report.matched >= _WORTH_OFFERING * len(state)]
    if not good:
        raise EngineError(
            f"{Path(request.path).name} holds weights alone, without the code of the model.", _what_to_do(ranking)
        )
    return EntryNeeded(
        sentence=_question(request.path, good, ranking),
        entries=tuple(_offered(one, len(state)) for one in good),
        chosen=good[0].entry.name,
    )


def load_with_library(
    request: LoadModel, description: FileDescription, weights: Weights, steps: Steps = SILENT
) -> Loaded:
    """Make the constructor that was chosen, and load the weights into it.

    Raises:
        EngineError: it can't be made.
        WrongUseError: there is no such constructor, or it has no such argument.
    """
    beside = {**config_beside(request.path), **weights.beside}
    sought = Sought(weights.state, settings_in(beside))
    library = known_library(request.entry)
    entry = library.entry(request.entry)
    taken = {one.name for one in entry.parameters}
    unknown = [name for name in request.arguments if name not in taken]
    if unknown:
        raise WrongUseError(f"{entry.name} has no argument {unknown[0]}; it has {', '.join(sorted(taken)) or 'none'}.")
    arguments, entry = _solved(library, entry, request.arguments, sought, steps)
    steps.progress(f"Building {entry.name}", 0, 0)
    model = make_with_library(entry.name, arguments)
    met = meet_weights(model, weights, request)
    found = {name: text for name, text in arguments.items() if name not in request.arguments}
    defaults = {one.name: one.default for one in entry.parameters}
    untold = tuple(name for name in defaults if _is_untold(name) and name not in {*request.arguments, *sought.settings})
    told = tuple(
        f"{name}={text} was taken from the weights."
        for name, text in found.items()
        if defaults[name] != text and name not in untold
    )
    told += tuple(_guessed(name, found.get(name, defaults[name])) for name in untold)
    return Loaded(
        module=model,
        info=model_info(model, description.format),
        path=request.path,
        entry=entry.name,
        entries=(entry,),
        keys=met.report,
        class_names=class_names_in(beside),
        notes=(*weights.notes, *told, *met.notes),
        preprocessing=preprocessing_of(model, request.path),
    )


def _is_untold(name: str) -> bool:
    """Whether it leaves no trace in the weights: heads share one matrix, however many they are."""
    return "head" in name.rpartition(".")[2] and "dim" not in name and "size" not in name


def _guessed(name: str, text: str) -> str:
    return (
        f"{name}={text} is a guess: weights don't tell it, and the outputs depend on it. Take it from the model's "
        "configuration, and give it as an argument."
    )


def _outlined(description: FileDescription) -> dict[str, torch.Tensor]:
    """The names and shapes of the weights, as tensors without memory."""
    nest = description.metadata.get("weights_at", "")
    start = f"{nest}." if nest else ""
    return {
        tensor.name.removeprefix(start): torch.empty(tensor.shape, device="meta")
        for tensor in description.tensors
        if tensor.name.startswith(start)
    }


def make_with_library(entry: str, arguments: Mapping[str, str]) -> nn.Module:
    """The model of a library's constructor. Random weights are the same each time.

    Raises:
        EngineError: the library is not to be had, has no such constructor, or refuses the arguments.
    """
    library = known_library(entry)
    values = {name: read_value(text) for name, text in arguments.items()}
    try:
        with quiet(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            made = library.make(entry, values)
    except EngineError:
        raise
    except (Exception, SystemExit) as error:
        told = ", ".join(f"{name}={text}" for name, text in arguments.items())
        said = clean_text(said_by(error), 300)
        raise EngineError(
            f"{entry}({told}) could not be made: {type(error).__name__}: {said}", "Check the arguments."
        ) from error
    if not isinstance(made, nn.Module):
        raise EngineError(f"{entry} gave {type(made).__name__}, not an nn.Module.")
    return made


def known_library(entry: str) -> Library:
    """The library of an entry, usable.

    Raises:
        EngineError: it is none of the known ones, or can't be used here.
        WrongUseError: it has no such constructor.
    """
    library = library_of(entry)
    if library is None:
        names = ", ".join(one.name for one in LIBRARIES)
        raise WrongUseError(f"{entry} is not a constructor of {names}.", "Attach the .py that defines it.")
    try:
        library.entry(entry)
    except NotUsable as error:
        fix = "" if error.installed else f"Install it into the app's environment: pip install {library.name}."
        raise EngineError(error.why, fix) from error
    except EngineError:
        raise
    except Exception as error:  # a registry's own way to say that it has none
        raise WrongUseError(f"{library.name} has no {entry}: {clean_text(said_by(error), 200)}") from error
    return library


def _solved(
    library: Library, entry: Entry, given: Mapping[str, str], sought: Sought, steps: Steps
) -> tuple[Arguments, Entry]:
    """The arguments that fit best, and the entry with them as proposals."""
    search = Search(lambda arguments: sketch_fit(library, entry.name, arguments, sought.state), steps)
    steps.progress(f"Trying arguments of {entry.name}", 0, 0)
    solve(search, propose_few(entry, sought), given, sought.shapes)
    arguments = search.arguments if search.best is not None else dict(given)
    return arguments, _with_proposed(entry, arguments)


def propose_few(entry: Entry, sought: Sought) -> Entry:
    """The entry with what the file's own settings tell."""
    told = {key: repr(value) for key, value in sought.settings.items()}
    return _with_proposed(entry, told)


def _with_proposed(entry: Entry, found: Mapping[str, str]) -> Entry:
    parameters = tuple(msgspec.structs.replace(one, proposed=found.get(one.name, "")) for one in entry.parameters)
    return msgspec.structs.replace(entry, parameters=parameters)


def _offered(one: Ranked, total: int) -> Entry:
    return msgspec.structs.replace(_with_proposed(one.entry, one.arguments), why=_match_text(one, total))


def _match_text(one: Ranked, total: int) -> str:
    report = one.fit.report
    told = f"{report.matched:,} of {total:,} keys match"
    more = [f"{len(report.misshaped):,} have another shape"] if report.misshaped else []
    more += [f"{len(report.missing):,} of the model are missing in the file"] if report.missing else []
    return ", ".join([told, *more])


def _question(path: str, good: Sequence[Ranked], ranking: Ranking) -> str:
    total = len(good[0].fit.state)
    parts = [f"{Path(path).name} holds weights alone. {good[0].entry.name} fits best: {_match_text(good[0], total)}."]
    equal = [one for one in good[1:] if one.fit.faults == good[0].fit.faults and not one.fit.faults]
    if equal:
        parts.append(
            f"{_listed([one.entry.name for one in equal])} {'has' if len(equal) == 1 else 'have'} the same keys and "
            "shapes, but may compute something else."
        )
    parts.append("Choose one, or attach the .py that defines the class.")
    if ranking.was_cut:
        parts.append("Not all constructors were tried in the time there was.")
    parts += [error.why for error in ranking.unusable if error.installed]
    return " ".join(parts)


def _what_to_do(ranking: Ranking) -> str:
    absent = [error.name for error in ranking.unusable if not error.installed]
    broken = [error.why for error in ranking.unusable if error.installed]
    tried = [library.name for library in LIBRARIES if library.name not in {error.name for error in ranking.unusable}]
    parts = ["Drop the .py that defines its class together with it, or attach it."]
    if tried:
        parts.append(f"No constructor of {_listed(tried)} has keys like these.")
    if absent:
        parts.append(f"For models of {_listed(absent, 'or')}, install it into the app's environment.")
    return " ".join([*parts, *broken])


def _listed(names: Sequence[str], last: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _hints(path: str, beside: Mapping[str, object]) -> frozenset[str]:
    """Words that may be the name of an architecture: of the file, its folder, and of settings that name one."""
    place = Path(path)
    texts = [place.stem, *(str(value) for value in _named(beside))]
    if place.is_dir() or place.stem in {"model", "pytorch_model", "weights", "checkpoint", "best", "last"}:
        texts.append(place.name if place.is_dir() else place.parent.name)
    return frozenset(word for text in texts for word in _words(text.casefold()))


def _words(text: str) -> Iterator[str]:
    """`resnet18-f37072fd` and `timm/resnet18.a1_in1k` → all starts of their parts, `resnet18` among them."""
    for part in re.split(r"[/\\\s]", text):
        pieces = re.split(r"([-_.])", part)
        for start in range(0, min(len(pieces), 12), 2):
            for end in range(start + 1, min(len(pieces), start + 14) + 1, 2):
                yield "".join(pieces[start:end]).replace("-", "_")


def _named(beside: Mapping[str, object]) -> Iterator[object]:
    for key in _NAMING:
        value = beside.get(key)
        if isinstance(value, str) and len(value) < 200:
            yield value
        for table in beside.values():
            inner = table.get(key) if isinstance(table, Mapping) else None
            if isinstance(inner, str) and len(inner) < 200:
                yield inner
