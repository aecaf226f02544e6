"""The first node that differs against plain hooks, outputs against plain runs, and both models left as they were."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from inspector.engine.comparison.runs import Way, compare_runs
from inspector.engine.comparison.weights import compare_weights, tensors_of
from inspector.engine.loading.loaded import Loaded
from inspector.engine.loading.steps import SILENT
from inspector.engine.module_tree import model_info
from inspector.protocol.base import ArrayRef
from inspector.protocol.changes import Change, NodePlace
from inspector.protocol.comparison import Side
from inspector.protocol.inputs import NamedInput, RandomInput

AS_IT_IS = Side()


def loaded(module):
    return Loaded(module=module.eval(), info=model_info(module, "module"), path="x")


def put(array):
    return ArrayRef(shape=array.shape, dtype=str(array.dtype), inline=np.ascontiguousarray(array).tobytes())


def compared(a, b, shape, side_b=AS_IT_IS):
    report = compare_weights(tensors_of(a), tensors_of(b))
    inputs = (NamedInput(source=RandomInput(shape=shape)),)
    first, second = loaded(a), loaded(b) if b is not a else None
    return compare_runs(
        Way(first, AS_IT_IS), Way(second or first, side_b), inputs, 0, put=put, weights=report, steps=SILENT
    )


def fed(shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def by_hooks(model, x, mode="eval"):
    """What each leaf gives, by plain hooks, in the order they ran."""
    given, handles = {}, []
    for name, child in model.named_modules():
        if not list(child.children()):
            handles.append(
                child.register_forward_hook(lambda _m, _i, out, name=name: given.setdefault(name, out.clone()))
            )
    was = model.training
    model.train(mode == "train")
    try:
        with torch.no_grad():
            given["output"] = model(x.clone())
    finally:
        model.train(was)
        for handle in handles:
            handle.remove()
    return given


def mlp(activation=nn.ReLU):
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(10, 5), activation(), nn.Linear(5, 1))


def test_case_d3_the_activation_is_the_first_to_differ_and_its_input_is_the_same_bit_for_bit():
    relu, tanh = mlp(), mlp(nn.Tanh)
    runs = compared(relu, tanh, (1, 10))
    x = fed((1, 10))
    ours, theirs = by_hooks(relu, x), by_hooks(tanh, x)
    assert torch.equal(ours["0"], theirs["0"])
    pair = runs.pairs[runs.first.pair]
    assert (runs.graph_a.nodes[pair.a].op, runs.graph_b.nodes[pair.b].op, pair.how) == ("ReLU", "Tanh", "place")
    assert runs.first.inputs_equal
    assert runs.first.weights_differ is None
    apart = theirs["1"].double() - ours["1"].double()
    assert runs.first.max_abs == apart.abs().max().item()
    assert runs.first.relative == pytest.approx((apart.norm() / ours["1"].double().norm()).item())
    assert runs.first.num_different == int((apart != 0).sum())
    assert runs.sentence.startswith("Outputs differ from 1 ReLU / 1 Tanh on, by ")
    assert "its input is the same bit for bit" in runs.sentence
    assert (runs.num_same, runs.num_different) == (1, 2)
    (outputs,) = runs.outputs
    assert outputs.max_abs == (theirs["output"].double() - ours["output"].double()).abs().max().item()


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.bn, self.drop, self.out = nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2)

    def forward(self, x):
        return self.out(self.drop(self.bn(self.fc(x))))


def test_case_d4_train_and_eval_differ_from_batch_norm_on_and_leave_buffers_flags_and_random_states_alone():
    torch.manual_seed(0)
    model = Normed().eval()
    before = copy.deepcopy(model.state_dict())
    torch.manual_seed(42)
    random_state = torch.get_rng_state()
    runs = compared(model, model, (8, 6), side_b=Side(mode="train"))
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in before.items())
    assert not any(child.training for child in model.modules())
    assert runs.graph_a.nodes[runs.pairs[runs.first.pair].a].fqn == "bn"
    assert runs.first.inputs_equal
    assert runs.first.weights_differ is False
    x = fed((8, 6))
    mean = model.fc(x).mean(0)
    assert not torch.allclose(mean, model.bn.running_mean)
    assert set(runs.buffers_b) == {"bn.running_mean", "bn.running_var", "bn.num_batches_tracked"}
    assert runs.buffers_a == ()
    assert runs.notes[0] == "In train mode bn BatchNorm1d, drop Dropout act otherwise than in eval mode."


def test_a_batch_of_one_that_fails_in_train_mode_is_said_with_its_fix():
    runs = compared(model := Normed(), model, (1, 6), side_b=Side(mode="train"))
    assert runs.failure_a is None
    assert runs.failure_b.fqn == "bn"
    assert runs.sentence.startswith("B fails at bn BatchNorm1d: Expected more than 1 value per channel")
    assert "feed a batch of 2 or more" in runs.sentence
    assert (runs.outputs[0].a is not None, runs.outputs[0].b) == (True, None)


def test_the_first_module_whose_weights_were_changed_is_the_first_to_differ_by_plain_hooks_too():
    torch.manual_seed(0)
    layers = [part for _ in range(6) for part in (nn.Linear(8, 8), nn.GELU())]
    a = nn.Sequential(*layers).eval()
    x = fed((4, 8))
    for place in (0, 4, 10):
        b = copy.deepcopy(a)
        with torch.no_grad():
            b[place].weight[0, 0] += 1e-3
        runs = compared(a, b, (4, 8))
        ours, theirs = by_hooks(a, x), by_hooks(b, x)
        expected = next(name for name in ours if not torch.equal(ours[name], theirs[name]))
        assert expected == str(place)
        pair = runs.pairs[runs.first.pair]
        assert runs.graph_a.nodes[pair.a].fqn == expected
        assert (runs.first.inputs_equal, runs.first.weights_differ) == (True, True)
        told = {runs.graph_a.nodes[one.a].fqn: one.equal for one in runs.pairs if one.how == "name"}
        assert all(told[name] == torch.equal(ours[name], theirs[name]) for name in ours if name != "output")


def test_the_same_model_twice_is_the_same_in_every_node():
    runs = compared(model := mlp(), model, (2, 10))
    assert (runs.num_same, runs.num_different, runs.first) == (3, 0, None)
    assert runs.sentence == "In both, all 3 nodes give the same, bit for bit."
    assert runs.outputs[0].equal


def test_half_precision_is_compared_with_what_plain_torch_gives():
    model = mlp()
    runs = compared(model, model, (4, 10), side_b=Side(dtype="float16"))
    x = fed((4, 10))
    plain, half = model(x), copy.deepcopy(model).half()(x.half())
    expected = (half.double() - plain.double()).abs().max().item()
    assert runs.outputs[0].max_abs == expected
    assert all(p.dtype == torch.float32 for p in model.parameters())
    assert runs.first.sentence.startswith("Outputs differ from 0 Linear on")


def test_a_changed_node_is_a_side_too():
    model = mlp()
    change = Change(place=NodePlace(kind="module", fqn="1", op="ReLU", call_index=1), kind="swap", activation="tanh")
    runs = compared(model, model, (1, 10), side_b=Side(changes=(change,)))
    assert runs.graph_a.nodes[runs.pairs[runs.first.pair].a].fqn == "1"
    twin = mlp(nn.Tanh)
    x = fed((1, 10))
    assert runs.outputs[0].max_abs == (twin(x).double() - model(x).double()).abs().max().item()


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width)

    def forward(self, x):
        return torch.relu(x + self.bn(self.conv(x)))


class Residual(nn.Module):
    def __init__(self, depth, num_classes):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks = nn.Sequential(*(Block(8) for _ in range(depth)))
        self.fc = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


def residual(depth, num_classes=5):
    torch.manual_seed(depth)
    return Residual(depth, num_classes).eval()


def test_a_deeper_net_meets_the_shallower_one_block_by_block_and_has_the_rest_alone():
    shallow, deep = residual(2), residual(3)
    runs = compared(shallow, deep, (1, 3, 8, 8))
    assert runs.num_only_a == 0
    assert runs.num_only_b == 4  # conv, bn, add, relu
    assert all(
        runs.graph_a.nodes[pair.a].fqn == runs.graph_b.nodes[pair.b].fqn
        for pair in runs.pairs
        if pair.a is not None and pair.b is not None
    )
    assert "4 only in B" in runs.sentence


def test_a_head_with_another_number_of_classes_differs_in_shape_alone():
    a, b = residual(2, 5), residual(2, 3)
    b.load_state_dict({k: v for k, v in a.state_dict().items() if not k.startswith("fc")}, strict=False)
    report = compare_weights(tensors_of(a), tensors_of(b))
    assert {row.name for row in report.rows if row.status == "reshaped"} == {"fc.weight", "fc.bias"}
    runs = compared(a, b, (1, 3, 8, 8))
    assert runs.graph_a.nodes[runs.pairs[runs.first.pair].a].fqn == "fc"
    assert runs.first.inputs_equal
    assert runs.outputs[0].sentence == "A gives (1, 5), B (1, 3)."


def test_a_wrapped_model_is_met_behind_its_prefix():
    class Wrapper(nn.Module):
        def __init__(self, module):
            super().__init__()
            self.module = module

        def forward(self, x):
            return self.module(x)

    model = residual(1)
    runs = compared(model, Wrapper(copy.deepcopy(model)), (1, 3, 8, 8))
    assert (runs.num_different, runs.num_only_a, runs.num_only_b) == (0, 0, 0)
