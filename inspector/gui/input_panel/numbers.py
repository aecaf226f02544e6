"""Shapes and figures as people type them; what can't be read is said in a sentence."""

import math
import re

_MAX_DIMENSIONS = 16
_MAX_ELEMENTS = 2**32
_SEPARATORS = re.compile(r"[\s,;x×*]+")


def parse_shape(text: str) -> tuple[int, ...]:
    """`1,3,224,224`, `(1, 3, 224, 224)` or `1x3x224x224`; `()` is a scalar.

    Raises:
        ValueError: it is none of these; the message is a sentence.
    """
    inner = text.strip()
    scalar = inner in ("()", "[]")
    inner = inner.removeprefix("torch.Size").strip("()[] \t")
    if scalar:
        return ()
    if not inner:
        raise ValueError("Type the sizes, such as 1,3,224,224.")
    parts = [part for part in _SEPARATORS.split(inner) if part]
    for part in parts:
        if not re.fullmatch(r"[0-9]{1,12}", part):
            raise ValueError(f"“{part[:24]}” is not a size: type whole numbers, such as 1,3,224,224.")
    shape = tuple(int(part) for part in parts)
    if len(shape) > _MAX_DIMENSIONS:
        raise ValueError(f"{len(shape)} dimensions are more than the {_MAX_DIMENSIONS} that fit here.")
    if math.prod(shape) > _MAX_ELEMENTS:
        raise ValueError(f"{math.prod(shape):,} values are more than memory holds.")
    return shape


def shape_field_text(shape: tuple[int, ...]) -> str:
    """A shape as it is typed."""
    return ",".join(str(size) for size in shape) if shape else "()"


def parse_figures(text: str, channels: int, what: str) -> tuple[float, ...]:
    """The mean or std per channel: one number for all, or one each; empty for none.

    Raises:
        ValueError: they are not numbers, or too few; the message is a sentence.
    """
    parts = [part for part in re.split(r"[\s,;]+", text.strip("()[] \t")) if part]
    try:
        figures = tuple(float(part) for part in parts)
    except ValueError as error:
        raise ValueError(f"The {what} must be numbers, such as 0.485, 0.456, 0.406.") from error
    if len(figures) not in (0, 1, channels):
        raise ValueError(f"The {what} needs one number, or one for each of {channels} channels, not {len(figures)}.")
    if not all(math.isfinite(figure) for figure in figures):
        raise ValueError(f"The {what} must be finite numbers.")
    if what == "std" and 0.0 in figures:
        raise ValueError("A std of 0 would divide by zero.")
    return figures


def figures_text(figures: tuple[float, ...]) -> str:
    """Figures as they are typed."""
    return ", ".join(f"{figure:.9g}" for figure in figures)
