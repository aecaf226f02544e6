"""What is known of a model before it runs: the name and kind of each module, and whose each parameter is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import nn

from inspector.engine.capture.programs import is_program_part, original_class, original_name
from inspector.engine.foreign import ForeignModule, ForeignOperation

# These torch.nn modules run others; all the other ones do their work out of sight, in one operation.
_RUN_OTHERS = {
    "AdaptiveLogSoftmaxWithLoss",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Sequential",
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
}
_TORCHS_OWN = ("torch.nn.modules.", "torch.ao.nn.", "torch.nn.quantized.", "torch.nn.intrinsic.")
_PLAIN_TENSORS = (nn.Parameter, torch.Tensor)
_opaque_classes: WeakKeyDictionary[type[nn.Module], bool] = WeakKeyDictionary()
# What every module has of its own, and what is no place where tensors are held.
_MODULES_OWN = frozenset(vars(nn.Module()))
_HOLDERS = (list, tuple, dict)
# A longer list of tensors held by a module is data, and not looked through.
_MOST_HELD = 1000
# Stands for a guest that has left.
_GONE = nn.Module()
_NEVER_CALLED = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)


@dataclass(slots=True, eq=False)
class KnownModule:
    """A module under its first name, and the one that holds it. `opaque` ones are drawn as one node, whatever they do.

    A module of a `saved` program `collapses` into one node after the run, where its class was such a one. `num_params`
    counts its parameters and those inside it, shared ones once. A `guest` is called, but is none of the model's.
    """

    module: nn.Module
    fqn: str
    parent: "KnownModule | None"
    opaque: bool
    in_place: bool
    class_name: str
    num_params: int = 0
    calls: int = 0
    used: bool = False
    saved: bool = False
    collapses: bool = False
    guest: bool = False


class KnownTensor(NamedTuple):
    """A parameter, a buffer or what else a module held before it ran, under its first name, and the module."""

    tensor: torch.Tensor
    fqn: str
    owner: KnownModule
    kind: Literal["parameter", "buffer", "constant"]


class ModelTable:
    """The modules of a model by their order, its parameters and buffers by identity."""

    def __init__(self, root: nn.Module) -> None:
        self.modules: list[KnownModule] = []
        self.tensors: dict[int, KnownTensor] = {}
        self._shares = False
        self._is_lazy = False
        self._guests: WeakKeyDictionary[nn.Module, str] = WeakKeyDictionary()
        self._guest_names: dict[str, int] = {}
        self._guest_calls: dict[str, int] = {}
        self._present: dict[int, KnownModule] = {}
        self._holding: list[KnownModule] = []
        self._add_module(root, "", None, set())
        self._add_held()
        if self._shares:  # a parameter counted where it was met first may lie in other modules too
            self._recount()

    def settle(self) -> None:
        """After forward: lazy modules have their sizes, and another class."""
        if self._is_lazy:
            self._recount()
            for known in self.modules:
                known.class_name = class_name(known.module)

    def _recount(self) -> None:
        for known in self.modules:
            known.num_params = sum(num_elements(parameter) for parameter in known.module.parameters())

    def tensor(self, tensor: torch.Tensor) -> KnownTensor | None:
        """The parameter or buffer that `tensor` is, if it is one."""
        known = self.tensors.get(id(tensor))
        return known if known is not None and known.tensor is tensor else None

    @contextmanager
    def guest(self, module: nn.Module, around: KnownModule | None) -> Iterator[KnownModule]:
        """A module that is called though it is none of the model's: built in forward, or held in a plain list.

        It is known, with all inside it, until its call ends; so its parameters live no longer than they would.
        """
        known = self._present.get(id(module))
        if known is not None and known.module is module:  # inside another guest, or called by itself
            yield known
            return
        num_modules, num_tensors = len(self.modules), len(self.tensors)
        self._add_module(module, self._name_of(module, around), around, set())
        self._add_held()
        guests = self.modules[num_modules:]
        del self.modules[num_modules:]
        for guest in guests:
            guest.guest = True
            guest.calls = self._guest_calls.get(guest.fqn, 0)
            self._present[id(guest.module)] = guest
        try:
            yield guests[0]
        finally:
            for guest in guests:
                self._guest_calls[guest.fqn] = guest.calls
                del self._present[id(guest.module)]
                guest.module = _GONE
            while len(self.tensors) > num_tensors:
                self.tensors.popitem()

    def _name_of(self, module: nn.Module, around: KnownModule | None) -> str:
        """`block.Linear()`, the next one of that class `block.Linear() 2`."""
        name = self._guests.get(module)
        if name is None:
            place = f"{around.fqn}." if around is not None and around.fqn else ""
            plain = f"{place}{type(module).__name__}()"
            count = self._guest_names[plain] = self._guest_names.get(plain, 0) + 1
            name = self._guests[module] = plain if count == 1 else f"{plain} {count}"
        return name

    def _add_module(self, module: nn.Module, fqn: str, parent: KnownModule | None, seen: set[int]) -> int:
        """In the order of `named_modules`, which takes several times as long on deep models. Gives the parameters."""
        seen.add(id(module))
        in_place = bool(vars(module).get("inplace", False))
        known = KnownModule(module, fqn, parent, is_opaque(module), in_place, _live_name(module))
        if is_program_part(module):
            known.saved, known.collapses, known.class_name = True, collapses(module), class_name(module)
        self.modules.append(known)
        prefix = f"{fqn}." if fqn else ""
        elements = 0
        for name, parameter in module._parameters.items():
            if parameter is not None:
                elements += self._add_tensor(parameter, prefix + name, known, "parameter")
        for name, buffer in module._buffers.items():
            if buffer is not None:
                self._add_tensor(buffer, prefix + name, known, "buffer")
        if not known.opaque and len(vars(module)) > len(_MODULES_OWN):
            self._holding.append(known)
        for name, child in module._modules.items():
            if child is None:
                continue
            if id(child) in seen:
                self._shares = True
            else:
                elements += self._add_module(child, prefix + name, known, seen)
        known.num_params = elements
        return elements

    def _add_held(self) -> None:
        """Tensors that are plain attributes, alone or in a list or dict: a table of anchors, a mask.

        Behind all parameters and buffers: one that is held elsewhere too keeps its name.
        """
        for known in self._holding:
            prefix = f"{known.fqn}." if known.fqn else ""
            for name, value in vars(known.module).items():
                if name in _MODULES_OWN:
                    continue
                if isinstance(value, torch.Tensor):
                    self.tensors.setdefault(id(value), KnownTensor(value, prefix + name, known, "constant"))
                elif isinstance(value, _HOLDERS) and 0 < len(value) <= _MOST_HELD:
                    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                        if isinstance(item, torch.Tensor):
                            fqn = f"{prefix}{name}[{key!r}]"
                            self.tensors.setdefault(id(item), KnownTensor(item, fqn, known, "constant"))
        self._holding.clear()

    def _add_tensor(
        self, tensor: torch.Tensor, fqn: str, owner: KnownModule, kind: Literal["parameter", "buffer"]
    ) -> int:
        if id(tensor) in self.tensors:
            self._shares = True
            return 0
        self.tensors[id(tensor)] = KnownTensor(tensor, fqn, owner, kind)
        if is_lazy(tensor):
            self._is_lazy = True
            return 0
        return tensor.numel() if kind == "parameter" else 0


def all_modules(root: nn.Module) -> list[nn.Module]:
    """Each module once; several times as fast as `modules()`."""
    found = {id(root): root}
    waiting = [root]
    while waiting:
        for child in waiting.pop()._modules.values():
            if child is not None and id(child) not in found:
                found[id(child)] = child
                waiting.append(child)
    return list(found.values())


def parameters_of(module: nn.Module) -> list[torch.Tensor]:
    """Its parameters and those inside it, each once."""
    if module._modules:
        return list(module.parameters())
    own: list[torch.Tensor] = [parameter for parameter in module._parameters.values() if parameter is not None]
    return own if len(own) < 2 or len(set(map(id, own))) == len(own) else list(module.parameters())


def is_opaque(module: nn.Module) -> bool:
    """Whether a call of `module` is one operation: torch's own leaves, and classes that inherit their forward."""
    if isinstance(module, (torch.jit.ScriptModule, ForeignOperation)):
        return True
    if "forward" in vars(module):
        return False
    kind = type(module)
    known = _opaque_classes.get(kind)
    if known is None:
        known = _opaque_classes[kind] = _is_opaque_class(kind)
    return known


