"""Constructor arguments found by trying: built without memory for weights, kept where more keys and shapes meet."""

import itertools
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from inspector.engine.loading.keys import Fit
from inspector.engine.loading.proposals import Shapes, read_value
from inspector.engine.loading.steps import SILENT, Steps
from inspector.protocol.files import Entry, EntryParameter, Misshaped

MAX_TRIES = 60
MAX_SECONDS = 12.0
_MAX_COMBINATIONS = 48
_IMAGE_SIZES = (224, 256, 288, 320, 384, 448, 512, 192, 160, 128, 96, 64, 32, 28, 240, 336, 378, 392, 518, 560)
_NUMBERED = re.compile(r"(.*?\.|)(\d+)\.")

Arguments = dict[str, str]
TryOut = Callable[[Arguments], Fit | None]


@dataclass
class Search:
    """One search: `try_out` makes the model and meets its keys with the file's; None where it can't be made."""

    try_out: TryOut
    steps: Steps = SILENT
    max_seconds: float = MAX_SECONDS
    tries: int = 0
    best: Fit | None = None
    arguments: Arguments = field(default_factory=dict)
    _known: dict[tuple[tuple[str, str], ...], Fit | None] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        """Whether all fits, or the tries or the time are used up."""
        late = time.monotonic() - self._began > self.max_seconds
        return late or self.tries >= MAX_TRIES or (self.best is not None and not self.best.faults)

    def fit(self, arguments: Arguments) -> Fit | None:
        """How these arguments fit; each set is made once."""
        key = tuple(sorted(arguments.items()))
        if key not in self._known:
            self.steps.between()
            self.tries += 1
            self._known[key] = self.try_out(arguments)
        return self._known[key]

    def take(self, arguments: Arguments) -> bool:
        """Try these, and keep them where they are the best so far."""
        fit = self.fit(arguments)
        if fit is None or (self.best is not None and _worth(fit) <= _worth(self.best)):
            return False
        self.best, self.arguments = fit, arguments
        return True


def solve(search: Search, entry: Entry, given: Mapping[str, str], shapes: Shapes) -> None:
    """Find what isn't given; `search` holds the best when this returns, and nothing where no set could be made."""
    proposed = {one.name: one.proposed for one in entry.parameters if one.proposed and one.name not in given}
    required = {name: text for name, text in proposed.items() if _is_required(entry, name)}
    search.take({**given, **required})
    if proposed != required and not search.is_over:
        search.take({**given, **proposed})
    missing = [one.name for one in entry.parameters if one.required and one.name not in {**given, **required}]
    if missing and search.best is None:
        _fill(search, missing, {**given, **required}, shapes)
    while search.best is not None and not search.is_over:
        if not any(
            search.take({**search.arguments, **extra})
            for extra in _suggestions(entry, search, given, shapes)
            if not search.is_over
        ):
            return


