"""Numbers as people read them: shapes, counts, sizes, times, values; the same in the window and on the command line."""

import math
from collections.abc import Sequence

_COUNT_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BYTE_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB")


def shape_text(shape: Sequence[int], batch: str = "") -> str:
    """`(1, 64, 56, 56)`; with `batch="N"` the first size is written so: `(N, 64, 56, 56)`. A scalar is `()`.

    A size below zero is one that a file leaves open: `(?, 64, 56, 56)`.
    """
    sizes = [str(size) if size >= 0 else "?" for size in shape]
    if batch and sizes:
        sizes[0] = batch
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def named_shape_text(shape: Sequence[int], axes: Sequence[str]) -> str:
    """`(N 1, C 64, H 56, W 56)`; an axis without a name is its size alone, and so are all where the names don't fit."""
    if len(axes) != len(shape) or not any(axes):
        return shape_text(shape)
    sizes = [
        f"{name} {size}" if name and size >= 0 else name or ("?" if size < 0 else str(size))
        for name, size in zip(axes, shape, strict=True)
    ]
    return f"({', '.join(sizes)})" if len(sizes) > 1 else f"({sizes[0]},)"


def count_text(count: int) -> str:
    """`25.6 M` for 25,557,032; below ten thousand every digit is kept (`1,234`)."""
    if abs(count) < 10_000:
        return f"{count:,}"
    for size, unit in _COUNT_UNITS:
        # 999,500 would round to "1000.0 k": it is one of the next unit.
        if abs(count) >= size * 0.9995:
            return f"{_three_digits(count / size)} {unit}"
    return f"{count:,}"


def bytes_text(size_bytes: int) -> str:
    """`97.8 MB` in steps of 1024, as file managers count memory; whole bytes below one KB."""
    if abs(size_bytes) < 1024:
        return "1 byte" if size_bytes == 1 else f"{size_bytes} bytes"
    size = float(size_bytes)
    unit = 0
    while abs(size) >= 1023.5 and unit < len(_BYTE_UNITS) - 1:
        size /= 1024
        unit += 1
    return f"{_three_digits(size)} {_BYTE_UNITS[unit]}"


def seconds_text(elapsed_s: float) -> str:
    """`350 µs`, `12.3 ms`, `1.25 s`, `2 min 05 s`, `1 h 02 min`."""
    if not math.isfinite(elapsed_s):
        return value_text(elapsed_s)
    if elapsed_s < 0:
        return f"-{seconds_text(-elapsed_s)}"
    if elapsed_s < 0.9995e-3:
        return f"{elapsed_s * 1e6:.0f} µs"
    if elapsed_s < 0.9995:
        return f"{_three_digits(elapsed_s * 1e3)} ms"
    return f"{_three_digits(elapsed_s)} s" if elapsed_s < 59.95 else _minutes_text(elapsed_s)


def range_text(low: float, high: float, digits: int = 4) -> str:
    """`0.1 to 0.7`, or the one value where both are the same."""
    one, other = value_text(low, digits), value_text(high, digits)
    return one if one == other else f"{one} to {other}"


def value_text(value: float, digits: int = 4) -> str:
    """A value in few characters: `0.1234`, `-4.632`, `1.2e-07`, `NaN`, `inf`; whole numbers below a million in full."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    if value == round(value) and abs(value) < 1e6:
        return str(round(value))
    if 1e-4 <= abs(value) < 1e6:
        decimals = digits if abs(value) < 1 else max(0, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, exponent = f"{value:.{max(digits - 2, 0)}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{exponent}"


def percent_text(fraction: float | None, decimals: int = 1) -> str:
    """`97.1 %`; `–` where the figure is not defined."""
    if fraction is None or math.isnan(fraction):
        return "–"
    return f"{fraction * 100:.{decimals}f} %"


def _three_digits(value: float) -> str:
    """Three significant digits, without an exponent: `1.25`, `12.3`, `123`."""
    magnitude = abs(value)
    if magnitude < 9.995:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if magnitude < 99.95:
        return f"{value:.1f}"
    return f"{value:.0f}"


def _minutes_text(elapsed_s: float) -> str:
    whole_s = round(elapsed_s)
    if whole_s < 3600:
        return f"{whole_s // 60} min {whole_s % 60:02d} s"
    return f"{whole_s // 3600} h {whole_s % 3600 // 60:02d} min"


def probability_text(value: float) -> str:
    """Four decimals; what is smaller by its power of ten, as 0.0000 would be a lie."""
    if math.isnan(value):
        return "NaN"
    if 0 < value < 0.00005:
        return f"{value:.1e}"
    return f"{value:.4f}"


def class_text(index: int, names: Sequence[str]) -> str:
    """`3 “cat”`, or `3` where it has no name."""
    return f"{index} “{names[index]}”" if index < len(names) and names[index] else str(index)


def counted(number: int, noun: str) -> str:
    """`1 tensor`, `2 tensors`, `12,345 tensors`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str], most: int = 3) -> str:
    """`fc1, fc2, fc3 and 4 more`: the first `most` of them, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def not_counted(files: int) -> str:
    """`1 file was not counted`, `2 files were not counted`."""
    return f"{counted(files, 'file')} {'was' if files == 1 else 'were'} not counted"
