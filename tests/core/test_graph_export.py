"""The graph as DOT and JSON, read back by readers of our own that know nothing of how it was written."""

import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from inspector.core.graph_export import dot_text, json_bytes
from inspector.protocol.graph import Edge, Graph, Group, Node, TensorSpec

# the lexical rules of https://graphviz.org/doc/info/lang.html
TOKEN = re.compile(r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<id>[A-Za-z_]\w*)|(?P<sign>->|[{}\[\];=,]))', re.DOTALL)


def tokens_of(text):
    at, found = 0, []
    while text[at:].strip():
        token = TOKEN.match(text, at)
        assert token is not None, text[at : at + 40]
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return found


def read_dot(text):  # noqa: C901 - a reader with all its rules in sight
    """Nodes with their labels and clusters, and edges; fails on whatever the grammar does not have."""
    tokens = tokens_of(text)
    assert [value for _, value in tokens[:3]] == ["digraph", "model", "{"]
    at, nodes, edges, clusters = 3, {}, [], ["model"]

    def value():
        nonlocal at
        kind, found = tokens[at]
        assert kind in {"quoted", "id"}
        at += 1
        return found

    def take(sign):
        nonlocal at
        assert tokens[at] == ("sign", sign), tokens[at]
        at += 1

    def attributes():
        read = {}
        take("[")
        while tokens[at] != ("sign", "]"):
            name = value()
            take("=")
            read[name] = value()
            if tokens[at] == ("sign", ","):
                take(",")
        take("]")
        take(";")
        return read

    while clusters:
        if tokens[at] == ("sign", "}"):
            take("}")
            clusters.pop()
            continue
        name = value()
        if name == "subgraph":
            clusters.append(value())
            take("{")
        elif tokens[at] == ("sign", "="):
            take("=")
            value()
            take(";")
        elif tokens[at] == ("sign", "->"):
            take("->")
            edges.append((name, value()))
            attributes()
        elif name == "node":
            attributes()
        else:
            assert name not in nodes
            nodes[name] = (attributes()["label"], clusters[-1])
    assert at == len(tokens)
    return nodes, edges


names = st.text(min_size=1, max_size=12) | st.sampled_from(['a"b', "a\\", '\\"', "}", "<b>x</b>", "\ud800"])


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 6))
    groups = tuple(
        Group(id=at, fqn=draw(names), class_name=draw(names), parent=draw(st.none() | st.integers(0, at)), call_index=0)
        for at in range(draw(st.integers(0, 3)))
    )
    nodes = tuple(
        Node(
            id=at,
            kind=draw(st.sampled_from(("module", "input", "parameter"))),
            op=draw(names),
            fqn=draw(names),
            group=draw(st.none() | st.integers(0, len(groups) - 1)) if groups else None,
            outputs=(TensorSpec(shape=(1, 2), dtype="float32"),),
        )
        for at in range(count)
    )
    ends = st.integers(0, count - 1)
    edges = draw(st.lists(st.builds(Edge, source=ends, source_output=st.just(0), target=ends, target_input=st.just(0))))
    return Graph(nodes=nodes, groups=groups, edges=tuple(edges))


@given(graphs())
def test_any_graph_is_valid_dot_with_every_node_and_wire_whatever_its_names_are(graph):
    text = dot_text(graph)
    text.encode()
    nodes, edges = read_dot(text)
    assert set(nodes) == {f"n{node.id}" for node in graph.nodes}
    assert edges == [(f"n{edge.source}", f"n{edge.target}") for edge in graph.edges]
    for node in graph.nodes:
        around = nodes[f"n{node.id}"][1]
        assert around == ("model" if node.group is None else f"cluster_{node.group}")


def test_json_reads_back_as_the_same_graph():
    graph = Graph(
        nodes=(Node(id=0, kind="module", op="Conv2d", fqn="é", group=0),),
        groups=(Group(id=0, fqn="", class_name="Net", parent=None, call_index=0),),
        edges=(),
    )
    assert msgspec.json.decode(json_bytes(graph), type=Graph) == graph


def test_names_and_shapes_stand_in_the_labels():
    spec = TensorSpec(shape=(1, 64), dtype="float32")
    graph = Graph(
        nodes=(Node(id=0, kind="module", op="Linear", fqn='a"b', group=None, outputs=(spec,)),), groups=(), edges=()
    )
    assert read_dot(dot_text(graph))[0]["n0"][0] == '"Linear\\na\\"b\\n(1, 64)"'
