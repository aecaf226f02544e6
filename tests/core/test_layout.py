"""The layout, over random nested graphs: nothing overlaps, nothing is lost, no line runs through a box."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.layout import HEADER, LayoutRequest, lay_out, lay_out_plainly
from inspector.core.layout.messages import decode_layout, decode_request, encode

EXAMPLES = settings(max_examples=40)


@st.composite
def requests(draw, *, cycles=True):
    num_containers = draw(st.integers(0, 5))
    container_parent = [draw(st.integers(-1, at - 1)) for at in range(num_containers)]
    num_boxes = draw(st.integers(1, 18))
    # every container holds a box: the first ones are given out in turn
    box_parent = [at if at < num_containers else draw(st.integers(-1, num_containers - 1)) for at in range(num_boxes)]
    box_parent = draw(st.permutations(box_parent))
    used = sorted({above for parent in box_parent for above in _around(container_parent, parent)})
    number = {container: at for at, container in enumerate(used)} | {-1: -1}
    pairs = st.tuples(st.integers(0, num_boxes - 1), st.integers(0, num_boxes - 1))
    wires = {(a, b) if cycles else (min(a, b), max(a, b)) for a, b in draw(st.lists(pairs, max_size=40)) if a != b}
    sizes = st.tuples(st.sampled_from([88, 176, 240]), st.sampled_from([40, 64]))
    return LayoutRequest(
        box_parent=np.array([number[parent] for parent in box_parent], np.int32),
        box_size=np.array([draw(sizes) for _ in range(num_boxes)], np.float32),
        container_parent=np.array([number[container_parent[container]] for container in used], np.int32),
        header_width=np.array([draw(st.sampled_from([120, 300])) for _ in used], np.float32),
        wires=np.array(sorted(wires), np.int32).reshape(-1, 2),
        direction=draw(st.sampled_from(["down", "right"])),
        page=draw(st.sampled_from([0.0, 120.0, 300.0])),
    )


def _around(container_parent, container):
    while container >= 0:
        yield container
        container = container_parent[container]


def rect_overlap(a, b):
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    tall = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return wide > 0.01 and tall > 0.01


def siblings(request, layout):
    """By container, the rectangles of what lies in it."""
    found = {}
    for parent, rect in zip(request.box_parent.tolist(), layout.boxes.tolist(), strict=True):
        found.setdefault(parent, []).append(rect)
    for parent, rect in zip(request.container_parent.tolist(), layout.containers.tolist(), strict=True):
        found.setdefault(parent, []).append(rect)
    return found


def drawn(layout, segment):
    """Points along a segment as it is drawn: cubics that leave and arrive along the direction."""
    along = 1 if layout.direction == "down" else 0
    t = np.linspace(0, 1, 25)[:, None]
    pieces = []
    for a, b in itertools.pairwise(layout.segment(segment).astype(float)):
        first, second = a.copy(), b.copy()
        first[along] = second[along] = (a[along] + b[along]) / 2
        pieces.append((1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * first + 3 * t**2 * (1 - t) * second + t**3 * b)
    return np.concatenate(pieces)


@EXAMPLES
@given(requests())
def test_siblings_never_overlap(request):
    for layout in (lay_out(request), lay_out_plainly(request)):
        for rects in siblings(request, layout).values():
            assert not any(rect_overlap(a, b) for a, b in itertools.combinations(rects, 2))


@EXAMPLES
@given(requests())
def test_everything_lies_inside_its_container_and_below_its_header(request):
    layout = lay_out(request)
    for parent, rects in siblings(request, layout).items():
        left, top, width, height = (0, 0, *layout.size) if parent < 0 else layout.containers[parent].tolist()
        for x, y, w, h in rects:
            assert x >= left
            assert y >= top + (0 if parent < 0 else HEADER)
            assert x + w <= left + width + 0.01
            assert y + h <= top + height + 0.01


@EXAMPLES
@given(requests())
def test_boxes_keep_the_sizes_they_were_given(request):
    layout = lay_out(request)
    assert np.allclose(layout.boxes[:, 2:], request.box_size)
    assert (layout.containers[:, 2] >= request.header_width - 0.01).all()


@EXAMPLES
@given(requests(), st.sampled_from([lay_out, lay_out_plainly]))
def test_no_line_runs_through_a_box(request, lay_out):
    assert_no_line_in_a_box(lay_out(request))


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("lay_out", [lay_out, lay_out_plainly])
def test_no_line_runs_through_a_box_of_a_wrapped_hub(direction, lay_out):
    request = replace(chain(62, skips=[(0, at) for at in range(2, 61)]), direction=direction)
    assert_no_line_in_a_box(lay_out(request))
    fan = [(0, at) for at in range(1, 61)] + [(at, 61) for at in range(1, 61)]
    assert_no_line_in_a_box(lay_out(replace(request, wires=np.array(fan, np.int32))))


def assert_no_line_in_a_box(layout):
    for segment in range(layout.num_segments):
        points = drawn(layout, segment)
        for x, y, w, h in layout.boxes.tolist():
            inside = (points[:, 0] > x + 0.5) & (points[:, 0] < x + w - 0.5)
            inside &= (points[:, 1] > y + 0.5) & (points[:, 1] < y + h - 0.5)
            assert not inside.any()


@EXAMPLES
@given(requests())
def test_every_wire_runs_unbroken_from_its_source_to_its_target(request):
    assert_wires_unbroken(request, lay_out(request))


def assert_wires_unbroken(request, layout):
    for wire, (source, target) in enumerate(request.wires.tolist()):
        pieces = [layout.segment(segment) for segment in layout.segments_of(wire)]
        assert pieces
        assert on_edge(layout.boxes[source], pieces[0][0])
        assert on_edge(layout.boxes[target], pieces[-1][-1])
        assert all(np.abs(a[-1] - b[0]).max() < 0.6 for a, b in itertools.pairwise(pieces))
        assert layout.ends_at[layout.segments_of(wire)[-1]] == target


def on_edge(rect, point):
    x, y, w, h = rect.tolist()
    across = x - 0.6 <= point[0] <= x + w + 0.6 and y - 0.6 <= point[1] <= y + h + 0.6
    return across and min(abs(point[0] - x), abs(point[0] - x - w), abs(point[1] - y), abs(point[1] - y - h)) < 0.6


@EXAMPLES
@given(requests(cycles=False))
def test_without_containers_every_wire_of_ordered_boxes_runs_forwards(request):
    flat = LayoutRequest(
        box_parent=np.full(len(request.box_parent), -1, np.int32),
        box_size=request.box_size,
        container_parent=np.zeros(0, np.int32),
        header_width=np.zeros(0, np.float32),
        wires=request.wires,
        direction="down",
    )
    layout = lay_out(flat)
    for source, target in flat.wires.tolist():
        assert layout.boxes[source, 1] + layout.boxes[source, 3] < layout.boxes[target, 1]


@EXAMPLES
@given(requests())
def test_the_same_request_gives_the_same_layout(request):
    assert encode(lay_out(request)) == encode(lay_out(request))


@EXAMPLES
@given(requests())
def test_a_layout_with_a_memory_is_the_one_without(request):
    memory = {}
    lay_out(request, memory=memory)
    assert encode(lay_out(request, memory=memory)) == encode(lay_out(request))


@EXAMPLES
@given(requests())
def test_requests_and_layouts_survive_the_way_to_another_process(request):
    assert encode(decode_request(encode(request))) == encode(request)
    layout = lay_out(request)
    assert encode(decode_layout(encode(layout))) == encode(layout)


def chain(count, skips=()):
    wires = [(at, at + 1) for at in range(count - 1)] + list(skips)
    return LayoutRequest(
        box_parent=np.full(count, -1, np.int32),
        box_size=np.full((count, 2), (176, 64), np.float32),
        container_parent=np.zeros(0, np.int32),
        header_width=np.zeros(0, np.float32),
        wires=np.array(wires, np.int32).reshape(-1, 2),
    )


def test_a_chain_stands_in_one_straight_column():
    layout = lay_out(chain(12, skips=[(2, 6), (6, 10)]))
    assert np.ptp(layout.boxes[:, 0]) == 0


def test_a_skip_has_a_lane_of_its_own_and_is_marked():
    request = chain(6, skips=[(1, 4)])
    layout = lay_out(request)
    segments = layout.segments_of(5).tolist()
    assert layout.skips[segments].all()
    lane = layout.segment(segments[0])
    assert lane[:, 0].max() > layout.boxes[:, 0].max() + 176


def test_branches_stand_evenly_around_what_they_come_from_and_lead_to():
    wires = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)]
    request = chain(5)
    request = LayoutRequest(
        request.box_parent, request.box_size, request.container_parent, request.header_width, np.array(wires, np.int32)
    )
    middle = lay_out(request).boxes[:, 0] + 88
    assert middle[0] == pytest.approx(middle[2])
    assert middle[4] == pytest.approx(middle[2])
    assert middle[2] - middle[1] == pytest.approx(middle[3] - middle[2])


@pytest.mark.parametrize("count", [300, 3_000])
def test_a_hub_is_wrapped_and_stays_readable(count):
    wires = [(0, at) for at in range(1, count)] + [(at, count) for at in range(1, count)]
    request = LayoutRequest(
        box_parent=np.full(count + 1, -1, np.int32),
        box_size=np.full((count + 1, 2), (176, 64), np.float32),
        container_parent=np.zeros(0, np.int32),
        header_width=np.zeros(0, np.float32),
        wires=np.array(wires, np.int32),
    )
    layout = lay_out(request)
    assert layout.size[0] < 14_000
    assert layout.num_segments < 4 * count


def grouped_hub(groups, arms):
    """A box that feeds every arm of every group, and one that all arms feed."""
    count = groups * arms
    wires = [(0, at) for at in range(1, count + 1)] + [(at, count + 1) for at in range(1, count + 1)]
    return LayoutRequest(
        box_parent=np.array([-1, *np.repeat(np.arange(groups), arms).tolist(), -1], np.int32),
        box_size=np.full((count + 2, 2), (176, 64), np.float32),
        container_parent=np.full(groups, -1, np.int32),
        header_width=np.full(groups, 180, np.float32),
        wires=np.array(wires, np.int32),
    )


def test_hundreds_of_wires_from_a_container_to_one_box_leave_it_together():
    wide = lay_out(grouped_hub(3, 300))
    assert (wide.containers[:, 2] < 4_000).all()
    assert wide.num_segments < 4 * len(wide.boxes)
    request = grouped_hub(2, 40)
    layout = lay_out(request)
    assert_wires_unbroken(request, layout)
    assert_no_line_in_a_box(layout)


def test_equal_containers_are_laid_out_once():
    count = 40
    request = LayoutRequest(
        box_parent=np.repeat(np.arange(count), 4).astype(np.int32),
        box_size=np.full((4 * count, 2), (176, 64), np.float32),
        container_parent=np.full(count, -1, np.int32),
        header_width=np.full(count, 180, np.float32),
        wires=np.array([(at, at + 1) for at in range(4 * count - 1)], np.int32),
    )
    memory = {}
    lay_out(request, memory=memory)
    assert len(memory) == 4  # the first and the last, which have one port, those between, and the whole


def test_an_empty_graph_has_an_empty_layout():
    layout = lay_out(chain(0))
    assert len(layout.boxes) == 0
    assert layout.num_segments == 0