def is_told(search: Search, name: str) -> bool:
    """Whether the weights tell this argument: with another value fewer keys fit."""
    value = read_value(search.arguments.get(name, ""))
    if search.best is None or type(value) is not int:
        return True
    for other in (value + 1, value * 2, max(1, value // 2)):
        fit = search.fit({**search.arguments, name: str(other)})
        if other != value and fit is not None:
            return _worth(fit) < _worth(search.best)
    return False


def _worth(fit: Fit) -> tuple[int, int]:
    return (-fit.faults, fit.report.matched)


def _is_required(entry: Entry, name: str) -> bool:
    return any(one.name == name and one.required for one in entry.parameters)


def _fill(search: Search, missing: Sequence[str], start: Arguments, shapes: Shapes) -> None:
    """Where nothing tells a required argument, the sizes and depths that occur in the weights are tried in it."""
    if len(missing) > 3:
        return
    sizes = list(dict.fromkeys(size for shape in shapes.values() for size in shape))[:12]
    sizes = list(dict.fromkeys([*sizes, *depths_of(shapes).values()]))
    for combination in itertools.islice(itertools.product(sizes, repeat=len(missing)), _MAX_COMBINATIONS):
        if search.is_over:
            return
        search.take({**start, **dict(zip(missing, map(str, combination), strict=True))})


def _suggestions(entry: Entry, search: Search, given: Mapping[str, str], shapes: Shapes) -> Iterator[Arguments]:
    """Changes to try, those that change most at once first."""
    assert search.best is not None
    free = [one for one in entry.parameters if one.name not in given]
    values = {one.name: read_value(search.arguments.get(one.name, one.default)) for one in free}
    sizes = _sizes_told(values, search.best.report.misshaped)
    depths = _depths_told(values, search.best, shapes)
    first = {name: options[0] for name, options in {**depths, **sizes}.items()}
    if len(first) > 1:
        yield first
    if sizes and depths:
        yield {name: options[0] for name, options in sizes.items()}
        yield {name: options[0] for name, options in depths.items()}
    for name, options in itertools.chain(sizes.items(), depths.items()):
        for option in options:
            yield {name: option}
    yield from _others(free, values, search.best)


def _sizes_told(values: Mapping[str, object], misshaped: Sequence[Misshaped]) -> dict[str, list[str]]:
    """Where the model has an argument's number, the file has the right one: per argument, the likeliest first."""
    pairs = Counter(
        (here, there)
        for one in misshaped
        if len(one.file_shape) == len(one.model_shape)
        for there, here in zip(one.file_shape, one.model_shape, strict=True)
        if there != here
    )
    told: dict[int, list[int]] = {}
    for (here, there), _ in pairs.most_common():
        told.setdefault(here, []).append(there)
    found: dict[str, list[str]] = {}
    for name, value in values.items():
        if type(value) is int and value in told:
            found[name] = [str(there) for there in told[value][:3]]
        elif isinstance(value, list | tuple) and any(type(one) is int and one in told for one in value):
            found[name] = [repr(type(value)(told.get(one, [one])[0] for one in value))]
    return found


def _depths_told(values: Mapping[str, object], fit: Fit, shapes: Shapes) -> dict[str, list[str]]:
    """Where the model has as many numbered blocks as an argument says, and the file another number of them."""
    here, there = depths_of(fit.own.shapes), depths_of(fit.state)
    differing = {here[prefix]: there[prefix] for prefix in here if prefix in there and here[prefix] != there[prefix]}
    found: dict[str, list[str]] = {}
    for name, value in values.items():
        if type(value) is int and value in differing:
            found[name] = [str(differing[value])]
        elif isinstance(value, list | tuple) and len(value) > 1:
            stages = _stages(list(value), here, there)
            if stages:
                found[name] = [repr(type(value)(stages))]
    return found


def _stages(value: list[object], here: Mapping[str, int], there: Mapping[str, int]) -> list[int]:
    """The depths in the file of stages whose depths in the model are this list."""
    prefixes = [prefix for prefix in here if prefix in there]
    for start in range(len(prefixes) - len(value) + 1):
        window = prefixes[start : start + len(value)]
        if [here[prefix] for prefix in window] == value:
            told = [there[prefix] for prefix in window]
            return told if told != value else []
    return []


def depths_of(shapes: Mapping[str, object]) -> dict[str, int]:
    """How many numbered blocks there are under each prefix (`layers.` → 12)."""
    found: dict[str, int] = {}
    for key in shapes:
        for match in re.finditer(r"(?<![^.])(\d+)(?=\.)", key):
            if len(match[1]) < 6:
                prefix = key[: match.start()]
                found[prefix] = max(found.get(prefix, 0), int(match[1]) + 1)
    return found


def _others(free: Sequence[EntryParameter], values: Mapping[str, object], fit: Fit) -> Iterator[Arguments]:
    """Switches turned the other way; usual sizes of pictures where an embedding of positions has another length."""
    if fit.report.missing or fit.report.unexpected:
        for one in free:
            if isinstance(values[one.name], bool):
                yield {one.name: str(not values[one.name])}
    if any("pos" in bad.key for bad in fit.report.misshaped):
        for one in free:
            if re.fullmatch(r"(?:img|image|input)_?(?:size|resolution)", one.name):
                yield from ({one.name: str(size)} for size in _IMAGE_SIZES)
