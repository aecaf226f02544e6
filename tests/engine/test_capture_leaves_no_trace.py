"""A captured run gives what a plain run gives, bit for bit, and changes nothing."""

import copy
import gc
import random
import weakref

import capture_models as models
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from inspector.engine.capture import CaptureOptions, capture_forward, unchanged
from inspector.engine.capture.surroundings import COMPILE_NOTE, FAST_PATH_NOTE

BLOCKS = {
    "conv": lambda: nn.Conv2d(4, 4, 3, padding=1),
    "depthwise": lambda: nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False),
    "norm": lambda: nn.BatchNorm2d(4),
    "group_norm": lambda: nn.GroupNorm(2, 4),
    "relu": nn.ReLU,
    "relu_in_place": lambda: nn.ReLU(inplace=True),
    "dropout": lambda: nn.Dropout(0.3),
    "identity": nn.Identity,
    "pool": lambda: nn.MaxPool2d(3, 1, 1),
    "residual": models.Residual,
    "linear": lambda: nn.Linear(8, 8),
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    names=st.lists(st.sampled_from(sorted(BLOCKS)), min_size=1, max_size=6),
    train=st.booleans(),
    seed=st.integers(0, 100),
    statistics=st.booleans(),
)
def test_any_net_gives_bit_for_bit_what_it_gives_unobserved(names, train, seed, statistics):
    torch.manual_seed(seed)
    model = nn.Sequential(*(BLOCKS[name]() for name in names))
    x = torch.randn(2, 4, 8, 8)
    given_x = x.clone()
    mode = "train" if train else "eval"
    with unchanged(model, mode=mode, seed=seed), torch.no_grad():
        plain = model(x.clone())
    with unchanged(model, mode=mode, seed=seed):
        captured = capture_forward(model, (x,), {}, options=CaptureOptions(statistics=statistics))
    assert torch.equal(captured.outputs[0].tensor, plain)
    assert torch.equal(x, given_x), "the caller's tensor was written to"
    reached = {captured.graph.nodes[-1].id}
    for edge in reversed(captured.graph.edges):
        if edge.target in reached:
            reached.add(edge.source)
    assert 0 in reached, "the output must hang together with the input"
    assert not any(edge.inferred for edge in captured.graph.edges)


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_attention_with_padding_equals_a_plain_run_without_the_fast_path(mode):
    model = models.Attention()
    x = torch.randn(2, 5, 8)
    padding = torch.tensor([[False] * 5, [False, False, False, True, True]])
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with unchanged(model, mode=mode, seed=1), torch.no_grad():
            plain = model(x, padding)
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
    with unchanged(model, mode=mode, seed=1):
        captured = capture_forward(model, (x, padding), {})
    assert torch.equal(captured.outputs[0].tensor, plain)
    assert torch.backends.mha.get_fastpath_enabled()
    assert captured.graph.notes == ((FAST_PATH_NOTE,) if mode == "eval" else ())
    assert sum(node.op == "MultiheadAttention" for node in captured.graph.nodes) == 3
    assert not any(edge.inferred for edge in captured.graph.edges)


def test_flags_buffers_and_all_random_states_are_as_before():
    model = models.Restless()
    model.drop.eval()
    calls = model.calls
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    states = (torch.get_rng_state(), random.getstate(), np.random.get_state())
    with unchanged(model, mode="train", seed=3):
        assert model.drop.training
        first = capture_forward(model, (torch.randn(4, 4),), {}, options=CaptureOptions(timed=True))
    with unchanged(model, mode="train", seed=3):
        second = capture_forward(model, (torch.randn(4, 4),), {})
    assert torch.equal(first.outputs[0].tensor, second.outputs[0].tensor)
    assert (model.bn.training, model.drop.training) == (True, False)
    assert model.calls is calls
    assert all(torch.equal(buffer, buffers[name]) for name, buffer in model.named_buffers())
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.array_equal(np.random.get_state()[1], states[2][1])


def test_other_modes_and_seeds_give_other_outputs():
    model, x = models.Restless(), torch.randn(8, 4)
    outputs = []
    for mode, seed in (("train", 0), ("train", 1), ("eval", 0)):
        with unchanged(model, mode=mode, seed=seed):
            outputs.append(capture_forward(model, (x,), {}).outputs[0].tensor)
    assert not torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_flags_are_restored_when_the_run_raises():
    model = models.Restless()

    def run():
        with unchanged(model, mode="eval", seed=0):
            assert not model.training
            raise ValueError("within")

    with pytest.raises(ValueError, match="within"):
        run()
    assert model.training


