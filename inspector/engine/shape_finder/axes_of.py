"""What each axis of an input stands for, and which axes move together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspector.engine.shape_finder.attempt import Meeting
from inspector.engine.shape_finder.bench import Bench, Shapes
from inspector.engine.shape_finder.first_layers import Template
from inspector.engine.shape_finder.search import guess_met
from inspector.protocol.shapes import AxisRole

Place = tuple[int, int]
# Steps away from a size that tell quickly whether an axis may move at all.
_PROBES = (1, -1, 2, 8, 32)


@dataclass(frozen=True)
class Family:
    """Axes (input, axis) of one length that are varied together."""

    role: AxisRole
    places: tuple[Place, ...]
    base: int


def families(bench: Bench, meetings: Mapping[int, Meeting]) -> tuple[Family, ...]:
    """The axes of what was fed, the sides of a picture first, those that must be equal together."""
    roles = [roles_of(shape, meetings.get(index)) for index, shape in enumerate(bench.shapes)]
    named = [
        (role, (index, axis), bench.shapes[index][axis])
        for index, row in enumerate(roles)
        for axis, role in enumerate(row)
    ]
    found = [*_pictures(named, bench)]
    roles_alone: tuple[AxisRole, ...] = ("length", "features", "channels")
    for role in roles_alone:
        found += _together(bench, [(place, base) for name, place, base in named if name == role], role)
    batch = [(place, base) for name, place, base in named if name == "batch"]
    if batch:
        base = batch[0][1]
        found.append(Family("batch", tuple(place for place, size in batch if size == base), base))
    return tuple(found)


def roles_of(shape: Sequence[int], meeting: Meeting | None) -> tuple[AxisRole, ...]:
    """What each axis is, by the layer that the input met first; by the number of axes where it met none."""
    guess = guess_met(meeting) if meeting is not None else None
    template: Template | None = None
    if guess is not None:
        fitting = (one for one in guess.templates if len(one) == len(shape))
        template = next((one for one in fitting if _matches(one, shape)), None)
    if len(shape) in {4, 5} and (template is None or template.count(None) != 1):
        sides: tuple[AxisRole, ...] = ("height", "width") if len(shape) == 4 else ("size", "size", "size")
        return ("batch", "channels", *sides)
    return _by_template(template) if template is not None else _by_length(len(shape))


def _by_length(axes: int) -> tuple[AxisRole, ...]:
    known: dict[int, tuple[AxisRole, ...]] = {
        0: (),
        1: ("length",),
        2: ("batch", "length"),
        3: ("batch", "length", "features"),
    }
    rest: list[AxisRole] = ["features"] * (axes - 1)
    return known.get(axes, ("batch", *rest))


def moved(shapes: Shapes, places: Sequence[Place], size: int) -> Shapes:
    """The shapes with this size along these axes."""
    return tuple(
        tuple(size if (index, axis) in places else side for axis, side in enumerate(shape))
        for index, shape in enumerate(shapes)
    )


def _by_template(template: Template) -> tuple[AxisRole, ...]:
    batch = next((axis for axis, side in enumerate(template) if side == 1), -1)
    channels = len(template) > 2 and template[-1] is None and batch == 0
    told: list[AxisRole] = []
    for axis, side in enumerate(template):
        if axis == batch:
            told.append("batch")
        elif side is None:
            told.append("length")
        else:
            told.append("channels" if channels and axis == 1 else "features")
    return tuple(told)


def _matches(template: Template, shape: Sequence[int]) -> bool:
    return all(side is None or side in {1, fed} for side, fed in zip(template, shape, strict=True))


def _pictures(named: Sequence[tuple[AxisRole, Place, int]], bench: Bench) -> list[Family]:
    """The sides of each picture as one family, however many pictures must have the same."""
    by_input: dict[int, list[tuple[Place, int]]] = {}
    for role, place, base in named:
        if role in {"height", "width", "size"}:
            by_input.setdefault(place[0], []).append((place, base))
    pictures = [
        (tuple(place for place, _ in sides), tuple(base for _, base in sides)) for _, sides in sorted(by_input.items())
    ]
    found: list[Family] = []
    left = list(pictures)
    while left:
        places, bases = left.pop(0)
        alike = [other for other, sides in left if sides == bases]
        if alike and not _moves(bench, places, bases[0]):
            together = places + tuple(place for other in alike for place in other)
            if _moves(bench, together, bases[0]):
                places = together
                left = [one for one in left if one[0] not in alike]
        found.append(Family("size", places, bases[0]))
    return found


def _together(bench: Bench, places: Sequence[tuple[Place, int]], role: AxisRole) -> list[Family]:
    """One family an axis; those of equal length as one, where they move only together."""
    found: list[Family] = []
    left = list(places)
    while left:
        place, base = left.pop(0)
        alike = [other for other, size in left if size == base]
        members: tuple[Place, ...] = (place,)
        if alike and not _moves(bench, members, base) and _moves(bench, (place, *alike), base):
            members = (place, *alike)
            left = [one for one in left if one[0] not in alike]
        found.append(Family(role, members, base))
    return found


def _moves(bench: Bench, places: Sequence[Place], base: int) -> bool:
    sizes = [base + step for step in _PROBES if base + step > 0]
    sizes += [base * 2, *([base // 2] if base > 1 else [])]
    return any(bench.runs(moved(bench.shapes, places, size)) for size in sizes)
