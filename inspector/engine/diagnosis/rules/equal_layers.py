"""Two layers with equal weights that are not shared: copied once, and since then apart, or never trained."""

from collections import defaultdict
from collections.abc import Iterator

import torch
from torch import nn

from inspector.engine.diagnosis.context import RunContext, own_parameter
from inspector.protocol.findings import Finding

# Of each weight a few values are compared first; only those that agree are compared wholly.
_GLANCE = 32
_LEAST_VALUES = 16


def check(context: RunContext) -> Iterator[Finding]:
    """Weights of matrices and kernels alone: biases and norms often start as equal constants.

    Not before training: nn.TransformerEncoder and others begin with copies of one layer.
    """
    if context.fresh:
        return
    alike: dict[tuple[object, ...], list[tuple[str, torch.Tensor]]] = defaultdict(list)
    for fqn, part in context.module.named_modules():
        weight = _weight_of(part)
        if weight is not None:
            glance = weight.reshape(-1)[:_GLANCE] if weight.is_contiguous() else weight.flatten()[:_GLANCE]
            alike[tuple(weight.shape), str(weight.dtype), tuple(glance.tolist())].append((fqn, weight))
    pairs = [pair for group in alike.values() for pair in _equal_pairs(group)]
    if not pairs:
        return
    (first, second), weight = pairs[0][:2], pairs[0][2]
    more = f", and {len(pairs) - 1} more pairs" if len(pairs) > 1 else ""
    yield Finding(
        rule="equal_layers",
        severity="warning",
        node=next((node.id for node in context.graph.nodes if node.fqn == second), None),
        message=(
            f"{first} and {second} hold equal weights, all {weight.numel():,} values, without sharing them{more}."
        ),
        evidence={"pairs": len(pairs), "values": weight.numel()},
        fix="Make a new layer for each place (a list comprehension, not [layer] * n with a deepcopy), or share one.",
    )


def _weight_of(part: nn.Module) -> torch.Tensor | None:
    weight = own_parameter(part, "weight")
    if weight is None or weight.is_meta or weight.layout is not torch.strided:
        return None
    values = weight.detach()
    if values.ndim < 2 or values.numel() < _LEAST_VALUES or values.is_quantized:
        return None
    glance = values.reshape(-1)[:_GLANCE]
    return None if bool((glance == glance[0]).all()) else values


def _equal_pairs(group: list[tuple[str, torch.Tensor]]) -> Iterator[tuple[str, str, torch.Tensor]]:
    first, weight = group[0]
    for fqn, other in group[1:]:
        if other.data_ptr() != weight.data_ptr() and torch.equal(weight, other):
            yield first, fqn, weight
