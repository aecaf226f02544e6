"""Which shapes a model takes, as found by trying, and why no others."""

from typing import Literal

from inspector.protocol.base import Message

# What one axis of an input, or several that move together, stands for.
AxisRole = Literal["batch", "channels", "features", "length", "size", "height", "width", "values"]


class SizeRun(Message, frozen=True):
    """Accepted sizes from `first` to `last`, every `step`."""

    first: int
    last: int
    step: int = 1


class AxisPlace(Message, frozen=True):
    """An axis of one input: `input` counts the inputs that were fed."""

    input: int
    axis: int


class AcceptedAxis(Message, frozen=True):
    """The sizes that run along the axes `places`, which move together, everything else kept as it was fed.

    `low` to `high` was searched, `num_tried` of `num_sizes` sizes were tried; the others were left out when the time
    was spent. `runs` holds what was tried and runs, `sentence` the same in words, and `why` what holds the others back.
    """

    role: AxisRole
    places: tuple[AxisPlace, ...]
    runs: tuple[SizeRun, ...]
    low: int
    high: int
    num_tried: int
    num_sizes: int
    sentence: str
    why: str = ""


class ShapeChoice(Message, frozen=True):
    """Shapes for all inputs, in order, that were seen to run; `label` is short enough for a button."""

    label: str
    shapes: tuple[tuple[int, ...], ...]


class AcceptedShapes(Message, frozen=True):
    """What a model takes.

    `inputs` names the arguments that were fed, `shapes` is what the search began from; `runs` tells whether that ran.
    `sides` says of a picture whether each height that runs alone runs with each width ("free"), whether only squares
    run, or squares and the `pairs` (height, width) that are listed; "free" may have pairs beside.
    `sentence` sums up, `fix` mends a model that takes nothing as it stands. `complete` is False where the time was
    spent before every size in the range was tried.
    """

    inputs: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    runs: bool
    axes: tuple[AcceptedAxis, ...]
    choices: tuple[ShapeChoice, ...]
    sentence: str
    sides: Literal["", "free", "listed", "square"] = ""
    pairs: tuple[tuple[int, int], ...] = ()
    fix: str = ""
    complete: bool = True
    num_tries: int = 0
    elapsed_s: float = 0.0
