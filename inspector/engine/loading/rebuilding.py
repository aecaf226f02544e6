"""Rebuilds what a torch file holds from the inert reading of its pickle: tensors, plain values, modules of torch.nn.

Nothing is unpickled and no function that a file names is called. An object comes into being in four ways only: a tensor
over bytes of the file; a plain value; an allow-listed class of torch.nn, made by `__new__` and given its attributes by
torch's own `__setstate__`; a function or dtype of the allow list as it is. All else is a CantRebuildError. It judges by
what it reads itself, and believes no description.
"""

import importlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import cast

import torch
from torch import nn

from inspector.engine.formats.allow_list import FUNCTION_GLOBALS, MODULE_GLOBALS
from inspector.engine.formats.cleaning import is_size
from inspector.engine.formats.pickle_values import Call, Global, Items, Pair, Pairs, Persistent, Value, pairs_of
from inspector.engine.formats.plain_values import key_text, numpy_number
from inspector.engine.formats.suspicions import find_in_state
from inspector.engine.formats.torch_contents import class_name_of, module_state
from inspector.engine.formats.torch_tensors import elements_needed, read_storage
from inspector.engine.loading.storages import CantRebuildError, TorchFile

MAX_DEPTH = 100
MAX_VALUES = 2_000_000
_PLAIN = (str, int, float, bool, bytes, type(None))
_DTYPES = ("float", "int", "uint", "bool", "bfloat", "complex")
_TABLES: dict[str, type] = {"_parameters": torch.Tensor, "_buffers": torch.Tensor, "_modules": nn.Module}
_TENSORS = {"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"}


