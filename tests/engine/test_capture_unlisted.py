"""What no table of modules and no mode of torch tells: guests, plain attributes, functions out of sight."""

import gc
import warnings
import weakref

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn

from inspector.engine.capture import capture_forward
from inspector.engine.capture.forward import VMAP_NOTE
from inspector.engine.capture.modules import GUEST_NOTE

X = torch.randn(3, 8)


class Pair(nn.Module):
    """Two layers, and a `forward` that a test writes."""

    def __init__(self, run=None):
        super().__init__()
        self.a, self.b, self.run = nn.Linear(8, 8), nn.Linear(8, 8), run

    def forward(self, x):
        return self.run(self, x)


def captured(model, *args):
    result = capture_forward(model.eval(), args, {})
    assert result.failure is None, result.failure.traceback
    with torch.no_grad():
        torch.manual_seed(0)
        expected = model(*args)
    assert torch.equal(result.outputs[0].tensor, expected)
    return result.graph


def exact(graph):
    assert not [graph.nodes[edge.source].op for edge in graph.edges if edge.inferred]
    assert graph.notes in {(), (VMAP_NOTE,)}
    return graph


def ancestors(graph, node):
    found, waiting = set(), [node.id]
    while waiting:
        current = waiting.pop()
        before = {edge.source for edge in graph.edges if edge.target == current} - found
        found |= before
        waiting += before
    return {graph.nodes[one].fqn or graph.nodes[one].op for one in found}


def only(graph, op):
    (node,) = [node for node in graph.nodes if node.op == op]
    return node


# --- modules that are none of the model's


class InAPlainList(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(8, 8), nn.Sequential(nn.Linear(8, 4), nn.ReLU())]

    def forward(self, x):
        return self.layers[1](self.layers[0](self.layers[0](x)))


def test_layers_in_a_plain_list_are_modules_with_names_shapes_parameters_and_a_note():
    graph = exact(captured(InAPlainList(), X))
    drawn = [(node.op, node.fqn, node.call, node.details, node.num_params, node.macs) for node in graph.nodes[1:5]]
    assert drawn == [
        ("Linear", "Linear()", 0, "8→8", 72, 192),
        ("Linear", "Linear()", 1, "8→8", 72, 192),
        ("Linear", "Sequential().0", 0, "8→4", 36, 96),
        ("ReLU", "Sequential().1", 0, "", 0, 0),
    ]
    assert [group.fqn for group in graph.groups] == ["", "Sequential()"]
    assert graph.nodes[1].notes == (GUEST_NOTE,)
    assert graph.nodes[1].num_trainable == 72


def test_a_module_built_in_forward_is_wired_to_what_made_its_parameters():
    def run(self, x):
        torch.manual_seed(0)
        return nn.LayerNorm(8)(nn.Linear(8, 8)(self.a(x)))

    graph = exact(captured(Pair(run), X))
    linear = next(node for node in graph.nodes if node.fqn == "Linear()")
    assert {"a", "kaiming_uniform_", "uniform_"} <= ancestors(graph, linear)
    assert {"Linear()", "fill_"} <= ancestors(graph, only(graph, "output"))


def test_weights_made_by_the_model_itself_reach_the_module_that_is_given_them():
    def run(self, x):
        layer = nn.Linear(8, 8, device="meta")
        layer.weight = nn.Parameter(self.a(x).T @ x)
        layer.bias = None
        return layer(self.b(x))

    graph = exact(captured(Pair(run), X))
    layer = next(node for node in graph.nodes if node.fqn == "Linear()")
    assert {"a", "b", "matmul"} <= ancestors(graph, layer)


def test_a_copy_of_a_layer_is_a_module_wired_to_the_weights_it_was_copied_from():
    import copy

    graph = exact(captured(Pair(lambda self, x: copy.deepcopy(self.a)(x) + self.b(x)), X))
    layer = next(node for node in graph.nodes if node.fqn == "Linear()")
    assert {"a.weight", "a.bias"} <= ancestors(graph, layer)


def test_a_module_built_in_forward_lives_no_longer_than_without_observing():
    alive = []

    def run(self, x):
        layer = nn.Linear(8, 8)
        x = layer(x)
        alive.append(weakref.ref(layer.weight))
        del layer
        assert alive[-1]() is None
        return self.a(x)

    gc.disable()
    try:
        assert capture_forward(Pair(run).eval(), (X,), {}).failure is None
    finally:
        gc.enable()


def test_a_failure_inside_a_guest_names_it_and_afterwards_no_module_is_observed():
    result = capture_forward(Pair(lambda self, x: nn.Sequential(nn.Linear(7, 3))(self.a(x))).eval(), (X,), {})
    assert (result.failure.fqn, result.failure.op) == ("Sequential().0", "Linear")
    node = result.graph.nodes[result.failure.node]
    assert (node.details, node.num_params, node.failed) == ("7→3", 24, True)
    assert nn.Module._compiled_call_impl is None
    assert nn.Linear(8, 8)._compiled_call_impl is None


