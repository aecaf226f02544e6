"""What a forward with gradients tells of each operation: whether its outputs carry a gradient, and what flows back.

Hooks on the outputs measure the gradient when it comes; no tensor is kept.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from inspector.engine.capture.recorder import Origin, RecordedNode, Recorder

# A node of the record, and which of its outputs.
Key = tuple[int, int]
_ENGINE = str(Path(__file__).resolve().parents[2])
# As it is imported and as it lies: an environment may be reached through a link.
_TORCH = (str(Path(torch.__file__).parent), str(Path(torch.__file__).resolve().parent))


@dataclass(frozen=True, slots=True)
class Arrived:
    """The gradient of the loss by one tensor: Euclidean norm, largest absolute value (both NaN where it holds NaN)."""

    norm: float
    largest: float


@dataclass(slots=True)
class Made:
    """An operation as it ran. `carries` tells which outputs had a gradient as they were made, `zeros` which were all 0.

    `grad_enabled` and `inference` are torch's states, `line` is where the model's own code called it (`net.py:14`).
    `functions` name what autograd will do with each output, as its error messages do (`ReluBackward0`).
    """

    carries: tuple[bool, ...]
    zeros: tuple[bool, ...]
    grad_enabled: bool
    inference: bool
    line: str
    functions: tuple[str, ...] = ()


@dataclass
class GradientWatch:
    """Filled by a capture that was given one; `between` is called when a gradient arrives, and may raise to stop.

    `read` are the tensors that carried a gradient when they were used: those that a function of autograd's own gave
    get it only after they were made. `ids` are the graph's ids of the record's nodes, `outputs` what forward returned,
    with its gradient.
    """

    between: Callable[[], None] | None = None
    made: dict[int, Made] = field(default_factory=dict)
    read: set[Key] = field(default_factory=set)
    arrived: dict[Key, Arrived] = field(default_factory=dict)
    ids: dict[int, int] = field(default_factory=dict)
    outputs: list[tuple[str, torch.Tensor]] = field(default_factory=list)
    recorder: "Recorder | None" = None
    hooks: list[Any] = field(default_factory=list)

    def let_go(self) -> None:
        """Take the hooks away again from tensors that live on: those of the model's own that are no parameters."""
        for hook in self.hooks:
            hook.remove()
        self.hooks.clear()

    def look_at_inputs(self, tensors: list[torch.Tensor], origins: "list[Origin]") -> None:
        """These are about to be used."""
        for tensor, origin in zip(tensors, origins, strict=True):
            if _has_gradient(tensor):
                self.read.add(origin[:2])

    def look_at_outputs(self, index: int, node: "RecordedNode", outputs: list[torch.Tensor]) -> None:
        """Node `index` gave these."""
        for place, tensor in enumerate(outputs):
            if tensor.requires_grad and node.kind != "parameter" and _has_values_of_its_own(tensor):
                self._follow(tensor, (index, place))
        self.made[index] = Made(
            carries=tuple([_has_gradient(tensor) for tensor in outputs]),
            zeros=tuple([_all_zero(tensor) for tensor in outputs]),
            grad_enabled=torch.is_grad_enabled(),
            inference=torch.is_inference_mode_enabled(),
            line="" if node.kind in ("input", "parameter") else _calling_line(),
            functions=tuple([type(tensor.grad_fn).__name__ if tensor.grad_fn else "" for tensor in outputs]),
        )

    def carries(self, key: Key) -> bool:
        """Whether that output of that node had a gradient, when it was made or when it was used."""
        if key in self.read:
            return True
        made = self.made.get(key[0])
        return made is not None and key[1] < len(made.carries) and made.carries[key[1]]

    def _follow(self, tensor: torch.Tensor, key: Key) -> None:
        def measure(gradient: torch.Tensor) -> None:
            with torch.no_grad(), torch._C.DisableTorchFunction():
                self.arrived[key] = measured(gradient)
            if self.between is not None:
                self.between()

        # Torch 2.13 crashes where a view whose base was written to since gets its first hook: its function is made anew
        # on the way, and forgets the hook. Asking for the function makes it before.
        if tensor.grad_fn is not None or tensor.is_leaf:
            hook = tensor.register_hook(measure)  # type: ignore[no-untyped-call] # torch's own
            if tensor.is_leaf:
                self.hooks.append(hook)


def measured(gradient: torch.Tensor) -> Arrived:
    """The norm and the largest value of a gradient of any dtype and layout."""
    value = gradient.detach()
    if value.layout is not torch.strided:
        value = value.coalesce().values() if value.layout is torch.sparse_coo else value.to_dense()
    if not value.numel():
        return Arrived(0.0, 0.0)
    if value.is_complex():
        value = torch.view_as_real(value.resolve_conj())
    wide = torch.float64 if value.dtype == torch.float64 else torch.float32
    norm = float(torch.linalg.vector_norm(value, dtype=wide))
    largest = float(value.abs().max())
    if (largest and not norm) or norm == float("inf"):  # the squares left the range of the dtype
        norm = float(torch.linalg.vector_norm(value, dtype=torch.float64))
    return Arrived(norm, largest)


def _has_values_of_its_own(tensor: torch.Tensor) -> bool:
    """Whether it is neither nested nor one of functorch's, which stand for many and can't be looked into."""
    return not tensor.is_nested and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def _all_zero(tensor: torch.Tensor) -> bool:
    if not _has_values_of_its_own(tensor) or not tensor.is_floating_point() or tensor.layout is not torch.strided:
        return False
    if tensor.is_meta or not tensor.numel():
        return False
    with torch.no_grad():
        return not bool(tensor.detach().any())


def _has_gradient(tensor: torch.Tensor) -> bool:
    """Whether a gradient goes back through it. A view made under no_grad says so of itself, and has no way back."""
    return tensor.requires_grad and not (tensor.grad_fn is None and tensor._is_view())


def _calling_line() -> str:
    """The file and line of the innermost frame that is neither torch's nor this package's; "" without one."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith((*_TORCH, _ENGINE, "<")):
            return f"{Path(name).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