class Rebuilder:
    """Builds each inert value once, however often it is named.

    Args:
        file: where the bytes of tensors are.
        lenient: leave out what can't be rebuilt, and list it in `left_out`, where otherwise nothing is built at all.
    """

    def __init__(self, file: TorchFile, *, lenient: bool = False) -> None:
        self._file = file
        self._lenient = lenient
        self._built: dict[int, tuple[Value, object]] = {}  # with the inert value, so that its id stays its own
        self._under_way: set[int] = set()
        self._storages: dict[str, torch.Tensor] = {}
        self.left_out: list[str] = []

    def build(self, value: Value, path: str = "", depth: int = 0) -> object:
        """The object that an inert value stands for. `path` names its place, for what can't be built.

        Raises:
            CantRebuildError: only unpickling could make it.
            Refused: the bytes of a tensor are not there.
        """
        if type(value) in _PLAIN:
            return value
        known = self._built.get(id(value))
        if known is not None:
            return known[1]
        if id(value) in self._under_way:
            raise CantRebuildError(f"{path or 'It'} contains itself.")
        if depth > MAX_DEPTH or len(self._built) > MAX_VALUES:
            raise CantRebuildError("It nests more deeply, or has more parts, than any honest model.")
        self._under_way.add(id(value))
        try:
            made = self._make(value, path, depth + 1)
        finally:
            self._under_way.discard(id(value))
        self._built[id(value)] = (value, made)
        return made

    def _make(self, value: Value, path: str, depth: int) -> object:
        match value:
            case tuple():
                return tuple(self._each(value, path, depth))
            case Items(kind="list"):
                return self._each(value.items, path, depth)
            case Items(kind=kind):
                made = self._each(value.items, path, depth, check=_hashable)
                return frozenset(made) if kind == "frozenset" else set(made)
            case Pairs():
                return self._dict(value.items, path, depth)
            case Global():
                return _allowed_value(value, path)
            case Call():
                return self._call(value, path, depth)
            case _:
                raise CantRebuildError(f"{path or 'It'} is nothing that torch writes.")

    def _each(
        self, values: Iterable[Value], path: str, depth: int, check: Callable[[object, str], object] | None = None
    ) -> list[object]:
        made = [self.build(inner, f"{path}[{place}]", depth) for place, inner in enumerate(values)]
        return [check(one, path) for one in made] if check else made

    def _dict(self, pairs: Iterable[Pair], path: str, depth: int) -> dict[Hashable, object]:
        found: dict[Hashable, object] = {}
        for key, inner in pairs:
            place = _joined(path, key)
            try:
                found[_hashable(self.build(key, path, depth), path)] = self.build(inner, place, depth)
            except CantRebuildError:
                if not self._lenient:
                    raise
                self.left_out.append(place)
        return found

    def _call(self, call: Call, path: str, depth: int) -> object:
        if module_state(call) is not None:
            return self._module(call, path, depth)
        if call.kwargs is not None or call.kind == "inst":
            raise CantRebuildError(
                f"{path or 'It'} is made by {call.name or 'a call'} in a way that torch never writes."
            )
        if call.name in _TENSORS:
            return self._tensor(call, path)
        if call.name == "torch._utils._rebuild_parameter":
            return self._parameter(call, path, depth)
        if call.name == "collections.OrderedDict":
            return self._ordered_dict(call, path, depth)
        return self._small(call, path, depth)

    def _small(self, call: Call, path: str, depth: int) -> object:
        """A set, a shape, a device, or one of numpy's numbers."""
        if call.state is None and len(call.arguments) <= 1:
            match call.name:
                case "builtins.set":
                    return {_hashable(one, path) for one in self._list_of(call.arguments, path, depth)}
                case "torch.Size":
                    return torch.Size([_size(one, path) for one in self._list_of(call.arguments, path, depth)])
                case "torch.device":
                    return torch.device("cpu")  # everything is loaded there
        number = numpy_number(call) if call.state is None else None
        if number is None:
            raise CantRebuildError(f"{path or 'It'} is made by {call.name or 'a call'}, which only unpickling runs.")
        return number

    def _list_of(self, args: tuple[Value, ...], path: str, depth: int) -> list[object]:
        inner = self.build(args[0], path, depth) if args else []
        if not isinstance(inner, list | tuple | set | frozenset):
            raise CantRebuildError(f"{path or 'It'} is made of something that is no list.")
        return list(inner)

    def _ordered_dict(self, call: Call, path: str, depth: int) -> OrderedDict[Hashable, object]:
        if call.items or (call.arguments and pairs_of(call) is None):
            raise CantRebuildError(f"{path or 'It'} is a dict made in a way that torch never writes.")
        made = OrderedDict(self._dict(pairs_of(call) or [], path, depth))
        for key, inner in pairs_of(call.state) or []:  # the versions of a state_dict's modules
            if key == "_metadata":
                made._metadata = self.build(inner, path, depth)  # type: ignore[attr-defined]  # as torch does it
        return made

    def _module(self, call: Call, path: str, depth: int) -> nn.Module:
        name = class_name_of(call)
        if name not in MODULE_GLOBALS:
            raise CantRebuildError(f"{path or 'The model'} is of the class {name}, whose code would have to run.")
        plain = call.kind == "newobj" and call.args == () and call.kwargs is None and not call.pairs and not call.items
        if not plain or not isinstance(call.state, Pairs):
            raise CantRebuildError(f"{path or 'The model'} ({name}) is made in a way that torch never writes.")
        made = _resolve(name)
        if not (isinstance(made, type) and issubclass(made, nn.Module)):
            raise CantRebuildError(f"This version of torch has no class {name}.")
        module = made.__new__(made)
        module.__setstate__(self._attributes(name, call.state.items, path, depth))  # type: ignore[no-untyped-call]  # torch's own, of that class
        return module

    def _attributes(self, class_name: str, state: list[Pair], path: str, depth: int) -> dict[str, object]:
        """The attributes of a module: none stands in for a method of its class, none is a hook."""
        found: dict[str, object] = {}
        for key, inner in state:
            if isinstance(key, str) and key in _TABLES:
                found[key] = self._table(key, inner, path, depth)
                continue
            place = _joined(path, key)
            try:
                forged = find_in_state(class_name, [(key, inner)], path)
                if forged or not isinstance(key, str):
                    raise CantRebuildError(forged[0] if forged else f"{place} is an attribute whose name is no text.")
                found[key] = self.build(inner, place, depth)
            except CantRebuildError:
                if not self._lenient:
                    raise
                self.left_out.append(place)
        return found

    def _table(self, table: str, value: Value, path: str, depth: int) -> dict[str, object]:
        """The parameters, buffers or children of a module: all of them or none, also when lenient."""
        pairs = pairs_of(value)
        if pairs is None or (isinstance(value, Call) and value.name != "collections.OrderedDict"):
            raise CantRebuildError(f"{path or 'The model'} has no table of {table.strip('_')}.")
        found: dict[str, object] = {}
        for key, inner in pairs:
            made = self.build(inner, _joined(path, key), depth)
            if not isinstance(key, str) or not (made is None or isinstance(made, _TABLES[table])):
                raise CantRebuildError(f"{_joined(path, key)} is not what belongs among {table.strip('_')}.")
            found[key] = made
        return found

    def _tensor(self, call: Call, path: str) -> torch.Tensor:
        args = call.arguments
        size = [_size(one, path) for one in _plain_list(args[2], path)] if len(args) >= 4 else []
        stride = [_size(one, path) for one in _plain_list(args[3], path)] if len(args) >= 4 else []
        needed = elements_needed(call)
        if needed is None or call.state is not None or (len(args) > 5 and not _is_empty(args[5])) or len(args) > 6:
            raise CantRebuildError(f"{path or 'It'} is a tensor of a kind that only torch's own reader makes.")
        flat = self._storage(args[0], path)
        if needed > flat.numel():
            raise CantRebuildError(f"{path or 'A tensor'} reaches beyond its storage.")
        tensor = flat.as_strided(size, stride, _size(args[1], path))
        return tensor.requires_grad_() if len(args) > 4 and args[4] is True and _can_learn(tensor) else tensor

    def _storage(self, value: Value, path: str) -> torch.Tensor:
        """A storage as a flat tensor of its dtype; one for all tensors that share it."""
        key, dtype_name = read_storage(value)
        dtype = getattr(torch, dtype_name, None) if dtype_name else None
        kind = value.id if isinstance(value, Persistent) and isinstance(value.id, tuple) else ()
        is_view = len(kind) > 5 and kind[5] is not None
        if not isinstance(dtype, torch.dtype) or dtype_name.startswith("q") or kind[:1] != ("storage",) or is_view:
            raise CantRebuildError(f"{path or 'A tensor'} has a storage that only torch's own reader takes.")
        if key not in self._storages:
            self._storages[key] = self._file.read_storage(key)
        raw = self._storages[key]
        return raw[: raw.numel() - raw.numel() % dtype.itemsize].view(dtype)

    def _parameter(self, call: Call, path: str, depth: int) -> nn.Parameter:
        args = call.arguments
        tensor = self.build(args[0], path, depth) if len(args) == 3 and call.state is None else None
        if not isinstance(tensor, torch.Tensor) or not _is_empty(args[2]):
            raise CantRebuildError(f"{path or 'It'} is a parameter made in a way that torch never writes.")
        return nn.Parameter(tensor.detach(), requires_grad=args[1] is True and _can_learn(tensor))


