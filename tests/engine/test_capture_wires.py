"""The graph's nodes, groups and wires on models that are easy to draw wrong."""

import capture_models as models
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn

from inspector.engine.capture import CaptureOptions, capture_forward
from inspector.engine.capture.operations import module_category_and_details


def capture(model, *args, names=(), **kwargs):
    captured = capture_forward(model.eval(), args, kwargs, input_names=names)
    assert_is_well_formed(captured.graph)
    return captured


def assert_is_well_formed(graph):
    assert [node.id for node in graph.nodes] == list(range(len(graph.nodes)))
    assert [group.id for group in graph.groups] == list(range(len(graph.groups)))
    for edge in graph.edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        assert edge.source < edge.target
        assert source.outputs[edge.source_output].dtype == target.inputs[edge.target_input].dtype
    operations = [node.call_index for node in graph.nodes if node.kind in ("module", "function")]
    assert operations == list(range(len(operations)))


def sources(graph, node):
    found = sorted((edge.target_input, graph.nodes[edge.source].op) for edge in graph.edges if edge.target == node.id)
    return [op for _, op in found]


def only(graph, op):
    found = [node for node in graph.nodes if node.op == op]
    assert len(found) == 1, [node.op for node in graph.nodes]
    return found[0]


def test_a_skip_through_identity_and_dropout_keeps_its_own_wires():
    graph = capture(models.Residual(), torch.randn(2, 4, 8, 8)).graph
    assert sources(graph, only(graph, "add")) == ["Dropout", "Identity"]
    assert sources(graph, only(graph, "Identity")) == ["input"]
    assert sources(graph, only(graph, "Conv2d")) == ["input"]
    assert [node.op for node in graph.nodes] == [
        *("input", "Identity", "Conv2d", "BatchNorm2d", "relu", "Dropout", "add", "output")
    ]


def test_writes_in_place_are_on_the_way_to_whoever_reads_the_memory_next():
    captured = capture(models.InPlaceChain(), torch.randn(3, 6))
    graph = captured.graph
    assert sources(graph, only(graph, "add_")) == ["ReLU"]
    assert sources(graph, only(graph, "setitem")) == ["zeros", "add_"]
    assert sources(graph, only(graph, "copy_")) == ["getitem", "input"]
    assert sources(graph, only(graph, "chunk")) == ["copy_"]
    assert sources(graph, only(graph, "mul_")) == ["chunk"]
    assert sources(graph, only(graph, "add")) == ["chunk"], "the right half was not written to"
    whole, half = (node for node in graph.nodes if node.kind == "output")
    assert sources(graph, whole) == ["mul_"]
    assert sources(graph, half) == ["add"]


def test_a_module_called_twice_is_two_nodes_of_one_name():
    graph = capture(models.Shared(), torch.randn(2, 4)).graph
    calls = [node for node in graph.nodes if node.op == "Linear"]
    assert [(node.fqn, node.call) for node in calls] == [("fc", 0), ("fc", 1)]
    assert sources(graph, calls[1]) == ["tanh"]
    assert graph.uncalled_modules == ("unused",)


def test_nested_outputs_and_all_kinds_of_inputs_are_named_by_their_place():
    rights = [torch.randn(2, 5), torch.randn(2, 5)]
    captured = capture(models.ManyOutputs(), torch.randn(2, 3), rights, scale=torch.tensor(2.0))
    graph = captured.graph
    inputs = [node.fqn for node in graph.nodes if node.kind == "input"]
    assert inputs == ["left", "rights[0]", "rights[1]", "scale"]
    names = [
        "output.logits",
        "output.found.boxes",
        "output.found.scores[0]",
        "output.found.scores[1]",
        "output.pair[0]",
    ]
    assert [output.name for output in captured.outputs] == names
    assert [graph.nodes[output.node].fqn for output in captured.outputs] == names
    assert graph.nodes[-1].inputs[0].shape == (2, 5)
    assert capture(models.ManyOutputs(), torch.randn(2, 3), [], names=["picture"]).graph.nodes[0].fqn == "picture"


