"""What a torch pickle holds, in order: state_dicts, pickled modules and the plain values beside them, each by its path.

Works on inert values; shared and cyclic parts are walked with a budget: a small file can name a part a million times.
"""

import time
from dataclasses import dataclass, field

from inspector.engine.formats.pickle_values import (
    Call,
    Global,
    Pair,
    Pairs,
    Persistent,
    Value,
    items_of,
    pairs_of,
    text_of,
)
from inspector.engine.formats.plain_values import key_text, shown_value
from inspector.engine.formats.reading import Refused
from inspector.engine.formats.suspicions import find_in_state
from inspector.engine.formats.torch_tensors import read_tensor
from inspector.protocol.files import ModuleEntry, TensorEntry

MAX_DEPTH = 200
MAX_STEPS = 500_000
MAX_NAMES_LENGTH = 50_000_000
MAX_SECONDS = 4.0
MAX_VISITS = 16
_COMPILED = "torch._dynamo.eval_frame.OptimizedModule"  # `torch.compile(model)` is pickled as a call with the model


@dataclass
class Contents:
    """All that was found. Paths are joined by dots; `groups` counts the tensors directly in each dict, by its path."""

    kind: str = "nothing"  # of the root: tensors, dict, module, tensor, nothing
    tensors: list[TensorEntry] = field(default_factory=list)
    modules: list[ModuleEntry] = field(default_factory=list)
    groups: dict[tuple[str, ...], int] = field(default_factory=dict)
    module_paths: list[tuple[str, ...]] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    suspicions: list[str] = field(default_factory=list)
    steps: int = 0
    names_length: int = 0
    visits: dict[int, int] = field(default_factory=dict)  # by identity; the root keeps every part alive
    deadline: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)

    def is_repeated(self, value: Value) -> bool:
        """Whether a part was walked often enough: honest files name one a few times, hostile ones 2^100 times."""
        self.visits[id(value)] = self.visits.get(id(value), 0) + 1
        return self.visits[id(value)] > MAX_VISITS

    def step(self, depth: int) -> None:
        """Count one step of the walk.

        Raises:
            Refused: the walk is longer or deeper than any honest file needs.
        """
        self.steps += 1
        late = self.steps % 16 == 0 and time.monotonic() > self.deadline
        if late or self.steps > MAX_STEPS or depth > MAX_DEPTH:
            raise Refused("It nests or repeats its parts more than any honest file.")

    def named(self, name: str) -> str:
        """The name, counted: 200 long keys above 400,000 values are few bytes in a file, and names of 40 GB.

        Raises:
            Refused: all names together are longer than any honest file's.
        """
        self.names_length += len(name)
        if self.names_length > MAX_NAMES_LENGTH:
            raise Refused("The names in it are longer than any honest file's.")
        return name


def read_contents(root: Value) -> Contents:
    """Walk the root value of a pickle."""
    contents = Contents()
    tensor = read_tensor(root, "tensor")
    if tensor is not None:
        contents.kind = "tensor"
        contents.tensors.append(tensor)
    elif module_state(root) is not None:
        contents.kind = "module"
        contents.module_paths.append(())
        _walk_module(contents, root, "", (), 0)
    else:
        pairs = pairs_of(root)
        if pairs is not None:
            _walk_dict(contents, pairs, (), 0)
            contents.kind = "tensors" if _is_flat(pairs, contents.groups.get((), 0)) else "dict"
        else:
            _walk_items(contents, root, (), 0)
    return contents


def module_state(value: Value) -> list[Pair] | None:
    """The attributes of a pickled nn.Module, or None if this is none: it has `_modules` and `_parameters`."""
    if not isinstance(value, Call):
        return None
    if class_name_of(value) == _COMPILED and value.arguments and module_state(value.arguments[0]) is not None:
        children = Pairs([("_orig_mod", value.arguments[0])])
        return [("_parameters", Pairs()), ("_buffers", Pairs()), ("_modules", children)]
    state = value.state
    if isinstance(state, tuple) and state and pairs_of(state[0]) is not None:
        state = state[0]
    pairs = pairs_of(state)
    if pairs is None:
        return None
    keys = {key for key, _ in pairs[:2000] if isinstance(key, str)}  # only plain texts are hashed
    return pairs if {"_modules", "_parameters"} <= keys else None


