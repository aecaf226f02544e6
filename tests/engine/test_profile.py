"""Times and memory of a forward's nodes, against models whose figures are known."""

import sys
import threading
import time

import capture_models as models
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from inspector.engine.capture import CaptureOptions, capture_forward
from inspector.engine.errors import Cancelled, EngineError
from inspector.engine.loading import Loaded
from inspector.engine.profile import profile_forward
from inspector.protocol.events import Progressed
from inspector.protocol.files import ModelInfo
from inspector.protocol.inputs import NamedInput, RandomInput
from inspector.protocol.requests import ProfileForward


def profile(model, *shape, between_steps=lambda: None, told=None, **changes):
    info = ModelInfo(format="module", class_name="Net", num_params=0, size_bytes=0)
    loaded = Loaded(module=model, path="", info=info)
    request = ProfileForward(inputs=(NamedInput(source=RandomInput(shape=shape), name=""),), **changes)
    return profile_forward(loaded, (), request, told.append if told is not None else lambda _event: None, between_steps)


class Sleepy(nn.Module):
    """Sleeps in its own forward, outside of any operation."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x):
        time.sleep(0.05)
        return self.inner(x)


def test_a_module_that_sleeps_in_its_forward_takes_the_time_and_its_operations_do_not():
    told = profile(nn.Sequential(nn.Linear(4, 4), Sleepy(), nn.ReLU()), 2, 4, runs=3, warm_up=1)
    whole, sleepy = told.group_s
    assert sleepy >= 0.05
    assert whole >= sleepy
    nodes = [node.elapsed_s for node in told.nodes if node.elapsed_s is not None]
    assert sum(nodes) < sleepy
    assert sum(nodes) <= told.observed_s
    assert whole <= told.observed_s


def test_memory_in_use_is_the_sum_of_the_tensors_that_live():
    model = nn.Sequential(nn.Linear(256, 1024), nn.ReLU(), nn.Linear(1024, 10))
    told = profile(model, 64, 256, runs=1, warm_up=0)
    given, wide, last = 64 * 256 * 4, 64 * 1024 * 4, 64 * 10 * 4
    # Sequential lets go of an intermediate when the next one is there; the input is the caller's
    assert [node.peak_bytes for node in told.nodes] == [
        None,
        given + wide,
        given + 2 * wide,
        given + wide + last,
        None,
    ]
    assert told.peak_bytes == given + 2 * wide


def test_fastest_median_and_slowest_are_in_order_and_the_plain_run_stands_beside_them():
    told = profile(models.resnet(models.BasicBlock, (1, 1, 1, 1)), 1, 3, 32, 32, runs=3, warm_up=1)
    assert told.runs == 3
    assert told.warm_up == 1
    for node in told.nodes:
        if node.elapsed_s is not None:
            assert 0 <= node.fastest_s <= node.elapsed_s <= node.slowest_s
    assert told.plain_fastest_s <= told.plain_s <= told.plain_slowest_s


def test_profiling_leaves_buffers_flags_and_random_states_as_they_were():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.5)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random = torch.get_rng_state()
    profile(model, 8, 4, runs=2, warm_up=1, mode="train")
    assert not model.training
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_profiling_says_how_far_it_is_and_stops_between_runs():
    told = []
    profile(nn.Linear(4, 4), 2, 4, runs=2, warm_up=1, told=told)
    assert [(event.what, event.done, event.total) for event in told if isinstance(event, Progressed)] == [
        ("Warming up", 0, 4),
        ("Timing", 1, 4),
        ("Timing", 2, 4),
        ("Watching the memory", 3, 4),
    ]
    steps = []

    def stop():
        steps.append(1)
        if len(steps) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        profile(nn.Linear(4, 4), 2, 4, between_steps=stop)


def test_a_forward_that_fails_is_told_with_its_place():
    with pytest.raises(EngineError, match="failed at 1"):
        profile(nn.Sequential(nn.Linear(4, 5), nn.Linear(4, 5)), 2, 4)


@pytest.mark.filterwarnings("ignore:`torch.jit.trace:DeprecationWarning")
def test_scripted_models_are_profiled_too():
    told = profile(torch.jit.trace(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), torch.ones(2, 4)), 2, 4, runs=2)
    assert [node.op for node in told.nodes if node.elapsed_s is not None] == ["Linear", "ReLU"]


class Tied(nn.Module):
    """An embedding whose weight is the head's, and a layer that is called twice."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 6)
        self.twice = nn.Linear(6, 6)
        self.head = nn.Linear(6, 10)
        self.head.weight = self.embed.weight
        self.twice.weight.requires_grad_(False)

    def forward(self, x):
        return self.head(self.twice(self.twice(self.embed(x))))


def test_shared_parameters_are_counted_once_and_frozen_ones_are_told():
    model = Tied()
    graph = capture_forward(model, (torch.zeros(1, 3, dtype=torch.long),), {}).graph
    nodes = [node for node in graph.nodes if node.kind == "module"]
    assert [node.num_params for node in nodes] == [60, 42, 42, 70]
    assert [node.num_shared for node in nodes] == [0, 0, 42, 60]
    assert [node.num_trainable for node in nodes] == [60, 6, 6, 70]
    total = sum(node.num_params - node.num_shared for node in graph.nodes)
    assert total == sum(parameter.numel() for parameter in model.parameters())
    assert {node.device for node in graph.nodes} == {"cpu"}


@pytest.mark.parametrize("make", [lambda: models.resnet(models.BasicBlock, (1, 1, 1, 1)), models.alexnet])
def test_macs_are_half_of_what_torchs_own_flop_counter_counts(make):
    with torch.device("meta"):
        model, x = make().eval(), torch.empty(1, 3, 224, 224)
    graph = capture_forward(model, (x,), {}, options=CaptureOptions(statistics=False)).graph
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(x)
    assert 2 * sum(node.macs for node in graph.nodes) == counter.get_total_flops()


def test_the_profilers_own_lines_stay_out_of_the_log_and_others_do_not(capfd):
    class Prints(nn.Module):
        def forward(self, x):
            print("from the model", file=sys.stderr, flush=True)  # noqa: T201
            return x * 2

    work = threading.Thread(target=lambda: profile(Prints(), 2, 4, runs=1, warm_up=0))
    work.start()
    work.join()
    assert capfd.readouterr().err.splitlines() == ["from the model"] * 3


def test_a_run_that_took_another_way_is_told_and_not_counted():
    calls = []

    class Straying(nn.Module):
        """Takes another way the fourth time, which is the second that is observed."""

        def forward(self, x):
            calls.append(x)
            return (x * 2 + 1) if len(calls) == 4 else x * 2

    told = profile(Straying(), 2, 4, runs=3, warm_up=0)
    assert told.runs == 2
    assert told.notes == ("Not counted: 1 run that took another way through the model.",)
