"""Shapes to choose from by a click: a few of those that run, the natural ones first."""

from collections.abc import Iterator, Sequence

from inspector.core.size_runs import sizes_in
from inspector.engine.shape_finder.axes_of import moved
from inspector.engine.shape_finder.bench import Bench, Shapes
from inspector.engine.shape_finder.pictures import Sides
from inspector.protocol.shapes import AcceptedAxis, ShapeChoice

_MOST = 8
_MOST_PAIRS = 2
_NATURAL = {
    "size": (32, 28, 64, 96, 128, 224, 256, 384, 512),
    "length": (1, 16, 32, 64, 128, 256, 512, 1024, 4096),
}


def choices_of(bench: Bench, axes: Sequence[AcceptedAxis], sides: Sides) -> tuple[ShapeChoice, ...]:
    """For the first axis that can be chosen at all: the sides of a picture, else a length."""
    axis = next((one for one in axes if one.role in _NATURAL and one.runs), None)
    if axis is None:
        return _as_it_is(bench)
    places = tuple((place.input, place.axis) for place in axis.places)
    count = sum(1 for place in places if place[0] == places[0][0])
    found: dict[Shapes, str] = {}
    for size in _chosen(axis, bench.shapes[places[0][0]][places[0][1]]):
        label = "×".join([f"{size:,}"] * count) if axis.role == "size" else f"length {size:,}"
        found.setdefault(moved(bench.shapes, places, size), label)
    if axis.role == "size" and count == 2:
        for tall, wide in _pairs(axes, sides)[:_MOST_PAIRS]:
            rows = tuple(place for place in places if place[1] == 2)
            columns = tuple(place for place in places if place[1] == 3)
            shapes = moved(moved(bench.shapes, rows, tall), columns, wide)
            if bench.runs(shapes):
                found.setdefault(shapes, f"{tall:,}×{wide:,}")
    return tuple(ShapeChoice(label=label, shapes=shapes) for shapes, label in found.items())


def _as_it_is(bench: Bench) -> tuple[ShapeChoice, ...]:
    if not bench.runs(bench.shapes):
        return ()
    label = " and ".join("×".join(f"{side:,}" for side in shape) for shape in bench.shapes)
    return (ShapeChoice(label=label, shapes=bench.shapes),)


def _chosen(axis: AcceptedAxis, base: int) -> list[int]:
    """What was fed where it runs, natural sizes, and the ends; in order."""
    accepted = sizes_in(axis.runs)
    inside = set(accepted)
    # A picture of a few pixels runs through many models, and shows nothing.
    natural = [size for size in (base, *_NATURAL[axis.role]) if size in inside]
    ends = [accepted[0], accepted[-1]] if len(natural) < 3 or axis.role == "length" else []
    return sorted(dict.fromkeys([*natural, *ends][:_MOST]))


def _pairs(axes: Sequence[AcceptedAxis], sides: Sides) -> list[tuple[int, int]]:
    if sides.relation != "free":
        return list(sides.sizes)
    tall = {size for axis in axes if axis.role == "height" for size in sizes_in(axis.runs)}
    wide = {size for axis in axes if axis.role == "width" for size in sizes_in(axis.runs)}
    return [pair for pair in _landscapes() if pair[0] in tall and pair[1] in wide]


def _landscapes() -> Iterator[tuple[int, int]]:
    yield from ((224, 320), (256, 384), (128, 192), (64, 96), (32, 64))
