"""A stand-in of a model to try inputs on, so that the model itself is never touched.

On the meta device there are no values, only shapes: a try costs milliseconds whatever the model's size. The
stand-in has copies of the model's Python objects and buffers, as a forward may write them; its weights are empty (on
meta), copied (real and small) or shared (real and large).
"""

import copy
import functools
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from inspector.engine.foreign import ForeignOperation

# Up to this many, a real forward is the quicker try: the first on the meta device imports 1.2 s of torch's own modules.
FEW_PARAMETERS = 3_000_000
# Above this, a real forward takes too long to be a try.
MOST_REAL_PARAMETERS = 100_000_000
# Tensors without a size as yet; torch copies them as what they are.
LAZY = (nn.UninitializedParameter, nn.UninitializedBuffer)
_NEVER_CHANGED = (bool, int, float, str, torch.dtype, torch.device, type(None))


class NoStandIn(Exception):  # noqa: N818 - not an error: the caller does without
    """The model can't be copied, or is too large to be run for real."""


def num_parameters(module: nn.Module) -> int:
    """How many values a model's parameters hold; lazy ones none as yet."""
    return sum(parameter.numel() for parameter in module.parameters() if not isinstance(parameter, LAZY))


def meta_stand_in(module: nn.Module) -> nn.Module:
    """A copy without values, in eval mode.

    Raises:
        NoStandIn: the model is a script, or refuses to be copied.
    """
    if any(isinstance(part, (torch.jit.ScriptModule, ForeignOperation)) for part in module.modules()):
        raise NoStandIn("a script or a foreign program does not run on the meta device")
    return _copied(module, _meta_of)


def real_stand_in(module: nn.Module) -> nn.Module:
    """A copy with buffers of its own, in eval mode; its weights are copied while few, else shared.

    Raises:
        NoStandIn: the model refuses to be copied, or is too large.
    """
    count = num_parameters(module)
    if count > MOST_REAL_PARAMETERS:
        raise NoStandIn("the model is too large to be tried")
    return _copied(module, _cloned_of if count <= FEW_PARAMETERS else _shared_of)


def prefers_real(module: nn.Module) -> bool:
    """Whether a real forward is the cheaper try, or the only one: small models, scripts, and foreign programs."""
    if any(isinstance(part, (torch.jit.ScriptModule, ForeignOperation)) for part in module.modules()):
        return True
    return num_parameters(module) <= FEW_PARAMETERS


@functools.cache
def warm_meta() -> None:
    """Run a little of everything on the meta device, once: its first use imports 1.2 s worth of torch's own modules.

    Called before a clock starts, so that these seconds are not taken from the tries.
    """
    with practising("meta"):  # around the building too, as fresh weights draw random numbers
        net = nn.Sequential(
            nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), nn.ReLU(), nn.MaxPool2d(1), nn.Flatten(), nn.Linear(4, 1)
        )
        net.eval()(torch.empty(1, 1, 2, 2))


@contextmanager
def practising(device: str) -> Iterator[None]:
    """No gradients, new tensors on `device`; afterwards torch's own random state and default dtype are as before."""
    dtype = torch.get_default_dtype()
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad(), torch.device(device):
            yield
    finally:
        torch.set_default_dtype(dtype)


def _meta_of(tensor: torch.Tensor) -> torch.Tensor:
    empty = torch.empty_like(tensor.detach(), device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=False)
    return empty


def _shared_of(tensor: torch.Tensor) -> torch.Tensor:
    return tensor if isinstance(tensor, nn.Parameter) else tensor.detach().clone()


def _cloned_of(tensor: torch.Tensor) -> torch.Tensor:
    copied = tensor.detach().clone()
    return nn.Parameter(copied, requires_grad=False) if isinstance(tensor, nn.Parameter) else copied


def _copied(module: nn.Module, stand_in: Callable[[torch.Tensor], torch.Tensor]) -> nn.Module:
    """A deep copy in which every tensor that a module holds is replaced by its stand-in."""
    memo: dict[int, object] = {}
    for part in module.modules():
        # A script keeps its tensors to itself: its own deep copy makes new ones.
        if isinstance(part, torch.jit.ScriptModule):
            continue
        for held in (part._parameters, part._buffers, vars(part)):
            for value in held.values():
                if isinstance(value, torch.Tensor) and id(value) not in memo and not isinstance(value, LAZY):
                    memo[id(value)] = stand_in(value)
                elif _is_traced(value):
                    memo[id(value)] = value
        leaf = _copied_leaf(part, memo)
        if leaf is not None:
            memo[id(part)] = leaf
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of its own older parts
            return copy.deepcopy(module, memo).eval()
    except Exception as error:  # a model may hold anything: locks, open files, generators
        raise NoStandIn(f"the model can't be copied: {error}") from error


def _is_traced(value: object) -> bool:
    """Whether it is a program's graph, or nodes of one: no run changes them, and sizes in symbols can't be copied."""
    if isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, (torch.fx.Graph, torch.fx.Node))


def _copied_leaf(module: nn.Module, memo: dict[int, object]) -> nn.Module | None:
    """The copy of a plain layer of torch's, far quicker than `deepcopy` would make it; None for any other module."""
    kind = type(module)
    if not kind.__module__.startswith("torch.nn.modules.") or module._modules:
        return None
    attributes: dict[str, object] = {}
    for name, value in vars(module).items():
        if name in ("_parameters", "_buffers"):
            if any(tensor is not None and id(tensor) not in memo for tensor in value.values()):
                return None
            attributes[name] = {key: memo.get(id(tensor)) for key, tensor in value.items()}
        elif all(isinstance(item, _NEVER_CHANGED) for item in (value if isinstance(value, tuple) else (value,))):
            attributes[name] = value
        elif isinstance(value, (dict, set, list)) and not value:
            attributes[name] = type(value)()
        else:
            return None
    leaf: nn.Module = kind.__new__(kind)
    vars(leaf).update(attributes)
    return leaf
