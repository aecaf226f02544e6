"""ONNX files made to do harm: refused or drawn in a moment, never followed out of their folder, never run as code."""

import pytest
from onnx_bytes import field, fields, floats, function, graph, model, node, two_layers, value, varint

from inspector.engine.drawing_files import draw_file
from inspector.engine.formats import describe_file
from inspector.engine.formats.onnx_graph import MAX_CALLS


def described(folder, data):
    path = folder / "m.onnx"
    path.write_bytes(data)
    return describe_file(str(path))


def nested(depth):
    inner = graph([node("Relu", ["x"], ["r"])], outputs=[value("r")])
    for _ in range(depth):
        inner = graph([node("If", ["c"], ["r"], then_branch=inner)], outputs=[value("r")])
    return inner


def test_graphs_that_nest_for_ever_are_refused(tmp_path):
    assert "nest more deeply" in described(tmp_path, model(nested(200))).summary
    assert described(tmp_path, model(nested(10))).format == "onnx"


def test_functions_that_call_each_other_twice_and_again_are_drawn_to_a_limit(tmp_path):
    functions = [
        function(f"F{at}", ["a"], ["b"], [node(f"F{at + 1}", ["a"], ["t"], domain="own"),
                                          node(f"F{at + 1}", ["t"], ["b"], domain="own")])
        for at in range(20)
    ]  # fmt: skip
    functions.append(function("F20", ["a"], ["b"], [node("Relu", ["a"], ["b"])]))
    data = model(graph([node("F0", ["x"], ["y"], domain="own")], [value("x", [1])], [value("y")]), functions=functions)
    description = described(tmp_path, data)
    drawn = draw_file(description)
    assert len(drawn.graph.nodes) + len(drawn.graph.groups) <= 3 * MAX_CALLS
    assert any("as one operation" in note for note in drawn.graph.notes)


def test_a_function_that_calls_itself_is_one_operation(tmp_path):
    loop = function("F", ["a"], ["b"], [node("F", ["a"], ["b"], domain="own")])
    data = model(graph([node("F", ["x"], ["y"], domain="own")], [value("x", [1])], [value("y")]), functions=[loop])
    assert [one.op for one in draw_file(described(tmp_path, data)).graph.nodes] == ["input", "own::F", "output"]


@pytest.mark.parametrize("cut", range(1, len(two_layers()), 97))
def test_a_file_cut_off_anywhere_is_told_in_a_sentence(tmp_path, cut):
    description = described(tmp_path, two_layers()[:cut])
    assert description.format in {"onnx", "unknown"}
    assert description.summary


def test_sizes_that_lie_are_told_and_nothing_of_them_is_made(tmp_path):
    shape = fields(1, [2**62, 2**62, 2**62]) + field(2, 1) + field(8, "w") + field(9, b"1234")
    data = model(graph([node("Add", ["x", "w"], ["y"])], [value("x", [2**62])], [value("y")], [shape]))
    description = described(tmp_path, data)
    assert description.tensors[0].shape == (2**62,) * 3
    assert len(draw_file(description).graph.nodes) == 3


def test_a_length_beyond_the_file_is_refused(tmp_path):
    assert described(tmp_path, field(1, 8) + varint(7 << 3 | 2) + varint(2**60) + b"x").format == "unknown"


def test_names_that_are_code_markup_or_no_text_are_shown_as_they_are(tmp_path):
    names = ["<img src=x onerror=alert(1)>", "__import__('os').system('id')", "\ud800".encode("utf-8", "surrogatepass")]
    nodes = [node(names[1], ["x"], [b"y"], name) for name in names]
    data = model(graph(nodes, [value("x", [1])], [value("y")], [floats("w", [1], [1.0])]))
    drawn = draw_file(described(tmp_path, data))
    assert drawn.graph.nodes[1].op == names[1]
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]
    drawn.graph.nodes[3].fqn.encode()


def test_scopes_of_thousands_of_parts_are_cut(tmp_path):
    deep = "/".join(["a"] * 200)
    drawn = draw_file(described(tmp_path, model(graph([node("Relu", ["x"], ["y"], deep)], [value("x")], [value("y")]))))
    assert len(drawn.graph.groups) <= 40
