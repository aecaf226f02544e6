"""Which axes follow the batch, against plain hooks at batch sizes 1, 2 and 3; and that finding out leaves no trace."""

import random
import warnings
from types import SimpleNamespace

import pytest
import torch
from capture_models import BasicBlock, resnet
from torch import nn

from inspector.core.graph_axes import batch_sentence, with_axes
from inspector.engine.axes import GIVEN_WAY, AxesMemory, Fed, find_axes
from inspector.engine.capture import CaptureOptions, capture_forward
from inspector.engine.running import run_forward
from inspector.engine.session import PATIENCE_S, patiently
from inspector.protocol.base import ArrayRef
from inspector.protocol.inputs import NamedInput, RandomInput
from inspector.protocol.requests import RunForward


class Tagger(nn.Module):
    """Time comes first, as torch's LSTM has it unless told otherwise."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(50, 16)
        self.lstm = nn.LSTM(16, 8, bidirectional=True)
        self.tags = nn.Linear(16, 5)

    def forward(self, words):
        return self.tags(self.lstm(self.words(words))[0])


class TimeInBatch(nn.Module):
    """Case B4: time is folded into the batch."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 8, batch_first=True)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        return self.head(self.lstm(x)[0].reshape(-1, 8))


class Patches(nn.Module):
    """A small vision transformer, with attention written out."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 4, 4)
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        self.norm = nn.LayerNorm(16)
        self.qkv = nn.Linear(16, 48)
        self.out = nn.Linear(16, 16)
        self.head = nn.Linear(16, 7)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1)
        n, length, width = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, length, 3, 4, width // 4).permute(2, 0, 3, 1, 4).unbind(0)
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        x = x + self.out(y.transpose(1, 2).reshape(n, length, width))
        return self.head(x[:, 0])


class FixedBatch(nn.Module):
    """Its forward takes one item."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(12, 3)

    def forward(self, x):
        return self.fc(x.view(1, 12))


class OtherGraph(nn.Module):
    """Does more for more than one item."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        y = self.fc(x)
        return y - y.mean(0) if len(x) > 1 else y


class Pairs(nn.Module):
    """Compares every item with every other one, as contrastive losses do; and decides by values."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        y = self.fc(x)
        if y.isnan().any():
            y = y * 0
        return y @ y.T, torch.cat([y, y[:1]]), torch.cat([y, y])


def found(model, *args, mode="eval"):
    model.train(mode == "train")
    captured = capture_forward(model, args, {}, options=CaptureOptions(statistics=False))
    assert captured.failure is None
    axes = find_axes(model, captured, Fed(args, {}, mode, 0, captured.captured_s))
    return with_axes(captured.graph, axes), axes


def named(graph, op, place=0):
    node = next(node for node in graph.nodes if op in (node.op, node.fqn))
    return node.outputs[place].axes


def hooked_shapes(model, x):
    """The shape of what every module gives, by its name, seen by plain hooks."""
    shapes = {}
    hooks = [
        module.register_forward_hook(lambda _m, _i, out, name=name: shapes.setdefault(name, out))
        for name, module in model.named_modules()
    ]
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return {
        name: tuple((out[0] if isinstance(out, tuple) else out).shape)
        for name, out in shapes.items()
        if isinstance(out[0] if isinstance(out, tuple) else out, torch.Tensor)
    }


@pytest.mark.parametrize(
    ("model", "shape", "axis"),
    [
        (resnet(BasicBlock, (1, 1, 1, 1), 10), (3, 64, 64), 0),
        (Patches(), (3, 16, 16), 0),
        (TimeInBatch(), (20, 4), 0),
        (nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.Flatten(), nn.Linear(32, 2)), (2, 10), 0),
        (nn.Sequential(nn.Conv3d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten()), (1, 6, 6, 6), 0),
        (nn.Sequential(nn.LSTM(4, 3)), (5, 4), 1),
    ],
    ids=["ResNet", "ViT", "LSTM folded", "Conv1d", "Conv3d", "LSTM time first"],
)
def test_axes_that_are_said_to_follow_the_batch_are_those_that_grow_with_it(model, shape, axis):
    model.eval()
    inputs = {n: torch.randn(*shape[:axis], n, *shape[axis:]) for n in (1, 2, 3)}
    seen = {n: hooked_shapes(model, x) for n, x in inputs.items()}
    for n in (1, 2):
        graph, axes = found(model, inputs[n])
        assert (axes.batch_size, axes.other_size) == (n, n + 1)
        nodes = [node for node in graph.nodes if node.kind == "module"]
        assert nodes
        for node in [*nodes, *graph.groups]:
            spec = node.outputs[0]
            if not spec.batch and node in graph.groups:
                continue
            for other in (1, 2, 3):
                grown = tuple(
                    size if times == 0 else times * other for size, times in zip(spec.shape, spec.batch, strict=True)
                )
                assert grown == seen[other][node.fqn]


