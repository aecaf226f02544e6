"""How the key arguments of an operation are written on its card."""

from collections.abc import Callable, Mapping
from typing import Any

import torch

# What torch would take without being told, by the argument's name.
_USUAL: dict[str, object] = {"dropout_p": 0.0, "approximate": "none", "_stacklevel": 3, "alpha": 1, "beta": 1}


def side_text(value: object) -> str:
    """`3` for (3, 3), `3×5` for (3, 5)."""
    if isinstance(value, (tuple, list)):
        return str(value[0]) if value and value.count(value[0]) == len(value) else "×".join(str(item) for item in value)
    return str(value)


def _unless(prefix: str, value: object, usual: str) -> str:
    text = side_text(value)
    return "" if value is None or text == usual else f" {prefix}{text}"


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(_value(item) for item in value) + ("," if len(value) == 1 else "") + ")"
    return str(value).removeprefix("torch.")


def _is_plain(value: object, depth: int = 0) -> bool:
    if isinstance(value, (tuple, list)):
        return depth < 2 and len(value) <= 8 and all(_is_plain(item, depth + 1) for item in value)
    if isinstance(value, str):
        return len(value) <= 40
    return isinstance(value, (bool, int, float, torch.dtype, torch.device))


def argument_details(names: tuple[str, ...], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """The plain arguments of a call, by these names after the first; all where no names are known."""
    texts: list[str] = []
    for index, value in enumerate(args):
        if index == 0 and (isinstance(value, (torch.Tensor, tuple, list)) or names):
            continue
        place = min(index - 1, len(names) - 1)
        name = names[place] if names and place >= 0 else ""
        if name.startswith("*") and place == index - 1:
            rest = value if isinstance(value, (tuple, list)) else args[index:]
            texts.append(_value(tuple(rest)) if _is_plain(rest) else "")
            break
        if _is_plain(value) and (not names or place == index - 1) and not _is_usual(name, value):
            texts.append(f"{name}={_value(value)}" if name else _value(value))
    wanted = {name.removeprefix("*") for name in names}
    named = ((key, value) for key, value in kwargs.items() if not names or key in wanted)
    texts.extend(f"{key}={_value(value)}" for key, value in named if _is_plain(value) and not _is_usual(key, value))
    return " ".join(text for text in texts if text)


def _is_usual(name: str, value: object) -> bool:
    """Whether an argument says nothing: a switch that is off, or what torch would take without being told."""
    return bool(name) and (value is False or (name in _USUAL and value == _USUAL[name]))


def index_details(index: object) -> str:
    """What stands in the brackets: `[:, -1]`."""
    parts = index if isinstance(index, tuple) else (index,)
    return "[" + ", ".join(_index_part(part) for part in parts) + "]"


def _index_part(part: object) -> str:
    if isinstance(part, slice):
        ends = ["" if end is None else _index_part(end) for end in (part.start, part.stop)]
        return ":".join(ends) + (f":{_index_part(part.step)}" if part.step is not None else "")
    if part is Ellipsis:
        return "…"
    return str(part) if part is None or isinstance(part, (bool, int, str)) else "tensor"


def conv_call_details(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """As `conv_details`, of a call that is given its weight."""
    weight = args[1]
    tail = ("output_padding", "groups", "dilation") if "transpose" in name else ("dilation", "groups")
    order = ("input", "weight", "bias", "stride", "padding", *tail)
    given = {**dict(zip(order, args, strict=False)), **kwargs}
    groups = given.get("groups", 1)
    ends = (weight.shape[0], weight.shape[1] * groups)
    inner, outer = ends if "transpose" in name else ends[::-1]
    text = f"{inner}→{outer} k{side_text(tuple(weight.shape[2:]))}"
    text += _unless("s", given.get("stride"), "1") + _unless("p", given.get("padding"), "0")
    return text + _unless("d", given.get("dilation"), "1") + _unless("g", groups, "1")


def no_details(_module: Any) -> str:  # noqa: ANN401 - any module
    """Its name says all."""
    return ""


def conv_details(module: Any) -> str:  # noqa: ANN401 - any convolution
    """`64→128 k3 s2 p1`."""
    text = f"{module.in_channels}→{module.out_channels} k{side_text(module.kernel_size)}"
    text += _unless("s", module.stride, "1") + _unless("p", module.padding, "0")
    return text + _unless("d", module.dilation, "1") + _unless("g", module.groups, "1")


def pool_details(module: Any) -> str:  # noqa: ANN401 - any pooling
    """`k3 s2 p1`."""
    text = f"k{side_text(module.kernel_size)}"
    stride = getattr(module, "stride", None)
    text += _unless("s", stride, "1") + _unless("p", getattr(module, "padding", None), "0")
    return text + _unless("d", getattr(module, "dilation", None), "1")


def recurrent_details(module: Any) -> str:  # noqa: ANN401 - any recurrent module
    """`64→128 ×2 bidirectional`."""
    text = f"{module.input_size}→{module.hidden_size}"
    text += f" ×{module.num_layers}" if getattr(module, "num_layers", 1) > 1 else ""
    text += " bidirectional" if getattr(module, "bidirectional", False) else ""
    return text + (" batch_first" if getattr(module, "batch_first", False) else "")


def flattened_details(module: Any) -> str:  # noqa: ANN401 - Flatten
    """Which axes, where not all but the first."""
    ends = (module.start_dim, module.end_dim)
    return "" if ends == (1, -1) else f"start_dim={ends[0]} end_dim={ends[1]}"


def named_details(*names: str) -> Callable[[Any], str]:
    """Attributes with their names: `p=0.5`."""

    def details(module: Any) -> str:  # noqa: ANN401 - any module
        present = ((name, getattr(module, name, None)) for name in names)
        return " ".join(f"{name}={_value(value)}" for name, value in present if value is not None)

    return details


def written_details(pattern: str) -> Callable[[Any], str]:
    """Attributes in a sentence: `{m.in_features}→{m.out_features}`."""
    return lambda module: pattern.format(m=module)


def normalised_details(module: Any) -> str:  # noqa: ANN401 - any layer normalisation
    """The sizes of what is normalised together: (8, 8) is 64 values, and no 8."""
    return "×".join(str(size) for size in module.normalized_shape)


def resized_details(module: Any) -> str:  # noqa: ANN401 - Upsample
    """`×2 nearest`."""
    size = f"→{side_text(module.size)}" if module.size is not None else f"×{side_text(module.scale_factor)}"
    return f"{size} {module.mode}"