def _allowed_value(value: Global, path: str) -> object:
    """A function that torch's modules keep as an attribute, or a dtype; never a class."""
    short = value.name.removeprefix("torch.")
    if value.name in FUNCTION_GLOBALS:
        return _resolve(value.name)
    if value.name.startswith("torch.") and "." not in short and short.startswith(_DTYPES):
        dtype = getattr(torch, short, None)
        if isinstance(dtype, torch.dtype):
            return dtype
    raise CantRebuildError(f"{path or 'It'} is {value.name}, which only unpickling imports.")


def _resolve(name: str) -> object:
    """The object of a name that is on the allow list."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute, None)


def _hashable(value: object, path: str) -> Hashable:
    """A value whose hash takes no time: text, a number, or a short tuple of these."""
    parts = value if isinstance(value, tuple) else (value,)
    if all(type(part) in _PLAIN for part in parts):
        return value
    raise CantRebuildError(f"{path or 'It'} has a key that is neither text nor number.")


def _plain_list(value: Value, path: str) -> list[Value]:
    if isinstance(value, Call) and value.name == "torch.Size" and len(value.arguments) == 1:
        value = value.arguments[0]
    if isinstance(value, Items):
        return value.items
    if isinstance(value, tuple):
        return list(value)
    raise CantRebuildError(f"{path or 'A tensor'} has no shape.")


def _size(value: object, path: str) -> int:
    if is_size(value):
        return cast("int", value)
    raise CantRebuildError(f"{path or 'A tensor'} has no shape that a tensor could have.")


def _is_empty(value: Value) -> bool:
    """Whether these are no hooks, as torch writes them: an empty OrderedDict, or None."""
    return value is None or (pairs_of(value) == [] and (not isinstance(value, Call) or value.state is None))


def _can_learn(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def _joined(path: str, key: Value) -> str:
    return f"{path}.{key_text(key)}" if path else key_text(key)
