"""Pictures normalised otherwise than in training, told by the statistics that the first BatchNorm has learned."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from inspector.core.presets import PRESETS, apply_preset
from inspector.engine.capture import unchanged
from inspector.engine.diagnosis.context import RunContext
from inspector.engine.errors import EngineError
from inspector.engine.inputs import make_tensor
from inspector.protocol.findings import Finding
from inspector.protocol.inputs import ImageInput

# How many times the learned deviation counts as another scale, and how much nearer a preset must come.
_FAR, _NEARER = 3.0, 2.0


class _SeenError(Exception):
    """The first BatchNorm was reached: the rest of the forward is not needed."""


@dataclass(frozen=True)
class _Fit:
    """How one preprocessing meets the first BatchNorm: its channels' deviation over the learned one, and the shift."""

    ratio: float
    shift: float

    @property
    def distance(self) -> float:
        """0 where the scale is the learned one and the mean in its place."""
        return abs(math.log(max(self.ratio, 1e-12))) + self.shift


def check(context: RunContext) -> Iterator[Finding]:
    """Only for pictures, and a BatchNorm that was trained; the presets are tried on the same pictures."""
    place = next((i for i, named in enumerate(context.inputs) if isinstance(named.source, ImageInput)), None)
    norm = _first_norm(context)
    if place is None or norm is None or place >= len(context.args):
        return
    source = context.inputs[place].source
    assert isinstance(source, ImageInput)
    now = _fit(context, norm[1], place, source)
    if now is None or (1 / _FAR <= now.ratio <= _FAR and now.shift <= _FAR):
        return
    fits = {name: _fit(context, norm[1], place, _with_preset(source, name)) for name in PRESETS}
    known = {name: fit for name, fit in fits.items() if fit is not None}
    best = min(known, key=lambda name: known[name].distance, default=None)
    better = best is not None and known[best].distance * _NEARER < now.distance
    # A plain picture spreads little however it is prepared.
    if now.ratio < 1 / _FAR and now.shift <= _FAR and not better:
        return
    yield Finding(
        rule="normalisation_mismatch",
        severity="warning",
        node=next((node.id for node in context.graph.nodes if node.fqn == norm[0]), None),
        message=(
            f"The first BatchNorm, {norm[0]}, learned other values than this picture makes: they spread "
            f"{now.ratio:.3g} times as far as in training, and their mean is {now.shift:.3g} deviations away."
            + (f" With the preset {best} they spread {known[best].ratio:.3g} times as far." if best and better else "")
        ),
        evidence={"ratio": now.ratio, "shift": now.shift},
        fix=(
            f"Use the preset {best}."
            if best and better
            else "Find out how its training pictures were scaled and normalised; none of the presets fits."
        ),
        apply_preprocess=_with_preset(source, best).preprocess if best and better else None,
    )


def _first_norm(context: RunContext) -> tuple[str, _BatchNorm] | None:
    parts = dict(context.module.named_modules())
    for node in context.graph.nodes:
        part = parts.get(node.fqn) if node.kind == "module" else None
        if isinstance(part, _BatchNorm):
            mean = part.running_mean
            trained = isinstance(mean, torch.Tensor) and not mean.is_meta and bool(mean.any())
            return (node.fqn, part) if trained else None
    return None


def _with_preset(source: ImageInput, name: str) -> ImageInput:
    return msgspec.structs.replace(source, preprocess=apply_preset(source.preprocess, name))


def _fit(context: RunContext, norm: _BatchNorm, place: int, source: ImageInput) -> _Fit | None:
    """What the pictures, so prepared, make of the values before the norm; None where that can't be seen."""
    seen: list[torch.Tensor] = []

    def look(_module: nn.Module, args: tuple[torch.Tensor, ...]) -> None:
        seen.append(args[0].detach())
        raise _SeenError

    fed = context.args[place]
    hook = norm.register_forward_pre_hook(look)
    try:
        tensor = make_tensor(source).to(device=fed.device, dtype=fed.dtype)
        with unchanged(context.module, mode=context.mode, seed=0), torch.no_grad():
            context.module(*context.args[:place], tensor, *context.args[place + 1 :], **context.kwargs)
    except _SeenError:
        pass
    except (EngineError, RuntimeError, ValueError, TypeError):
        return None
    finally:
        hook.remove()
    return _compare(seen[0], norm) if seen else None


def _compare(values: torch.Tensor, norm: _BatchNorm) -> _Fit | None:
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    axes = [axis for axis in range(values.ndim) if axis != 1]
    if values.ndim < 3:
        return None
    seen = values.double()
    learned_std = (variance.double() + norm.eps).sqrt()
    ratio = float((seen.var(dim=axes, unbiased=False).mean() / learned_std.square().mean()).sqrt())
    shift = float(((seen.mean(dim=axes) - mean.double()).abs() / learned_std).median())
    return _Fit(ratio, shift)
