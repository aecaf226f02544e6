"""Functions of torch that no mode is told of; while a model is observed, a stand-in for each tells it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from inspector.engine.capture.functions import ObservedFunctions
from inspector.engine.capture.recorder import Recorder

# What runs when the function is called with such arguments.
Told = Callable[[ObservedFunctions, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
_ABSENT = object()


@contextmanager
def observed_unseen(recorder: Recorder, mode: ObservedFunctions) -> Iterator[None]:
    """Put the stand-ins in place; afterwards all is as before.

    Other threads, and what runs inside of an operation, go past them.
    """
    before: list[tuple[Any, str, Any]] = []
    try:
        for owner, name, told in _UNSEEN:
            before.append((owner, name, vars(owner).get(name, _ABSENT)))
            setattr(owner, name, _stand_in(recorder, mode, getattr(owner, name), told))
        yield
    finally:
        for owner, name, own in reversed(before):
            if own is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, own)


def _stand_in(recorder: Recorder, mode: ObservedFunctions, function: Callable[..., Any], told: Told) -> Any:  # noqa: ANN401 - a function or a static method
    def stand_in(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
        if recorder.is_watching():
            return told(mode, function, args, kwargs)
        return function(*args, **kwargs)

    return stand_in


def _relabelled(mode: ObservedFunctions, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:  # noqa: ANN401 - as above
    """The same values as another tensor object: a wire leads on to both."""
    result = function(*args, **kwargs)
    with torch._C.DisableTorchFunction():
        given = next((value for value in args if isinstance(value, torch.Tensor)), None)
        if given is not None and isinstance(result, torch.Tensor):
            mode.recorder.wires.shares(result, given)
    return result


def _scripted(mode: ObservedFunctions, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:  # noqa: ANN401 - as above
    """A call of a function of TorchScript: one operation, whatever it does."""
    called, *given = args
    return mode.observe(f"{called.name} (script)", lambda *a, **k: function(called, *a, **k), tuple(given), kwargs)


def _operation(mode: ObservedFunctions, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:  # noqa: ANN401 - as above
    return mode.observe(function.__name__, function, args, kwargs)


_UNSEEN: tuple[tuple[Any, str, Told], ...] = (
    (torch.Tensor, "as_subclass", _relabelled),
    (torch.Tensor, "_make_subclass", _relabelled),  # nn.Parameter(tensor)
    (torch.nested, "nested_tensor", _operation),
    (torch.jit.ScriptFunction, "__call__", _scripted),
)
