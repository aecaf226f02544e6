"""Weights read from a file without trust: the state_dict, wherever in a checkpoint it lies, and what is beside it."""

import importlib
import warnings
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import torch

from inspector.engine.errors import EngineError
from inspector.engine.formats.allow_list import ALLOWED_GLOBALS, DATA_GLOBALS
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.hugging_face import find_weights
from inspector.engine.formats.nests import choose_nest, other_nests
from inspector.engine.formats.reading import unreadable
from inspector.engine.loading.safetensors_weights import read_safetensors
from inspector.protocol.files import FileDescription

_MAX_NESTING = 6


@dataclass(frozen=True)
class Weights:
    """A state_dict in the file's order, `nest` where it lay, `beside` the plain values of the checkpoint.

    `others` are the dicts of weights that were not taken.
    """

    state: dict[str, torch.Tensor]
    nest: tuple[str, ...] = ()
    beside: dict[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each key."""
        return {key: tuple(value.shape) for key, value in self.state.items()}


def read_weights(description: FileDescription, chosen: str = "") -> Weights:
    """Read the weights, with nothing but torch's weights-only reader or safetensors; `chosen` as in `find_weights_in`.

    Raises:
        EngineError: it can't be read so.
    """
    if description.format == "safetensors":
        return Weights(read_safetensors(description.path))
    if description.format == "hugging_face":
        return _read_folder(description.path)
    return find_weights_in(read_plainly(description.path, description.globals), description.path, chosen)


def read_plainly(source: str | IO[bytes], names: Iterable[str]) -> Any:  # noqa: ANN401 - whatever the file holds
    """`torch.load` with `weights_only`, and the allow-listed ones of `names` beside torch's own.

    Raises:
        EngineError: torch refuses it, or it is damaged.
    """
    name = Path(source).name if isinstance(source, str) else "The file"
    try:
        with allowed(names), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's own older storages
            return torch.load(source, map_location="cpu", weights_only=True)
    except OSError as error:
        raise unreadable(str(source), error) from error
    except Exception as error:
        if "GLOBAL" in str(error):  # torch wraps the refusal in errors of several kinds
            raise EngineError(
                f"{name} is refused by torch's safe reader: {_first_line(error)}",
                "Ask whoever made it for its weights as safetensors.",
            ) from error
        raise EngineError(
            f"{name} could not be loaded: {_first_line(error)}", "It may be damaged; copy it anew."
        ) from error


def allowed(names: Iterable[str]) -> AbstractContextManager[None]:
    """A context in which weights_only takes those of the names that are on the allow list, and never another."""
    pairs = [
        (value, name) for name in {*names, *DATA_GLOBALS} & ALLOWED_GLOBALS if (value := _resolve(name)) is not None
    ]
    context: AbstractContextManager[None] = torch.serialization.safe_globals(pairs)  # type: ignore[arg-type]  # aliases
    return context


def find_weights_in(loaded: object, path: str, chosen: str = "") -> Weights:
    """The state_dict in what a file held: the one at the `chosen` place (`run.ema`), or the likeliest.

    Raises:
        EngineError: there is none.
    """
    groups: dict[tuple[str, ...], int] = {}
    _count_groups(loaded, (), groups)
    nest = next((path for path in groups if ".".join(path) == chosen), None) if chosen else choose_nest(groups)
    if nest is None:
        raise EngineError(f"{Path(path).name} holds no weights that could be a model's.")
    inner = loaded
    for part in nest:
        inner = _by_text(inner, part)
    state = {str(key): value for key, value in _items(inner) if isinstance(value, torch.Tensor)}
    beside = {
        str(key): value for key, value in _items(loaded) if str(key) not in nest and not isinstance(value, torch.Tensor)
    }
    notes = []
    others = other_nests(groups, nest)
    if others:
        at = ".".join(nest)
        notes.append(f"The weights are those under `{at}`; the file also has {', '.join(others[:4])}.")
    return Weights(state, nest, beside, tuple(notes), tuple(others))


def _count_groups(value: object, path: tuple[str, ...], groups: dict[tuple[str, ...], int]) -> None:
    for key, inner in _items(value):
        if isinstance(inner, torch.Tensor):
            groups[path] = groups.get(path, 0) + 1
        elif isinstance(inner, Mapping) and len(path) < _MAX_NESTING:
            _count_groups(inner, (*path, str(key)), groups)


def _items(value: object) -> Iterable[tuple[object, object]]:
    return value.items() if isinstance(value, Mapping) else ()


def _by_text(value: object, text: str) -> object:
    return next((inner for key, inner in _items(value) if str(key) == text), None)


def _read_folder(path: str) -> Weights:
    files, missing = find_weights(Path(path))
    if missing:
        raise EngineError(f"Of its weights, {missing[0]} is missing.", "Fetch the whole folder again.")
    state: dict[str, torch.Tensor] = {}
    for file in files:
        if file.suffix == ".safetensors":
            state.update(read_safetensors(str(file)))
        else:
            state.update(find_weights_in(read_plainly(str(file), ()), str(file)).state)
    return Weights(state)


def _resolve(name: str) -> object | None:
    """The object of an allow-listed name; None where this version of the library has none."""
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return None


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next((line for line in lines if "Unsupported" in line or "GLOBAL" in line), lines[0] if lines else "")
    return clean_text(told or type(error).__name__, 300)
