"""Weights so small that a float loses its digits (below 1.18e−38 in float32), and many processors their speed."""

from collections.abc import Iterator

import torch

from inspector.core.formatting import percent_text
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding

_SHARE = 0.01
_LEAST_VALUES = 100
# Of larger tensors every so many-th value is looked at.
_MOST_VALUES = 65_536


def check(context: RunContext) -> Iterator[Finding]:
    """Tensors one in a hundred of whose values is denormal: decayed to nothing, or written in too small a type."""
    shares = {}
    for fqn, parameter in context.module.named_parameters():
        share = _share_of(parameter)
        if share >= _SHARE:
            shares[fqn] = (share, parameter)
    if not shares:
        return
    worst = max(shares, key=lambda fqn: shares[fqn][0])
    share, parameter = shares[worst]
    tiny = torch.finfo(parameter.dtype).tiny
    owner = worst.rpartition(".")[0]
    more = f", and of {len(shares) - 1} other tensors" if len(shares) > 1 else ""
    yield Finding(
        rule="denormals",
        severity="note",
        node=next((node.id for node in context.graph.nodes if owner and node.fqn == owner), None),
        message=f"{percent_text(share, 0)} of the values of {worst}{more} are denormal: not 0, and below {tiny:.3g}.",
        evidence={"share": share, "tensors": len(shares), "smallest_normal": tiny},
        fix="Set them to 0, or let the processor do so; they hold no digits to speak of.",
        code="torch.set_flush_denormal(True)",
    )


def _share_of(parameter: torch.Tensor) -> float:
    if parameter.is_meta or parameter.layout is not torch.strided or not parameter.is_floating_point():
        return 0.0
    if parameter.numel() < _LEAST_VALUES or parameter.dtype not in {torch.float16, torch.float32, torch.float64}:
        return 0.0
    values = parameter.detach().reshape(-1)[:: max(1, parameter.numel() // _MOST_VALUES)]
    size = values.abs()
    return float(((size > 0) & (size < torch.finfo(parameter.dtype).tiny)).double().mean())
