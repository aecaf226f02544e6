"""Weights that look as they were drawn: a whole file that was never trained, or a layer that was left out.

torch draws the weights and biases of Linear and convolution layers evenly from ±1/√fan_in, those of recurrent ones from
±1/√hidden_size; norms begin with weight 1 and bias 0. Training moves values over those bounds at once, so that few
thousand values which all keep to them, and fill them evenly, were not trained.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from inspector.core.formatting import listed
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding

# Fewer values can't tell an even spread within the bounds from a trained one.
_LEAST_VALUES = 1024
_MOST_VALUES = 65_536
# Kolmogorov's bound: an even draw is further off than 1.95/√n once in a thousand times.
_FIT = 1.95


@dataclass(frozen=True)
class _Seen:
    """What was asked: the layers drawn evenly or not, the norms that are still 1 and 0 or not."""

    drawn: dict[str, float]
    trained: int
    fresh_norms: int
    norms: int


def check(context: RunContext) -> Iterator[Finding]:
    """Not for a model made from source alone, which is untrained by right."""
    if context.fresh:
        return
    seen = _look(context.module, {node.fqn for node in context.graph.nodes if node.kind == "module"})
    if seen.drawn and not seen.trained and seen.fresh_norms == seen.norms:
        yield _whole(seen)
    elif seen.norms >= 2 and seen.fresh_norms == seen.norms:
        yield _norms(seen)
    elif seen.drawn and seen.trained:
        yield _part(context, seen)


def _whole(seen: _Seen) -> Finding:
    norms = f", and all {seen.norms} norms have weight 1 and bias 0" if seen.norms else ""
    return Finding(
        rule="untrained_weights",
        severity="note",
        node=None,
        message=(
            f"These weights look untrained: those of {_all(len(seen.drawn))} that could be told lie evenly within "
            f"±1/√fan_in, as torch draws them{norms}."
        ),
        evidence={"layers": len(seen.drawn), "trained": 0, "norms": seen.norms},
        fix="Check that this is the file that was saved after training; outputs of drawn weights mean nothing.",
    )


def _norms(seen: _Seen) -> Finding:
    return Finding(
        rule="untrained_weights",
        severity="note",
        node=None,
        message=f"These weights look untrained: all {seen.norms} norms still have weight 1 and bias 0 exactly.",
        evidence={"layers": 0, "trained": 0, "norms": seen.norms},
        fix="Check that this is the file that was saved after training; outputs of drawn weights mean nothing.",
    )


def _part(context: RunContext, seen: _Seen) -> Finding:
    first = next(iter(seen.drawn))
    names = listed(list(seen.drawn))
    of = len(seen.drawn) + seen.trained
    many = len(seen.drawn) > 1
    return Finding(
        rule="untrained_weights",
        severity="warning",
        node=next((node.id for node in context.graph.nodes if node.fqn == first), None),
        message=(
            f"{names} still {'hold' if many else 'holds'} the weights that torch drew (evenly within "
            f"±{seen.drawn[first]:.4g} = 1/√fan_in), while {seen.trained} of {of} layers were trained."
        ),
        evidence={"layers": len(seen.drawn), "trained": seen.trained, "bound": seen.drawn[first]},
        fix="Load their weights too (see the keys report), or train them; a frozen layer was perhaps meant to learn.",
    )


def _look(module: nn.Module, called: set[str]) -> _Seen:
    drawn: dict[str, float] = {}
    trained = fresh_norms = norms = 0
    for fqn, part in module.named_modules():
        if isinstance(part, _NormBase | nn.LayerNorm | nn.GroupNorm):
            fresh = _is_fresh_norm(part)
            norms += fresh is not None
            fresh_norms += fresh is True
            continue
        weight, fan = _weight_and_fan(part)
        if weight is None or fqn not in called:
            continue
        values = weight.detach().reshape(-1)[:: max(1, weight.numel() // _MOST_VALUES)].float()
        bound = 1 / math.sqrt(fan)
        if _fills_evenly(values, bound, weight.detach()):
            drawn[fqn] = bound
        else:
            trained += 1
    return _Seen(drawn, trained, fresh_norms, norms)


def _all(layers: int) -> str:
    return "the only layer" if layers == 1 else f"all {layers} layers"


def _weight_and_fan(part: nn.Module) -> tuple[torch.Tensor | None, int]:
    """The matrix or kernel, and how many values one output is made of: fan_in, or hidden_size."""
    if isinstance(part, nn.RNNBase):
        weight, fan = getattr(part, "weight_hh_l0", None), part.hidden_size
    elif isinstance(part, nn.Linear | _ConvNd):
        weight = part._parameters.get("weight")
        fan = 0
        if isinstance(weight, torch.Tensor) and weight.ndim > 1 and not weight.is_meta and weight.numel():
            # A transposed convolution's weight is (in, out, …), and torch takes axis 1 for fan_in all the same.
            fan = weight[0].numel()
    else:
        return None, 0
    if not isinstance(weight, torch.Tensor) or weight.is_meta or weight.layout is not torch.strided or fan < 1:
        return None, 0
    if not weight.is_floating_point() or weight.numel() < _LEAST_VALUES:
        return None, 0
    return weight, fan


def _fills_evenly(sample: torch.Tensor, bound: float, whole: torch.Tensor) -> bool:
    """Whether no value is beyond the bound (float16 rounds a little), and the sample fills it as an even draw would."""
    if not bool(torch.isfinite(sample).all()) or float(whole.abs().max()) > bound * (1 + 1e-3):
        return False
    count = len(sample)
    if count < _LEAST_VALUES // 2:
        return False
    ordered = sample.double().sort().values
    expected = (ordered / bound + 1) / 2
    steps = torch.arange(1, count + 1, dtype=torch.float64, device=ordered.device) / count
    apart = torch.maximum((steps - expected).abs(), (steps - 1 / count - expected).abs()).max()
    return float(apart) <= _FIT / math.sqrt(count)


def _is_fresh_norm(part: nn.Module) -> bool | None:
    """Whether a norm still is as made; None where it has nothing to tell by."""
    weight, bias = part._parameters.get("weight"), part._parameters.get("bias")
    mean, variance = part._buffers.get("running_mean"), part._buffers.get("running_var")
    expected = ((weight, 1), (bias, 0), (mean, 0), (variance, 1))
    known = [(tensor, value) for tensor, value in expected if isinstance(tensor, torch.Tensor) and not tensor.is_meta]
    if not known:
        return None
    return all(bool((tensor == value).all()) for tensor, value in known)
