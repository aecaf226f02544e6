"""The graph that an ONNX file gives without anything installed: operations, wires, groups, parameters, free sizes."""

import pytest
from onnx_bytes import attribute, field, fields, floats, function, graph, integers, model, node, two_layers, value

from inspector.core.graph_axes import with_axes
from inspector.core.measures import MEASURES, Measured
from inspector.engine.drawing_files import draw_file
from inspector.engine.formats import describe_file


def drawn(folder, data):
    path = folder / "m.onnx"
    path.write_bytes(data)
    description = describe_file(str(path))
    assert description.format == "onnx", description.summary
    found = draw_file(description)
    return with_axes(found.graph, found.axes), description


def wires(graph):
    names = [node.fqn or node.op for node in graph.nodes]
    return {(names[edge.source], names[edge.target]) for edge in graph.edges}


def by_op(graph, op):
    return [node for node in graph.nodes if node.op == op]


def test_operations_are_wired_by_their_tensors_and_grouped_by_their_scopes(tmp_path):
    graph, description = drawn(tmp_path, two_layers())
    assert graph.origin == "file"
    assert wires(graph) == {
        ("input", "body.0"),
        ("body.0", "body.1"),
        ("body.1", "Flatten"),
        ("Flatten", "head"),
        ("head", "scores"),
    }
    assert [(group.fqn, group.num_params) for group in graph.groups] == [("body", 108)]
    conv = by_op(graph, "Conv")[0]
    assert (conv.kind, conv.category, conv.details, conv.num_params) == ("module", "convolution", "3→4 k3 s2 p1", 108)
    assert by_op(graph, "Gemm")[0].num_params == 130
    assert by_op(graph, "Gemm")[0].details == "64→2"
    assert [(module.fqn, module.class_name) for module in description.modules] == [
        ("body", "Module"),
        ("body.0", "Conv"),
        ("body.1", "Relu"),
        ("head", "Gemm"),
    ]


def test_a_free_size_has_its_name_and_an_unknown_shape_stays_unknown(tmp_path):
    graph, _ = drawn(tmp_path, two_layers())
    source = by_op(graph, "input")[0].outputs[0]
    assert (source.shape, source.axes) == ((-1, 3, 8, 8), ("batch", "", "", ""))
    assert by_op(graph, "Relu")[0].outputs == ()
    output = next(measure for measure in MEASURES if measure.key == "output")
    assert output.value(Measured(graph), by_op(graph, "input")[0]) is None


def test_what_the_file_says_of_tensors_in_between_is_shown(tmp_path):
    inner = value("a", ["n", 4], number=10)
    data = model(graph([node("Relu", ["x"], ["a"]), node("Tanh", ["a"], ["y"])], [value("x", ["n", 4])], [value("y")],
                       values=[inner]))  # fmt: skip
    found, _ = drawn(tmp_path, data)
    spec = by_op(found, "Tanh")[0].inputs[0]
    assert (spec.shape, spec.dtype, spec.axes) == ((-1, 4), "float16", ("n", ""))


def test_shared_weights_are_counted_once_also_behind_an_identity(tmp_path):
    weight = floats("w", [4, 4], [0.0] * 16)
    data = model(
        graph(
            [
                node("Identity", ["w"], ["w2"]),
                node("MatMul", ["x", "w"], ["a"]),
                node("MatMul", ["a", "w2"], ["y"]),
            ],
            [value("x", [1, 4]), value("w", [4, 4])],  # older files list their weights among the inputs
            [value("y")],
            [weight],
        )
    )
    found, _ = drawn(tmp_path, data)
    assert [node.op for node in found.nodes] == ["input", "MatMul", "MatMul", "output"]
    assert [(node.num_params, node.num_shared) for node in by_op(found, "MatMul")] == [(16, 0), (16, 16)]


def test_small_constants_are_told_on_the_card_that_takes_them(tmp_path):
    data = model(
        graph([node("Reshape", ["x", "s"], ["y"])], [value("x", [4, 2])], [value("y")], [integers("s", [2, -1])])
    )
    found, _ = drawn(tmp_path, data)
    assert by_op(found, "Reshape")[0].details == "shape=(2, -1)"
    assert by_op(found, "Reshape")[0].num_params == 0


def branch(op):
    return graph([node(op, ["x"], ["r"], f"{op}_0")], outputs=[value("r")])


