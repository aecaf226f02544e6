"""Which node is which: the longest common subsequence against a plain table, and graphs whose names differ."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from inspector.client import fake_messages as said
from inspector.core.alignment import align, differing_prefixes
from inspector.core.common_subsequence import common_subsequence

items = st.lists(st.sampled_from("abcd"), max_size=24)


def length_by_table(first, second):
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


@given(items, items)
def test_the_common_subsequence_is_common_rising_and_as_long_as_a_plain_table_finds(first, second):
    pairs = common_subsequence(first, second)
    assert all(first[i] == second[j] for i, j in pairs)
    assert all(i < k and j < m for (i, j), (k, m) in itertools.pairwise(pairs))
    assert len(pairs) == length_by_table(first, second)


def test_a_graph_is_aligned_with_itself_by_name():
    graph = said.graph()
    assert align(graph, graph) == [(node.id, node.id, "name") for node in graph.nodes]


def renamed(graph, **changes):
    return structs.replace(
        graph, nodes=tuple(structs.replace(node, **changes.get(node.fqn, {})) for node in graph.nodes)
    )


def test_what_stands_before_all_names_of_one_side_is_left_out():
    graph = said.graph()
    nodes = [
        structs.replace(node, fqn=f"module.{node.fqn}" if node.fqn else "module")
        if node.kind in ("module", "function", "parameter")
        else node
        for node in graph.nodes
    ]
    wrapped = structs.replace(graph, nodes=tuple(nodes))
    assert {how for _, _, how in align(graph, wrapped)} == {"name"}
    assert differing_prefixes(["a.b", "c"], ["module.a.b", "module.c"]) == ("", "module.")
    assert differing_prefixes(["net.a", "net.b"], ["a", "b"]) == ("net.", "")
    assert differing_prefixes(["a.b"], ["c.d"]) == ("", "")


def test_another_operation_in_the_same_place_is_its_partner_and_says_so():
    graph = said.graph()
    other = renamed(graph, **{"stem.relu": {"op": "Tanh"}})
    found = [how for left, right, how in align(graph, other) if left == right]
    assert len(found) == len(graph.nodes)
    assert [how for how in found if how != "name"] == ["place"]


def test_where_names_differ_alike_operations_meet_in_their_order_and_the_rest_stands_alone():
    graph = said.graph()
    nodes = [structs.replace(node, fqn=f"layers.{node.id}") if node.kind == "module" else node for node in graph.nodes]
    other = structs.replace(graph, nodes=tuple(nodes))
    assert all(left == right for left, right, _ in align(graph, other))
    assert "order" in {how for _, _, how in align(graph, other)}
    (first,) = [node for node in graph.nodes if node.fqn == "stem.conv" and node.kind == "module"]
    alone = structs.replace(
        graph,
        nodes=tuple(
            structs.replace(node, op="Unfold", fqn="other") if node.id == first.id else node for node in graph.nodes
        ),
    )
    rows = align(graph, alone)
    assert (first.id, None, None) in rows
    assert (None, first.id, None) in rows
