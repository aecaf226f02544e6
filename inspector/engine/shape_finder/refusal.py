"""Why a size is refused, in the words of the operation that refused it."""

from torch import nn

from inspector.core.formatting import shape_text
from inspector.engine.shape_finder.attempt import Attempt, Obstacle

_LONGEST = 140


def refusal(module: nn.Module, tried: Attempt) -> str:
    """`Linear "3" expects 12,544 features`; "" for a try that ran."""
    obstacle = tried.obstacle
    if obstacle is None:
        return "the rest of the picture would be folded into the batch" if tried.runs else ""
    place = place_of(module, obstacle)
    part = dict(module.named_modules()).get(obstacle.fqn)
    for say in (_in_the_layers_words, _in_numbers, _in_shapes):
        said = say(place, obstacle, part)
        if said:
            return said
    return f"{place} says: {_first_words(obstacle.message)}"


def _in_the_layers_words(place: str, obstacle: Obstacle, part: nn.Module | None) -> str:
    """What the layer itself was made for."""
    if "more than 1 value per channel" in obstacle.message:
        return f"{place} needs more than one value per channel"
    channels = _wrong_channels(obstacle, part)
    if channels:
        return f"{place} takes {channels:,} channel{'' if channels == 1 else 's'}"
    if "out of range" in obstacle.message:
        rows = getattr(part, "num_embeddings", 0)
        return f"{place} has {rows:,} rows" if rows else f"{place} is asked for a row that it does not have"
    if isinstance(part, nn.RNNBase) and "input_size" in obstacle.message:
        return f"{place} takes {part.input_size:,} features a step"
    return ""


def _in_numbers(place: str, obstacle: Obstacle, _part: nn.Module | None) -> str:
    if obstacle.kind != "features" or obstacle.expected is None:
        return ""
    what = "features" if obstacle.op in {"linear", "addmm", ""} else "values"
    return f"{place} expects {obstacle.expected:,} {what}"


def _in_shapes(place: str, obstacle: Obstacle, _part: nn.Module | None) -> str:
    if len(obstacle.shapes) > 1 and obstacle.op not in {"linear", "conv1d", "conv2d", "conv3d"}:
        met = " and ".join(shape_text(shape) for shape in obstacle.shapes[:2])
        return f"at {place} the shapes {met} would not fit"
    return f"{place} is given too little to work on" if obstacle.kind == "small" else ""


def place_of(module: nn.Module, obstacle: Obstacle) -> str:
    """`Linear "fc"`; for an operation of a larger module `view in Net` or `add in Block "layer1.0"`."""
    part = dict(module.named_modules()).get(obstacle.fqn) if obstacle.fqn or obstacle.op else None
    if part is None:
        return obstacle.op or "forward"
    name = f'{_class_name(part)} "{obstacle.fqn}"' if obstacle.fqn else _class_name(part)
    leaf = not any(True for _ in part.children())
    if obstacle.op and (not leaf or not obstacle.fqn) and obstacle.op != _class_name(part).lower():
        return f"{obstacle.op} in {name}"
    return name


def _class_name(part: nn.Module) -> str:
    original = getattr(part, "original_name", None)
    return original if isinstance(original, str) else type(part).__name__


def _wrong_channels(obstacle: Obstacle, part: nn.Module | None) -> int:
    """How many channels were wanted, where that is what stopped it; else 0."""
    if obstacle.kind == "channels":
        return obstacle.expected or 0
    given = obstacle.shapes[0] if obstacle.shapes else ()
    if not isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d) or len(given) != part.weight.dim():
        return 0
    return part.in_channels if given[1] != part.in_channels else 0


def _first_words(message: str) -> str:
    line = message.strip().rstrip(".")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"
