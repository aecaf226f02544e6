"""Where and how precisely a model runs, for the time of one request."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from inspector.engine.errors import EngineError, WrongUseError


def dtype_named(name: str) -> torch.dtype:
    """Torch's dtype of that name.

    Raises:
        EngineError: there is none.
    """
    dtype = getattr(torch, name.removeprefix("torch."), None)
    if not isinstance(dtype, torch.dtype):
        raise WrongUseError(f'There is no dtype "{name}".', "Use float32, float16, bfloat16, float64, int64 …")
    return dtype


@contextmanager
def placed(module: nn.Module, device: str, dtype: str) -> Iterator[nn.Module]:
    """The module on `device`, its floating parameters as `dtype` ("" keeps theirs), and back on the CPU afterwards.

    Another dtype is given to a copy, as rounding can't be undone.

    Raises:
        EngineError: the device or dtype is not there, or the model can't be copied.
    """
    target = _device(device)
    converted = module
    if dtype and _differs(module, dtype_named(dtype)):
        try:
            converted = copy.deepcopy(module).to(dtype_named(dtype))
        except (RuntimeError, TypeError, AttributeError) as error:
            raise EngineError(f"This model can't be converted to {dtype}: {error}", "Run it as it is.") from error
    if target.type == "cpu":
        yield converted
        return
    try:
        yield converted.to(target)
    finally:
        module.to("cpu")


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    # Each backend raises what it likes when it is absent.
    except Exception as error:
        first_line = str(error).splitlines()[0]
        raise EngineError(f'The device "{name}" can\'t be used: {first_line}', "Run on cpu.") from error
    return device


def _differs(module: nn.Module, dtype: torch.dtype) -> bool:
    if not dtype.is_floating_point:
        return False
    return any(p.is_floating_point() and p.dtype != dtype for p in module.parameters())
