"""What a checkpoint, a model or its folder say beside the weights: class names, settings, preprocessing."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from torch import nn

from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.hugging_face import read_json

_CLASS_KEYS = (
    *("class_names", "classes", "class_to_idx", "idx_to_class", "id2label", "label2id", "labels", "label_names"),
    *("categories", "names", "label_map", "class_map"),
)
_SETTING_KEYS = (
    *("hyper_parameters", "hparams", "model_args", "model_kwargs", "init_args", "arch_args", "model_config", "config"),
    *("cfg", "args", "params", "kwargs"),
)


def class_names_in(beside: Mapping[str, object]) -> tuple[str, ...]:
    """The names of the classes in the order of their indices, or ()."""
    for table in (beside, *_tables(beside)):
        for key in _CLASS_KEYS:
            names = _names(table.get(key))
            if names:
                return names
    return ()


def settings_in(beside: Mapping[str, object]) -> dict[str, object]:
    """Plain settings that may be constructor arguments, the more specific ones first."""
    found: dict[str, object] = {}
    for table in (*_tables(beside), beside):
        for key, value in table.items():
            if key not in found and _is_plain(value):
                found[key] = value
    return found


def preprocessing_of(module: nn.Module, path: str) -> dict[str, object]:
    """The model's own preprocessing: timm's `pretrained_cfg`, or a preprocessor_config.json beside the file."""
    for name in ("pretrained_cfg", "default_cfg"):
        config = getattr(module, name, None)
        if config is not None and not isinstance(config, Mapping):
            config = getattr(config, "__dict__", None)
        if isinstance(config, Mapping) and config:
            return {str(key): value for key, value in config.items() if _is_plain(value)}
    place = Path(path)
    beside = (place if place.is_dir() else place.parent) / "preprocessor_config.json"
    return (read_json(beside) or {}) if beside.is_file() else {}


def config_beside(path: str) -> dict[str, object]:
    """The config.json of a Hugging Face folder, or of the folder that a weights file lies in."""
    place = Path(path)
    config = (place if place.is_dir() else place.parent) / "config.json"
    return (read_json(config) or {}) if config.is_file() else {}


def _tables(beside: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    for key in _SETTING_KEYS:
        table = beside.get(key)
        if not isinstance(table, Mapping) and type(table).__module__ == "argparse":
            table = vars(table)
        if isinstance(table, Mapping):
            yield {str(name): value for name, value in table.items()}


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and value and all(isinstance(name, str) for name in value):
        return tuple(clean_text(name, 200) for name in value)
    if not isinstance(value, Mapping) or not value:
        return ()
    numbered: list[tuple[int, str]] = []
    for key, inner in value.items():
        index, name = (inner, key) if isinstance(inner, int) and isinstance(key, str) else (key, inner)
        if isinstance(index, str) and index.isdecimal() and len(index) < 10:
            index = int(index)
        if not isinstance(index, int) or not isinstance(name, str):
            return ()
        numbered.append((index, clean_text(name, 200)))
    return tuple(name for _, name in sorted(numbered))


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= 64 and all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)
