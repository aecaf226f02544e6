"""Keys and weights of two sides, a tensor at a time and in pieces: neither side need be in memory as a whole."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import torch
from msgspec import structs
from torch import nn

from inspector.core.alignment import differing_prefixes
from inspector.core.comparison import weights_sentence
from inspector.engine.capture.table import is_lazy
from inspector.engine.inputs.dtypes import dtype_name
from inspector.engine.loading.steps import SILENT, Steps
from inspector.protocol.comparison import WeightRow, WeightsReport

# So many elements of both are turned to float64 at once: 64 MB.
_PIECE = 1 << 22


@dataclass(frozen=True)
class NamedTensor:
    """A tensor that is read when it is compared. `dtype` is torch's name without `torch.`."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], torch.Tensor]


def tensors_of(module: nn.Module) -> list[NamedTensor]:
    """The parameters and buffers of a model under the keys of its state_dict; lazy ones have no shape yet."""
    return [
        NamedTensor(
            name, () if is_lazy(value) else tuple(value.shape), dtype_name(value.dtype), partial(_itself, value)
        )
        for name, value in module.state_dict(keep_vars=True).items()
        if isinstance(value, torch.Tensor)
    ]


def _itself(tensor: torch.Tensor) -> torch.Tensor:
    return tensor


def compare_weights(
    a: Iterable[NamedTensor], b: Iterable[NamedTensor], steps: Steps = SILENT, *, inert: bool = False
) -> WeightsReport:
    """Each key of A in its order with its partner, then those that only B has.

    Raises:
        Cancelled: it was asked to stop.
    """
    left = {tensor.name: tensor for tensor in a}
    right = {tensor.name: tensor for tensor in b}
    prefix_a, prefix_b = differing_prefixes(left, right)
    by_plain = {name.removeprefix(prefix_b): tensor for name, tensor in right.items()}
    rows: list[WeightRow] = []
    whole = _Sums()
    met: set[str] = set()
    for done, (name, tensor) in enumerate(left.items()):
        steps.progress("Comparing weights", done, len(left))
        partner = by_plain.get(name.removeprefix(prefix_a))
        if partner is None:
            rows.append(WeightRow(name=name, status="gone", shape_a=tensor.shape, dtype_a=tensor.dtype))
            continue
        met.add(partner.name)
        rows.append(_compared(tensor, partner, whole, steps))
    rows += [
        WeightRow(name=name, name_b=name, status="added", shape_b=tensor.shape, dtype_b=tensor.dtype)
        for name, tensor in right.items()
        if name not in met
    ]
    counts = {status: sum(row.status == status for row in rows) for status in ("same", "changed", "added", "gone")}
    report = WeightsReport(
        rows=tuple(rows),
        num_same=counts["same"],
        num_changed=counts["changed"],
        num_added=counts["added"],
        num_gone=counts["gone"],
        num_reshaped=len(rows) - sum(counts.values()),
        sentence="",
        prefix_a=prefix_a,
        prefix_b=prefix_b,
        relative=whole.relative(),
        inert=inert,
    )
    return structs.replace(report, sentence=weights_sentence(report))


@dataclass
class _Sums:
    """Sums over the elements of a pair: of squares, products and squared differences, and what differs at all."""

    squares_a: float = 0.0
    squares_b: float = 0.0
    products: float = 0.0
    squared_differences: float = 0.0
    greatest: float = 0.0
    num_different: int = 0

    def add(self, other: "_Sums") -> None:
        """Another pair's."""
        self.squares_a += other.squares_a
        self.squared_differences += other.squared_differences

    def relative(self) -> float | None:
        """‖b − a‖ / ‖a‖."""
        return _finite(math.sqrt(self.squared_differences / self.squares_a)) if self.squares_a > 0 else None

    def cosine(self) -> float | None:
        """Of the angle between them."""
        if not self.num_different and self.squared_differences == 0:
            return 1.0 if self.squares_a > 0 else None
        norms = math.sqrt(self.squares_a) * math.sqrt(self.squares_b)
        return _finite(max(-1.0, min(1.0, self.products / norms))) if norms > 0 else None


def _compared(a: NamedTensor, b: NamedTensor, whole: _Sums, steps: Steps) -> WeightRow:
    row = WeightRow(
        name=a.name,
        name_b=b.name,
        status="reshaped" if a.shape != b.shape else "changed",
        shape_a=a.shape,
        shape_b=b.shape,
        dtype_a=a.dtype,
        dtype_b=b.dtype,
    )
    if a.shape != b.shape:
        return row
    try:
        with torch.no_grad():
            sums = _sums(_plain(a.read()), _plain(b.read()), steps)
    except (RuntimeError, NotImplementedError, TypeError):  # a dtype or layout that torch can't compute with
        return row
    finite = math.isfinite(sums.squared_differences)
    if finite:
        whole.add(sums)
    return structs.replace(
        row,
        status="same" if not sums.num_different and a.dtype == b.dtype else "changed",
        num_different=sums.num_different,
        l2=_finite(math.sqrt(sums.squared_differences)) if finite else None,
        relative=sums.relative() if finite else None,
        max_abs=_finite(sums.greatest) if finite else None,
        cosine=sums.cosine() if finite else None,
    )


def _sums(a: torch.Tensor, b: torch.Tensor, steps: Steps) -> _Sums:
    sums = _Sums()
    for start in range(0, a.numel(), _PIECE):
        steps.between()
        left, right = a[start : start + _PIECE], b[start : start + _PIECE].to(a.device)
        old = left.to(torch.float64)
        if _same_bytes(left, right):
            square = float(old.dot(old))
            sums.squares_a += square
            sums.squares_b += square
            sums.products += square
            continue
        new = right.to(torch.float64)
        difference = new - old
        # Bits tell what differs, also between NaNs and between 0 and −0; across dtypes only values can.
        sums.num_different += _num_different(left, right) if left.dtype == right.dtype else int((old != new).sum())
        sums.squares_a += float(old.dot(old))
        sums.squares_b += float(new.dot(new))
        sums.products += float(old.dot(new))
        sums.squared_differences += float(difference.dot(difference))
        sums.greatest = max(sums.greatest, float(difference.abs().max()))
    return sums


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    """All values in a row: dense, real, dequantised."""
    value = tensor.detach()
    if value.is_quantized:
        value = value.dequantize()
    if value.layout != torch.strided:
        value = value.to_dense()
    value = value.resolve_conj().resolve_neg()
    if value.is_complex():
        value = torch.view_as_real(value)
    return value.reshape(-1)


def _same_bytes(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.dtype == b.dtype and torch.equal(_bits(a), _bits(b))


def _num_different(a: torch.Tensor, b: torch.Tensor) -> int:
    return int((_bits(a) != _bits(b)).sum())


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """The elements as whole numbers of the same width."""
    whole = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    return tensor.contiguous().view(whole[tensor.dtype.itemsize])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
