"""Models built to be looked at: on the meta device, without memory for their weights or time for random numbers."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from inspector.engine.loading.keys import Fit, State, fit_keys, keys_of
from inspector.engine.loading.libraries.library import Library
from inspector.engine.loading.proposals import read_value

# What initialisation does to weights. On the meta device it changes nothing, and takes most of the time all the same.
_FILLING = {
    getattr(torch.Tensor, name)
    for name in ("normal_", "uniform_", "fill_", "zero_", "mul_", "add_", "erfinv_", "clamp_", "copy_", "div_")
}


class _WithoutNumbers(TorchFunctionMode):
    def __torch_function__(
        self,
        func: Callable[..., Any],
        _types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        if func in _FILLING and args and args[0].is_meta:
            return args[0]
        return func(*args, **(kwargs or {}))


@contextmanager
def quiet() -> Iterator[None]:
    """Libraries warn and log of their own older parts; that is no news of the user's file."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def sketch_fit(library: Library, name: str, arguments: Mapping[str, str], state: State) -> Fit | None:
    """How the keys meet those of the model; None where it can't be made with these arguments."""
    values = {key: read_value(text) for key, text in arguments.items()}
    for device in ("meta", "cpu"):
        try:
            with quiet(), torch.random.fork_rng(devices=[]), torch.device(device), _WithoutNumbers():
                made = library.make(name, values)
        except NotImplementedError:  # it computes with its weights while it is made
            continue
        except (Exception, SystemExit):  # noqa: BLE001 - the library's own refusal of these arguments
            return None
        return fit_keys(state, keys_of(made)) if isinstance(made, nn.Module) else None
    return None
