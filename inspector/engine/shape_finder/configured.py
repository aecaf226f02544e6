"""What a model's own configuration says of its input: sizes, frames, lengths. Guesses like any other, to be tried."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from inspector.engine.shape_finder.first_layers import IMAGE_SIZES, Guess

# Names that libraries give an input's axes in their configurations: the shape that each set of them makes.
_SHAPES = (
    (("num_frames", "num_channels", "image_size", "image_size"), "frames of pictures"),
    (("context_length", "num_input_channels"), "a series of that length"),
)
_MOST_SIDE = 1024
_MOST_LENGTH = 100_000


def hinted_sizes(module: nn.Module) -> tuple[int, ...]:
    """The picture size that the model itself names (as those of timm, torchvision and transformers do), or nothing."""
    config = _told(module, "pretrained_cfg") or _told(module, "default_cfg")
    named: list[Any] = []
    if isinstance(config, Mapping):
        size = config.get("input_size")
        named.append(size[-1] if isinstance(size, list | tuple) and size else None)
    named += [_told(module, name) for name in ("image_size", "img_size")]
    named += [_told(part, "image_size") for part in _configurations(module)]
    return tuple(dict.fromkeys(size for size in named if _is_size(size, _MOST_SIDE)))


def configured_guesses(module: nn.Module) -> list[Guess]:
    """Whole shapes that the configuration spells out."""
    found = []
    for names, what in _SHAPES:
        for config in _configurations(module):
            sizes = [_first(_told(config, name)) for name in names]
            if all(_is_size(size, _MOST_LENGTH) for size in sizes):
                found.append(Guess(((1, *sizes),), f"the configuration tells of {what}", IMAGE_SIZES))
    return found


def end_token(module: nn.Module) -> int | None:
    """The token that ends a text, where the configuration names one: some models look for it."""
    for config in _configurations(module):
        token = _first(_told(config, "eos_token_id"))
        if isinstance(token, int) and not isinstance(token, bool) and token > 0:
            return token
    return None


def _configurations(module: nn.Module) -> Iterator[Any]:
    """The model's configuration, and those within it (that of the pictures, say)."""
    config = _told(module, "config")
    if config is None:
        return
    yield config
    values = vars(config) if hasattr(config, "__dict__") else {}
    yield from (value for name, value in values.items() if name.endswith("config") and hasattr(value, "__dict__"))


def _told(owner: object, name: str) -> Any:  # noqa: ANN401 - a configuration may hold anything
    """An attribute; None where there is none, or where it is a property of the model's own that raises."""
    try:
        return getattr(owner, name, None)
    except Exception:  # noqa: BLE001 - the model's own may raise anything
        return None


def _first(value: Any) -> Any:  # noqa: ANN401 - see above
    return value[0] if isinstance(value, list | tuple) and value else value


def _is_size(value: Any, most: int) -> bool:  # noqa: ANN401 - see above
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most