def test_a_residual_network_is_named_from_its_convolutions_to_its_head():
    graph, _ = found(resnet(BasicBlock, (1, 1, 1, 1), 10), torch.randn(1, 3, 64, 64))
    for node in graph.nodes:
        names = node.outputs[0].axes
        assert names == (("N", "C", "H", "W") if len(node.outputs[0].shape) == 4 else names)
        assert all(names)
    assert named(graph, "Flatten") == ("N", "C")  # height and width are 1 there
    assert named(graph, "output") == ("N", "D")


def test_a_flattened_picture_says_what_was_folded():
    graph, _ = found(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 2)), torch.randn(1, 3, 8, 8))
    assert named(graph, "Flatten") == ("N", "C·H·W")


def test_a_vision_transformer_is_named_through_its_attention():
    graph, _ = found(Patches(), torch.randn(1, 3, 16, 16))
    assert named(graph, "flatten") == ("N", "C", "H·W")
    assert named(graph, "scaled_dot_product_attention") == ("N", "heads", "L", "D")
    assert named(graph, "qkv")[0] == "N"
    assert named(graph, "output") == ("N", "D")


def test_a_recurrent_network_tells_where_its_batch_is():
    graph, axes = found(Tagger(), torch.randint(0, 50, (12, 1)))
    assert named(graph, "input") == named(graph, "words")[:2] == ("L", "N")
    assert named(graph, "output") == ("L", "N", "D")
    assert named(graph, "lstm", 1) == ("layers", "N", "D")
    assert batch_sentence(axes) == "N is the batch: seen by running with 1 and with 2."


def test_time_folded_into_the_batch_is_said_to_be_a_multiple_of_it():
    graph, _ = found(TimeInBatch(), torch.randn(1, 20, 4))
    output = next(node for node in graph.nodes if node.kind == "output").outputs[0]
    assert output.axes == ("N·L", "D")
    assert output.batch == (20, 0)


def test_a_multiple_whose_parts_have_no_names_says_how_many_times_the_batch_it_is():
    class Windows(nn.Module):
        def forward(self, x):
            return x.unfold(1, 2, 2).reshape(-1, 2)

    graph, _ = found(Windows(), torch.randn(2, 10))
    assert named(graph, "reshape")[0] == "N×5"


def test_axes_that_do_not_grow_in_step_are_not_called_the_batch():
    graph, _ = found(Pairs(), torch.randn(2, 4))
    squares, more, double = (node.outputs[0] for node in graph.nodes if node.kind == "output")
    assert squares.batch == (1, 1)
    assert (more.batch, more.axes[0]) == ((-1, 0), "")
    assert (double.batch, double.axes[0]) == ((2, 0), "N×2")


def test_a_model_that_takes_one_batch_size_only_says_so_and_keeps_its_names():
    graph, axes = found(FixedBatch(), torch.randn(1, 12))
    assert axes.note.startswith("the batch size is fixed at 1")
    assert "unknown" in batch_sentence(axes)
    assert all(spec.batch == () for node in graph.nodes for spec in node.outputs)
    assert named(graph, "fc")[-1] == "D"


def exported(dynamic):
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 3)).eval()
    shapes = ({0: torch.export.Dim("n", min=1, max=64)},) if dynamic else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own older parts
        return torch.export.unflatten(torch.export.export(net, (torch.randn(2, 1, 8, 8),), dynamic_shapes=shapes))


def test_an_exported_program_with_a_free_batch_tells_which_axes_follow_it():
    graph, axes = found(exported(dynamic=True), torch.randn(2, 1, 8, 8))
    assert axes.note == ""
    assert named(graph, "0") == ("N", "C", "H", "W")
    assert named(graph, "3")[0] == "N"


def test_an_exported_program_of_one_batch_size_says_so():
    _, axes = found(exported(dynamic=False), torch.randn(2, 1, 8, 8))
    assert axes.note.startswith("the batch size is fixed at 2: Expected input")


def test_of_a_model_that_can_not_be_copied_no_fixed_batch_is_told():
    class Locked(nn.Linear):
        def __deepcopy__(self, memo):
            raise RuntimeError("there is only one of me")

    _, axes = found(Locked(4, 4), torch.randn(2, 4))
    assert axes.note == "the model can't be copied: there is only one of me"


def test_of_a_run_that_failed_no_fixed_batch_is_told():
    model, x = nn.Sequential(nn.Flatten(), nn.Linear(5, 2)), torch.randn(2, 3, 4)
    captured = capture_forward(model, (x,), {}, options=CaptureOptions(statistics=False))
    assert captured.failure is not None
    axes = find_axes(model, captured, Fed((x,), {}, "eval", 0, captured.captured_s))
    assert batch_sentence(axes) == ""


def test_a_graph_that_differs_with_the_batch_is_said_to_be_unknown():
    _, axes = found(OtherGraph(), torch.randn(1, 4))
    assert axes.note == "with another batch size other operations run"


