"""Multiply-accumulates and parameters against known figures."""

import capture_models as models
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn

from inspector.engine.capture import CaptureOptions, capture_forward
from inspector.engine.module_tree import model_info


def total(model, *args):
    with torch.device("meta"):
        graph = capture_forward(model.eval(), args, {}, options=CaptureOptions(statistics=False)).graph
    assert all(node.macs is not None for node in graph.nodes), [node.op for node in graph.nodes if node.macs is None]
    return sum(node.macs for node in graph.nodes)


@pytest.mark.parametrize(
    ("name", "make", "num_params", "macs"),
    [
        ("ResNet-18", lambda: models.resnet(models.BasicBlock, (2, 2, 2, 2)), 11_689_512, 1_814_073_344),
        ("ResNet-50", lambda: models.resnet(models.Bottleneck, (3, 4, 6, 3)), 25_557_032, 4_089_184_256),
        ("AlexNet", models.alexnet, 61_100_840, 714_188_480),
    ],
)
def test_well_known_models_have_their_published_figures(name, make, num_params, macs):
    with torch.device("meta"):
        model = make()
    assert model_info(model, "module").num_params == num_params, name
    assert total(model, torch.empty(1, 3, 224, 224, device="meta")) == macs
    assert total(model, torch.empty(3, 3, 224, 224, device="meta")) == 3 * macs


class Calls(nn.Module):
    def __init__(self, call):
        super().__init__()
        self.call = call

    def forward(self, *args):
        return self.call(*args)


@pytest.mark.parametrize(
    ("call", "shapes", "macs"),
    [
        (torch.matmul, [(4, 5), (5, 6)], 120),
        (torch.matmul, [(2, 1, 4, 5), (3, 5, 6)], 6 * 120),
        (torch.bmm, [(3, 4, 5), (3, 5, 6)], 360),
        (torch.addmm, [(4, 6), (4, 5), (5, 6)], 120),
        (torch.baddbmm, [(3, 4, 6), (3, 4, 5), (3, 5, 6)], 360),
        (lambda a, b: torch.einsum("bij,bjk->bik", a, b), [(3, 4, 5), (3, 5, 6)], 360),
        (lambda a: torch.einsum("ij->ji", a), [(4, 5)], 0),
        (F.linear, [(2, 7, 5), (6, 5)], 2 * 7 * 30),
        (F.conv2d, [(1, 4, 8, 8), (6, 4, 3, 3)], 6 * 36 * 36),
        (F.conv_transpose2d, [(1, 4, 8, 8), (4, 6, 2, 2)], 64 * 4 * 24),
        (F.scaled_dot_product_attention, [(2, 3, 7, 8), (2, 3, 9, 8), (2, 3, 9, 8)], 2 * 3 * 7 * 9 * 16),
        (lambda a: F.relu(a) + 1, [(4, 5)], 0),
    ],
)
def test_functions_count_by_their_shapes(call, shapes, macs):
    assert total(Calls(call), *(torch.empty(shape, device="meta") for shape in shapes)) == macs


def test_attention_and_recurrent_modules_count_their_hidden_products():
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.randn(3, 5, 8)
    graph = capture_forward(attention, (x, x, x), {}).graph
    assert graph.nodes[-3].op == "MultiheadAttention"
    assert graph.nodes[-3].macs == 3 * (4 * 5 * 8 * 8 + 2 * 5 * 5 * 8)
    lstm = capture_forward(nn.LSTM(4, 6, batch_first=True), (torch.randn(3, 5, 4),), {}).graph
    assert lstm.nodes[1].macs == 3 * 5 * 4 * 6 * (4 + 6)
    assert total(nn.Conv1d(4, 6, 3, groups=2, device="meta"), torch.empty(1, 4, 10, device="meta")) == 6 * 8 * 2 * 3


def test_what_multiplies_in_an_unknown_way_is_none_and_not_zero():
    class Unknown(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))

        def forward(self, x):
            with torch._C.DisableTorchFunction():
                return x * self.weight

    graph = capture_forward(nn.Sequential(Unknown(), Calls(torch.linalg.inv)), (torch.eye(3),), {}).graph
    assert [(node.op, node.macs) for node in graph.nodes[1:3]] == [("Unknown", None), ("linalg_inv", None)]
