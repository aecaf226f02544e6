"""Graphs for the tests of folding: random module trees, and a model of equal blocks."""

from hypothesis import strategies as st

from inspector.protocol.graph import Edge, Graph, Group, Node, TensorSpec

SPEC = TensorSpec(shape=(1, 8), dtype="float32")


def node(at, op="Linear", group=None, **more):
    return Node(id=at, kind="module", op=op, fqn=f"{op.lower()}{at}", group=group, outputs=(SPEC,), **more)


def chained(nodes, groups, skips=()):
    edges = [(at, at + 1) for at in range(len(nodes) - 1)] + list(skips)
    return Graph(
        nodes=tuple(nodes),
        groups=tuple(groups),
        edges=tuple(Edge(source=a, source_output=0, target=b, target_input=0) for a, b in edges),
    )


def blocks(count, *, different=()):
    """`count` blocks of Linear and ReLU in a row, each a group; those in `different` hold a Tanh instead."""
    groups = [Group(id=0, fqn="", class_name="Net", parent=None, call_index=0)]
    nodes = [node(0, "Embedding", 0)]
    for at in range(count):
        groups.append(Group(id=at + 1, fqn=f"blocks.{at}", class_name="Block", parent=0, call_index=at, num_params=72))
        nodes.append(node(len(nodes), "Linear", at + 1))
        nodes.append(node(len(nodes), "Tanh" if at in different else "ReLU", at + 1))
    nodes.append(node(len(nodes), "Linear", 0))
    return chained(nodes, groups)


@st.composite
def graphs(draw):
    """Nested groups, nodes anywhere in them, and wires that run forwards."""
    num_groups = draw(st.integers(0, 6))
    groups = [
        Group(
            id=at,
            fqn=f"g{at}",
            class_name=draw(st.sampled_from(["A", "B"])),
            parent=draw(st.one_of(st.none(), st.integers(0, at - 1))) if at else None,
            call_index=at,
        )
        for at in range(num_groups)
    ]
    inside = st.one_of(st.none(), st.integers(0, num_groups - 1)) if num_groups else st.none()
    nodes = [
        node(at, draw(st.sampled_from(["Linear", "ReLU"])), draw(inside)) for at in range(draw(st.integers(1, 14)))
    ]
    ends = st.tuples(st.integers(0, len(nodes) - 1), st.integers(0, len(nodes) - 1))
    pairs = sorted({(min(pair), max(pair)) for pair in draw(st.lists(ends, max_size=24)) if pair[0] != pair[1]})
    edges = tuple(Edge(source=a, source_output=0, target=b, target_input=0) for a, b in pairs)
    return Graph(nodes=tuple(nodes), groups=tuple(groups), edges=edges)


@st.composite
def folded_graphs(draw):
    """A graph, and any set of containers to fold (there are never more than twice as many as groups)."""
    graph = draw(graphs())
    folded = draw(st.frozensets(st.integers(0, max(2 * len(graph.groups) - 1, 0))))
    return graph, folded
