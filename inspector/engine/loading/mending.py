"""Ways to make more keys of a file fit. Each is tried, and offered where it brings more in than there was before."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec
import torch
from torch import nn

from inspector.engine.loading.keys import Fit, keys_of, meet
from inspector.engine.loading.weights import Weights
from inspector.protocol.files import Mend

State = dict[str, torch.Tensor]
WEIGHTS_AT = "weights_at:"
RESIZE = "resize"
_QKV = (("q", "k", "v"), ("query", "key", "value"), ("q_proj", "k_proj", "v_proj"), ("to_q", "to_k", "to_v"))
_FUSED = ("qkv", "in_proj", "qkv_proj", "c_attn", "query_key_value", "Wqkv", "to_qkv")
_MAX_RESIZED = 4


@dataclass(frozen=True)
class StateMend:
    """A row of the table below: `change` gives the state_dict changed, or None where there is nothing to change."""

    name: str
    label: str
    why: str
    change: Callable[[Fit], State | None]


def _transposed(fit: Fit) -> State | None:
    found = {
        one.key: fit.state[one.key].transpose(0, 1)
        for one in fit.report.misshaped
        if len(one.file_shape) == 2 and one.file_shape == one.model_shape[::-1]
    }
    return fit.state | found if found else None


def _renamed_gamma(fit: Fit) -> State | None:
    names = {"gamma": "weight", "beta": "bias"}
    own = fit.own.shapes
    changed = {}
    for key, value in fit.state.items():
        outer, _, leaf = key.rpartition(".")
        new = f"{outer}.{names[leaf]}" if leaf in names and key not in own else key
        changed[new] = value
    return changed if changed.keys() != fit.state.keys() else None


def _fused(fit: Fit) -> State | None:
    """Three of the file's tensors become one of the model's."""
    state = dict(fit.state)
    for key in fit.report.missing:
        shape = fit.own.shapes[key]
        for parts in _split_names(key):
            if shape and all(part in fit.state for part in parts):
                joined = torch.cat([fit.state[part] for part in parts])
                if tuple(joined.shape) == shape:
                    for part in parts:
                        state.pop(part, None)
                    state[key] = joined
                    break
    return state if len(state) != len(fit.state) else None


def _split(fit: Fit) -> State | None:
    """One of the file's tensors becomes three of the model's."""
    state, missing = dict(fit.state), set(fit.report.missing)
    for key in fit.report.unexpected:
        for parts in _split_names(key):
            sizes = [shape[0] for part in parts if part in missing and (shape := fit.own.shapes[part])]
            if len(sizes) == 3 and sum(sizes) == len(fit.state[key]):
                pieces = torch.split(state.pop(key), sizes)
                state |= dict(zip(parts, pieces, strict=True))
                break
    return state if len(state) != len(fit.state) else None


def _split_names(key: str) -> Iterator[list[str]]:
    """The names that the three parts of a fused tensor may have."""
    for fused in _FUSED:
        match = re.fullmatch(rf"(.*?){fused}([._])(weight|bias)", key)
        for names in _QKV if match else ():
            assert match is not None
            yield [f"{match[1]}{name}.{match[3]}" for name in names]


def _by_order(fit: Fit) -> State | None:
    """Other names for the same shapes in the same order."""
    own = fit.own.shapes
    missing, unexpected = fit.report.missing, fit.report.unexpected
    told = [(own[key] or ()) for key in missing], [tuple(fit.state[key].shape) for key in unexpected]
    if not missing or told[0] != told[1]:
        return None
    names = dict(zip(unexpected, missing, strict=True))
    return {names.get(key, key): value for key, value in fit.state.items()}


STATE_MENDS: tuple[StateMend, ...] = (
    StateMend("gamma", "Read gamma and beta as weight and bias", "Older files name them so.", _renamed_gamma),
    StateMend(
        "transpose", "Turn the matrices round", "Conv1D keeps its matrix the other way than Linear.", _transposed
    ),
    StateMend("fuse", "Join q, k and v", "The file has three tensors where the model has one.", _fused),
    StateMend("split", "Take q, k and v apart", "The file has one tensor where the model has three.", _split),
    StateMend(
        "by_order",
        "Match by order",
        "The keys have other names, but the same shapes in the same order.",
        _by_order,
    ),
)


def mended(fit: Fit, mends: Iterable[str]) -> Fit:
    """The same weights after these mends; those that change nothing are passed over."""
    for name in mends:
        row = next((one for one in STATE_MENDS if one.name == name), None)
        changed = row.change(fit) if row is not None else None
        if row is not None and changed is not None:
            fit = meet(changed, fit.own, *fit.report.mended, _lowered(row.label))
    return fit


def resized(model: nn.Module, fit: Fit) -> Fit:
    """Give layers whose number of outputs differs the file's number; the model is changed."""
    owners = _resizable(model, fit)
    for fqn, size in owners.items():
        _resize(model.get_submodule(fqn), size)
    if not owners:
        return fit
    told = [f'gave "{fqn}" {size:,} outputs' for fqn, size in owners.items()]
    return meet(fit.state, keys_of(model), *fit.report.mended, *told)


