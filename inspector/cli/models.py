"""Options that `run` and `evaluate` share: which model, and how pictures become tensors."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from inspector.cli.engine import CommandEngine, CommandError
from inspector.cli.printing import note
from inspector.protocol.events import AnyEvent, ConsentNeeded, EntryNeeded, FileDescribed, FileDrawn, ModelLoaded
from inspector.protocol.files import FileDescription
from inspector.protocol.inputs import Preprocess
from inspector.protocol.requests import LoadModel

_MAX_USES = 20


@dataclass(frozen=True)
class ModelOptions:
    """Which model, as given on the command line."""

    path: str
    source: str
    entry: str
    arguments: tuple[str, ...]
    trust: bool
    weights_only: bool = False


class NotLoadedError(CommandError):
    """No model came of the file, but the graph that it tells of itself."""

    def __init__(self, error: CommandError, description: FileDescription, drawn: FileDrawn) -> None:
        super().__init__(error.message, error.status)
        self.description = description
        self.drawn = drawn


def load(engine: CommandEngine, options: ModelOptions) -> ModelLoaded:
    """Load the model, and say on stderr what a user should know of it.

    Raises:
        CommandError: it can't be loaded; status 2 when an entry must be chosen, 3 when consent is needed.
    """
    request = load_request(options)
    engine.lend(request.path, request.source)
    seen: list[AnyEvent] = []
    try:
        loaded = _loaded(engine, request, seen)
    except CommandError as error:
        description = next((event.description for event in seen if isinstance(event, FileDescribed)), None)
        drawn = next((event for event in seen if isinstance(event, FileDrawn)), None)
        if error.status != 1 or description is None or drawn is None:
            raise
        raise NotLoadedError(error, description, drawn) from error
    say_loaded(loaded)
    return loaded


def _loaded(engine: CommandEngine, request: LoadModel, seen: list[AnyEvent]) -> ModelLoaded:
    loaded = None
    for reply in engine.ask(request):
        seen.append(reply.event)
        match reply.event:
            case ConsentNeeded():
                raise CommandError(consent_sentence(reply.event), 3)
            case EntryNeeded():
                raise CommandError(question_sentence(reply.event), 2)
            case ModelLoaded():
                loaded = reply.event
            case _:
                pass
    if loaded is None:
        raise CommandError("It was stopped before the model was loaded.")
    return loaded


def load_request(options: ModelOptions, *, try_inputs: bool = True) -> LoadModel:
    """The request that the options describe.

    Raises:
        CommandError: an option is wrong.
    """
    return LoadModel(
        path=absolute_path(options.path),
        source=absolute_path(options.source) if options.source else "",
        entry=options.entry,
        arguments=dict(_pairs(options.arguments, "--arg")),
        trust_everything=options.trust,
        weights_only=options.weights_only,
        try_inputs=try_inputs,
    )


def say_loaded(loaded: ModelLoaded) -> None:
    """Say on stderr what a user should know of a model that was loaded."""
    for text in (*loaded.notes, loaded.keys.sentence if loaded.keys is not None else ""):
        if text:
            note(f"inspector: {text}")


def consent_sentence(needed: ConsentNeeded) -> str:
    """What would run, by name and place, and what can be given to go on."""
    places = [
        f"\n  {use.risk}: {use.name}{f', in {use.where}' if use.where else ''}"
        for item in needed.items
        for use in item.uses
        if use.risk != "harmless" and item.what == "pickle"
    ]
    more = f"\n  and {len(places) - _MAX_USES} more" if len(places) > _MAX_USES else ""
    ways = "Give --source FILE.py, and --trust to allow it" if needed.missing else "Give --trust to allow it"
    without = ", or --weights-only to open it without that code." if needed.weights_only else "."
    return f"{needed.sentence} {ways}{without}{''.join(places[:_MAX_USES])}{more}"


def question_sentence(needed: EntryNeeded) -> str:
    """What has to be chosen or given."""
    if needed.chosen:
        return f"{needed.sentence} Give each as --arg NAME=VALUE."
    names = ", ".join(entry.name for entry in needed.entries)
    return f"{needed.sentence} Choose with --entry: {names}." if names else needed.sentence


def preprocess_from(path: str, loaded: ModelLoaded, shape: tuple[int, ...] | None) -> Preprocess:
    """The preprocessing in force: what fits the model, with the size of `shape` where that is given.

    What the file says goes before both; what it leaves out stays as it is.

    Raises:
        CommandError: the file is not there, or is no preprocessing.
    """
    fitting = _fitting(loaded.preprocess or Preprocess(), shape)
    if not path:
        return fitting
    try:
        given = msgspec.json.decode(Path(path).read_bytes(), type=dict[str, object])
        return _changed(fitting, given)
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.", 2) from error
    except msgspec.DecodeError as error:
        raise CommandError(f"{path} is no preprocessing: {error}.", 2) from error


def _changed(fitting: Preprocess, given: dict[str, object]) -> Preprocess:
    """`fitting` with the given fields.

    Figures for each channel that `fitting` brought go when the channels change.
    """
    if given.get("channels", fitting.channels) != fitting.channels:
        fitting = msgspec.structs.replace(fitting, mean=(), std=())
    return msgspec.convert(msgspec.to_builtins(fitting) | given, Preprocess)


def _fitting(proposed: Preprocess, shape: tuple[int, ...] | None) -> Preprocess:
    if shape is None or len(shape) != 4:
        return proposed
    _, channels, height, width = shape
    if channels not in (1, 3, 4):
        raise CommandError(f"Pictures have 1, 3 or 4 channels, not {channels}.", 2)
    return msgspec.structs.replace(proposed, height=height, width=width, channels=channels)


def parse_shape(text: str) -> tuple[int, ...]:
    """`1,3,224,224`, with or without brackets, as a shape.

    Raises:
        CommandError: it is none.
    """
    words = text.strip().strip("()[]").replace("x", ",").split(",")
    try:
        shape = tuple(int(word) for word in words if word.strip())
    except ValueError:
        shape = ()
    if not shape or min(shape) < 0:
        raise CommandError(f'"{text}" is no shape; write it as 1,3,224,224.', 2)
    return shape


def parse_mapping(words: tuple[str, ...]) -> dict[str, int]:
    """`CLASS=INDEX` words as a mapping.

    Raises:
        CommandError: a word is of another form.
    """
    try:
        return {name: int(value) for name, value in _pairs(words, "--map")}
    except ValueError as error:
        raise CommandError("--map takes CLASS=INDEX, with a whole number.", 2) from error


def _pairs(words: tuple[str, ...], option: str) -> list[tuple[str, str]]:
    pairs = []
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise CommandError(f'{option} takes NAME=VALUE, not "{word}".', 2)
        pairs.append((name.strip(), value))
    return pairs


def absolute_path(path: str) -> str:
    """The path from the root, as the engine has a working folder of its own.

    Raises:
        CommandError: there is none.
    """
    if not path:
        raise CommandError("A file's name is empty.", 2)
    return str(Path(path).absolute())
