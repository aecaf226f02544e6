"""What is kept of each operation's output to compare two runs: a digest of all values, and a sample of them.

Whole activations are not kept: two runs of a large model would not fit. The digest tells exactly whether two outputs
are the same bit for bit; the sample tells by how much they differ.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

# All values of a smaller tensor, and so many of a larger one, at equal steps.
SAMPLED = 1024


@dataclass(frozen=True, slots=True)
class Signature:
    """`digest` over shapes, dtypes and bytes of all outputs; `sample` float64 of the first, with `step` between."""

    digest: bytes
    sample: NDArray[np.float64]
    step: int = 1


def signature_of(tensors: list[torch.Tensor], sampled: int = SAMPLED) -> Signature | None:
    """The signature of an operation's outputs; None where their values can't be read (meta, nested)."""
    digest = hashlib.blake2b(digest_size=16)
    sample, step = np.zeros(0), 1
    try:
        for tensor in tensors:
            flat = _flat(tensor)
            digest.update(f"{tuple(tensor.shape)}{tensor.dtype}".encode())
            if flat.numel():
                digest.update(flat.view(torch.uint8).numpy().data)
        if tensors:
            flat = _flat(tensors[0])
            step = -(-flat.numel() // sampled) or 1
            sample = _sample(flat, step)
    except (RuntimeError, TypeError, NotImplementedError, ValueError):
        return None
    return Signature(digest.digest(), sample, step)


def relative_difference(before: Signature, after: Signature) -> float | None:
    """‖after − before‖ / ‖before‖ over the samples; None where that says nothing.

    That is: other shapes, NaN or infinities, nothing but zeros before, or a difference outside the sample.
    """
    if before.sample.shape != after.sample.shape:
        return None
    with np.errstate(all="ignore"):
        norm = float(np.linalg.norm(before.sample))
        moved = float(np.linalg.norm(after.sample - before.sample))
        relative = moved / norm if norm else float("nan")
    return relative if np.isfinite(relative) and relative > 0 else None


def _flat(tensor: torch.Tensor) -> torch.Tensor:
    value = tensor.detach()
    if value.is_quantized:
        value = value.int_repr()
    if value.layout != torch.strided:
        value = value.to_dense()
    value = value.resolve_conj().resolve_neg()
    if value.is_complex():
        value = torch.view_as_real(value)
    return value.cpu().contiguous().reshape(-1)


def _sample(flat: torch.Tensor, step: int) -> NDArray[np.float64]:
    taken = flat[::step]
    return np.asarray((taken.double() if taken.dtype == torch.bfloat16 else taken).numpy(), np.float64)
