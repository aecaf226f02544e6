"""The preprocessing in force, in one line."""

from inspector.core.presets import preset_of
from inspector.gui.input_panel.numbers import figures_text
from inspector.protocol.inputs import Preprocess

_CHANNELS = {1: "grey", 3: "RGB", 4: "RGBA"}


def preprocess_text(preprocess: Preprocess) -> str:
    """`224×224 · crop · RGB · [0, 1] · not normalised`: what happens to every picture, in its order."""
    parts = [_size(preprocess), *_resize(preprocess)]
    colours = _CHANNELS[preprocess.channels]
    parts.append("BGR" if preprocess.channels == 3 and preprocess.channel_order == "BGR" else colours)
    parts.append("[0, 1]" if preprocess.scale == "unit" else "0…255")
    parts.append(_normalisation(preprocess))
    if preprocess.layout == "NHWC":
        parts.append("NHWC")
    return " · ".join(parts)


def _size(preprocess: Preprocess) -> str:
    if preprocess.height is None and preprocess.width is None:
        return "own size"
    height = preprocess.height if preprocess.height is not None else "own"
    width = preprocess.width if preprocess.width is not None else "own"
    return f"{height}×{width}"


def _resize(preprocess: Preprocess) -> list[str]:
    if preprocess.height is None and preprocess.width is None:
        return []
    if preprocess.resize == "none":
        return ["not resized"]
    words: list[str] = [preprocess.resize]
    if preprocess.resize == "crop" and preprocess.crop_fraction != 1.0:
        words[0] += f" {preprocess.crop_fraction:.4g}"
    if preprocess.interpolation != "bilinear":
        words.append(preprocess.interpolation)
    return words


def _normalisation(preprocess: Preprocess) -> str:
    if not preprocess.mean and not preprocess.std:
        return "not normalised"
    preset = preset_of(preprocess)
    if preset:
        return f"normalised ({preset})"
    parts = []
    if preprocess.mean:
        parts.append(f"mean {figures_text(preprocess.mean)}")
    if preprocess.std:
        parts.append(f"std {figures_text(preprocess.std)}")
    return ", ".join(parts)
