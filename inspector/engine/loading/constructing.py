"""Makes the model of an entry: parses its arguments, calls it, and says in a sentence what went wrong."""

import inspect
from collections.abc import Mapping
from types import ModuleType

import torch
from torch import nn

from inspector.engine.errors import EngineError, said_by
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.loading.proposals import read_value
from inspector.protocol.files import Entry, EntryParameter


def real_entries(module: ModuleType, outlined: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The entries that are really there once the source has run: those outlined, then others that running showed."""
    there = [entry for entry in outlined if _is_entry(module, entry)]
    known = {entry.name for entry in there}
    for name, value in vars(module).items():
        if name in known or name.startswith("_"):
            continue
        if inspect.isclass(value) and issubclass(value, nn.Module) and value.__module__ == module.__name__:
            there.append(Entry(name=name, kind="class", parameters=_parameters(value)))
        elif isinstance(value, nn.Module):
            there.append(Entry(name=name, kind="instance", why="made when the file is run"))
    return tuple(there)


def construct(module: ModuleType, entry: Entry, arguments: Mapping[str, str], *, on_meta: bool = False) -> nn.Module:
    """Make the model. Random weights are the same each time.

    Raises:
        EngineError: its arguments don't fit, it raises, or it gives something else than a module.
    """
    value = getattr(module, entry.name)
    if entry.kind == "instance":
        if arguments:
            raise EngineError(f"{entry.name} is made by the file itself and takes no arguments.")
        return _checked(value, entry)
    unknown = [name for name in arguments if not _takes(value, name)]
    if unknown:
        raise EngineError(f"{signature_of(entry)} has no argument {unknown[0]}.", "Use the names of its signature.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        try:
            with torch.device("meta" if on_meta else "cpu"):
                made = value(**{name: read_value(text) for name, text in arguments.items()})
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            raise _failed(entry, error) from error
    return _checked(made, entry)


def signature_of(entry: Entry) -> str:
    """`Net(width, num_classes=10)`."""
    parts = [name.name if name.required else f"{name.name}={name.default}" for name in entry.parameters]
    return clean_text(f"{entry.name}({', '.join(parts)})", 300)


def missing_arguments(entry: Entry, arguments: Mapping[str, str]) -> list[str]:
    """The required arguments that are not given."""
    return [parameter.name for parameter in entry.parameters if parameter.required and parameter.name not in arguments]


def _is_entry(module: ModuleType, entry: Entry) -> bool:
    value = getattr(module, entry.name, None)
    match entry.kind:
        case "class":
            return inspect.isclass(value) and issubclass(value, nn.Module)
        case "function":
            return callable(value) and not inspect.isclass(value)
        case "instance":
            return isinstance(value, nn.Module)
        case "library":
            return False


def _takes(value: object, name: str) -> bool:
    try:
        parameters = inspect.signature(value).parameters  # type: ignore[arg-type]  # what is not callable raises
    except (TypeError, ValueError):
        return True
    kinds = {parameter.kind for parameter in parameters.values()}
    return name in parameters or inspect.Parameter.VAR_KEYWORD in kinds


def _parameters(value: type[nn.Module]) -> tuple[EntryParameter, ...]:
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return ()
    named = [one for one in parameters if one.kind not in {one.VAR_KEYWORD, one.VAR_POSITIONAL}]
    return tuple(
        EntryParameter(
            name=one.name,
            default="" if one.default is one.empty else clean_text(repr(one.default), 200),
            required=one.default is one.empty,
        )
        for one in named
    )


def _checked(made: object, entry: Entry) -> nn.Module:
    if isinstance(made, nn.Module):
        return made
    raise EngineError(
        f"{entry.name} gave {_with_article(type(made).__name__)}, not an nn.Module.",
        "Choose another class or function.",
    )


def _with_article(name: str) -> str:
    return f"an {name}" if name[:1].casefold() in set("aeiou") else f"a {name}"


def _failed(entry: Entry, error: BaseException) -> EngineError:
    said = clean_text(said_by(error), 300)
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return EngineError(f"{signature_of(entry)} ends the program instead of making a model.")
    return EngineError(
        f"{signature_of(entry)} could not be made: {type(error).__name__}: {said}",
        "Check the arguments that it is given." if entry.parameters else "Correct its __init__.",
    )
