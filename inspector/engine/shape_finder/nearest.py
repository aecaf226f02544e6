"""The shapes nearest to what was fed that run: one kind of axis changed where that is enough, else two."""

from collections.abc import Iterator, Sequence

from torch import nn

from inspector.core.formatting import shape_text
from inspector.engine.shape_finder.attempt import Attempt
from inspector.engine.shape_finder.axes_of import Family, families, moved
from inspector.engine.shape_finder.bench import Bench, Fed, Shapes
from inspector.engine.shape_finder.practice import warm_meta
from inspector.engine.shape_finder.sizes import Clock
from inspector.protocol.shapes import AxisRole

NEAREST_S = 1.5
_HIGHEST = 1024
_BATCHES = (1, 2, 4, 8)
# Both sides brought to a multiple: networks that halve and double again ask for that.
_MULTIPLES = (2, 4, 8, 16, 32, 64, 14, 28)


def nearest_shapes(module: nn.Module, fed: Sequence[Fed]) -> Shapes | None:
    """The nearest that was seen to run, or None. The number of axes is kept, but for a missing batch."""
    warm_meta()  # before the clock starts
    bench = Bench(module, fed, Clock.of(NEAREST_S))
    if bench.runs(bench.shapes):
        bench.insist_on_values()
    other = next((shapes for shapes in _reordered(bench) if bench.runs(shapes)), None)
    found = other if other is not None and _plainly(bench, other) else _mended(bench)
    if found is None:
        for other in _reordered(bench):
            bench.rebase(other)
            found = other if bench.runs(other) else _mended(bench)
            if found is not None:
                break
    return found if found is not None and bench.confirmed(found) else None


def _plainly(bench: Bench, other: Shapes) -> bool:
    """Whether the axes were only in another order: a layer was given, where its channels belong, another number."""
    start = bench.watched(bench.shapes)
    return len(other[0]) != len(bench.shapes[0]) or other[0][1] in _widths(start)


def label_of(fed: Shapes, shapes: Shapes) -> str:
    """`Use 28×28`, `Use 3 channels`, `Use a length of 8`; the whole shapes where more is changed."""
    changed = [
        (index, axis)
        for index, (old, new) in enumerate(zip(fed, shapes, strict=True))
        for axis in range(len(old))
        if len(old) != len(new) or old[axis] != new[axis]
    ]
    if not changed or any(len(old) != len(new) for old, new in zip(fed, shapes, strict=True)):
        return f"Use {' and '.join(shape_text(shape) for shape in shapes)}"
    index, axis = changed[0]
    new = shapes[index]
    axes = {place for _, place in changed}
    if len(new) == 4 and axes <= {2, 3}:
        return f"Use {new[2]:,}×{new[3]:,}"
    if len(axes) == 1 and len(new) == 4 and axis == 1:
        return f"Use {new[1]:,} channel{'' if new[1] == 1 else 's'}"
    if len(axes) == 1 and len(new) == 2 and axis == 1:
        return f"Use {new[1]:,} in place of {fed[index][1]:,}"
    if axes == {0}:
        return f"Use a batch of {new[0]:,}"
    return f"Use {' and '.join(shape_text(shape) for shape in shapes)}"


def _mended(bench: Bench) -> Shapes | None:
    """One family of axes changed; or the channels that the first layer takes, and then another."""
    start = bench.watched(bench.shapes)
    found = _by_one_family(bench, start)
    if found is not None:
        return found
    kept = bench.shapes
    told = _told_by_the_layer(bench, start)
    if told is not None:
        bench.rebase(told)
        found = told if bench.runs(told) else _by_one_family(bench, bench.watched(told))
        bench.rebase(kept)
    return found


def _by_one_family(bench: Bench, start: Attempt) -> Shapes | None:
    """The family whose change is the least against its size."""
    best: tuple[float, Shapes] | None = None
    order: tuple[AxisRole, ...] = ("features", "channels", "length", "size", "batch")
    for family in sorted(families(bench, start.meetings), key=lambda one: order.index(one.role)):
        found = _along(bench, family, start)
        if found is None:
            continue
        distance = _distance(bench.shapes, found)
        if best is None or distance < best[0]:
            best = (distance, found)
        if bench.clock.over:
            break
    return best[1] if best is not None else None


