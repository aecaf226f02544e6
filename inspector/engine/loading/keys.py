"""How the keys of a state_dict meet those of a model: prefixes mended, the rest reported, what fits loaded."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import nn

from inspector.protocol.files import KeysReport, Misshaped

_T = TypeVar("_T")
_WRAPPERS = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "encoder.", "student.", "teacher.")
State = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class OwnKeys:
    """A model's own keys with their shapes (None for one not known yet), and the keys that are one and the same tensor.

    `parameters` are those that begin as random numbers.
    """

    shapes: Mapping[str, tuple[int, ...] | None]
    twins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Fit:
    """A state_dict whose names were mended, its report, and the keys of the model that it met."""

    state: dict[str, torch.Tensor]
    report: KeysReport
    own: OwnKeys

    @property
    def faults(self) -> int:
        """How many keys don't meet, weighed for comparing."""
        return len(self.report.missing) + len(self.report.misshaped) + len(self.report.unexpected)


def fit_keys(state: State, own: OwnKeys) -> Fit:
    """Meet a state_dict with a model's own keys, under the best names."""
    best: Fit | None = None
    for said, rename in _renamings(state, own.shapes):
        fit = meet({rename(key): value for key, value in state.items()}, own, said)
        if best is None or (fit.report.matched, -fit.faults) > (best.report.matched, -best.faults):
            best = fit
        if not best.faults:
            break
    assert best is not None
    return best


def keys_of(module: nn.Module) -> OwnKeys:
    """The keys of a model; the shape of a lazy layer's is not known before it has run."""
    shapes: dict[str, tuple[int, ...] | None] = {}
    parameters, same = set(), defaultdict[int, list[str]](list)
    for key, value in module.state_dict(keep_vars=True).items():
        if isinstance(value, torch.Tensor):
            shapes[key] = None if torch.nn.parameter.is_lazy(value) else tuple(value.shape)
            same[id(value)].append(key)
            if isinstance(value, nn.Parameter):
                parameters.add(key)
    twins = {key: tuple(keys) for keys in same.values() if len(keys) > 1 for key in keys}
    return OwnKeys(shapes, twins, frozenset(parameters))


def load_fitting(module: nn.Module, fit: Fit) -> None:
    """Copy the keys that fit into the module; the others stay as they are."""
    own = keys_of(module).shapes
    fitting = {key: value for key, value in fit.state.items() if key in own and own[key] in {None, tuple(value.shape)}}
    module.load_state_dict(fitting, strict=False)


def meet(state: dict[str, torch.Tensor], own: OwnKeys, *said: str) -> Fit:
    """Meet them under the names as they are; `said` is what was done to them before."""
    misshaped = []
    matched = 0
    for key, shape in own.shapes.items():
        if key not in state:
            continue
        there = tuple(state[key].shape)
        if shape is None or there == shape:
            matched += 1
        else:
            misshaped.append(Misshaped(key=key, file_shape=there, model_shape=shape))
    # Files leave out the second name of a tensor that has two.
    missing = tuple(
        key for key in own.shapes if key not in state and not any(twin in state for twin in own.twins.get(key, ()))
    )
    unexpected = tuple(key for key in state if key not in own.shapes)
    mended = tuple(filter(None, said))
    # A second name of a tensor counts once.
    left = [key for key in (*missing, *(one.key for one in misshaped)) if key in own.parameters]
    firsts = {own.twins[key][0] if key in own.twins else key for key in own.parameters}
    report = KeysReport(
        matched=matched,
        missing=missing,
        unexpected=unexpected,
        misshaped=tuple(misshaped),
        mended=mended,
        sentence=_sentence(matched, missing, unexpected, misshaped, ", ".join(mended)),
        random=tuple(key for key in left if key in firsts),
        num_parameters=len(firsts),
    )
    return Fit(state, report, own)


def _sentence(
    matched: int, missing: tuple[str, ...], unexpected: tuple[str, ...], misshaped: list[Misshaped], said: str
) -> str:
    if not missing and not unexpected and not misshaped:
        return f"All {matched:,} keys match{f' ({said})' if said else ''}."
    parts = [f"{matched:,} keys match{f' ({said})' if said else ''}"]
    if misshaped:
        worst = misshaped[-1]
        parts.append(
            f"{len(misshaped):,} have another shape, such as {worst.key}: {worst.file_shape} in the file, "
            f"{worst.model_shape} in the model"
        )
    if missing:
        parts.append(f"{len(missing):,} of the model are missing in the file, such as {missing[0]}")
    if unexpected:
        parts.append(f"{len(unexpected):,} of the file are not in the model, such as {unexpected[0]}")
    return "; ".join(parts) + "."


def _renamings(state: State, shapes: Mapping[str, _T]) -> Iterable[tuple[str, Callable[[str], str]]]:
    """Ways to rename, with what to say of them; the names as they are come first."""
    yield "", lambda key: key
    keys = list(state)
    prefixes = [*_WRAPPERS, "module.model.", "model.module.", "module._orig_mod.", "_orig_mod.module."]
    prefixes += [prefix for prefix in _first_parts(keys) if prefix not in prefixes]
    for prefix in prefixes:
        if any(key.startswith(prefix) for key in keys):
            yield f'removed "{prefix}"', _remover(prefix)
    if any("._orig_mod." in key or ".module." in key for key in keys):
        yield 'removed "_orig_mod." and "module."', lambda key: key.replace("_orig_mod.", "").replace("module.", "")
    for prefix in _first_parts(list(shapes)):
        yield f'added "{prefix}"', _adder(prefix)


def _first_parts(keys: list[str]) -> list[str]:
    """The first parts of names, where there are few of them."""
    found = list(dict.fromkeys(key.partition(".")[0] + "." for key in keys if "." in key))
    return found if len(found) <= 4 else []


def _remover(prefix: str) -> Callable[[str], str]:
    return lambda key: key.removeprefix(prefix)


def _adder(prefix: str) -> Callable[[str], str]:
    return lambda key: prefix + key
