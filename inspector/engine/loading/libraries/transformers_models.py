"""The models of transformers: a class and a configuration, whose whole numbers are the arguments.

Arguments of a configuration inside a configuration are dotted: `text_config.hidden_size`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.loading.libraries.library import Constructor, Family, Library, import_library
from inspector.engine.loading.libraries.sources import classes_in
from inspector.protocol.files import Entry, EntryParameter

_BASE = "PreTrainedModel"
# What belongs to generating text, not to what a model is made of.
_NEVER = ("_token_id", "_beams", "min_length", "max_length", "top_k", "chunk_size", "_return_sequences")


def _families() -> list[Family]:
    transformers: Any = import_library("transformers")
    transformers.logging.set_verbosity_error()
    folder = Path(str(transformers.__file__)).parent / "models"
    return [_family(str(file)) for file in sorted(folder.glob("*/modeling_*.py")) if "flax" not in file.name]


def _family(file: str) -> Family:
    def constructors() -> list[Constructor]:
        known = classes_in(file)
        return [
            Constructor(f"transformers.{name}", (), attributes)
            for name, (_, attributes) in known.items()
            if _is_model(name, known) and not name.endswith(_BASE) and not name.startswith("_")
        ]

    return Family(file, (), constructors)


def _is_model(name: str, known: Mapping[str, tuple[tuple[str, ...], frozenset[str]]], depth: int = 0) -> bool:
    bases = known[name][0]
    return any(
        base.endswith(_BASE) or (base in known and depth < 9 and _is_model(base, known, depth + 1)) for base in bases
    )


def model_class(name: str) -> Any:  # noqa: ANN401 - transformers' own class
    """The model class of that name.

    Raises:
        EngineError: this version has none.
    """
    transformers: Any = import_library("transformers")
    try:
        found = getattr(transformers, name)
    except (AttributeError, ImportError, RuntimeError):
        found = None
    if not isinstance(found, type) or not issubclass(found, transformers.PreTrainedModel):
        raise EngineError(
            f"transformers {transformers.__version__} has no model {clean_text(name, 80)}.", "Install another version."
        )
    return found


def _config_class(name: str) -> Any:  # noqa: ANN401 - transformers' own classes
    config = getattr(model_class(name.removeprefix("transformers.")), "config_class", None)
    if config is None:
        raise EngineError(f"{name} has no configuration of its own.")
    return config


def _entry(name: str) -> Entry:
    config = _config_class(name)()
    parameters = [EntryParameter(name="num_labels", annotation="int", default=str(config.num_labels))]
    parameters += [
        EntryParameter(name=key, annotation=type(value).__name__, default=repr(value))
        for key, value in _numbers(config.to_dict(), "")
        if key != "num_labels"
    ]
    return Entry(name=name, kind="library", parameters=tuple(parameters[:60]))


def _numbers(config: Mapping[str, object], before: str) -> Iterator[tuple[str, object]]:
    for key, value in config.items():
        if isinstance(value, Mapping) and key.endswith("_config"):
            yield from _numbers({str(name): inner for name, inner in value.items()}, f"{before}{key}.")
        elif type(value) is int and value >= 2 and not key.endswith(_NEVER):
            yield before + key, value
        elif isinstance(value, list | tuple) and value and all(type(one) is int for one in value):
            yield before + key, list(value)


def _make(name: str, arguments: Mapping[str, object]) -> nn.Module:
    made: nn.Module = model_class(name.removeprefix("transformers."))(_config_class(name)(**_nested(arguments)))
    return made


def _nested(arguments: Mapping[str, object]) -> dict[str, object]:
    nested: dict[str, Any] = {}
    for name, value in arguments.items():
        *outer, last = name.split(".")
        place = nested
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = value
    return nested


LIBRARY = Library("transformers", _families, _entry, _make, is_costly=True)