def test_parameters_used_by_functions_are_nodes_and_their_module_is_no_uncalled_one():
    graph = capture(models.OwnParameters(), torch.randn(2, 3)).graph
    parameters = {node.fqn: node.num_params for node in graph.nodes if node.kind == "parameter"}
    assert parameters == {"weight": 15, "offset": 0, "projection.weight": 25}
    constant = only(graph, "constant")
    assert constant.fqn == "table"
    assert [edge.inferred for edge in graph.edges if edge.source == constant.id] == [False]
    assert graph.uncalled_modules == ()


def test_groups_are_nested_as_the_calls_were():
    model = nn.Sequential(models.Residual(), nn.Sequential(nn.Flatten(), nn.Linear(256, 3)))
    graph = capture(model, torch.randn(2, 4, 8, 8)).graph
    assert [(group.fqn, group.class_name, group.parent) for group in graph.groups] == [
        ("", "Sequential", None),
        ("0", "Residual", 0),
        ("1", "Sequential", 0),
    ]
    assert graph.nodes[only(graph, "add").id].group == 1
    assert graph.groups[2].inputs[0].shape == (2, 4, 8, 8)
    assert graph.groups[2].outputs[0].shape == (2, 3)
    assert graph.groups[0].num_params == sum(parameter.numel() for parameter in model.parameters())


def test_a_leaf_as_root_is_a_module_node_in_no_group():
    graph = capture(nn.Linear(3, 4), torch.randn(2, 3)).graph
    assert [(node.kind, node.op, node.group) for node in graph.nodes] == [
        ("input", "input", None),
        ("module", "Linear", None),
        ("output", "output", None),
    ]
    assert graph.nodes[1].details == "3→4"
    assert graph.groups == ()


def test_a_module_with_nothing_to_see_inside_is_one_node():
    class Doubled(nn.Module):
        def forward(self, x):
            return torch.from_numpy(x.detach().numpy() * 2) if False else scripted_double(x)

    graph = capture(nn.Sequential(nn.ReLU(), Doubled(), nn.Sequential(), nn.ReLU()), torch.randn(3)).graph
    assert [node.op for node in graph.nodes] == ["input", "ReLU", "Doubled", "Sequential", "ReLU", "output"]
    assert all(not edge.inferred for edge in graph.edges)


def scripted_double(x):
    with torch._C.DisableTorchFunction():  # out of sight, as a compiled extension is
        return x * 2


def test_a_tensor_of_unknown_making_is_a_constant_with_an_inferred_wire():
    class ThroughNumpy(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, x):
            return self.fc(scripted_double(torch.relu(x)))

    graph = capture(ThroughNumpy(), torch.randn(2, 3)).graph
    assert sources(graph, only(graph, "Linear")) == ["constant"]
    assert [edge.inferred for edge in graph.edges if edge.target == only(graph, "Linear").id] == [True]


def test_values_read_into_python_are_recorded():
    class Branches(nn.Module):
        def forward(self, x):
            y = x * x.mean().item()
            return y + 1 if y.sum() > 0 else y - 1

    graph = capture(Branches(), torch.ones(2)).graph
    assert [node.op for node in graph.nodes if node.kind == "function"] == [
        *("mean", "item", "mul", "sum", "gt", "bool", "add")
    ]


def test_iterating_over_a_tensor_gives_wires_to_every_row():
    class Rows(nn.Module):
        def forward(self, x):
            return sum(row * 2 for row in x)

    graph = capture(Rows(), torch.randn(3, 2)).graph
    unbind = only(graph, "unbind")
    assert len(unbind.outputs) == 3
    assert sorted(edge.source_output for edge in graph.edges if edge.source == unbind.id) == [0, 1, 2]
    assert not any(edge.inferred for edge in graph.edges)