def test_an_input_without_a_batch_is_not_given_one():
    graph, axes = found(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), torch.randn(3, 8, 8))
    assert axes.note == "no input has an axis for the batch"
    assert named(graph, "ReLU") == ("C", "H", "W")


def test_a_large_model_is_tried_without_values_and_left_as_it_was():
    model = nn.Sequential(nn.Conv2d(3, 64, 3), nn.BatchNorm2d(64), nn.Dropout(), nn.Flatten(), nn.Linear(64 * 900, 64))
    assert sum(parameter.numel() for parameter in model.parameters()) > 3_000_000
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    captured = capture_forward(model, (torch.randn(4, 3, 32, 32),), {}, options=CaptureOptions(statistics=False))
    model.load_state_dict(before)
    fed = Fed((torch.randn(4, 3, 32, 32),), {}, "train", 0, captured.captured_s)
    random_state, python_state = torch.get_rng_state(), random.getstate()
    axes = find_axes(model, captured, fed)
    assert (axes.batch_size, axes.other_size, axes.note) == (4, 5, "")
    assert random.getstate() == python_state
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training
    assert not any(module._forward_hooks or "_compiled_call_impl" in vars(module) for module in model.modules())
    assert torch.equal(random_state, torch.get_rng_state())


@pytest.mark.parametrize("width", [8, 2048], ids=["for real", "without values"])
@pytest.mark.parametrize("operations", [0, 1, 3])
def test_finding_the_axes_gives_way_to_what_else_is_asked_and_leaves_the_model_as_it_was(width, operations):
    model = nn.Sequential(
        nn.Linear(4, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2)
    ).eval()
    x = torch.randn(3, 4)
    captured = capture_forward(model, (x,), {}, options=CaptureOptions(statistics=False))
    asked = []

    def is_awaited():
        asked.append(True)
        return len(asked) > operations

    random_state = torch.get_rng_state()
    axes = find_axes(model, captured, Fed((x,), {}, "eval", 0, 0.0), is_awaited)
    assert (axes.note, axes.batch_size) == (GIVEN_WAY, 0)
    assert axes.kinds  # what the operations themselves say is told
    assert len(asked) <= operations + 2
    assert torch._C._len_torch_function_stack() == 0
    assert torch.equal(random_state, torch.get_rng_state())
    assert find_axes(model, captured, Fed((x,), {}, "eval", 0, 0.0)).note == ""


def test_axes_that_a_moment_finds_are_found_although_another_request_waits():
    now = [10.0]
    asked = patiently(lambda: True, clock=lambda: now[0])
    assert [asked(), asked()] == [False, False]
    now[0] += PATIENCE_S
    assert asked()
    never = patiently(lambda: False, clock=lambda: now[0])
    now[0] += 2 * PATIENCE_S
    assert not never()


def test_outputs_and_findings_are_told_before_the_axes_and_a_run_that_gave_way_finds_them_later():
    model = TimeInBatch().eval()
    inputs = (NamedInput(source=RandomInput(shape=(8, 20, 4))),)
    memory, events = AxesMemory(), []

    def names(*, awaited):
        events.clear()
        loaded = SimpleNamespace(module=model, class_names=(), info=SimpleNamespace(format="state_dict"))
        run_forward(
            loaded,
            (),
            RunForward(inputs=inputs),
            events.append,
            lambda array: ArrayRef(shape=array.shape, dtype=str(array.dtype)),
            memory=memory,
            is_awaited=lambda: awaited,
        )
        return [type(event).__name__ for event in events]

    told = ["GraphCaptured", "OutputsComputed", "FindingsFound", "AxesFound"]
    assert names(awaited=True) == told
    assert events[-1].axes.note == GIVEN_WAY
    assert names(awaited=False) == [*told, "FindingsFound"], "with the axes more can be said"
    assert events[3].axes.note == ""
    assert names(awaited=False) == told[:3]
    assert events[0].axes is not None


def test_the_same_graph_again_is_known_at_once():
    model = TimeInBatch().eval()
    runs = [
        capture_forward(model, (torch.randn(n, 20, 4),), {}, options=CaptureOptions(statistics=n == 1))
        for n in (1, 1, 2)
    ]
    memory = AxesMemory()
    assert memory.known(runs[0].graph) is None
    axes = find_axes(model, runs[0], Fed((torch.randn(1, 20, 4),), {}, "eval", 0, 0.0))
    memory.keep(runs[0].graph, axes)
    assert memory.known(runs[1].graph) is axes
    assert memory.known(runs[2].graph) is None


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_scripted_model_has_the_same_axes():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)).eval()
    graph, axes = found(torch.jit.trace(model, torch.randn(1, 3, 8, 8)), torch.randn(1, 3, 8, 8))
    assert axes.note == ""
    assert named(graph, "output")[0] == "N"
    assert named(graph, "Conv2d") == ("N", "C", "H", "W")
