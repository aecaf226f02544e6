"""Known preprocessings: the presets that the window offers, and what a model's own configuration asks for."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from inspector.protocol.inputs import Preprocess

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

# Name → the fields of Preprocess that it changes. Sizes and channels stay as they are; `apply_preset` fits the
# figures to the channels.
PRESETS: dict[str, dict[str, Any]] = {
    "As is (0…1)": {"scale": "unit", "mean": (), "std": (), "channel_order": "RGB"},
    "ImageNet": {"scale": "unit", "mean": IMAGENET_MEAN, "std": IMAGENET_STD, "channel_order": "RGB"},
    "CLIP": {
        "scale": "unit",
        "mean": CLIP_MEAN,
        "std": CLIP_STD,
        "channel_order": "RGB",
        "interpolation": "bicubic",
    },
    "−1…1": {"scale": "unit", "mean": (0.5,), "std": (0.5,), "channel_order": "RGB"},
    "0…255": {"scale": "byte", "mean": (), "std": (), "channel_order": "RGB"},
    # Caffe's models, and Keras' ports of them: blue first, the mean of ImageNet subtracted, no division.
    "Caffe (BGR, 0…255)": {
        "scale": "byte",
        "mean": (103.939, 116.779, 123.68),
        "std": (),
        "channel_order": "BGR",
    },
}

_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
# Pillow's numbers, as transformers writes them into preprocessor_config.json.
_RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}


def fit_to_channels(values: Sequence[float], channels: int, alpha: float) -> tuple[float, ...]:
    """Figures for each of `channels`: averaged for a grey model (as is usual), `alpha` added for a fourth channel."""
    figures = tuple(float(value) for value in values)
    if len(figures) in {0, 1, channels}:
        return figures
    if channels == 1:
        return (round(sum(figures) / len(figures), 6),)
    return (*figures[:3], alpha)[:channels] if len(figures) == 3 else figures


def apply_preset(preprocess: Preprocess, name: str) -> Preprocess:
    """`preprocess` with the changes of the preset `name`, its figures fitted to the number of channels."""
    changes = dict(PRESETS[name])
    changes["mean"] = fit_to_channels(changes["mean"], preprocess.channels, 0.0)
    changes["std"] = fit_to_channels(changes["std"], preprocess.channels, 1.0)
    return msgspec.structs.replace(preprocess, **changes)


def preset_of(preprocess: Preprocess) -> str:
    """The name of the first preset that would change nothing, or "" for one of the user's own."""
    return next((name for name in PRESETS if apply_preset(preprocess, name) == preprocess), "")


def preprocess_from_config(config: Mapping[str, object]) -> Preprocess | None:
    """What a timm `pretrained_cfg` or a transformers `preprocessor_config.json` asks for; None where it says nothing.

    Both forms are read key by key and checked, as they come from files: what is missing or odd is left at its default.
    """
    changes = _size(config)
    channels = changes.get("channels", 3)
    for field, keys in (("mean", ("mean", "image_mean")), ("std", ("std", "image_std"))):
        figures = next((found for key in keys if (found := _figures(config.get(key)))), ())
        if figures and not (field == "std" and 0.0 in figures):
            changes[field] = fit_to_channels(figures, channels, 1.0 if field == "std" else 0.0)
    if config.get("do_normalize") is False:
        changes.pop("mean", None)
        changes.pop("std", None)
    if not changes:
        return None
    changes.update(_how(config))
    return Preprocess(**changes)


def _figures(value: object) -> tuple[float, ...]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (float(value),)
    if not isinstance(value, list | tuple) or len(value) not in {1, 3, 4}:
        return ()
    if not all(isinstance(item, int | float) and not isinstance(item, bool) for item in value):
        return ()
    return tuple(float(item) for item in value)


def _whole(value: object) -> int | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 16384
    return value if good and isinstance(value, int) else None


def _pair(value: object) -> tuple[int, int] | None:
    """A height and width from 224, [224, 224], {"height": …, "width": …} or {"shortest_edge": …}."""
    if isinstance(value, Mapping):
        edge = value.get("shortest_edge")
        value = [value.get("height", edge), value.get("width", edge)]
    sides = list(value) if isinstance(value, list | tuple) else [value, value]
    if len(sides) != 2:
        return None
    height, width = _whole(sides[0]), _whole(sides[1])
    return (height, width) if height and width else None


def _size(config: Mapping[str, object]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    input_size = config.get("input_size")
    if isinstance(input_size, list | tuple) and len(input_size) == 3:
        channels, pair = _whole(input_size[0]), _pair(list(input_size[1:]))
        if channels in {1, 3, 4}:
            changes["channels"] = channels
        if pair:
            changes["height"], changes["width"] = pair
        return changes
    resized, cropped = _pair(config.get("size")), _pair(config.get("crop_size"))
    wants_crop = config.get("do_center_crop", cropped is not None) is not False
    pair = cropped if cropped and wants_crop else resized
    if pair:
        changes["height"], changes["width"] = pair
        if cropped and resized and wants_crop and cropped[0] < resized[0]:
            changes["crop_fraction"] = cropped[0] / resized[0]
        elif not wants_crop or cropped is None:
            shortest = isinstance(config.get("size"), Mapping) and "shortest_edge" in config["size"]  # type: ignore[operator]  # a Mapping, as just asked
            changes["resize"] = "crop" if shortest else "stretch"
    return changes


def _how(config: Mapping[str, object]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    interpolation = config.get("interpolation")
    if interpolation in _INTERPOLATIONS:
        changes["interpolation"] = interpolation
    resample = config.get("resample")
    if isinstance(resample, int) and resample in _RESAMPLE:
        changes["interpolation"] = _RESAMPLE[resample]
    fraction = config.get("crop_pct")
    if isinstance(fraction, int | float) and not isinstance(fraction, bool) and 0.1 <= fraction <= 1.0:
        changes["crop_fraction"] = float(fraction)
    if config.get("crop_mode") == "squash":
        changes["resize"] = "stretch"
    elif config.get("crop_mode") == "border":
        changes["resize"] = "pad"
    if config.get("do_rescale") is False:
        changes["scale"] = "byte"
    return changes


def exchanged(now: Preprocess) -> Preprocess:
    """The same of the negative: (1 − x − mean) / std, which is (x − (1 − mean)) / (−std); of bytes with 255 for 1."""
    top = 1.0 if now.scale == "unit" else 255.0
    mean, std = now.mean or (0.0,), now.std or (1.0,)
    return msgspec.structs.replace(now, mean=tuple(top - one for one in mean), std=tuple(-one for one in std))
