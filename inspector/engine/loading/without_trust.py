"""What can be had of a torch file without running anything of it: all, or the weights and what else is plain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats.pickle_values import Value, pairs_of, text_of
from inspector.engine.formats.pickled_modules import modules_in, state_of
from inspector.engine.formats.reading import Refused, Source, open_source
from inspector.engine.formats.torch_contents import class_name_of, module_state
from inspector.engine.loading.rebuilding import Rebuilder
from inspector.engine.loading.storages import CantRebuildError, open_torch_file
from inspector.engine.loading.weights import Weights, find_weights_in


@dataclass(frozen=True)
class Rebuilt:
    """What was had: a model where all its classes are torch's own, else its weights. `left_out` are names."""

    value: object
    left_out: tuple[str, ...] = ()
    beside: dict[str, object] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence on what was left out."""
        if not self.left_out:
            return ()
        shown = ", ".join(self.left_out[:4]) + (" …" if len(self.left_out) > 4 else "")
        return (f"Opened without its code, which left out {len(self.left_out):,} of its parts: {shown}.",)


def rebuild(path: str) -> object:
    """All that a torch file holds, without unpickling.

    Raises:
        CantRebuildError: some of it only unpickling could make.
        EngineError: it can't be read, or is damaged.
    """
    with open_source(path) as source:
        try:
            file = open_torch_file(source)
            return Rebuilder(file).build(file.root)
        except Refused as refused:
            raise _damaged(path, refused) from None
        except RecursionError:
            raise CantRebuildError("It nests more deeply than any honest model.") from None


def open_without_code(path: str) -> Rebuilt | Weights:
    """The model where it is of torch's own classes, and else the weights by name; whatever names code is left out.

    Raises:
        EngineError: there is neither, or it can't be read.
    """
    with open_source(path) as source:
        try:
            return _without_code(source, path)
        except Refused as refused:
            raise _damaged(path, refused) from None
        except CantRebuildError as reason:
            raise _nothing_in(path, str(reason)) from None
        except RecursionError:
            raise _nothing_in(path, "It nests more deeply than any honest model.") from None


def _without_code(source: Source, path: str) -> Rebuilt | Weights:
    file = open_torch_file(source)
    rebuilder = Rebuilder(file, lenient=True)
    for place, module in modules_in(file.root):
        try:
            made = rebuilder.build(module, place)
        except CantRebuildError:
            continue
        beside = _beside(rebuilder, file.root)
        return Rebuilt(made, tuple(rebuilder.left_out), beside)
    rebuilder.left_out.clear()
    for place, module in modules_in(file.root):
        state = _state_of(rebuilder, module)
        if state:
            nest = (place,) if place else ()
            rebuilt = Rebuilt(state, tuple(dict.fromkeys(rebuilder.left_out)))
            note = f"The weights of {class_name_of(module)} were taken by name, without its code."
            return Weights(state, nest, _beside(rebuilder, file.root), (note, *rebuilt.notes))
    value = rebuilder.build(file.root)
    found = find_weights_in(value, path)
    notes = Rebuilt(value, tuple(dict.fromkeys(rebuilder.left_out))).notes
    return Weights(found.state, found.nest, found.beside, (*found.notes, *notes))


def _beside(rebuilder: Rebuilder, root: Value) -> dict[str, object]:
    """The plain values beside a model in a checkpoint."""
    found: dict[str, object] = {}
    for key, value in pairs_of(root) or []:
        name = text_of(key)
        if name is None or module_state(value) is not None:
            continue
        try:
            made = rebuilder.build(value, name)
        except CantRebuildError:
            rebuilder.left_out.append(name)
            continue
        if not isinstance(made, torch.Tensor | nn.Module):
            found[name] = made
    return found


def _state_of(rebuilder: Rebuilder, module: Value) -> dict[str, torch.Tensor]:
    """The state_dict of a pickled module of any class, told from its tables alone."""
    state: dict[str, torch.Tensor] = {}
    for name, value in state_of(module):
        _take(rebuilder, state, name, value)
    return state


def _take(rebuilder: Rebuilder, state: dict[str, torch.Tensor], name: str, value: Value) -> None:
    try:
        made = rebuilder.build(value, name)
    except CantRebuildError:
        rebuilder.left_out.append(name)
        return
    if isinstance(made, torch.Tensor):
        state[name] = made.detach()


def module_in(loaded: object, path: str) -> tuple[nn.Module, Mapping[str, object]]:
    """The module, and the plain values beside it where it lay in a checkpoint.

    Raises:
        EngineError: there is none.
    """
    if isinstance(loaded, nn.Module):
        return loaded, {}
    if isinstance(loaded, Mapping):
        found = {str(key): value for key, value in loaded.items() if isinstance(value, nn.Module)}
        for key in ("model", "ema", "net", *found):
            if key in found:
                rest = {str(name): value for name, value in loaded.items() if name not in found}
                return found[key], rest
    raise EngineError(f"{Path(path).name} holds {type(loaded).__name__}, and no module.")


def _damaged(path: str, refused: Refused) -> EngineError:
    return EngineError(f"{Path(path).name} could not be loaded: {refused}", "It may be damaged; copy it anew.")


def _nothing_in(path: str, reason: str) -> EngineError:
    return EngineError(
        f"{Path(path).name} holds no weights that can be read without its code: {reason}",
        "Ask whoever made it for its weights as safetensors.",
    )
