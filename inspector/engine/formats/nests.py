"""Which dict of a training checkpoint holds the model's weights."""

from collections.abc import Iterable, Mapping, Sequence

_PREFERRED = (
    *("state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "model_weights", "weights"),
    *("params", "params_ema", "state_dict_ema", "model_ema", "ema_state_dict", "ema", "teacher", "student", "backbone"),
    *("encoder", "generator", "netG", "G"),
)
_NEVER = ("optim", "sched", "scaler", "amp", "momentum", "exp_avg", "grad", "rng", "random", "cuda")


def choose_nest(groups: Mapping[tuple[str, ...], int]) -> tuple[str, ...] | None:
    """The path of the dict with the model's weights, from the number of tensors in each; None where there is none.

    The plain weights come before their moving average, as that is what training scripts load again.
    """
    paths = [path for path, count in groups.items() if count and not any(_is_bookkeeping(part) for part in path)]
    if not paths:
        return None
    if () in groups and groups[()] * 2 >= sum(groups[path] for path in paths):
        return ()
    return min(paths, key=lambda path: (_rank(path), -groups[path], len(path), path))


def other_nests(groups: Iterable[tuple[str, ...]], chosen: Sequence[str]) -> list[str]:
    """The other dicts with weights, to be named to the user."""
    return [".".join(path) for path in groups if path != tuple(chosen) and path and not any(map(_is_bookkeeping, path))]


def _is_bookkeeping(part: str) -> bool:
    return part.casefold().startswith(_NEVER)


def _rank(path: tuple[str, ...]) -> int:
    ranks = [_PREFERRED.index(part) for part in path if part in _PREFERRED]
    return min(ranks, default=len(_PREFERRED))
