"""Changes for one run do what the same made by hand in plain torch does, bit for bit, and leave nothing behind."""

import capture_models as models
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn

from inspector.core.changes import ACTIVATIONS, place_of_group, place_of_node, places_of, refusal
from inspector.engine.capture import CaptureOptions, capture_forward, changing, unchanged
from inspector.engine.changes import compare_runs, graph_as_run
from inspector.protocol.changes import Change, NodePlace


class Plain(nn.Module):
    """The same ReLU three ways: module, function, method; and a block."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.act = nn.ReLU()
        self.block = nn.Sequential(nn.Linear(6, 6), nn.ReLU(inplace=True))
        self.drop = nn.Dropout(0.5)
        self.last = nn.Linear(6, 3)

    def forward(self, x):
        y = self.act(self.first(x))
        y = self.block(y) + y
        y = F.relu(y - 0.1)
        y = (y - 0.2).relu()
        return self.last(self.drop(y))


def run(model, x, *changes, mode="eval", signed=True):
    with unchanged(model, mode=mode, seed=3):
        return capture_forward(model, (x,), {}, options=CaptureOptions(changes=changes, signed=signed))


def by_hand(model, x, module, replace, mode="eval"):
    """Plain torch: a forward hook that returns the replaced value."""
    handle = module.register_forward_hook(lambda _module, given, output: replace(given[0], output))
    try:
        with unchanged(model, mode=mode, seed=3), torch.no_grad():
            return model(x.clone())
    finally:
        handle.remove()


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Plain()


@pytest.fixture
def x():
    return torch.randn(4, 6, generator=torch.Generator().manual_seed(1))


def place(graph, fqn, op, occurrence=0):
    return next(
        there
        for there in places_of(graph)
        if there is not None and (there.fqn, there.op, there.occurrence) == (fqn, op, occurrence)
    )


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", ["first", "act", "drop", "last"])
def test_a_zeroed_module_gives_what_a_hook_that_zeroes_it_gives(model, x, name, mode):
    there = place(run(model, x).graph, name, type(getattr(model, name)).__name__)
    changed = run(model, x, Change(place=there, kind="zero"), mode=mode)
    expected = by_hand(model, x, getattr(model, name), lambda _given, output: torch.zeros_like(output), mode)
    assert changed.outcomes[0].applied
    assert torch.equal(changed.outputs[0].tensor, expected)


@pytest.mark.parametrize("name", ["first", "act", "drop"])
def test_a_bypassed_module_passes_its_input_on(model, x, name):
    there = place(run(model, x).graph, name, type(getattr(model, name)).__name__)
    changed = run(model, x, Change(place=there, kind="bypass"), mode="train")
    assert torch.equal(changed.outputs[0].tensor, by_hand(model, x, getattr(model, name), lambda g, _: g, "train"))


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_each_activation_is_torchs_own(model, x, activation):
    there = place(run(model, x).graph, "act", "ReLU")
    changed = run(model, x, Change(place=there, kind="swap", activation=activation))
    module = getattr(nn, ACTIVATIONS[activation])()
    assert torch.equal(changed.outputs[0].tensor, by_hand(model, x, model.act, lambda given, _: module(given)))
    assert ACTIVATIONS.keys() == changing.ACTIVATIONS.keys()


def test_noise_is_seeded_and_as_strong_as_said(model, x):
    there = place(run(model, x).graph, "first", "Linear")
    change = Change(place=there, kind="noise", amount=0.5, seed=7)

    def noisy(_given, output):
        drawn = torch.randn(output.shape, generator=torch.Generator().manual_seed(7))
        return output + drawn * (0.5 * float(output.double().std(correction=0)))

    expected = by_hand(model, x, model.first, noisy)
    once, again = run(model, x, change), run(model, x, change)
    other = run(model, x, Change(place=there, kind="noise", amount=0.5, seed=8))
    assert torch.equal(once.outputs[0].tensor, expected)
    assert torch.equal(once.outputs[0].tensor, again.outputs[0].tensor)
    assert not torch.equal(once.outputs[0].tensor, other.outputs[0].tensor)


class Swapped(Plain):
    """`Plain` with the operation that is to be swapped written differently by hand."""

    def __init__(self, where):
        super().__init__()
        self.where = where

    def forward(self, x):
        y = self.act(self.first(x))
        y = (torch.tanh(self.block[0](y)) if self.where == "in place" else self.block(y)) + y
        y = torch.tanh(y - 0.1) if self.where == "function" else F.relu(y - 0.1)
        y = torch.tanh(y - 0.2) if self.where == "method" else (y - 0.2).relu()
        return self.last(self.drop(y))


@pytest.mark.parametrize(
    ("where", "which"),
    [("function", ("", "relu", 0)), ("method", ("", "relu", 1)), ("in place", ("block.1", "ReLU", 0))],
)
def test_functions_methods_and_in_place_modules_are_swapped_alike(model, x, where, which):
    there = place(run(model, x).graph, *which)
    changed = run(model, x, Change(place=there, kind="swap", activation="tanh"))
    twin = Swapped(where).eval()
    twin.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(changed.outputs[0].tensor, twin(x))
    assert [node.changed for node in changed.graph.nodes if node.changed] == ["→ Tanh"]


def test_a_whole_group_is_bypassed_or_zeroed(model, x):
    graph = run(model, x).graph
    block = next(group for group in graph.groups if group.fqn == "block")
    there = place_of_group(graph, block.id)
    for kind, replace in (("bypass", lambda given, _: given), ("zero", lambda _, output: torch.zeros_like(output))):
        changed = run(model, x, Change(place=there, kind=kind))
        assert torch.equal(changed.outputs[0].tensor, by_hand(model, x, model.block, replace))
        assert changed.graph.edges == graph.edges, "the picture keeps its wires"
        assert [group.fqn for group in changed.graph.groups if group.changed] == ["block"]


def test_the_second_call_of_a_shared_module_is_changed_alone():
    torch.manual_seed(0)
    shared, x = models.Shared(), torch.randn(2, 4)
    there = NodePlace(kind="module", fqn="fc", op="Linear", call=1)
    changed = run(shared, x, Change(place=there, kind="zero"))
    first = next(node for node in changed.graph.nodes if node.fqn == "fc" and node.call == 0)
    assert not changed.outputs[0].tensor.any()
    assert not first.changed
    assert changed.signatures[first.id].digest == run(shared, x).signatures[first.id].digest


def test_writes_in_place_are_undone_where_they_are_bypassed():
    torch.manual_seed(0)
    chain, x = models.InPlaceChain(), torch.randn(2, 6)
    there = place(run(chain, x).graph, "", "add_")
    changed = run(chain, x, Change(place=there, kind="bypass"))
    with torch.no_grad():
        y = torch.relu(chain.fc(x))
        buffer = torch.cat([y * 2, x], 1)
    assert torch.equal(changed.outputs[0].tensor, buffer)
    setitem = place(run(chain, x).graph, "", "setitem")
    without = run(chain, x, Change(place=setitem, kind="bypass")).outputs[0].tensor
    assert not without[:, :6].any()
    assert torch.equal(without[:, 6:], x)


def test_case_d3_the_activation_is_the_first_to_differ_and_its_input_is_the_same_bit_for_bit():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 1))
    x = torch.randn(1, 10)
    before = run(net, x)
    there = place_of_node(before.graph, 2)
    after = run(net, x, Change(place=there, kind="swap", activation="tanh"))
    comparison = compare_runs(before, after)
    twin = nn.Sequential(net[0], nn.Tanh(), net[2])
    with torch.no_grad():
        assert torch.equal(after.outputs[0].tensor, twin(x))
        exact = float((torch.tanh(net[0](x)) - torch.relu(net[0](x))).norm() / torch.relu(net[0](x)).norm())
    assert after.graph.nodes[comparison.first].op == "ReLU"
    assert comparison.differences[0].relative == pytest.approx(exact, rel=1e-6)
    assert [found.node for found in comparison.differences] == [2, 3, 4]
    assert comparison.num_same == 2
    assert "First to differ is 1 ReLU" in comparison.sentence


def test_several_changes_stand_at_once_and_undoing_them_leaves_nothing(model, x):
    state = {name: value.clone() for name, value in model.state_dict().items()}
    plain = run(model, x, mode="train")
    random_state = torch.get_rng_state()
    changes = [Change(place=there, kind="zero") for there in places_of(plain.graph) if there is not None][:3]
    changed = run(model, x, *changes, mode="train")
    assert all(outcome.applied for outcome in changed.outcomes)
    again = run(model, x, mode="train")
    assert torch.equal(again.outputs[0].tensor, plain.outputs[0].tensor)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert not any("_compiled_call_impl" in vars(child) for child in model.modules())


def test_dropout_draws_the_same_whatever_is_changed_before_it(model, x):
    plain = run(model, x, mode="train")
    there = place(plain.graph, "first", "Linear")
    changed = run(model, x, Change(place=there, kind="noise", amount=0.0), mode="train")
    assert torch.equal(changed.outputs[0].tensor, plain.outputs[0].tensor)
    assert compare_runs(plain, changed).sentence.startswith("Nothing differs")


def test_what_cannot_be_changed_says_why_and_the_rest_is_changed(model, x):
    graph = run(model, x).graph
    last = place(graph, "last", "Linear")
    changes = (
        Change(place=last, kind="bypass"),
        Change(place=last, kind="swap", activation="tanh"),
        Change(place=NodePlace(kind="module", fqn="nowhere"), kind="zero"),
        Change(place=NodePlace(kind="module", fqn="first", op="Conv2d"), kind="zero"),
        Change(place=place(graph, "act", "ReLU"), kind="zero"),
    )
    outcomes = run(model, x, *changes).outcomes
    assert [outcome.applied for outcome in outcomes] == [False, False, False, False, True]
    assert "no input has the shape" in outcomes[0].sentence
    assert "Only an activation" in outcomes[1].sentence
    assert "did not run" in outcomes[2].sentence
    assert "Linear, not Conv2d" in outcomes[3].sentence


def test_the_graph_tells_beforehand_what_can_be_changed(model, x):
    graph = run(model, x).graph
    nodes = {(node.kind, node.fqn, node.op): node for node in graph.nodes}
    last = nodes["module", "last", "Linear"]
    assert refusal(last, "bypass") == "It can't be bypassed: it makes (4, 3) of (4, 6)."
    assert refusal(last, "zero") == refusal(last, "noise") == ""
    assert refusal(last, "swap") == "Only an activation function can be swapped for another."
    assert refusal(nodes["function", "", "relu"], "swap") == ""
    assert refusal(graph.nodes[0], "zero").startswith("Only operations")
    for target in graph.nodes:
        for kind in ("bypass", "zero", "noise", "swap"):
            there = place_of_node(graph, target.id)
            if there is None:
                continue
            outcome = run(model, x, Change(place=there, kind=kind, activation="tanh")).outcomes[0]
            assert outcome.applied == (refusal(target, kind) == ""), (target.op, kind, outcome)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torchscript_is_changed_by_the_place_among_all_operations():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)).eval()
    x = torch.randn(2, 4)
    scripted = torch.jit.trace(net, (x,))
    graph = run(scripted, x).graph
    relu = next(node for node in graph.nodes if node.op == "ReLU")
    changed = run(scripted, x, Change(place=place_of_node(graph, relu.id), kind="swap", activation="tanh"))
    with torch.no_grad():
        assert torch.equal(changed.outputs[0].tensor, net[2](torch.tanh(net[0](x))))


def test_the_head_is_read_of_what_really_ran():
    net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
    x = torch.randn(2, 4)
    there = place_of_node(run(net, x).graph, 2)
    changed = run(net, x, Change(place=there, kind="swap", activation="identity"))
    assert [node.op for node in graph_as_run(changed.graph, changed.outcomes).nodes][2] == "Identity"
    assert [node.op for node in changed.graph.nodes][2] == "Softmax"