def test_the_branches_of_an_if_are_groups_and_see_what_is_around_them(tmp_path):
    data = model(
        graph(
            [
                node("If", ["c"], ["y"], "choice", then_branch=branch("Relu"), else_branch=branch("Tanh")),
            ],
            [value("c", [], 9), value("x", [2])],
            [value("y")],
        )
    )
    found, _ = drawn(tmp_path, data)
    assert [(group.fqn, group.class_name, group.parent) for group in found.groups] == [
        ("choice", "If", None),
        ("choice.then_branch", "then_branch", 0),
        ("choice.else_branch", "else_branch", 0),
    ]
    assert wires(found) == {
        ("c", "choice"),
        ("x", "choice.then_branch.Relu_0"),
        ("x", "choice.else_branch.Tanh_0"),
        ("choice.then_branch.Relu_0", "choice"),
        ("choice.else_branch.Tanh_0", "choice"),
        ("choice", "y"),
    }


def test_a_loops_body_starts_from_what_goes_into_the_loop(tmp_path):
    body = graph(
        [node("Identity", ["c"], ["c2"]), node("Add", ["s", "s"], ["s2"], "double")],
        [value("i", [], 7), value("c", [], 9), value("s", [2])],
        [value("c2"), value("s2")],
    )
    data = model(
        graph([node("Loop", ["n", "go", "x"], ["y"], "loop", body=body)],
              [value("n", [], 7), value("go", [], 9), value("x", [2])], [value("y")])
    )  # fmt: skip
    found, _ = drawn(tmp_path, data)
    assert {("x", "loop.body.double"), ("loop.body.double", "loop"), ("x", "loop"), ("loop", "y")} <= wires(found)


def test_a_function_of_the_file_is_a_group_of_what_it_does(tmp_path):
    twice = function("Twice", ["a"], ["b"], [node("Relu", ["a"], ["t"], "one"), node("Relu", ["t"], ["b"], "two")])
    data = model(
        graph([node("Twice", ["x"], ["y"], "first", "own"), node("Twice", ["y"], ["z"], "second", "own")],
              [value("x", [2])], [value("z")]),
        functions=[twice],
        domains=["own"],
    )  # fmt: skip
    found, description = drawn(tmp_path, data)
    assert [(group.fqn, group.class_name) for group in found.groups] == [("first", "Twice"), ("second", "Twice")]
    assert {("x", "first.one"), ("first.two", "second.one"), ("second.two", "z")} <= wires(found)
    assert description.metadata["functions"] == "Twice"
    assert description.warnings == ()


def test_modules_and_their_classes_are_read_from_what_torchs_exporter_writes(tmp_path):
    def told(scopes, classes):
        pairs = {"pkg.torch.onnx.name_scopes": repr(scopes), "pkg.torch.onnx.class_hierarchy": repr(classes)}
        return fields(9, [field(1, key) + field(2, text) for key, text in pairs.items()])

    relu = told(["", "body", "body.relu", "relu"], ["m.Net", "torch.nn.Sequential", "torch.nn.ReLU", "aten.relu"])
    add = told(["", "body", "add"], ["m.Net", "torch.nn.Sequential", "aten.add"])
    data = model(
        graph(
            [
                node("Relu", ["x"], ["a"], "node_relu", extra=relu),
                node("Add", ["a", "x"], ["b"], "node_add", extra=add),
                node("Relu", ["b"], ["y"], "node_relu_1", extra=relu),
            ],
            [value("x", [2])],
            [value("y")],
        )
    )
    found, _ = drawn(tmp_path, data)
    assert [(group.fqn, group.class_name) for group in found.groups] == [("body", "Sequential")]
    # one module, called twice: no group of its own
    assert [(node.fqn, node.call) for node in by_op(found, "Relu")] == [("body.relu", 0), ("body.relu", 1)]
    assert "It stands for a ReLU." in by_op(found, "Relu")[0].notes


def test_attributes_of_unknown_operations_are_told(tmp_path):
    data = model(
        graph([node("Frobnicate", ["x"], ["y"], "f", "com.example", alpha=0.5, sizes=[-1, 2])],
              [value("x", [2])], [value("y")]),
        domains=["com.example"],
    )  # fmt: skip
    found, description = drawn(tmp_path, data)
    (node_,) = by_op(found, "com.example::Frobnicate")
    assert node_.details == "alpha=0.5 sizes=(-1, 2)"
    assert "com.example::Frobnicate" in description.warnings[0]
    assert attribute("alpha", 0.5)


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "a/../../b", "C:\\x", "", "..\\x"])
def test_weights_outside_the_folder_are_named_and_not_followed(tmp_path, location):
    from onnx_bytes import tensor

    outside = {"location": location, "offset": "0", "length": "16"}
    data = model(graph([node("Relu", ["w"], ["y"])], (), [value("y")], [tensor("w", [4], outside=outside)]))
    found, description = drawn(tmp_path, data)
    assert len(found.nodes) == 2
    assert "not followed" in description.warnings[0]