def offers(model: nn.Module, fit: Fit, weights: Weights) -> tuple[Mend, ...]:
    """All mends that would bring more in."""
    found = []
    for row in STATE_MENDS if fit.faults else ():
        changed = row.change(fit)
        after = meet(changed, fit.own) if changed is not None else None
        if after is not None and after.faults < fit.faults and after.report.matched > fit.report.matched:
            more = after.report.matched - fit.report.matched
            found.append(Mend(name=row.name, label=row.label, why=f"{row.why} {more:,} more keys would fit."))
    owners = _resizable(model, fit)
    if owners:
        told = ", ".join(f"{fqn} {size:,} outputs" for fqn, size in owners.items())
        why = "The model then has as many outputs as the file was trained for."
        found.append(Mend(name=RESIZE, label=f"Give {told}", why=why))
    for place in weights.others[:3]:
        why = f"The file has several sets of weights; those under {'.'.join(weights.nest) or 'its top'} are loaded."
        found.append(Mend(name=WEIGHTS_AT + place, label=f"Load {place} instead", why=why))
    return tuple(found)


def place_chosen(mends: Iterable[str]) -> str:
    """Which dict of the file was asked for, or ""."""
    return next((name.removeprefix(WEIGHTS_AT) for name in mends if name.startswith(WEIGHTS_AT)), "")


def with_offers(fit: Fit, mends: tuple[Mend, ...]) -> Fit:
    """The same, with the mends in its report."""
    return Fit(fit.state, msgspec.structs.replace(fit.report, mends=mends), fit.own)


def _resizable(model: nn.Module, fit: Fit) -> dict[str, int]:
    """Layers of which only the number of outputs differs, with the file's number."""
    found: dict[str, int] = {}
    for one in fit.report.misshaped:
        fqn, _, leaf = one.key.rpartition(".")
        try:
            owner = model.get_submodule(fqn)
        except AttributeError:
            return {}
        fits = type(owner) in {nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Embedding}
        grouped = getattr(owner, "groups", 1) != 1
        if not fits or grouped or one.file_shape[1:] != one.model_shape[1:] or leaf not in {"weight", "bias"}:
            return {}
        found[fqn] = one.file_shape[0]
    return found if len(found) <= _MAX_RESIZED else {}


def _resize(layer: nn.Module, size: int) -> None:
    for name, value in list(layer.named_parameters(recurse=False)):
        setattr(layer, name, nn.Parameter(value.new_zeros((size, *value.shape[1:])), requires_grad=value.requires_grad))
    for name in ("out_features", "out_channels", "num_embeddings"):
        if hasattr(layer, name):
            setattr(layer, name, size)


def _lowered(label: str) -> str:
    return label[0].lower() + label[1:]
