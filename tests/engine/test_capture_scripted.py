"""TorchScript: no hooks, no torch functions, and the same graph as far as it can be told."""

import io

import capture_models as models
import pytest
import torch
from torch import nn

from inspector.engine.capture import capture_forward, unchanged

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


def saved(scripted):
    """Through a file, as users have them."""
    file = io.BytesIO()
    torch.jit.save(scripted, file)
    file.seek(0)
    return torch.jit.load(file)


def net():
    torch.manual_seed(0)
    blocks = [nn.Conv2d(3, 4, 3, padding=1), models.Residual(), models.Residual()]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(256, 5)).eval()


@pytest.mark.parametrize("way", ["script", "trace"])
def test_a_scripted_model_gives_operations_groups_and_weights(way):
    model, x = net(), torch.randn(2, 3, 8, 8)
    scripted = saved(torch.jit.script(model) if way == "script" else torch.jit.trace(model, x))
    captured = capture_forward(scripted, (x,), {})
    graph = captured.graph
    assert torch.equal(captured.outputs[0].tensor, model(x))
    assert [node.op for node in graph.nodes] == [
        *("input", "Conv2d", "Conv2d", "BatchNorm2d", "relu", "Dropout", "add"),
        *("Conv2d", "BatchNorm2d", "relu", "Dropout", "add", "Flatten", "Linear", "output"),
    ]
    conv = graph.nodes[2]
    assert (conv.fqn, conv.num_params, conv.details, conv.macs) == ("1.conv", 148, "4→4 k3 p1", 18_432)
    assert [(group.fqn, group.class_name, group.parent) for group in graph.groups] == [
        ("", "Sequential", None),
        ("1", "Residual", 0),
        ("2", "Residual", 0),
    ]
    skips = [edge for edge in graph.edges if edge.target == 6]
    assert sorted(edge.source for edge in skips) == [1, 5]
    assert not any(edge.inferred for edge in graph.edges)
    assert graph.uncalled_modules == ()
    assert all(node.statistics is not None for node in graph.nodes)
    assert not captured.outputs[0].tensor.is_inference()


def test_a_scripted_model_that_fails_tells_the_operation_in_its_own_words():
    captured = capture_forward(saved(torch.jit.script(net())), (torch.randn(2, 3, 9, 9),), {})
    failure = captured.failure
    assert failure.message == "mat1 and mat2 shapes cannot be multiplied (2x324 and 256x5)"
    assert (failure.op, failure.fqn, failure.input_shapes) == ("Linear", "4", ((2, 324),))
    node = captured.graph.nodes[failure.node]
    assert node.failed
    assert captured.graph.groups[node.group].failed


def test_a_scripted_submodule_is_one_node_of_the_model_around_it():
    model = nn.Sequential(torch.jit.script(models.Residual().eval()), nn.Flatten())
    graph = capture_forward(model, (torch.randn(2, 4, 8, 8),), {}).graph
    assert [(node.kind, node.op) for node in graph.nodes[1:3]] == [("module", "Residual"), ("module", "Flatten")]
    assert not any(edge.inferred for edge in graph.edges)
    assert graph.uncalled_modules == ()
    failure = capture_forward(model, (torch.randn(2, 5, 8, 8),), {}).failure
    assert (failure.fqn, failure.op) == ("0", "Residual")
    assert "expected input[2, 5, 8, 8] to have 4 channels" in failure.message


def test_a_scripted_models_mode_and_buffers_are_restored():
    scripted = torch.jit.script(models.Residual())
    before = scripted.bn.running_mean.clone()
    with unchanged(scripted, mode="train", seed=0):
        capture_forward(scripted, (torch.randn(2, 4, 8, 8),), {})
    assert torch.equal(scripted.bn.running_mean, before)
    with unchanged(scripted, mode="eval", seed=0):
        assert not scripted.training
    assert scripted.training
    assert scripted.drop.training