def _is_opaque_class(kind: type[nn.Module]) -> bool:
    for base in kind.__mro__:
        if "forward" in vars(base):
            return base.__module__.startswith(_TORCHS_OWN) and base.__name__ not in _RUN_OTHERS
    return False


def collapses(module: nn.Module) -> bool:
    """Whether it came out of a saved program, and was a module that is drawn as one node."""
    if not is_program_part(module):
        return False
    kind = original_class(module)
    return kind is not None and _is_opaque_class(kind)


def class_name(module: nn.Module) -> str:
    """The class's name; for a module of a saved program that of the class that it was made from."""
    if is_program_part(module):
        return original_name(module).rpartition(".")[2] or type(module).__name__
    return _live_name(module)


def _live_name(module: nn.Module) -> str:
    """The class's name; for a module of a foreign program what it is told to be."""
    if isinstance(module, ForeignModule) and module.foreign_class:
        return module.foreign_class
    return type(module).__name__


def uncalled_modules(table: ModelTable, *, with_parameters: bool = False) -> tuple[str, ...]:
    """The topmost modules that neither ran nor had a parameter used, in order.

    What lies inside an operation that ran (attention's `out_proj`) counts as used; lists of modules are never called
    themselves, so their members are told instead. `with_parameters` leaves out those without any.
    """
    alive: set[int] = set()
    for known in table.modules:
        if known.calls or known.used:
            alive.update(id(holder) for holder in _and_holders(known))
    told: set[int] = set()
    listed: list[str] = []
    for known in table.modules:
        if id(known) in alive or _is_list(known):
            continue
        if with_parameters and not known.num_params:
            continue
        holders = list(_and_holders(known))[1:]
        if any(id(holder) in told or (holder.calls and holder.opaque) for holder in holders):
            continue
        told.add(id(known))
        listed.append(known.fqn)
    return tuple(listed)


def _is_list(known: KnownModule) -> bool:
    return isinstance(known.module, _NEVER_CALLED) or known.class_name in ("ModuleList", "ModuleDict")


def _and_holders(known: KnownModule) -> Iterator[KnownModule]:
    holder: KnownModule | None = known
    while holder is not None:
        yield holder
        holder = holder.parent


def is_lazy(tensor: torch.Tensor) -> bool:
    """Whether it has no size until the first forward."""
    if type(tensor) in _PLAIN_TENSORS:  # nearly all; a parameter's class is asked slowly
        return False
    return isinstance(tensor, (nn.UninitializedParameter, nn.UninitializedBuffer))


def num_elements(tensor: torch.Tensor) -> int:
    """How many values it has; 0 for a lazy one."""
    return 0 if is_lazy(tensor) else tensor.numel()