# --- tensors that a module held before


class Holds(Pair):
    def __init__(self):
        super().__init__()
        self.anchors = [torch.ones(8), torch.zeros(8)]
        self.tables = {"mask": torch.ones(8)}
        self.shared = [self.b.weight]

    def forward(self, x):
        return self.b(self.a(x) * self.anchors[1] + self.tables["mask"]) + self.anchors[1]


def test_tensors_held_as_plain_attributes_are_constants_by_name_and_parameters_keep_theirs():
    graph = exact(captured(Holds(), X))
    constants = {node.fqn: node.num_params for node in graph.nodes if node.kind == "constant"}
    assert constants == {"anchors[1]": 0, "tables['mask']": 0}
    assert [node.fqn for node in graph.nodes if node.kind == "module"] == ["a", "b"]
    assert only(graph, "output").id > 0
    assert next(node for node in graph.nodes if node.fqn == "b").num_params == 72


# --- functions out of a mode's sight


class Tagged(torch.Tensor):
    """A sub-class that does nothing but be one."""


def gate(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(x) * y


def write(x: torch.Tensor) -> torch.Tensor:
    x.mul_(2)
    return x + 1


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is old, and still met
    scripted_gate, scripted_write = torch.jit.script(gate), torch.jit.script(write)


def own_slope(self, x):
    with torch.enable_grad():
        y = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.a(y).tanh().sum(), y)
    return self.b(slope)


@pytest.mark.parametrize(
    ("run", "before"),
    [
        (lambda self, x: self.b(self.a(x).as_subclass(Tagged) * 2).as_subclass(torch.Tensor), {"a", "mul", "b"}),
        (lambda self, x: F.linear(x, nn.Parameter(self.a(x)[:1])), {"a", "getitem"}),
        (lambda self, x: self.b(scripted_gate(self.a(x), x)), {"a", "gate (script)", "b"}),
        (lambda self, x: torch.vmap(lambda row: self.b(self.a(row)).sum())(x), {"a", "b", "sum"}),
        (lambda self, x: torch.vmap(lambda row, y: row + y, (0, None), 1)(self.a(x), self.b(x)[0]), {"a", "b", "add"}),
        (lambda self, x: torch.vmap(torch.vmap(torch.sin))(self.a(x)), {"a", "sin"}),
        (lambda self, x: torch.func.grad(lambda z: self.a(z).pow(2).sum())(x), {"a", "pow", "sum"}),
        (own_slope, {"a", "tanh", "sum", "b", "autograd.grad"}),
    ],
    ids=["sub-class", "parameter", "script", "vmap", "vmap axes", "vmap twice", "grad", "autograd"],
)
def test_wires_through_what_no_mode_is_told_of_are_exact(run, before):
    graph = exact(captured(Pair(run), X))
    assert before | {"input"} <= ancestors(graph, only(graph, "output")) | {"input"}


def test_inside_of_vmap_shapes_are_those_of_one_sample_which_is_said():
    graph = captured(Pair(lambda self, x: torch.vmap(lambda row: self.a(row).sum())(x) * 2), X)
    assert next(node for node in graph.nodes if node.fqn == "a").outputs[0].shape == (8,)
    assert graph.notes == (VMAP_NOTE,)
    assert only(graph, "mul").inputs[0].shape == (3,)


def test_a_scripted_function_that_writes_into_its_argument_is_on_the_way_to_whoever_reads_it_next():
    def run(self, x):
        y = self.a(x)
        scripted_write(y)
        return self.b(y)

    graph = exact(captured(Pair(run), X))
    assert "write (script)" in ancestors(graph, next(node for node in graph.nodes if node.fqn == "b"))
    assert only(graph, "write (script)").macs is None


@pytest.mark.parametrize("compute", [np.sin, lambda array: np.sin(array, out=array)])
def test_what_numpy_may_have_computed_stays_an_inferred_wire(compute):
    graph = captured(Pair(lambda self, x: self.b(torch.from_numpy(compute(self.a(x).numpy())))), X)
    assert [graph.nodes[edge.target].fqn for edge in graph.edges if edge.inferred] == ["b"]


def test_the_stand_ins_are_gone_after_the_run_also_when_it_raises():
    kept = [vars(torch.jit.ScriptFunction)["__call__"], torch.nested.nested_tensor]

    def run(self, x):
        assert torch.nested.nested_tensor is not kept[1]
        raise ValueError("no")

    assert capture_forward(Pair(run).eval(), (X,), {}).failure.message == "no"
    assert kept == [vars(torch.jit.ScriptFunction)["__call__"], torch.nested.nested_tensor]
    assert not {"as_subclass", "_make_subclass"} & vars(torch.Tensor).keys()