def test_hidden_projections_of_attention_count_as_used_and_losses_are_told():
    class WithLoss(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(4, 1)
            self.heads = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
            self.loss = nn.CrossEntropyLoss()

        def forward(self, x):
            return self.heads[0](self.attention(x, x, x)[0])

    captured = capture(WithLoss(), torch.randn(2, 1, 4))
    assert captured.graph.uncalled_modules == ("heads.1", "loss")
    attention = only(captured.graph, "MultiheadAttention")
    assert attention.num_params == sum(parameter.numel() for parameter in nn.MultiheadAttention(4, 1).parameters())
    assert len(attention.inputs) == 3


def test_an_lstm_is_one_node_with_all_its_outputs():
    graph = capture(models.Recurrent(), torch.randn(2, 5, 4)).graph
    lstm = only(graph, "LSTM")
    assert [spec.shape for spec in lstm.outputs] == [(2, 5, 12), (4, 2, 6), (4, 2, 6)]
    assert lstm.details == "4→6 ×2 bidirectional batch_first"
    used = {edge.source_output for edge in graph.edges if edge.source == lstm.id}
    assert used == {0, 1}


def test_weight_norm_and_parametrizations_stay_inside_their_module():
    old = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    graph = capture(
        nn.Sequential(old, nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4))), torch.randn(2, 4)
    ).graph
    assert [node.kind for node in graph.nodes] == ["input", "module", "module", "output"]
    assert graph.uncalled_modules == ()


def test_the_models_own_hooks_run_and_belong_to_their_modules_call():
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    model[0].register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    model[0].register_forward_hook(lambda module, args, result: result * 10)
    x = torch.randn(2, 3)
    expected = model(x)
    captured = capture(model, x)
    assert torch.equal(captured.outputs[0].tensor, expected)
    assert [node.op for node in captured.graph.nodes] == ["input", "Linear", "ReLU", "output"]
    assert len(model[0]._forward_hooks) == len(model[0]._forward_pre_hooks) == 1


def test_functions_are_named_plainly_with_their_arguments():
    class Functions(nn.Module):
        def forward(self, x):
            y = 1 - x
            y = y @ y.T
            y = F.softmax(y, dim=1).reshape(-1, 2)
            y = F.max_pool1d(y[None], 2, stride=1)
            return y[:, 0:1, ..., None].float()

    graph = capture(Functions(), torch.randn(4, 4)).graph
    told = [(node.op, node.details) for node in graph.nodes if node.kind == "function"]
    assert told == [
        ("sub", "1"),
        ("T", ""),
        ("matmul", ""),
        ("softmax", "dim=1"),
        ("reshape", "(-1, 2)"),
        ("getitem", "[None]"),
        ("max_pool1d", "kernel_size=2 stride=1 padding=0 dilation=1"),
        ("getitem", "[:, 0:1, …, None]"),
        ("float", ""),
    ]


@pytest.mark.parametrize(
    ("module", "shape", "details", "category"),
    [
        (nn.Conv2d(64, 128, 3, 2, 1, groups=32), (1, 64, 8, 8), "64→128 k3 s2 p1 g32", "convolution"),
        (nn.Conv1d(4, 8, 5), (1, 4, 8), "4→8 k5", "convolution"),
        (nn.Conv2d(3, 8, (1, 3), padding="same"), (1, 3, 8, 8), "3→8 k1×3 psame", "convolution"),
        (nn.Dropout(0.25), (2, 2), "p=0.25", "dropout"),
        (nn.MaxPool2d(2), (1, 1, 4, 4), "k2 s2", "pooling"),
        (nn.AdaptiveAvgPool2d((1, 1)), (1, 1, 4, 4), "→1", "pooling"),
        (nn.LayerNorm(4), (2, 4), "4", "normalisation"),
        (nn.LayerNorm((4, 4)), (2, 4, 4), "4×4", "normalisation"),
        (nn.GroupNorm(2, 4), (2, 4), "4 g2", "normalisation"),
        (nn.Flatten(), (2, 4), "", "shape"),
        (nn.Flatten(0, -2), (2, 4, 3), "start_dim=0 end_dim=-2", "shape"),
        (nn.Softmax(dim=1), (2, 4), "dim=1", "activation"),
        (nn.GELU(), (2, 4), "", "activation"),
        (nn.Upsample(scale_factor=2), (1, 1, 4, 4), "×2.0 nearest", "shape"),
    ],
)
def test_a_modules_card_shows_its_key_arguments(module, shape, details, category):
    node = capture(module, torch.randn(shape)).graph.nodes[1]
    assert (node.details, node.category) == (details, category)


