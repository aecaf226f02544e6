"""What a run may not change: flags, buffers, attributes, random states; and what is switched off for it."""

import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from inspector.engine.capture.table import is_lazy
from inspector.engine.capture.traces import Traces, remember_attributes
from inspector.protocol.requests import Mode

FAST_PATH_NOTE = (
    "PyTorch's fast path for attention was off during this run: it can't be observed. "
    "Outputs may differ from an unobserved run by about 1e-7, and at padded positions by more."
)
_WITH_FAST_PATH = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerEncoder)
COMPILE_NOTE = "torch.compile was set aside for this run: the model ran eagerly, operation by operation."


@contextmanager
def unchanged(module: nn.Module, *, mode: Mode, seed: int) -> Iterator[Traces]:
    """Set train or eval mode and seed everything; afterwards flags, buffers, attributes, random states are as before.

    Meanwhile what torch.compile wraps runs as it was written. The traces are known once it is left.
    """
    # A frozen TorchScript program has no flag: its mode is written into it.
    flags = [(child, child.training) for child in module.modules() if hasattr(child, "training")]
    traces = Traces()
    with preserved_state(module, traces), without_compiler():
        try:
            _set_mode(module, flags, mode == "train")
            seed_everything(seed)
            was_drawn = _random_states()
            yield traces
            traces.drew = was_drawn()
        finally:
            for child, training in flags:
                if child.training != training:
                    child.training = training


def as_torch_begins() -> None:
    """Undo what a source may set for all that is made and run after it, as another model is opened."""
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    if torch.are_deterministic_algorithms_enabled():  # to set it imports torch's compiler, which takes over a second
        torch.use_deterministic_algorithms(mode=False)


@contextmanager
def preserved_state(module: nn.Module, traces: Traces | None = None) -> Iterator[None]:
    """Put buffers, attributes, random states and the default dtype back afterwards."""
    restore_random = _random_states()
    parts = list(module.named_modules())
    buffers = [_copied_buffers(fqn, part) for fqn, part in parts if part._buffers]
    restore_attributes = remember_attributes(parts)
    dtype = torch.get_default_dtype()
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        kept = restore_attributes()
        with torch.no_grad():
            for restore in buffers:
                kept += restore()
        restore_random()
        if traces is not None:
            traces.kept = tuple(kept)


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
    except Exception:  # noqa: BLE001 - exported programs refuse, as their behaviour is fixed; others in words of their own
        for child, _ in flags:
            child.training = train


def seed_everything(seed: int) -> None:
    """Torch's generators, Python's and numpy's, which models draw from as well."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)


def _random_states() -> Callable[[], bool]:
    """Remember all random states; the function returned puts them back, and says whether something was drawn."""
    torch_state, python_state = torch.get_rng_state(), random.getstate()
    numpy_state = np.random.get_state(legacy=False)
    cuda = torch.cuda.get_rng_state_all() if _cuda_in_use() else None
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None

    def restore() -> bool:
        drawn = not torch.equal(torch_state, torch.get_rng_state()) or python_state != random.getstate()
        drawn = drawn or _numpy_drew(numpy_state)
        torch.set_rng_state(torch_state)
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        if cuda is not None:
            drawn = drawn or not _equal(cuda, torch.cuda.get_rng_state_all())
            torch.cuda.set_rng_state_all(cuda)
        if mps is not None:
            drawn = drawn or not torch.equal(mps, torch.mps.get_rng_state())
            torch.mps.set_rng_state(mps)
        return drawn

    return restore


def _numpy_drew(before: Mapping[str, Any]) -> bool:
    was, now = before["state"], np.random.get_state(legacy=False)["state"]
    return bool(was["pos"] != now["pos"] or not np.array_equal(was["key"], now["key"]))


def _equal(before: Sequence[torch.Tensor], now: Sequence[torch.Tensor]) -> bool:
    return len(before) == len(now) and all(torch.equal(one, other) for one, other in zip(before, now, strict=True))


def _copied_buffers(fqn: str, module: nn.Module) -> Callable[[], list[str]]:
    """The function that puts a module's buffers back, values and objects, and names those that had changed."""
    before = {
        name: (buffer, None if is_lazy(buffer) else buffer.detach().clone(), _version(buffer))
        for name, buffer in module.named_buffers(recurse=False, remove_duplicate=False)
    }

    def restore() -> list[str]:
        changed = []
        now = dict(module.named_buffers(recurse=False, remove_duplicate=False))
        for name, (buffer, values, version) in before.items():
            if values is None:
                continue
            if now.get(name) is not buffer or _version(buffer) != version:
                changed.append(f"{fqn}.{name}" if fqn else name)
            # Always: batch_norm writes its running statistics without counting up the tensor's version.
            buffer.detach().copy_(values)
            if now.get(name) is not buffer:
                setattr(module, name, buffer)
        return changed

    return restore


def _version(tensor: torch.Tensor) -> int:
    return 0 if is_lazy(tensor) or tensor.is_inference() else tensor._version


def _cuda_in_use() -> bool:
    return torch.cuda.is_available() and bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call] # torch's own
