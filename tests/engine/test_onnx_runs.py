"""ONNX models run by ONNX Runtime, an operation at a time: against torch, against the whole session, against onnx."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch
from onnx_bytes import (
    field,
    fields,
    floats,
    function,
    graph,
    model,
    node,
    tensor,
    tensor_attribute,
    two_layers,
    value,
)
from torch import nn

from inspector.engine.capture import CaptureOptions, capture_forward
from inspector.engine.drawing_files import draw_file
from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.loading import load_model
from inspector.engine.shape_finder import propose_slots
from inspector.protocol.changes import Change, NodePlace
from inspector.protocol.requests import LoadModel

onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")


def load(path):
    description = describe_file(str(path))
    return load_model(LoadModel(path=str(path)), description), description


def written(folder, data):
    path = folder / "m.onnx"
    path.write_bytes(data)
    return path


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.relu(self.norm(self.conv(x))) + x)


class Pictures(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(Block(8), Block(8))
        self.up = nn.Upsample(scale_factor=2)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        return self.head(self.up(self.blocks(self.stem(x))).mean((2, 3)))


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 8)
        self.lstm = nn.LSTM(8, 6, bidirectional=True, batch_first=True)
        self.attention = nn.MultiheadAttention(12, 2, batch_first=True)
        self.tags = nn.Linear(12, 4)

    def forward(self, words):
        seen, _ = self.lstm(self.words(words))
        seen, _ = self.attention(seen, seen, seen)
        return self.tags(seen).log_softmax(-1)


class Scores(nn.Module):
    """Masks, slices, a cast, and two outputs."""

    def forward(self, a, b):
        mask = a > 0
        kept = torch.where(mask, a, b)[:, 1:]
        return kept.half().float().softmax(1), mask.sum(1)


MODELS = {
    "pictures": (Pictures, lambda: (torch.randn(2, 3, 16, 16),)),
    "tagger": (Tagger, lambda: (torch.randint(0, 20, (2, 7)),)),
    "scores": (Scores, lambda: (torch.randn(2, 6), torch.randn(2, 6))),
}


@pytest.fixture(scope="module", params=[*((name, False) for name in MODELS), ("scores", True)],
                ids=lambda p: f"{p[0]}-{'torch.export' if p[1] else 'TorchScript'}")  # fmt: skip
def exported(request, tmp_path_factory):
    """A model, an input, its file, and which exporter wrote it."""
    name, new = request.param
    make, feed = MODELS[name]
    torch.manual_seed(0)
    net, args = make().eval(), feed()
    path = tmp_path_factory.mktemp("onnx") / f"{name}.onnx"
    free = {"dynamic_shapes": tuple({0: torch.export.Dim.DYNAMIC} for _ in args), "external_data": False} if new else {
        "dynamic_axes": {f"in{at}": {0: "batch"} for at in range(len(args))},
        "input_names": [f"in{at}" for at in range(len(args))],
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, args, str(path), dynamo=new, verbose=False, **free)
    return net, args, path


def test_outputs_are_torchs(exported):
    net, args, path = exported
    loaded, _ = load(path)
    with torch.no_grad():
        wanted = net(*args)
    found = loaded.module(*args)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    found = tuple(found.values()) if isinstance(found, dict) else (found,)
    for one, other in zip(wanted, found, strict=True):
        torch.testing.assert_close(other.to(one.dtype), one, rtol=1e-5, atol=1e-5)


def oracle_wires(path):
    """Operations and wires by `onnx` itself: constants, and what only passes one on, are no operations."""
    main = onnx.load(str(path)).graph
    held = {one.name for one in main.initializer}
    made = {one.name: "input" for one in main.input if one.name not in held}
    ops, wires = [], []
    for one in main.node:
        if one.op_type == "Constant" or (one.op_type == "Identity" and one.input[0] in held):
            held.update(one.output)
            continue
        wires += [(made[name], one.op_type) for name in one.input if name and name not in held]
        made.update(dict.fromkeys(one.output, one.op_type))
        ops.append(one.op_type)
    wires += [(made[one.name], "output") for one in main.output]
    return sorted(ops), sorted(wires)


def told_wires(graph):
    ops = {node.id: node.op for node in graph.nodes}
    drawn = [node.op for node in graph.nodes if node.kind not in ("input", "output", "parameter", "constant")]
    return sorted(drawn), sorted((ops[edge.source], ops[edge.target]) for edge in graph.edges)


def test_operations_and_wires_are_those_that_onnx_itself_reads_drawn_and_run(exported):
    _net, args, path = exported
    loaded, description = load(path)
    assert told_wires(draw_file(description).graph) == oracle_wires(path)
    captured = capture_forward(loaded.module, args, {})
    assert captured.failure is None
    assert told_wires(captured.graph) == oracle_wires(path)
    assert captured.graph.notes == ()
    assert captured.graph.uncalled_modules == ()


def test_every_shape_in_between_is_what_the_whole_session_gives(exported):
    _net, args, path = exported
    loaded, _ = load(path)
    whole = onnx.load(str(path))
    order = [one for one in whole.graph.node if one.op_type != "Constant"]
    del whole.graph.output[:]
    whole.graph.output.extend(onnx.ValueInfoProto(name=name) for one in order for name in one.output if name)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(whole.SerializeToString(), options)
    names = [one.name for one in session.get_inputs()]
    values = session.run(None, {name: arg.numpy() for name, arg in zip(names, args, strict=True)})
    wanted = {one.name: one_value for one, one_value in zip(session.get_outputs(), values, strict=True)}
    captured = capture_forward(loaded.module, args, {})
    shapes = [spec.shape for node in captured.graph.nodes if node.kind == "module" for spec in node.outputs]
    used = {name for one in order for name in one.input} | {one.name for one in onnx.load(str(path)).graph.output}
    held = {one.name for one in whole.graph.initializer}
    expected = [wanted[name].shape for one in order if not (one.op_type == "Identity" and one.input[0] in held)
                for name in one.output if name in used]  # fmt: skip
    assert sorted(shapes) == sorted(expected)


def test_the_file_proposes_inputs_that_run(exported):
    _net, args, path = exported
    loaded, _ = load(path)
    slots = propose_slots(loaded.module)
    assert [slot.proposed.shape for slot in slots] == [(1, *arg.shape[1:]) for arg in args]
    assert all("The file says so; free sizes:" in slot.why for slot in slots)


def test_modules_have_the_names_and_parameters_that_they_had_in_torch(tmp_path):
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Sequential(nn.Linear(8, 3), nn.Softmax(1))).eval()
    path = tmp_path / "m.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, (torch.zeros(1, 4),), str(path), dynamo=False)
    loaded, _ = load(path)
    own, made = dict(net.named_parameters()), dict(loaded.module.named_parameters())
    assert own.keys() == made.keys()
    assert all(torch.equal(own[name], made[name]) for name in own)
    assert loaded.info.num_params == sum(one.numel() for one in own.values())
    assert [node.fqn for node in capture_forward(loaded.module, (torch.zeros(1, 4),), {}).graph.nodes[1:-1]] == [
        "0", "1", "2.0", "2.1"]  # fmt: skip


def test_macs_are_those_of_the_same_model_in_torch(tmp_path):
    net = nn.Sequential(nn.Conv2d(3, 8, 3, groups=1), nn.ConvTranspose2d(8, 4, 2, 2), nn.Flatten(), nn.Linear(144, 5))
    path, x = tmp_path / "m.onnx", torch.randn(1, 3, 5, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net.eval(), (x,), str(path), dynamo=False)
    loaded, _ = load(path)
    of = [[node.macs for node in capture_forward(one, (x,), {}).graph.nodes] for one in (net, loaded.module)]
    assert of[0] == of[1]
    assert sum(of[0]) > 0


def test_a_change_of_one_operation_reaches_the_output(tmp_path):
    loaded, _ = load(written(tmp_path, two_layers()))
    change = Change(place=NodePlace(kind="module", op="Gemm", fqn="head"), kind="zero")
    captured = capture_forward(loaded.module, (torch.randn(1, 3, 8, 8),), {}, options=CaptureOptions(changes=(change,)))
    assert torch.equal(captured.outputs[0].tensor, torch.zeros(1, 2))


def test_a_copy_shares_sessions_and_runs(tmp_path):
    import copy

    loaded, _ = load(written(tmp_path, two_layers()))
    x = torch.randn(1, 3, 8, 8)
    assert torch.equal(copy.deepcopy(loaded.module)(x), loaded.module(x))


def choice():
    branches = {
        "then_branch": graph([node("Add", ["x", "w"], ["r"])], outputs=[value("r")]),
        "else_branch": graph([node("Sub", ["x", "w"], ["r"])], outputs=[value("r")]),
    }
    weight = floats("w", [2], [1.0, 2.0])
    total = node("ReduceSum", ["x"], ["s"], keepdims=0)
    positive = node("Greater", ["s", "zero"], ["c"])
    return model(
        graph([total, positive, node("If", ["c"], ["y"], **branches)], [value("x", [2])], [value("y")],
              [weight, floats("zero", [], [0.0])])
    )  # fmt: skip


def test_an_if_takes_the_branch_that_the_values_say(tmp_path):
    loaded, _ = load(written(tmp_path, choice()))
    assert loaded.module(torch.tensor([1.0, 1.0])).tolist() == [2.0, 3.0]
    assert loaded.module(torch.tensor([-1.0, -1.0])).tolist() == [-2.0, -3.0]


def test_a_loop_runs_as_often_as_it_is_told(tmp_path):
    body = graph(
        [node("Identity", ["c"], ["c2"]), node("Add", ["s", "s"], ["s2"])],
        [value("i", [], 7), value("c", [], 9), value("s", [2])],
        [value("c2", [], 9), value("s2", [2])],
    )
    loop = node("Loop", ["n", "", "x"], ["y"], body=body)
    data = model(graph([loop], [value("n", [], 7), value("x", [2])], [value("y")]))
    loaded, _ = load(written(tmp_path, data))
    assert loaded.module(torch.tensor(3), torch.tensor([1.0, 2.0])).tolist() == [8.0, 16.0]


def test_a_function_of_the_file_runs(tmp_path):
    twice = function("Twice", ["a"], ["b"], [node("Add", ["a", "a"], ["t"]), node("Add", ["t", "t"], ["b"])])
    data = model(graph([node("Twice", ["x"], ["y"], "f", "own")], [value("x", [1])], [value("y")]), functions=[twice],
                 domains=["own"])  # fmt: skip
    loaded, _ = load(written(tmp_path, data))
    assert loaded.module(torch.tensor([1.5])).tolist() == [6.0]


def test_sequences_and_texts_pass_between_operations(tmp_path):
    data = model(
        graph(
            [
                node("SequenceConstruct", ["x", "x"], ["both"]),
                node("ConcatFromSequence", ["both"], ["y"], axis=0),
            ],
            [value("x", [2])],
            [value("y")],
        )
    )
    loaded, _ = load(written(tmp_path, data))
    assert loaded.module(torch.tensor([1.0, 2.0])).tolist() == [1.0, 2.0, 1.0, 2.0]


def test_weights_written_number_by_number_are_read(tmp_path):
    helper = onnx.helper
    weights = [
        helper.make_tensor("w", 1, [2], [1.5, -2.0]),
        helper.make_tensor("h", 10, [2], np.array([0.5, 4.0], np.float16)),
        helper.make_tensor("b", 9, [2], [True, False]),
    ]
    main = helper.make_graph(
        [
            helper.make_node("Cast", ["h"], ["hf"], to=1),
            helper.make_node("Where", ["b", "w", "hf"], ["k"]),
            helper.make_node("Mul", ["x", "k"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", 1, [2])],
        [helper.make_tensor_value_info("y", 1, [2])],
        weights,
    )
    data = helper.make_model(main, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    loaded, _ = load(written(tmp_path, data))
    assert loaded.module(torch.ones(2)).tolist() == [1.5, 4.0]


def test_bfloat16_passes_between_operations(tmp_path):
    data = model(graph([node("Cast", ["x"], ["h"], to=16), node("Cast", ["h"], ["y"], to=1)], [value("x", [2])],
                       [value("y")]))  # fmt: skip
    loaded, _ = load(written(tmp_path, data))
    captured = capture_forward(loaded.module, (torch.tensor([1.0, 3.14159]),), {})
    assert captured.graph.nodes[1].outputs[0].dtype == "bfloat16"
    assert captured.outputs[0].tensor.tolist() == [1.0, 3.140625]


def test_weights_beside_the_file_are_read_from_there(tmp_path):
    (tmp_path / "m.onnx.data").write_bytes(np.array([9.0, 1.5, -2.0], np.float32).tobytes())
    outside = {"location": "m.onnx.data", "offset": "4", "length": "8"}
    path = written(tmp_path, listed(node("Add", ["x", "w"], ["y"]), tensors=[tensor("w", [2], outside=outside)]))
    loaded, description = load(path)
    assert description.metadata["external files"] == "m.onnx.data"
    assert loaded.module(torch.zeros(2)).tolist() == [1.5, -2.0]
    (tmp_path / "m.onnx.data").write_bytes(b"short")
    with pytest.raises(EngineError, match="bytes for it"):
        load(path)
    (tmp_path / "m.onnx.data").unlink()
    with pytest.raises(EngineError, match="There is no file"):
        load(path)


def test_an_operation_that_nobody_has_fails_where_it_stands_with_the_graph_up_to_it(tmp_path):
    data = model(
        graph([node("Relu", ["x"], ["a"], "r"), node("Frob", ["a"], ["y"], "f", "com.example")], [value("x", [2])],
              [value("y")]),
        domains=["com.example"],
    )  # fmt: skip
    loaded, _ = load(written(tmp_path, data))
    captured = capture_forward(loaded.module, (torch.ones(2),), {})
    assert [node.op for node in captured.graph.nodes] == ["input", "Relu", "com.example::Frob"]
    assert captured.failure.fqn == "f"
    assert "com.example:Frob" in captured.failure.message


def test_shapes_that_do_not_fit_are_said_at_the_operation(tmp_path):
    loaded, _ = load(written(tmp_path, two_layers()))
    captured = capture_forward(loaded.module, (torch.randn(1, 3, 16, 16),), {})
    assert captured.failure.op == "Gemm"
    assert captured.failure.input_shapes == ((1, 256),)
    assert "ONNXRuntimeError" not in captured.failure.message


def listed(*nodes, outputs=("y",), tensors=()):
    return model(graph(nodes, [value("x", [2])], [value(name) for name in outputs], tensors))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (listed(node("Add", ["x", "nowhere"], ["y"])), "nowhere"),
        (listed(node("Relu", ["b"], ["y"]), node("Relu", ["x"], ["b"])), "before it is needed"),
        (listed(node("Relu", ["x"], ["y"]), node("Relu", ["x"], ["y"])), "Two operations"),
        (listed(node("Relu", ["x"], ["y"]), outputs=("z",)), "before it is needed"),
        (listed(node("Add", ["x", "w"], ["y"]), tensors=[tensor("w", [2**40], raw=b"1234")]), "1,099,511,627,776"),
        (listed(node("Add", ["x", "w"], ["y"]), tensors=[tensor("w", [99], outside={"location": "../secret"})]),
         "not followed"),
        (listed(node("Add", ["x", "w"], ["y"]), tensors=[tensor("w", [99], outside={"location": "/etc/passwd"})]),
         "not followed"),
    ],
)  # fmt: skip
def test_a_file_that_makes_no_sense_is_refused_in_a_sentence(tmp_path, data, said):
    with pytest.raises(EngineError, match=said):
        load(written(tmp_path, data))


def test_weights_outside_inside_an_operation_are_refused(tmp_path):
    outside = tensor("w", [2], outside={"location": "w.data"})
    branch = graph([node("Add", ["x", "w"], ["r"])], outputs=[value("r")], tensors=[outside])
    data = model(graph([node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)],
                       [value("c", [], 9), value("x", [2])], [value("y")]))  # fmt: skip
    with pytest.raises(EngineError, match="which is not followed"):
        load(written(tmp_path, data))


def sparse_outside(where):
    """A matrix with one value, whose bytes or place lie in another file."""
    outside = {"location": "canary.data"}
    parts = {"values": tensor("v", [1], raw=b"0000"), "indices": tensor("i", [1], number=7, raw=bytes(8))}
    parts[where] = tensor(where, [1], number=1 if where == "values" else 7, outside=outside)
    return field(1, "sparse_value") + field(
        22, field(1, parts["values"]) + field(2, parts["indices"]) + fields(3, [2, 2])
    )


@pytest.mark.parametrize("where", ["values", "indices"])
@pytest.mark.parametrize("inside", [False, True])
def test_sparse_weights_outside_are_not_followed_by_onnx_runtime_either(tmp_path, where, inside):
    constant = node("Constant", [], ["w"], extra=field(5, sparse_outside(where) + field(20, 11)))
    nodes, functions = [constant, node("Identity", ["w"], ["y"])], ()
    if inside:
        functions = [function("Made", [], ["w"], [constant])]
        nodes = [node("Made", [], ["w"], domain="own"), node("Identity", ["w"], ["y"])]
    data = model(graph(nodes, [value("x", [2])], [value("y")]), functions=functions, domains=["own"])
    with pytest.raises(EngineError, match="which is not followed" if inside else "is sparse; such"):
        load(written(tmp_path, data))


def test_what_a_function_takes_where_a_call_says_nothing_is_not_followed_outside_either(tmp_path):
    outside = tensor_attribute("given", tensor("w", [2], outside={"location": "w.data"}))
    constant = node("Constant", [], ["w"], extra=field(5, field(1, "value") + field(20, 4) + field(21, "given")))
    made = function("Made", [], ["w"], [constant]) + field(11, outside)
    nodes = [node("Made", [], ["w"], domain="own"), node("Identity", ["w"], ["y"])]
    data = model(graph(nodes, [value("x", [2])], [value("y")]), functions=[made], domains=["own"])
    with pytest.raises(EngineError, match="inside the operation Made lie in another file"):
        load(written(tmp_path, data))


def test_an_input_of_a_size_that_no_machine_has_is_offered_as_the_file_says(tmp_path):
    data = model(graph([node("Relu", ["x"], ["y"])], [value("x", [1, 2**40])], [value("y")]))
    loaded, _ = load(written(tmp_path, data))
    assert [slot.proposed.shape for slot in propose_slots(loaded.module)] == [(1, 2**40)]


def test_names_that_tell_of_more_modules_than_any_model_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("inspector.engine.onnx_program.building.MAX_MODULES", 20)
    for deep, refused in ((10, False), (40, True)):
        name = ".".join("a" * deep)
        data = model(graph([node("Relu", ["x"], ["y"], name)], [value("x", [2])], [value("y")]))
        if refused:
            with pytest.raises(EngineError, match="more than 20 modules"):
                load(written(tmp_path, data))
        else:
            assert load(written(tmp_path, data))


def test_names_that_are_code_stay_names(tmp_path):
    evil = "__import__('os').system('touch canary')"
    names = [evil, "forward", "training", "__class__", "self", "a.b..c", "import.1", "lambda"]
    nodes = [node("Relu", [before], [after], f"/{evil}/{before}/{after}") for before, after in
             pairwise(names)]  # fmt: skip
    data = model(graph(nodes, [value(names[0], [2])], [value(names[-1])]))
    loaded, _ = load(written(tmp_path, data))
    captured = capture_forward(loaded.module, (torch.tensor([-1.0, 2.0]),), {})
    assert captured.outputs[0].tensor.tolist() == [0.0, 2.0]
    assert len(captured.graph.nodes) == len(nodes) + 2
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]
