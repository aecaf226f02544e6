"""What a layer takes: the one table from the kind of a layer to the shapes and dtypes that it can be fed."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from inspector.protocol.inputs import Distribution

# A shape with None where a size is free.
Template = tuple[int | None, ...]
IMAGE_SIZES = (224, 256, 32, 28, 64, 96, 128, 299, 384, 512, 16, 8)
# Grey pictures are digits more often than photographs.
GREY_SIZES = (28, 32, 64, 224, 128, 256, 96, 16, 8, 512)
# Other than 1, 3 or 4 channels are maps of features, inside a model: smaller, and dearer to try.
MAP_SIZES = (32, 64, 28, 16, 8, 128, 224, 256)
# Generators start from a point, or a few.
TRANSPOSED_SIZES = (1, 4, 8, 16, 32, 64)
LINE_SIZES = (16, 8, 32, 64, 128, 256, 512, 1024, 4, 1)
SIGNAL_SIZES = (128, 1024, 16000, 256, 64, 512, 32, 16, 4096)
VOLUME_SIZES = (16, 32, 64, 112, 8, 4)
# Of each step with each, as torch's layers and most sources call them.
_SQUARE_MASKS = ("attn", "causal", "src_mask", "tgt_mask")


@dataclass(frozen=True)
class Guess:
    """Shapes to try, in order of likelihood, with the sizes to put where one is free. `why` ends a sentence.

    `value` is what all of it is, where random values would say something: a mask that masks nothing.
    """

    templates: tuple[Template, ...]
    why: str
    sizes: tuple[int, ...] = LINE_SIZES
    integers_below: int | None = None
    value: Literal[0, 1] | None = None

    def __hash__(self) -> int:
        return hash((self.templates, self.integers_below))


def shape_of(template: Template, size: int) -> tuple[int, ...]:
    """The template with its free axes filled."""
    return tuple(size if axis is None else axis for axis in template)


def distribution_of(guess: Guess) -> Distribution:
    """How the values are drawn."""
    if guess.value is not None:
        return "ones" if guess.value else "zeros"
    return "normal" if guess.integers_below is None else "integers"


def guess_for(fqn: str, layer: nn.Module, *, flattened: bool = False) -> Guess | None:
    """What `layer` wants to be fed, or None for a layer that takes anything. `flattened`: a flatten comes before it."""
    kind = _kind(layer)
    make = _LAYERS.get(kind)
    place = f'{kind} "{fqn}"' if fqn else kind
    try:
        guess = make(layer, place) if make else None
    except (AttributeError, TypeError, RuntimeError, IndexError):
        return None
    if guess is not None and flattened and kind in {"Linear", "LazyLinear"}:
        return _flattened(guess, layer, place)
    return guess


def guess_from_weight(name: str, shape: tuple[int, ...]) -> Guess | None:
    """What the first weight of a script, or of a bare functional call, wants; told by its shape alone."""
    place = f'the weight "{name}" of {"×".join(map(str, shape))}'
    if "weight_ih" in name and len(shape) == 2:
        return Guess(((1, None, shape[1]),), f"{place} takes {shape[1]:,} features a step")
    match len(shape):
        case 2:
            return Guess(((1, shape[1]), (1, None, shape[1]), (1, shape[0])), f"{place} takes {shape[1]:,} features")
        case 3:
            return Guess(((1, shape[1], None),), f"{place} takes {_channels(shape[1])}", SIGNAL_SIZES)
        case 4:
            return _image(shape[1], f"{place} takes {_channels(shape[1])}")
        case 5:
            return Guess(((1, shape[1], None, None, None),), f"{place} takes {_channels(shape[1])}", VOLUME_SIZES)
    return None


def mask_guess(name: str, sizes: tuple[int, ...]) -> Guess | None:
    """What an argument of that name wants if it is a mask, as long as the sequence beside it; None if it is none.

    A padding mask is true or added where nothing is; any other mask is true or 1 where something is.
    """
    if "mask" not in name and "padding" not in name:
        return None
    each_with_each = any(word in name for word in _SQUARE_MASKS)
    templates: tuple[Template, ...] = ((None, None), (1, None)) if each_with_each else ((1, None), (None, None))
    return Guess(templates, "it is a mask, by its name", sizes, value=0 if "pad" in name else 1)


def unknown_guess() -> Guess:
    """What to try when no layer tells anything."""
    return Guess(
        ((1, 3, None, None), (1, 1, None, None), (1, None), (1, None, None)), "no layer tells the shape", (224, 32, 16)
    )


def is_known(layer: nn.Module) -> bool:
    """Whether a guess can be made from this layer."""
    return _kind(layer) in _LAYERS


def _kind(layer: nn.Module) -> str:
    """The layer's class, or the torch class that it derives from; for a scripted layer the class that it was."""
    original = getattr(layer, "original_name", None)
    if isinstance(original, str):
        return original
    return next((base.__name__ for base in type(layer).__mro__ if base.__name__ in _LAYERS), type(layer).__name__)


def _channels(count: int) -> str:
    return f"{count:,} channel{'' if count == 1 else 's'}"


