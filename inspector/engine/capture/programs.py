"""Modules of saved programs (TorchScript, .pt2), and the classes that they were made from. Imports nothing."""

import re
import sys

import torch
from torch import nn

_MANGLED = re.compile(r"\.___torch_mangle_\d+")
_UNFLATTENED = "torch.export.unflatten"


def is_program_part(module: nn.Module) -> bool:
    """Whether it came out of a saved program, and has lost its own class."""
    return isinstance(module, torch.jit.ScriptModule) or type(module).__module__ == _UNFLATTENED


def original_name(module: nn.Module) -> str:
    """The qualified name of the class that it was made from, `torch.nn.modules.conv.Conv2d`; "" where unknown."""
    if isinstance(module, torch.jit.ScriptModule):
        try:
            name = str(module._c._type().qualified_name())
        except (AttributeError, RuntimeError):  # one that was never compiled
            return str(getattr(module, "original_name", ""))
        return _MANGLED.sub("", name).removeprefix("__torch__.")
    if type(module).__module__ == _UNFLATTENED:
        return str(getattr(module, "_ty", None) or "")
    return ""


def original_class(module: nn.Module) -> type[nn.Module] | None:
    """That class, where it is one of torch's own."""
    place, _, name = original_name(module).rpartition(".")
    found = getattr(sys.modules.get(place), name, None) if place.startswith("torch.") else None
    return found if isinstance(found, type) and issubclass(found, nn.Module) else None