def _along(bench: Bench, family: Family, start: Attempt) -> Shapes | None:
    """The nearest that runs with only these axes changed."""
    for shapes in _candidates(bench, family, start):
        if bench.clock.over:
            return None
        if bench.runs(shapes):
            return shapes
    return None


def _candidates(bench: Bench, family: Family, start: Attempt) -> Iterator[Shapes]:
    shapes = bench.shapes
    if family.role in {"channels", "features"}:
        # Not by counting on: what the layer expects is in its own numbers, and what is near by chance says nothing.
        expected = start.obstacle.expected if start.obstacle is not None else None
        weights = _widths(start)
        yield from (moved(shapes, family.places, size) for size in dict.fromkeys([expected, *weights]) if size)
        return
    sides = [place for place in family.places if place[0] == family.places[0][0]]
    if family.role == "size" and len(sides) == 2:
        yield from _pictures(shapes, family)
        return
    sizes = _BATCHES if family.role == "batch" else _outwards(family.base)
    yield from (moved(shapes, family.places, size) for size in sizes if size != family.base)


def _pictures(shapes: Shapes, family: Family) -> Iterator[Shapes]:
    """Squares outwards from a square; else each side alone, both by the same multiple, then squares; nearest first."""
    first = shapes[family.places[0][0]]
    rows = [place for place in family.places if place[1] == 2]
    columns = [place for place in family.places if place[1] == 3]
    tall, wide = first[2], first[3]
    pairs: list[tuple[int, int]] = [(size, size) for size in _outwards(tall if tall == wide else (tall + wide) // 2)]
    if tall != wide:
        pairs += [(size, wide) for size in _outwards(tall)] + [(tall, size) for size in _outwards(wide)]
    rounded = [
        (near(tall, step), near_wide(wide, step))
        for step in _MULTIPLES
        for near in (_below, _above)
        for near_wide in (_below, _above)
    ]
    pairs += [pair for pair in rounded if min(pair) > 0]
    pairs.sort(key=lambda pair: (abs(pair[0] - tall) + abs(pair[1] - wide), pair[0] * pair[1]))
    for pair in dict.fromkeys(pairs):
        yield moved(moved(shapes, rows, pair[0]), columns, pair[1])


def _below(size: int, step: int) -> int:
    return size // step * step


def _above(size: int, step: int) -> int:
    return -(-size // step) * step


def _outwards(base: int) -> Iterator[int]:
    """The sizes below and above in turn, the nearest first."""
    for step in range(1, _HIGHEST):
        if base - step > 0:
            yield base - step
        if base + step <= _HIGHEST:
            yield base + step


def _widths(start: Attempt) -> list[int]:
    """How many channels or features the layers that were met take."""
    found = []
    for meeting in start.meetings.values():
        for name in ("in_channels", "in_features", "input_size", "num_features", "num_channels", "embed_dim"):
            size = getattr(meeting.layer, name, None)
            if isinstance(size, int):
                found.append(size)
        if meeting.layer is None and len(meeting.weight) > 1:
            found.append(meeting.weight[1])
    return found


def _told_by_the_layer(bench: Bench, start: Attempt) -> Shapes | None:
    """Channels (or features) as the first layer takes them, though something else fails then."""
    for family in families(bench, start.meetings):
        for size in _widths(start) if family.role in {"channels", "features"} else ():
            if size != family.base:
                return moved(bench.shapes, family.places, size)
    return None


def _reordered(bench: Bench) -> Iterator[Shapes]:
    """A batch before it; channels before the sides."""
    first, rest = bench.shapes[0], bench.shapes[1:]
    if len(first) < 4 and (bench.fed[0].dtype.is_floating_point or len(first) == 1):
        yield ((1, *first), *rest)
    if len(first) == 4:
        yield ((first[0], first[3], first[1], first[2]), *rest)
    if len(first) == 3:
        yield ((1, first[2], first[0], first[1]), *rest)
        yield ((first[0], first[2], first[1]), *rest)


def _distance(fed: Shapes, shapes: Shapes) -> float:
    """How much is changed, each axis against its size."""
    return sum(
        abs(new - old) / max(old, new, 1)
        for one, other in zip(fed, shapes, strict=True)
        for old, new in zip(one, other, strict=True)
    )