class Keeping(nn.Module):
    """Leaves something new behind with each call."""

    def __init__(self):
        super().__init__()
        self.fc, self.calls, self.seen, self.by_shape, self.last = nn.Linear(4, 4), 0, [], {"none": 0}, None
        self.register_buffer("memory", torch.zeros(4))

    def forward(self, x):
        self.calls += 1
        self.seen.append(x)
        self.by_shape[tuple(x.shape)] = x
        self.memory = self.memory + 1
        self.last = self.fc(x)
        self.new = self.last
        return self.last + self.memory


def test_what_forward_keeps_on_itself_is_put_back_and_told():
    model = nn.Sequential(nn.Linear(4, 4), Keeping())
    seen, memory = model[1].seen, model[1].memory
    with unchanged(model, mode="eval", seed=0) as traces:
        first = capture_forward(model, (torch.ones(2, 4),), {})
    assert sorted(traces.kept) == [f"1.{name}" for name in ("by_shape", "calls", "last", "memory", "new", "seen")]
    assert (model[1].calls, model[1].last, model[1].by_shape) == (0, None, {"none": 0})
    assert model[1].seen is seen
    assert seen == []
    assert model[1].memory is memory
    assert not hasattr(model[1], "new")
    with unchanged(model, mode="eval", seed=0):
        second = capture_forward(model, (torch.ones(2, 4),), {})
    assert torch.equal(first.outputs[0].tensor, second.outputs[0].tensor)


class SetsItselfUp(nn.Module):
    """Builds a layer and hooks it with its first call, as transformers' recorders of hidden states do."""

    def __init__(self):
        super().__init__()
        self.first, self.heard = nn.Linear(4, 4), 0
        self.ready = False

    def hear(self, *_):
        self.heard += 1

    def forward(self, x):
        if not self.ready:
            self.second = nn.Linear(4, 4)
            self.second.register_forward_hook(self.hear)
            self.ready = True
        return self.second(self.first(x))


def test_a_model_that_sets_itself_up_with_its_first_call_does_so_once():
    model = SetsItselfUp()
    with unchanged(model, mode="eval", seed=0) as traces:
        first = capture_forward(model, (torch.ones(2, 4),), {})
    assert traces.kept == ()
    assert model.ready
    second_layer = model.second
    with unchanged(model, mode="eval", seed=0) as traces:
        second = capture_forward(model, (torch.ones(2, 4),), {})
    assert model.second is second_layer
    assert len(second_layer._forward_hooks) == 1
    assert traces.kept == ("heard",)
    assert torch.equal(first.outputs[0].tensor, second.outputs[0].tensor)


def test_a_lazy_module_stays_what_it_became():
    model = nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d())
    with unchanged(model, mode="eval", seed=0):
        capture_forward(model, (torch.ones(2, 5),), {})
    assert type(model[0]) is nn.Linear
    assert (model[0].in_features, model[1].num_features) == (5, 3)


DRAWS = {
    "nothing": (lambda x: x, False),
    "torch": (torch.rand_like, True),
    "Python": (lambda x: x * random.random(), True),
    "numpy": (lambda x: x * float(np.random.rand()), True),
    "numpy, of its own": (lambda x: x * float(np.random.default_rng(0).random()), False),
}


@pytest.mark.parametrize("who", DRAWS)
def test_whether_forward_drew_is_told(who):
    function, draws = DRAWS[who]
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout())
    model.register_forward_hook(lambda module, args, out: function(out))
    with unchanged(model, mode="eval", seed=0) as traces:
        capture_forward(model, (torch.ones(2, 4),), {})
    assert traces.drew is draws


class Watched(nn.Module):
    """Tells which of its activations are still alive."""

    def __init__(self, *, raises=False):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.made = []
        self.raises = raises

    def forward(self, x):
        for _ in range(3):
            x = self.fc(x) + 1
            self.made.append(weakref.ref(x))
        if self.raises:
            raise ValueError("at the end")
        return x


@pytest.mark.parametrize("raises", [False, True])
def test_no_activation_is_alive_but_the_outputs(raises):
    model = Watched(raises=raises)
    gc.disable()  # what lives in a cycle would be alive until some later collection
    try:
        captured = capture_forward(model, (torch.randn(2, 4),), {})
        alive = [made() for made in model.made if made() is not None]
    finally:
        gc.enable()
    assert len(model.made) == 3
    kept = [output.tensor.data_ptr() for output in captured.outputs]
    assert {tensor.data_ptr() for tensor in alive} <= set(kept)
    assert len(kept) == (0 if raises else 1)


