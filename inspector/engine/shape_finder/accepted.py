"""Every size that a model takes, axis by axis, found by trying, and what refuses the others."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from torch import nn

from inspector.core.size_runs import runs_text, size_runs, sizes_in
from inspector.engine.shape_finder.attempt import Meeting
from inspector.engine.shape_finder.axes_of import Family, families, moved
from inspector.engine.shape_finder.bench import Bench, Fed, Shapes
from inspector.engine.shape_finder.choices import choices_of
from inspector.engine.shape_finder.pictures import sides_beside
from inspector.engine.shape_finder.practice import warm_meta
from inspector.engine.shape_finder.refusal import refusal
from inspector.engine.shape_finder.search import guess_met
from inspector.engine.shape_finder.sizes import Clock
from inspector.protocol.shapes import AcceptedAxis, AcceptedShapes, AxisPlace, AxisRole, SizeRun

ACCEPTED_S = 8.0
HIGHEST = 512
# Beyond the highest that is tried one by one, these tell whether a length goes on.
_BEYOND = (1024, 2048, 4096)
_GRAINS = (32, 16, 8, 4, 2, 1)
_BATCHES = (1, 2, 3, 4, 5, 7, 8, 16, 32)
_MOST_CHANNELS = 64
# What takes hundreds of tries comes last, so that the time does for the others; unless it is what has to be mended.
_LONG = ("size", "length")
_NO_OTHER = " (no other was tried in the time)"
# Sizes around one that lies beyond the range are tried one by one too.
_AROUND = 64


def find_accepted(
    module: nn.Module,
    fed: Sequence[Fed],
    *,
    high: int = HIGHEST,
    seconds: float = ACCEPTED_S,
    between_steps: Callable[[], None] = lambda: None,
    progress: Callable[[str], None] = lambda _what: None,
) -> AcceptedShapes:
    """Try every size up to `high` along each axis, the sides of pictures together and one by one.

    `between_steps` is called before each try, and may raise to stop. What was not tried when `seconds` of work were
    spent is left out, and the answer says so.
    """
    warm_meta()  # before the clock starts
    began = time.monotonic()
    bench = Bench(module, fed, Clock.of(seconds), between_steps)
    start = bench.watched(bench.shapes)
    if not start.runs and start.obstacle is not None and start.obstacle.needs_values:
        start = bench.watched(bench.shapes, real=True)
    fed_runs = bench.runs(bench.shapes)
    all_families = families(bench, start.meetings)
    found: dict[int, list[AcceptedAxis]] = {}
    for place, family in sorted(enumerate(all_families), key=lambda one: fed_runs and one[1].role in _LONG):
        progress(f"Trying {_WHAT[family.role]}")
        if found and not bench.runs(bench.shapes):
            break  # nothing was found that runs: no other axis can tell more
        axis = _axis(bench, family, high)
        found[place] = [axis]
        _start_from(bench, family, axis)
        if family.role == "size" and len(bench.shapes[family.places[0][0]]) == 4 and axis.runs:
            found[place] += [_axis(bench, side, high) for side in _sides(family, bench.shapes)]
    axes = [axis for place in sorted(found) for axis in found[place]]
    axes += _values(bench, start.meetings)
    pairs = sides_beside(bench, axes, high)
    return AcceptedShapes(
        inputs=tuple(one.name for one in fed),
        shapes=tuple(one.shape for one in fed),
        runs=fed_runs,
        axes=tuple(axes),
        pairs=pairs.sizes,
        sides=pairs.relation,
        choices=choices_of(bench, axes, pairs),
        sentence=_sentence(bench, axes, pairs.sentence),
        complete=all(axis.num_tried == axis.num_sizes for axis in axes) and pairs.complete,
        num_tries=bench.num_tries,
        elapsed_s=time.monotonic() - began,
    )


def _start_from(bench: Bench, family: Family, axis: AcceptedAxis) -> None:
    """Where what was fed does not run, the nearest size that does is varied further."""
    if axis.runs and not bench.runs(bench.shapes):
        size = min(sizes_in(axis.runs), key=lambda size: (abs(size - family.base), size))
        bench.rebase(moved(bench.shapes, family.places, size))


def _values(bench: Bench, meetings: Mapping[int, Meeting]) -> list[AcceptedAxis]:
    """Which indices an embedding takes, tried at its end."""
    found = []
    for index, meeting in sorted(meetings.items()):
        guess = guess_met(meeting)
        rows = guess.integers_below if guess is not None else None
        if rows is None or not bench.takes_value(index, rows - 1) or bench.takes_value(index, rows) is not False:
            continue
        found.append(
            AcceptedAxis(
                role="values",
                places=(AxisPlace(input=index, axis=-1),),
                runs=(SizeRun(first=0, last=rows - 1),),
                low=0,
                high=rows,
                num_tried=2,
                num_sizes=2,
                sentence=f"integers from 0 to {rows - 1:,}",
                why=f'{meeting.op[0].upper()}{meeting.op[1:]} "{meeting.fqn}" has {rows:,} rows',
            )
        )
    return found


_WHAT: dict[AxisRole, str] = {
    "batch": "batch sizes",
    "channels": "numbers of channels",
    "features": "numbers of features",
    "length": "lengths",
    "size": "sizes",
    "height": "heights",
    "width": "widths",
    "values": "values",
}


def _sides(family: Family, shapes: Shapes) -> tuple[Family, Family]:
    """Height alone, and width alone; of all the pictures of the family."""
    heights = tuple(place for place in family.places if place[1] == 2)
    widths = tuple(place for place in family.places if place[1] == 3)
    first = family.places[0][0]
    return Family("height", heights, shapes[first][2]), Family("width", widths, shapes[first][3])


def _axis(bench: Bench, family: Family, high: int) -> AcceptedAxis:
    sizes = _sizes(family, high)
    ran: list[int] = []
    tried: list[int] = []
    grain = _GRAINS[0]
    for size in _coarse_first(sizes, family.base):
        if bench.clock.over and tried:
            break
        grain = math.gcd(grain, size) if size != family.base else grain
        tried.append(size)
        if bench.runs(moved(bench.shapes, family.places, size)):
            ran.append(size)
    note = ""
    if len(tried) < len(sizes):
        # The finest step was cut off: what is told is of the steps that were tried to their end.
        grain = min(_GRAINS[0], grain * 2) if len(tried) > 1 else _GRAINS[0]
        ran = [size for size in ran if size % grain == 0 or size == family.base]
        note = f" (only multiples of {grain} were tried in the time)" if len(tried) > 1 else _NO_OTHER
    ran = _with_values(bench, family, sorted(ran))
    if family.role == "length" and high == HIGHEST and high in ran:
        more, refused = _further(bench, family, high)
        ran += more
        tried += [refused] * bool(refused)
    runs = size_runs(ran)
    low, top = min(sizes), max(*sizes, *ran[-1:], *tried)
    why = _why(bench, family, sorted(tried), ran)
    if family.role == "batch":
        sentence, why = _batch(bench, family, ran, why, tried_others=len(tried) > 1)
    else:
        told = runs_text(runs, low, top, _writer(bench, family))
        sentence = _axis_sentence(family, told.removesuffix(" only") if note else told, ran) + note
    return AcceptedAxis(
        role=family.role,
        places=tuple(AxisPlace(input=index, axis=axis) for index, axis in family.places),
        runs=runs,
        low=low,
        high=top,
        num_tried=len(set(tried) & set(sizes)),
        num_sizes=len(sizes),
        sentence=sentence,
        why=why,
    )


def _sizes(family: Family, high: int) -> tuple[int, ...]:
    """All sizes that are to be tried."""
    base = family.base
    match family.role:
        case "batch":
            return tuple(sorted({*_BATCHES, base}))
        case "channels":
            near = {base - 1, base, base + 1, base * 2, base // 2} - {0}
            return tuple(sorted({*range(1, _MOST_CHANNELS + 1), *near}))
        case _:
            around = range(max(1, base - _AROUND), base + _AROUND + 1) if base > high else ()
            return tuple(sorted({*range(1, high + 1), *around}))


def _further(bench: Bench, family: Family, high: int) -> tuple[list[int], int]:
    """Lengths above the highest that was tried one by one, if the next ones run: up to where they end, by halving.

    Returns them, and the first that does not run (0 where none was met).
    """

    def runs(size: int) -> bool:
        return not bench.clock.over and bench.confirmed(moved(bench.shapes, family.places, size))

    if not all(runs(high + step) for step in (1, 2, 3)):
        return [], 0
    good, bad = high + 3, 0
    for size in _BEYOND:
        if runs(size):
            good = size
            continue
        bad = size
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if runs(middle) else (good, middle)
        break
    return list(range(high + 1, good + 1)), bad


def _coarse_first(sizes: Sequence[int], base: int) -> Iterable[int]:
    """The size that was fed, then multiples of 32, of 16 and so on: what is left out in the end is the finest."""
    yield base
    done = {base}
    for grain in _GRAINS:
        for size in sizes:
            if size % grain == 0 and size not in done:
                done.add(size)
                yield size


def _with_values(bench: Bench, family: Family, ran: list[int]) -> list[int]:
    """Those that run with values too, as shapes alone don't tell an index beyond a table: asked at the ends of runs.

    Inside a run of shapes that fit, what values refuse is taken to begin at one place.
    """

    def real(size: int) -> bool:
        return bench.confirmed(moved(bench.shapes, family.places, size))

    if not ran or family.role in {"channels", "features"}:
        return ran
    if real(ran[0]) and real(ran[-1]):
        return ran
    anchor = next(
        (size for size in (family.base, ran[0], ran[len(ran) // 2], ran[-1]) if size in ran and real(size)), 0
    )
    if not anchor:
        return []
    place = ran.index(anchor)
    return ran[_last(ran, place, -1, real) : _last(ran, place, +1, real) + 1]


def _last(ran: Sequence[int], place: int, step: int, real: Callable[[int], bool]) -> int:
    """The place furthest from `place` that still runs, by halving."""
    good, end = place, len(ran) - 1 if step > 0 else 0
    if real(ran[end]):
        return end
    bad = end
    while abs(bad - good) > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if real(ran[middle]) else (good, middle)
    return good


def _why(bench: Bench, family: Family, tried: Sequence[int], ran: Sequence[int]) -> str:
    """What refuses the nearest sizes below and above those that run."""
    accepted = set(ran)
    refused = [size for size in tried if size not in accepted]
    if not refused:
        return ""
    nearest = [max((size for size in refused if not ran or size < ran[0]), default=0)]
    nearest += [
        one if one not in accepted else other
        for one, other in pairwise(tried)
        if (one in accepted) != (other in accepted)
    ]
    nearest += [min((size for size in refused if ran and size > ran[-1]), default=0)]
    said: list[str] = []
    for size in dict.fromkeys(size for size in nearest if size):
        shapes = moved(bench.shapes, family.places, size)
        told = refusal(bench.module, bench.watched(shapes, real=bench.runs(shapes)))
        if told and told not in said:
            said.append(told)
        if len(said) == 2:
            break
    return "; ".join(said)


def _writer(bench: Bench, family: Family) -> Callable[[int], str]:
    axes = sum(1 for place in family.places if place[0] == family.places[0][0])
    return (lambda size: "×".join([f"{size:,}"] * axes)) if family.role == "size" else "{:,}".format


def _axis_sentence(family: Family, told: str, ran: Sequence[int]) -> str:
    name = {"size": "size", "length": "length"}.get(family.role, family.role)
    if told == "none":
        return f"no {name} that was tried runs"
    if told == "any":
        return f"any {'number of ' if family.role in {'channels', 'features'} else ''}{name}"
    if family.role in {"channels", "features"}:
        plural = family.role.removesuffix("s") if list(ran) == [1] else family.role
        return f"{told.removesuffix(' only')} {plural}{' only' if told.endswith(' only') else ''}"
    return f"{name} {told}" if family.role != "size" else told


def _batch(bench: Bench, family: Family, ran: Sequence[int], why: str, *, tried_others: bool) -> tuple[str, str]:
    """Any batch or not; and in train mode, where BatchNorm needs more than one value a channel."""
    if not ran:
        return "no batch that was tried runs", why
    if not tried_others:
        return f"batch {family.base}{_NO_OTHER}", why
    told = "any batch" if list(ran) == list(_BATCHES) else f"batch {runs_text(size_runs(ran), 1, max(_BATCHES))}"
    one, two = (moved(bench.shapes, family.places, size) for size in (1, 2))
    if 2 in ran and not bench.clock.over and bench.runs(two, train=True) and not bench.runs(one, train=True):
        reason = refusal(bench.module, bench.watched(one, train=True))
        return f"{told}, in train mode 2 or more", "; ".join(part for part in (why, reason) if part)
    return told, why


def _sentence(bench: Bench, axes: Sequence[AcceptedAxis], sides: str) -> str:
    """`28×28 only: Linear "3" expects 12,544 features. 3 channels only: … Any batch`, and a full stop."""
    if not bench.runs(bench.shapes):
        return _nothing(axes)
    told: list[str] = []
    for axis in axes:
        if axis.role in {"height", "width"}:
            continue
        names = _names(bench, axis) if len(bench.fed) > 1 else ""
        why = f": {axis.why}" if axis.why and axis.role != "batch" else ""
        told.append(f"{names}{axis.sentence}{why}")
        if axis.role == "size" and sides:
            told.append(sides)
    text = ". ".join(part[0].upper() + part[1:] for part in told)
    return f"{text}." if told else "Nothing about the input's shape may change."


def _nothing(axes: Sequence[AcceptedAxis]) -> str:
    """`No size from 1×1 to 512×512 runs: Linear "3" expects 1,600 features`, and a full stop."""
    sides = next((axis for axis in axes if axis.role == "size"), None)
    why = next((axis.why for axis in axes if axis.why), "")
    whole = sides is not None and sides.num_tried == sides.high - sides.low + 1
    where = "No shape that was tried runs" if sides is None else "No size that was tried runs"
    if sides is not None and whole:
        where = f"No size from {sides.low}×{sides.low} to {sides.high}×{sides.high} runs"
    return f"{where}{f': {why}' if why else ''}."


def _names(bench: Bench, axis: AcceptedAxis) -> str:
    names = list(dict.fromkeys(bench.fed[place.input].name for place in axis.places))
    if len(names) == 1:
        return f"{names[0]}: " if names[0] else ""
    return "" if axis.role == "batch" and len(names) == len(bench.fed) else f"{' and '.join(names)} alike: "
