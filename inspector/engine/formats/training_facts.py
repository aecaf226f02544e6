"""What a training checkpoint says of its optimisers, a line each in place of one for each setting of each group."""

import re
from collections.abc import Mapping

from inspector.core.formatting import counted
from inspector.engine.formats.cleaning import clean_text

_SETTING = re.compile(r"(.*)\.param_groups\.(\d+)\.(\w+)")
# Settings that only this optimiser of torch has; the first match counts.
_KINDS = (
    ("AdamW", {"betas", "decoupled_weight_decay"}, ("decoupled_weight_decay", "True")),
    ("Adam or AdamW", {"betas", "amsgrad"}, None),
    ("NAdam", {"betas", "momentum_decay"}, None),
    ("Adam or one like it", {"betas"}, None),
    ("RMSprop", {"alpha", "centered"}, None),
    ("SGD", {"dampening", "nesterov"}, None),
    ("Adagrad", {"lr_decay", "initial_accumulator_value"}, None),
    ("Adadelta", {"rho"}, None),
    ("LBFGS", {"history_size"}, None),
)
_SHOWN = ("lr", "momentum", "betas", "weight_decay")


def with_optimisers(values: Mapping[str, str]) -> dict[str, str]:
    """The values, with the settings of each optimiser brought into one line at the place of the first."""
    settings: dict[str, dict[str, list[str]]] = {}
    found: dict[str, str] = {}
    for path, value in values.items():
        match = _SETTING.fullmatch(path)
        if match is None:
            found[path] = value
            continue
        optimiser, _, name = match.groups()
        found.setdefault(optimiser, "")
        settings.setdefault(optimiser, {}).setdefault(name, []).append(value)
    return found | {optimiser: _told(groups) for optimiser, groups in settings.items()}


def _told(settings: dict[str, list[str]]) -> str:
    groups = max(len(values) for values in settings.values())
    parts = [f"{_kind(settings)}, {counted(groups, 'group')}"]
    parts += [f"{name} {' / '.join(dict.fromkeys(settings[name]))}" for name in _SHOWN if name in settings]
    return clean_text(", ".join(parts), 300)


def _kind(settings: dict[str, list[str]]) -> str:
    """The optimiser's name, guessed from the names of its settings: checkpoints don't hold it."""
    for kind, names, needs in _KINDS:
        if names <= set(settings) and (needs is None or needs[1] in settings[needs[0]]):
            return f"{kind} (by its settings)"
    return "an optimiser"
