"""What a run may not change: flags, buffers, random states; and what is switched off for it and on again after."""

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from torch import nn

from inspector.engine.capture.table import is_lazy
from inspector.protocol.requests import Mode

FAST_PATH_NOTE = (
    "PyTorch's fast path for attention was off during this run: it can't be observed. "
    "Outputs may differ from an unobserved run by about 1e-7, and at padded positions by more."
)
_WITH_FAST_PATH = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerEncoder)
COMPILE_NOTE = "torch.compile was set aside for this run: the model ran eagerly, operation by operation."


@contextmanager
def unchanged(module: nn.Module, *, mode: Mode, seed: int) -> Iterator[None]:
    """Set train or eval mode and seed everything; afterwards all flags, buffers and random states are as before.

    Meanwhile what torch.compile wraps runs as it was written.
    """
    # A frozen TorchScript program has no flag: its mode is written into it.
    flags = [(child, child.training) for child in module.modules() if hasattr(child, "training")]
    with preserved_state(module), without_compiler():
        try:
            _set_mode(module, flags, mode == "train")
            _seed_everything(seed)
            yield
        finally:
            for child, training in flags:
                if child.training != training:
                    child.training = training


@contextmanager
def preserved_state(module: nn.Module) -> Iterator[None]:
    """Put buffers, random states and the default dtype back afterwards."""
    restore_random = _random_states()
    buffers = _copied_buffers(module)
    dtype = torch.get_default_dtype()
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        with torch.no_grad():
            for restore in buffers:
                restore()
        restore_random()


@contextmanager
def eager_attention() -> Iterator[None]:
    """Attention without its fused fast path, which hooks would switch off anyway, with other results."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def notes_on(modules: Sequence[nn.Module]) -> tuple[str, ...]:
    """What is changed about a model of these modules for being observed."""
    fast_path = any(isinstance(module, _WITH_FAST_PATH) and not module.training for module in modules)
    notes = [FAST_PATH_NOTE] if fast_path and torch.backends.mha.get_fastpath_enabled() else []
    return tuple([*notes, COMPILE_NOTE] if is_compiled(modules) else notes)


@contextmanager
def eager_run(*, with_gradients: bool = False) -> Iterator[None]:
    """How a model that can be observed runs: without fused attention and compiler, and mostly without gradients."""
    with torch.set_grad_enabled(with_gradients), eager_attention(), without_compiler():
        yield


def is_compiled(modules: Sequence[nn.Module]) -> bool:
    """Whether `torch.compile` wraps any of them."""
    return any(type(m).__name__ == "OptimizedModule" or m._compiled_call_impl is not None for m in modules)


@contextmanager
def without_compiler() -> Iterator[None]:
    """Run what torch.compile wraps as it was written: modules, and functions, which no module tells.

    Compiled, a function would compile the observing with it; and in the sandbox there is no compiler to call.
    """
    with ExitStack() as stack:
        if "torch._dynamo" in sys.modules:  # else nothing is compiled, and its import takes a second
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        yield


def _set_mode(module: nn.Module, flags: list[tuple[nn.Module, bool]], train: bool) -> None:
    try:
        module.train(train)
    except (NotImplementedError, AttributeError):  # exported programs refuse; their behaviour is fixed
        for child, _ in flags:
            child.training = train


def _seed_everything(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # models draw from numpy's global generator


def _random_states() -> Callable[[], None]:
    """Remember all random states; the function returned puts them back."""
    torch_state, python_state = torch.get_rng_state(), random.getstate()
    numpy_state = np.random.get_state()
    cuda = torch.cuda.get_rng_state_all() if _cuda_in_use() else None
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None

    def restore() -> None:
        torch.set_rng_state(torch_state)
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        if mps is not None:
            torch.mps.set_rng_state(mps)

    return restore


def _copied_buffers(module: nn.Module) -> list[Callable[[], None]]:
    """For each module the function that puts its buffers back, values and objects."""
    return [_restore_of(child) for child in module.modules() if child._buffers]


def _restore_of(module: nn.Module) -> Callable[[], None]:
    before = {
        name: (buffer, None if is_lazy(buffer) else buffer.detach().clone())
        for name, buffer in module.named_buffers(recurse=False, remove_duplicate=False)
    }

    def restore() -> None:
        now = dict(module.named_buffers(recurse=False, remove_duplicate=False))
        for name, (buffer, values) in before.items():
            if values is None:
                continue
            # Always: batch_norm writes its running statistics without counting up the tensor's version.
            buffer.detach().copy_(values)
            if now.get(name) is not buffer:
                setattr(module, name, buffer)

    return restore


def _cuda_in_use() -> bool:
    return torch.cuda.is_available() and bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call] # torch's own
