"""Folding: what is visible, over random module trees and over models of equal blocks."""

from folding_graphs import SPEC, blocks, chained, folded_graphs, graphs, node
from hypothesis import given, settings

from inspector.core.folding import default_folding, fold_all, fold_to_depth, reveal
from inspector.core.grouping import build_hierarchy
from inspector.core.hierarchy import ROOT, structure_key
from inspector.core.visible import look_at
from inspector.protocol.graph import Edge, Graph, Group, Node

EXAMPLES = settings(max_examples=100)


def reaches(pairs, start):
    seen, todo = {start}, [start]
    while todo:
        at = todo.pop()
        new = {b for a, b in pairs if a == at} - seen
        seen |= new
        todo.extend(new)
    return seen


@EXAMPLES
@given(folded_graphs())
def test_every_node_is_seen_in_exactly_one_box(case):
    graph, folded = case
    visible = look_at(build_hierarchy(graph), folded)
    assert len(visible.box_of_node) == len(graph.nodes)
    for at, box in enumerate(visible.box_of_node.tolist()):
        shown = visible.boxes[box]
        assert shown.node == at or shown.container in {
            around
            for container in [visible.hierarchy.node_parent[at]]
            for around in visible.hierarchy.ancestors(container)
        }


@EXAMPLES
@given(folded_graphs())
def test_folding_keeps_what_can_reach_what(case):
    graph, folded = case
    visible = look_at(build_hierarchy(graph), folded)
    edges = [(edge.source, edge.target) for edge in graph.edges]
    wires = [tuple(wire) for wire in visible.wires.tolist()]
    for start in range(len(graph.nodes)):
        boxes = reaches(wires, int(visible.box_of_node[start]))
        assert {int(visible.box_of_node[end]) for end in reaches(edges, start)} <= boxes


@EXAMPLES
@given(folded_graphs())
def test_every_edge_between_two_boxes_is_in_exactly_one_wire(case):
    graph, folded = case
    visible = look_at(build_hierarchy(graph), folded)
    found = sorted(edge for same in visible.wire_edges for edge in same)
    apart = [
        at
        for at, edge in enumerate(graph.edges)
        if visible.box_of_node[edge.source] != visible.box_of_node[edge.target]
    ]
    assert found == apart
    assert len({tuple(wire) for wire in visible.wires.tolist()}) == len(visible.wires)


@EXAMPLES
@given(graphs())
def test_unfolded_every_node_has_its_own_box_and_folded_none_is_deeper_than_the_first_level(graph):
    hierarchy = build_hierarchy(graph)
    unfolded = look_at(hierarchy, frozenset())
    assert [box.node for box in unfolded.boxes if box.container is not None] == []
    assert len(unfolded.boxes) == len(graph.nodes)
    folded = look_at(hierarchy, fold_all(hierarchy))
    assert all(box.parent == ROOT for box in folded.boxes)
    assert not folded.open_containers


@EXAMPLES
@given(folded_graphs())
def test_open_containers_come_after_those_around_them(case):
    graph, folded = case
    visible = look_at(build_hierarchy(graph), folded)
    place = {container: at for at, container in enumerate(visible.open_containers)}
    for container, at in place.items():
        parent = visible.hierarchy.parent[container]
        assert parent == ROOT or place[parent] < at


def test_equal_blocks_fold_into_one_stack():
    hierarchy = build_hierarchy(blocks(6))
    assert hierarchy.members[-1] == (1, 2, 3, 4, 5, 6)
    assert hierarchy.is_stack(hierarchy.num_containers - 1)
    visible = look_at(hierarchy, default_folding(hierarchy))
    assert [box.container for box in visible.boxes] == [None, hierarchy.num_containers - 1, None]


def test_a_different_block_ends_a_stack():
    hierarchy = build_hierarchy(blocks(7, different={3}))
    assert hierarchy.members[8:] == ((1, 2, 3), (5, 6, 7))


def test_the_equal_arms_of_a_hub_are_one_stack_of_nodes():
    nodes = [node(0, "Embedding"), *(node(at, "Linear") for at in range(1, 301)), node(301, "Stack")]
    edges = [(0, at) for at in range(1, 301)] + [(at, 301) for at in range(1, 301)]
    graph = Graph(
        nodes=tuple(nodes),
        groups=(),
        edges=tuple(Edge(source=a, source_output=0, target=b, target_input=0) for a, b in edges),
    )
    hierarchy = build_hierarchy(graph)
    assert hierarchy.twins == {0: tuple(range(1, 301))}
    visible = look_at(hierarchy, default_folding(hierarchy))
    assert [box.container for box in visible.boxes] == [None, 0, None]
    assert visible.wires.tolist() == [[0, 1], [1, 2]]
    assert len(look_at(hierarchy, frozenset()).boxes) == 302


def test_two_equal_blocks_stay_as_they_are():
    hierarchy = build_hierarchy(blocks(2))
    assert hierarchy.num_containers == 3


def test_blocks_with_other_shapes_are_not_equal():
    graph = blocks(3)
    wider = SPEC.__class__(shape=(1, 16), dtype="float32")
    nodes = tuple(
        Node(id=n.id, kind=n.kind, op=n.op, fqn=n.fqn, group=n.group, outputs=(wider,)) if n.group == 2 else n
        for n in graph.nodes
    )
    hierarchy = build_hierarchy(Graph(nodes=nodes, groups=graph.groups, edges=graph.edges))
    assert hierarchy.num_containers == 4