def _image(channels: int, why: str) -> Guess:
    sizes = GREY_SIZES if channels == 1 else IMAGE_SIZES if channels in {3, 4} else MAP_SIZES
    return Guess(((1, channels, None, None),), why, sizes)


def _conv(axes: int, sizes: tuple[int, ...] = ()) -> Callable[[Any, str], Guess]:
    def make(layer: Any, place: str) -> Guess:  # noqa: ANN401 - a scripted layer has only its attributes in common
        channels = int(getattr(layer, "in_channels", 0)) or int(layer.weight.shape[1])
        why = f"{place} takes {_channels(channels)}"
        if axes == 2 and not sizes:
            return _image(channels, why)
        return Guess(((1, channels, *(None,) * axes),), why, sizes or (SIGNAL_SIZES if axes == 1 else VOLUME_SIZES))

    return make


def _linear(layer: Any, place: str) -> Guess:  # noqa: ANN401 - see _conv
    quantised = callable(layer.weight)  # its weight is packed, and given by a method
    features = int(layer.in_features if quantised else layer.weight.shape[-1])
    return Guess(((1, features), (1, None, features)), f"{place} takes {features:,} features")


def _flattened(guess: Guess, layer: Any, place: str) -> Guess:  # noqa: ANN401 - see _conv
    """A picture where the features are those of one: 784 = 1·28·28, 3,072 = 3·32·32."""
    features = int(layer.weight.shape[-1])
    for channels in (1, 3):
        side = math.isqrt(features // channels)
        if side * side * channels == features and side >= 8:
            why = f"a flatten comes first, and {place} takes {features:,} = {channels}·{side}·{side} features"
            return Guess(((1, channels, side, side), *guess.templates), why)
    return guess


def _embedding(layer: Any, place: str) -> Guess:  # noqa: ANN401 - see _conv
    count = int(layer.weight.shape[0])
    return Guess(((1, None), (1,)), f"{place} takes integers below {count:,}", LINE_SIZES, integers_below=count)


def _recurrent(layer: Any, place: str) -> Guess:  # noqa: ANN401 - see _conv
    features = int(getattr(layer, "input_size", 0)) or int(layer.weight_ih_l0.shape[1])
    first = bool(getattr(layer, "batch_first", False))
    why = f"{place} takes {features:,} features a step, {'batch' if first else 'time'} first"
    return Guess(((1, None, features) if first else (None, 1, features),), why)


def _recurrent_cell(layer: Any, place: str) -> Guess:  # noqa: ANN401 - see _conv
    return Guess(((1, int(layer.input_size)),), f"{place} takes {int(layer.input_size):,} features")


def _attention(layer: Any, place: str) -> Guess:  # noqa: ANN401 - see _conv
    attention = getattr(layer, "self_attn", layer)
    width = int(attention.embed_dim)
    first = bool(getattr(attention, "batch_first", False))
    why = f"{place} works on {width:,} features a step, {'batch' if first else 'time'} first"
    return Guess(((1, None, width) if first else (None, 1, width),), why)


def _norm(axes: int) -> Callable[[Any, str], Guess]:
    def make(layer: Any, place: str) -> Guess:  # noqa: ANN401 - see _conv
        channels = int(layer.num_features)
        why = f"{place} normalises {_channels(channels)}"
        if axes == 1:
            return Guess(((1, channels), (1, channels, None)), why)
        return _image(channels, why) if axes == 2 else Guess(((1, channels, None, None, None),), why, VOLUME_SIZES)

    return make


def _group_norm(layer: Any, place: str) -> Guess:  # noqa: ANN401 - see _conv
    return _image(int(layer.num_channels), f"{place} normalises {_channels(int(layer.num_channels))}")


def _layer_norm(layer: Any, place: str) -> Guess:  # noqa: ANN401 - see _conv
    shape = tuple(int(side) for side in layer.normalized_shape)
    return Guess(((1, *shape), (1, None, *shape)), f"{place} normalises {'×'.join(map(str, shape))}")


_LAYERS: dict[str, Callable[[Any, str], Guess]] = {
    "Conv1d": _conv(1),
    "Conv2d": _conv(2),
    "Conv3d": _conv(3),
    "ConvTranspose1d": _conv(1),
    "ConvTranspose2d": _conv(2, TRANSPOSED_SIZES),
    "ConvTranspose3d": _conv(3),
    "Linear": _linear,
    "Embedding": _embedding,
    "EmbeddingBag": _embedding,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
    "LSTMCell": _recurrent_cell,
    "GRUCell": _recurrent_cell,
    "RNNCell": _recurrent_cell,
    "MultiheadAttention": _attention,
    "TransformerEncoderLayer": _attention,
    "TransformerDecoderLayer": _attention,
    "BatchNorm1d": _norm(1),
    "BatchNorm2d": _norm(2),
    "BatchNorm3d": _norm(3),
    "InstanceNorm1d": _norm(1),
    "InstanceNorm2d": _norm(2),
    "GroupNorm": _group_norm,
    "LayerNorm": _layer_norm,
}
