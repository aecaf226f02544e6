"""What a search text means, against plain Python on the same nodes."""

import fnmatch
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from searching import matching_nodes

from inspector.core.search import SearchError, parse_search
from inspector.core.search_fields import NUMBERS, TEXTS
from inspector.protocol.graph import Edge, Graph, Group, Node, Statistics, TensorSpec

OPS = ("Conv2d", "Linear", "ReLU", "add", "BatchNorm2d", "dim=1")
SIGNS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def statistics(nan, std):
    return Statistics(num_elements=10, min=0.0, max=1.0, mean=0.5, std=std, zeros=3, nan=nan, inf=0, num_sampled=10)


@st.composite
def nodes(draw):
    shape = tuple(draw(st.lists(st.integers(1, 300), max_size=4)))
    return Node(
        id=0,
        kind="module",
        op=draw(st.sampled_from(OPS)),
        fqn=draw(st.sampled_from(("layer1.0.conv", "layer1.1.conv", "head", "blocks.10"))),
        group=draw(st.sampled_from((None, 0))),
        inputs=(TensorSpec(shape=(1, 3), dtype="float32"),),
        outputs=(TensorSpec(shape=shape, dtype=draw(st.sampled_from(("float32", "float16")))),),
        num_params=draw(st.integers(0, 5_000_000)),
        macs=draw(st.none() | st.integers(0, 5_000_000)),
        elapsed_s=draw(st.none() | st.floats(0, 1)),
        statistics=draw(st.none() | st.builds(statistics, st.integers(0, 2), st.floats(0, 2))),
    )


def graph_of(found):
    numbered = tuple(
        Node(**{name: getattr(node, name) for name in node.__struct_fields__} | {"id": at})
        for at, node in enumerate(found)
    )
    return Graph(
        nodes=numbered,
        groups=(Group(id=0, fqn="layer1", class_name="Bottleneck", parent=None, call_index=0),),
        edges=(Edge(source=0, source_output=0, target=0, target_input=0),),
    )


graphs = st.lists(nodes(), min_size=1, max_size=8).map(graph_of)


@given(graphs, st.sampled_from(sorted(SIGNS)), st.integers(0, 5000))
def test_numbers_compare_as_in_python_and_what_is_unknown_never_does(graph, sign, thousands):
    wanted = thousands * 1000
    compare = SIGNS[sign]
    assert matching_nodes(graph, f"params {sign} {thousands}k") == tuple(
        node.id for node in graph.nodes if compare(node.num_params, wanted)
    )
    assert matching_nodes(graph, f"macs{sign}{wanted}") == tuple(
        node.id for node in graph.nodes if node.macs is not None and compare(node.macs, wanted)
    )


@given(graphs, st.sampled_from(OPS), st.integers(-3, 3), st.integers(0, 300))
def test_joined_terms_mean_what_they_mean_in_python(graph, op, at, least):
    def size(node):
        shape = node.outputs[0].shape
        return shape[at] if -len(shape) <= at < len(shape) else None

    def big(node):
        return size(node) is not None and size(node) >= least

    found = {
        f'op = "{op}" and out[{at}] >= {least}': lambda n: n.op == op and big(n),
        f'op = "{op}" or not out[{at}] >= {least}': lambda n: n.op == op or not big(n),
        f'not (op = "{op}" or out[{at}] >= {least})': lambda n: not (n.op == op or big(n)),
        f'nan > 0 or op = "{op}" and dtype = float16': lambda n: (
            (n.statistics is not None and n.statistics.nan > 0) or (n.op == op and n.outputs[0].dtype == "float16")
        ),
        "std < 1e-6": lambda n: n.statistics is not None and n.statistics.std < 1e-6,
    }
    for text, holds in found.items():
        assert matching_nodes(graph, text) == tuple(node.id for node in graph.nodes if holds(node)), text


@given(graphs, st.lists(st.integers(1, 300) | st.none(), min_size=2, max_size=4))
def test_a_shape_is_found_anywhere_in_an_outputs_shape(graph, wanted):
    def holds(node):
        shape = node.outputs[0].shape
        windows = [shape[at : at + len(wanted)] for at in range(len(shape) - len(wanted) + 1)]
        return any(all(w is None or s == w for s, w in zip(window, wanted, strict=True)) for window in windows)

    sizes = ["*" if size is None else str(size) for size in wanted]
    expected = tuple(node.id for node in graph.nodes if holds(node))
    for text in ("x".join(sizes), ",".join(sizes), f"({', '.join(sizes)})"):
        assert matching_nodes(graph, text) == expected, text
    whole = tuple(node.id for node in graph.nodes if len(node.outputs[0].shape) == len(wanted) and holds(node))
    assert matching_nodes(graph, f"out = {'x'.join(sizes)}") == whole


@given(graphs, st.text("layer1.0conv*", min_size=1, max_size=12))
def test_stars_in_texts_are_anything_as_in_file_names(graph, pattern):
    expected = tuple(node.id for node in graph.nodes if fnmatch.fnmatchcase(node.fqn, pattern))
    assert matching_nodes(graph, f'name = "{pattern}"') == expected


WORDS = [
    "params",
    "out[1]",
    "and",
    "or",
    "not",
    "(",
    ")",
    ">",
    "=",
    "~",
    '"',
    "!",
    "1e6",
    "1M",
    "1,2",
    "*",
    "é",
    "\x00",
]


@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join), graphs)
def test_no_text_does_anything_but_find_or_say_what_is_wrong(text, graph):
    wrong = error_of(graph, text)
    if wrong is not None:
        assert wrong.message
        assert 0 <= wrong.start <= wrong.end <= len(text)


def error_of(graph, text):
    try:
        matching_nodes(graph, text)
    except SearchError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "about", "says"),
    [
        ("params >", "params >", "must follow"),
        ("params > many", "many", "params > 1M"),
        ("params > 1ms", "1ms", "no unit"),
        ("parms > 1", "parms", "Did you mean “params”"),
        ("dim=1", "dim", "quote it"),
        ("(conv", "(", "never closed"),
        ("conv)", ")", "never opened"),
        ("op > Conv2d", ">", "no order"),
        ('"conv', '"conv', "never closed"),
        ("and conv", "and", "stand before"),
        ("conv or", "or", "must follow"),
        ("()", "(", "nothing in these"),
        ("> 3", ">", "A name stands before"),
        ("not " * 100 + "conv", "not", "fit into one another"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_wrong(text, about, says):
    with pytest.raises(SearchError) as told:
        parse_search(text)
    assert text[told.value.start : told.value.end] == about
    assert says in told.value.message


def test_a_pattern_of_many_stars_takes_no_time():
    node = Node(id=0, kind="module", op="a" * 400, fqn="a" * 400, group=None)
    graph = Graph(nodes=(node,), groups=(), edges=())
    assert matching_nodes(graph, "name = " + "a*" * 200 + "b") == ()


def test_every_field_has_an_example_that_can_be_read():
    for name, field in NUMBERS.items():
        assert parse_search(field.example) is not None
        with pytest.raises(SearchError, match="example"):
            parse_search(f"{name} >")
    for name in TEXTS:
        assert parse_search(f"{name} = x") is not None


def test_plain_words_must_all_be_there_in_any_place():
    node = Node(id=0, kind="module", op="Conv2d", fqn="layer1.0.conv", group=0, details="64→128 k3")
    graph = graph_of([node])
    assert matching_nodes(graph, "LAYER1 k3 bottleneck") == (0,)
    assert matching_nodes(graph, "layer1 linear") == ()
    assert matching_nodes(graph, "  ") == ()