def test_a_layer_whose_own_property_raises_has_a_card_without_arguments():
    class Conv(nn.Conv2d):
        @property
        def stride(self):
            raise RuntimeError("not now")

        @stride.setter
        def stride(self, value):
            pass

        def forward(self, x):
            return x * 2

    assert module_category_and_details(Conv(3, 4, 3)) == ("convolution", "")


def test_arguments_that_say_nothing_stay_off_the_card():
    class Quiet(nn.Module):
        def forward(self, x):
            x = nn.functional.gelu(nn.functional.relu(x, inplace=False), approximate="none")
            return x.mean(1, keepdim=False) + x.sum(1, keepdim=True).flatten()

    graph = capture(Quiet(), torch.randn(2, 4)).graph
    told = {node.op: node.details for node in graph.nodes if node.kind == "function"}
    assert (told["relu"], told["gelu"], told["mean"], told["sum"]) == ("", "", "dim=1", "dim=1 keepdim=True")


def test_without_statistics_there_are_none_and_with_them_every_activation_has_them():
    plain = capture_forward(models.Residual().eval(), (torch.randn(1, 4, 4, 4),), {}, options=CaptureOptions(False))
    assert all(node.statistics is None for node in plain.graph.nodes)
    measured = capture(models.Residual(), torch.randn(1, 4, 4, 4))
    assert all(node.statistics is not None for node in measured.graph.nodes)


def test_memory_that_nothing_was_written_to_yet_is_not_measured():
    class Fills(nn.Module):
        def forward(self, x):
            return torch.empty_like(x).fill_(2.0) + x.new_empty(2, 3).copy_(x)

    graph = capture(Fills(), torch.randn(2, 3)).graph
    assert [node.op for node in graph.nodes if node.statistics is None] == ["empty_like", "new_empty"]
    assert only(graph, "fill_").statistics.mean == 2.0


def test_timing_is_per_node_and_against_a_plain_run():
    captured = capture_forward(
        models.Residual().eval(), (torch.randn(1, 4, 4, 4),), {}, options=CaptureOptions(timed=True)
    )
    timed = [node.elapsed_s for node in captured.graph.nodes if node.kind in ("module", "function")]
    assert all(elapsed_s is not None and elapsed_s > 0 for elapsed_s in timed)
    assert captured.plain_s is not None
    assert 0 < sum(timed) < captured.captured_s


def test_a_lazy_module_is_told_as_what_it_became():
    node = only(capture(nn.Sequential(nn.LazyLinear(3)), torch.randn(2, 4)).graph, "Linear")
    assert (node.num_params, node.details, node.macs) == (15, "4→3", 24)


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning", "ignore:.*torch.jit.trace:DeprecationWarning")
def test_a_traced_submodule_and_an_unflattened_program_are_captured():
    model = models.Residual().eval()
    x = torch.randn(2, 4, 8, 8)
    program = torch.export.unflatten(torch.export.export(model, (x,)))
    captured = capture(program, x)
    assert torch.equal(captured.outputs[0].tensor, model(x))
    assert not any(edge.inferred for edge in captured.graph.edges)
    mixed = nn.Sequential(torch.jit.trace(model, (x,)), nn.Flatten())
    graph = capture(mixed, x).graph
    assert graph.nodes[-1].inputs[0].shape == (2, 256)
