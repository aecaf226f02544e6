"""What is known of a model before it runs: the name and kind of each module, and whose each parameter is."""

from dataclasses import dataclass

import torch
from torch import nn

# These torch.nn modules run others; all the other ones do their work out of sight, in one operation.
_RUN_OTHERS = frozenset(
    [
        *"Module Sequential ModuleList ModuleDict AdaptiveLogSoftmaxWithLoss Transformer TransformerEncoder".split(),
        *"TransformerDecoder TransformerEncoderLayer TransformerDecoderLayer".split(),
    ]
)
_TORCHS_OWN = ("torch.nn.modules.", "torch.ao.nn.", "torch.nn.quantized.", "torch.nn.intrinsic.")


@dataclass(slots=True)
class KnownModule:
    """A module under its first name. `opaque` ones are drawn as one node, whatever they do inside."""

    module: nn.Module
    fqn: str
    opaque: bool
    in_place: bool
    calls: int = 0


@dataclass(frozen=True, slots=True)
class KnownTensor:
    """A parameter or buffer under its first name, and the fqn of the module that owns it."""

    tensor: torch.Tensor
    fqn: str
    owner: str
    is_parameter: bool


class ModelTable:
    """The modules of a model by their order, its parameters and buffers by identity."""

    def __init__(self, root: nn.Module) -> None:
        self.modules = [
            KnownModule(module, fqn, is_opaque(module), bool(getattr(module, "inplace", False)))
            for fqn, module in root.named_modules()
        ]
        self.tensors: dict[int, KnownTensor] = {}
        for known in self.modules:
            self._add_tensors(known)

    def _add_tensors(self, known: KnownModule) -> None:
        prefix = f"{known.fqn}." if known.fqn else ""
        for members, are_parameters in ((known.module._parameters, True), (known.module._buffers, False)):
            for name, tensor in members.items():
                if tensor is not None and id(tensor) not in self.tensors:
                    self.tensors[id(tensor)] = KnownTensor(tensor, prefix + name, known.fqn, are_parameters)

    def tensor(self, tensor: torch.Tensor) -> KnownTensor | None:
        """The parameter or buffer that `tensor` is, if it is one."""
        known = self.tensors.get(id(tensor))
        return known if known is not None and known.tensor is tensor else None


def is_opaque(module: nn.Module) -> bool:
    """Whether a call of `module` is one operation: torch's own leaves, and classes that inherit their forward."""
    if "forward" in vars(module):
        return False
    if isinstance(module, torch.jit.ScriptModule):
        return True
    for base in type(module).__mro__:
        if "forward" in vars(base):
            return base.__module__.startswith(_TORCHS_OWN) and base.__name__ not in _RUN_OTHERS
    return False


def own_num_params(module: nn.Module, *, inside: bool) -> int:
    """Elements of its parameters, shared ones once; `inside` counts those of its children too."""
    return sum(parameter.numel() for parameter in module.parameters(recurse=inside) if _has_size(parameter))


def uncalled_modules(table: ModelTable, used: set[str]) -> tuple[str, ...]:
    """The topmost modules that neither ran nor had a parameter used, in order.

    What lies inside an operation that ran (attention's `out_proj`) counts as used; lists of modules are never called
    themselves, so their members are told instead.
    """
    alive: set[str] = set(used)
    for known in table.modules:
        if known.calls:
            alive.add(known.fqn)
    for known in table.modules:
        if known.calls and known.opaque:
            prefix = f"{known.fqn}." if known.fqn else ""
            alive.update(other.fqn for other in table.modules if prefix == "" or other.fqn.startswith(prefix))
    for fqn in tuple(alive):
        alive.update(_ancestors(fqn))
    listed: list[str] = []
    told: set[str] = set()
    for known in table.modules:
        if known.fqn in alive or any(ancestor in told for ancestor in _ancestors(known.fqn)):
            continue
        if isinstance(known.module, (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)):
            continue
        told.add(known.fqn)
        listed.append(known.fqn)
    return tuple(listed)


def _ancestors(fqn: str) -> list[str]:
    parts = fqn.split(".")
    return ["", *(".".join(parts[:end]) for end in range(1, len(parts)))] if fqn else []


def _has_size(parameter: torch.Tensor) -> bool:
    return not isinstance(parameter, nn.parameter.UninitializedTensorMixin)