def test_no_hook_and_no_mode_is_left():
    model = models.Attention().eval()
    capture_forward(model, (torch.randn(1, 3, 8), torch.zeros(1, 3, dtype=torch.bool)), {})
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert not any(module._forward_hooks_always_called for module in model.modules())
    assert torch._C._len_torch_function_stack() == 0
    assert torch.is_grad_enabled()


def test_a_mode_of_the_callers_own_still_holds_within_and_after():
    with torch.device("meta"):
        captured = capture_forward(nn.Sequential(nn.Linear(2, 2), nn.ReLU()).eval(), (torch.randn(1, 2),), {})
        assert torch.empty(1).is_meta
        assert torch._C._len_torch_function_stack() == 1
    assert captured.failure is None
    assert captured.outputs[0].tensor.is_meta
    assert all(node.statistics is None for node in captured.graph.nodes)


def test_a_compiled_model_runs_eagerly_and_says_so():
    model = torch.compile(models.Shared().eval(), backend="eager")
    x = torch.randn(2, 4)
    captured = capture_forward(model, (x,), {})
    assert captured.failure is None, captured.failure.traceback
    with torch.no_grad():
        assert torch.equal(captured.outputs[0].tensor, model._orig_mod(x))
    assert captured.graph.notes == (COMPILE_NOTE,)


class CallsCompiled(nn.Module):
    """Calls a function that torch.compile wraps, as libraries do: no module tells of it."""

    def __init__(self):
        super().__init__()
        self.layer, self.compilations = nn.Linear(4, 4), []

        def backend(graph, _examples):
            self.compilations.append(graph)
            return graph.forward

        self.gate = torch.compile(lambda x, y: torch.sigmoid(x) * y, backend=backend)

    def forward(self, x):
        return self.gate(self.layer(x), x)


def test_a_compiled_function_runs_as_it_was_written_and_nothing_is_compiled():
    model = CallsCompiled().eval()
    x = torch.randn(2, 4)
    captured = capture_forward(model, (x,), {})
    assert captured.failure is None, captured.failure.traceback
    assert [node.op for node in captured.graph.nodes] == ["input", "Linear", "sigmoid", "mul", "output"]
    with unchanged(model, mode="eval", seed=0), torch.no_grad():
        assert torch.equal(captured.outputs[0].tensor, model(x))
    assert model.compilations == []
    with torch.no_grad():
        model(x)
    assert len(model.compilations) == 1  # outside, it is compiled as before


@pytest.mark.filterwarnings("ignore:Complex modules are a new feature")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.complex64])
def test_models_of_any_dtype_are_captured(dtype):
    model = nn.Sequential(nn.Linear(4, 4), nn.Flatten()).to(dtype)
    captured = capture_forward(model, (torch.randn(2, 4).to(dtype),), {})
    assert captured.failure is None
    assert {spec.dtype for node in captured.graph.nodes for spec in node.outputs} == {str(dtype).removeprefix("torch.")}


class CopiesALayer(nn.Module):
    """Runs a copy that it makes of its layer while it is observed."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.made = None

    def forward(self, x):
        self.made = copy.deepcopy(self.layer)
        self.made.weight.fill_(0.0)
        return self.layer(x) + self.made(x)


def test_a_module_copied_during_forward_runs_on_its_own_weights_and_is_not_observed_later():
    model = CopiesALayer().eval()
    x = torch.randn(2, 3)
    captured = capture_forward(model, (x,), {})
    assert torch.equal(captured.outputs[0].tensor, model.layer(x) + model.layer.bias)
    assert [vars(module).get("_compiled_call_impl") for module in model.modules()] == [None] * 3


def test_what_runs_in_place_of_a_modules_call_is_put_back():
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())

    def stand_in(*args):
        return model[0]._call_impl(*args)

    model[0]._compiled_call_impl = stand_in
    captured = capture_forward(model, (torch.randn(1, 3),), {})
    assert [node.op for node in captured.graph.nodes if node.kind == "module"] == ["Linear", "ReLU"]
    assert model[0]._compiled_call_impl is stand_in
    assert "_compiled_call_impl" not in vars(model[1])


def test_a_model_that_refuses_to_be_put_into_a_mode_is_put_into_it_all_the_same():
    class Refuses(nn.Sequential):
        def train(self, mode=True):
            raise RuntimeError("this model is for inference")

    model = Refuses(nn.Dropout(0.5))
    with unchanged(model, mode="eval", seed=0):
        assert torch.equal(model(torch.ones(8)), torch.ones(8))
    assert model.training
    assert model[0].training