def test_a_stack_unfolds_to_its_blocks_and_they_to_their_operations():
    hierarchy = build_hierarchy(blocks(4))
    stack = hierarchy.num_containers - 1
    some = look_at(hierarchy, fold_all(hierarchy) - {0, stack})
    assert len(some.boxes) == 6
    assert len(look_at(hierarchy, reveal(hierarchy, fold_all(hierarchy), 2)).boxes) == 7


def test_the_first_picture_of_a_large_model_is_short():
    groups = [Group(id=0, fqn="", class_name="Net", parent=None, call_index=0)]
    nodes = []
    for at in range(30):
        groups.append(Group(id=at + 1, fqn=f"stage{at}", class_name=f"Stage{at}", parent=0, call_index=at))
        nodes.extend(node(len(nodes) + n, "Linear", at + 1) for n in range(20))
    hierarchy = build_hierarchy(chained(nodes, groups))
    assert len(look_at(hierarchy, default_folding(hierarchy)).boxes) == 30


def test_a_model_of_one_large_group_is_not_shown_as_a_single_box():
    groups = [Group(id=0, fqn="", class_name="Net", parent=None, call_index=0)]
    hierarchy = build_hierarchy(chained([node(at, f"Linear{at}", 0) for at in range(200)], groups))
    assert len(look_at(hierarchy, default_folding(hierarchy)).boxes) == 200


def test_what_failed_is_in_the_first_picture():
    graph = blocks(12)
    failing = tuple(
        Node(id=n.id, kind=n.kind, op=n.op, fqn=n.fqn, group=n.group, outputs=n.outputs, failed=n.id == 10)
        for n in graph.nodes
    )
    hierarchy = build_hierarchy(Graph(nodes=failing, groups=graph.groups, edges=graph.edges))
    visible = look_at(hierarchy, default_folding(hierarchy))
    assert visible.boxes[int(visible.box_of_node[10])].node == 10


def test_folding_to_a_depth_opens_what_lies_above_it():
    hierarchy = build_hierarchy(blocks(4))
    assert len(look_at(hierarchy, fold_to_depth(hierarchy, 0)).boxes) == 1
    assert len(look_at(hierarchy, fold_to_depth(hierarchy, 1)).boxes) == 3
    assert len(look_at(hierarchy, fold_to_depth(hierarchy, 2)).boxes) == 10


def test_the_structure_is_the_same_for_other_shapes_and_another_for_other_wires():
    graph = blocks(3)
    wider = tuple(Node(id=n.id, kind=n.kind, op=n.op, fqn=n.fqn, group=n.group, outputs=()) for n in graph.nodes)
    same = Graph(nodes=wider, groups=graph.groups, edges=graph.edges)
    rewired = Graph(nodes=graph.nodes, groups=graph.groups, edges=graph.edges[1:])
    assert structure_key(same) == structure_key(graph)
    assert structure_key(rewired) != structure_key(graph)


def test_groups_that_lie_in_each_other_and_edges_to_nowhere_do_no_harm():
    groups = (
        Group(id=0, fqn="a", class_name="A", parent=1, call_index=0),
        Group(id=1, fqn="b", class_name="B", parent=0, call_index=0),
    )
    edges = (Edge(source=0, source_output=0, target=99, target_input=0),)
    hierarchy = build_hierarchy(Graph(nodes=(node(0, group=0), node(1, group=1)), groups=groups, edges=edges))
    visible = look_at(hierarchy, default_folding(hierarchy))
    assert len(visible.wires) == 0
    assert len(look_at(hierarchy, frozenset()).boxes) == 2


def flat(count, pattern, *, failed=None, skips=()):
    """A model without modules: the pattern over and over; one node may have failed."""
    ops = [pattern[at % len(pattern)] for at in range(count)]
    nodes = [node(at, op, None, failed=at == failed) for at, op in enumerate(["Embedding", *ops, "Softmax"])]
    return chained(nodes, (), skips)


def test_a_pattern_that_repeats_in_a_flat_list_is_one_stack_of_parts():
    hierarchy = build_hierarchy(flat(3_000, ("Linear", "LayerNorm", "ReLU")))
    folded = look_at(hierarchy, default_folding(hierarchy))
    assert [box.node for box in folded.boxes] == [0, None, 3_001]
    stack = folded.boxes[1].container
    assert hierarchy.times[stack] == 1_000
    parts = look_at(hierarchy, default_folding(hierarchy) - {stack})
    assert len(parts.boxes) == 1_002
    assert {hierarchy.num_nodes[box.container] for box in parts.boxes if box.container is not None} == {3}
    assert len(look_at(hierarchy, frozenset()).boxes) == 3_002


def test_a_short_flat_list_is_shown_as_it_is():
    hierarchy = build_hierarchy(flat(40, ("Linear", "ReLU")))
    assert hierarchy.num_containers == 0


def test_what_failed_in_a_flat_list_is_in_no_stack():
    hierarchy = build_hierarchy(flat(600, ("Linear", "ReLU"), failed=301))
    assert hierarchy.node_parent[301] == ROOT
    assert look_at(hierarchy, fold_all(hierarchy)).boxes[-1].node == 601


def test_patterns_that_are_wired_in_another_way_are_not_of_one_stack():
    # from 301 on each pattern has a skip inside
    skips = [(at, at + 2) for at in range(301, 598, 3)]
    hierarchy = build_hierarchy(flat(600, ("Linear", "LayerNorm", "ReLU"), skips=skips))
    assert sorted(hierarchy.times[c] for c in hierarchy.times if hierarchy.times[c] > 1) == [99, 100]