def class_name_of(value: Value) -> str:
    """The dotted name of the class of a pickled module; the older form wraps it with its source text."""
    function = value.function if isinstance(value, Call) else value
    if isinstance(function, Persistent) and isinstance(function.id, tuple) and len(function.id) > 1:
        function = function.id[1]
    return function.name if isinstance(function, Global) else "unknown"


def _is_flat(pairs: list[Pair], num_tensors: int) -> bool:
    """Whether a dict is a state_dict: tensors under texts and nothing else but torch's extra states."""
    names = [text_of(key) for key, _ in pairs]
    extra = sum(
        read_tensor(value, "") is None
        for name, (_, value) in zip(names, pairs, strict=True)
        if name is not None and name.endswith("_extra_state")
    )
    return num_tensors > 0 and None not in names and num_tensors + extra == len(pairs)


def _walk_dict(contents: Contents, pairs: list[Pair], path: tuple[str, ...], depth: int) -> None:
    for key, value in pairs:
        contents.step(depth)
        place = (*path, key_text(key))
        tensor = read_tensor(value, contents.named(".".join(place)))
        if tensor is not None:
            contents.tensors.append(tensor)
            contents.groups[path] = contents.groups.get(path, 0) + 1
        else:
            _walk_value(contents, value, place, depth + 1)


def _walk_value(contents: Contents, value: Value, path: tuple[str, ...], depth: int) -> None:
    contents.step(depth)
    if module_state(value) is not None:
        contents.module_paths.append(path)
        _walk_module(contents, value, ".".join(path), (), depth)
        return
    shown = shown_value(value)
    if shown is not None:
        counts_steps = path[-1:] == ("step",) and path[-2:-1] and path[-2].isdigit()  # an optimiser's, per parameter
        if len(contents.values) < 200 and not counts_steps:
            contents.values[".".join(path)] = shown
        return
    if contents.is_repeated(value):
        return
    pairs = pairs_of(value)
    if pairs is None and isinstance(value, Call) and isinstance(value.state, Pairs):
        pairs = value.state.items
    if pairs is not None:
        _walk_dict(contents, pairs, path, depth)
    else:
        _walk_items(contents, value, path, depth)


def _walk_items(contents: Contents, value: Value, path: tuple[str, ...], depth: int) -> None:
    for place, item in enumerate(items_of(value) or []):
        contents.step(depth)
        here = (*path, str(place))
        tensor = read_tensor(item, contents.named(".".join(here)))
        if tensor is not None:
            contents.tensors.append(tensor)
        else:
            _walk_value(contents, item, here, depth + 1)


def _walk_module(contents: Contents, value: Value, fqn: str, above: tuple[int, ...], depth: int) -> None:
    contents.step(depth)
    if id(value) in above:
        contents.suspicions.append(f"Module {fqn or 'root'} contains itself.")
        return
    if contents.is_repeated(value):
        return
    contents.modules.append(ModuleEntry(fqn=fqn, class_name=class_name_of(value)))
    state = module_state(value) or []
    parts = {key: inner for key, inner in state if isinstance(key, str)}
    for kind in ("_parameters", "_buffers"):
        _add_tensors(contents, pairs_of(parts.get(kind)) or [], fqn, depth)
    contents.suspicions += find_in_state(class_name_of(value), state, fqn)
    for key, child in pairs_of(parts.get("_modules")) or []:
        if child is not None:
            name = key_text(key)
            place = contents.named(f"{fqn}.{name}" if fqn else name)
            _walk_module(contents, child, place, (*above, id(value)), depth + 1)


def _add_tensors(contents: Contents, pairs: list[Pair], fqn: str, depth: int) -> None:
    for key, value in pairs:
        contents.step(depth)
        name = key_text(key)
        tensor = read_tensor(value, contents.named(f"{fqn}.{name}" if fqn else name))
        if tensor is not None:
            contents.tensors.append(tensor)
