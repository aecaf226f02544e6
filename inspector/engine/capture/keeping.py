"""The one tensor of a run that is wanted itself: a copy of it is taken at the moment it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from inspector.engine.attention import attention_weights
from inspector.protocol.graph import NodeKind

# A copy of a greater tensor is not taken: the model itself needs its memory too.
MAX_KEPT_BYTES = 4 * 1024**3


@dataclass
class Keep:
    """Which: output `index` of the node of that kind that ran as number `call_index`.

    `rank` tells apart values that entered or left between the same two operations. With `attention`, the weights of
    that call are wanted, which it does not give. `tensor` is the copy, `problem` says why there is none.
    """

    kind: NodeKind
    call_index: int
    index: int = 0
    rank: int = 0
    attention: bool = False
    tensor: torch.Tensor | None = None
    problem: str = ""
    max_bytes: int = MAX_KEPT_BYTES

    def look(self, kind: NodeKind, call_index: int, tensors: list[torch.Tensor]) -> None:
        """A node gave these."""
        # An operation of a saved program may have become a module's call afterwards.
        same = kind == self.kind or {kind, self.kind} == {"module", "function"}
        if self.attention or not same or call_index != self.call_index:
            return
        if self.rank:
            self.rank -= 1
        elif self.tensor is None and not self.problem and self.index < len(tensors):
            self._take(tensors[self.index])

    def look_at_call(
        self, call_index: int, called: nn.Module | str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        """An operation is about to run."""
        if not self.attention or call_index != self.call_index or self.tensor is not None:
            return
        try:
            with torch.no_grad():
                self.tensor = attention_weights(called, args, kwargs, self.max_bytes)
        except (RuntimeError, ValueError, TypeError, MemoryError) as error:
            self.problem = f"The attention weights can't be computed again: {str(error).splitlines()[0]}"

    def _take(self, tensor: torch.Tensor) -> None:
        try:
            self.tensor = copied(tensor, self.max_bytes)
        except ValueError as error:
            self.problem = str(error)
        except (RuntimeError, MemoryError, NotImplementedError) as error:
            self.problem = f"This tensor can't be copied: {str(error).splitlines()[0]}"


def copied(tensor: torch.Tensor, max_bytes: int = MAX_KEPT_BYTES) -> torch.Tensor:
    """A plain copy on the CPU: dense, not quantized, its views resolved. What `expand` made stays as small as it is.

    Raises:
        ValueError: it has no values, or more than may be kept.
    """
    value = tensor.detach()
    if value.is_meta:
        raise ValueError("This tensor has no values: it is on the meta device.")
    if value.is_nested:
        raise ValueError("This tensor is nested: its parts have different sizes, and it can't be shown as one.")
    with torch.inference_mode(mode=False):
        if value.layout is torch.strided and not value.is_quantized:
            stored = value.untyped_storage().nbytes()
            if value.numel() * value.element_size() > stored:
                if stored > max_bytes:
                    raise ValueError(too_large(stored, max_bytes))
                size, stride, offset = value.size(), value.stride(), value.storage_offset()
                row = torch.empty(0, dtype=value.dtype, device=value.device).set_(value.untyped_storage())
                return torch.as_strided(row.cpu().clone(), size, stride, offset)
        size_bytes = value.numel() * value.element_size()
        if size_bytes > max_bytes:
            raise ValueError(too_large(size_bytes, max_bytes))
        if value.layout is not torch.strided:
            value = value.to_dense()
        if value.is_quantized:
            value = value.dequantize()
        return value.resolve_conj().resolve_neg().cpu().clone(memory_format=torch.contiguous_format)


def too_large(size_bytes: int, max_bytes: int) -> str:
    """The sentence for a tensor that is not kept."""
    return f"This tensor takes {size_bytes / 1024**3:.1f} GB; at most {max_bytes / 1024**3:.1f} GB are kept."
