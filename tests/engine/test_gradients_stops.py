"""Where a gradient stops or is exactly zero: the operation and the parameters that it costs are named."""

import traceback

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn
from torch.utils.checkpoint import checkpoint

from inspector.engine.errors import Cancelled, EngineError
from inspector.engine.gradients.tracing import flow_through, trace_gradients
from inspector.protocol.gradients import GradientFlow, OutputTransform
from inspector.protocol.requests import TraceGradients

BEFORE = ("first.weight", "first.bias")
ALL = (*BEFORE, "last.weight", "last.bias")


class Between(nn.Module):
    """Two layers with something between them that spoils the gradient of the first."""

    def __init__(self, spoil):
        super().__init__()
        self.first = nn.Linear(10, 6)
        self.last = nn.Linear(6, 3)
        self.spoil = spoil

    def forward(self, x):
        return self.last(self.spoil(self.first(x)))


class Behind(Between):
    """The same with the operation last."""

    def forward(self, x):
        return self.spoil(self.last(self.first(x)))


def without_gradients(x):
    with torch.no_grad():
        return torch.relu(x) * 2


STOPS = {
    "gt": lambda x: (torch.sigmoid(x) > 0.5).float(),
    "ge": lambda x: x.ge(0).to(x.dtype),
    "eq": lambda x: (x == 0).float() + 1,
    "argmax": lambda x: F.one_hot(x.argmax(1), x.shape[1]).float(),
    "argsort": lambda x: x.argsort(1).float(),
    "detach": lambda x: torch.tanh(x.detach()),
    "detach_": lambda x: (x * 1).detach_(),
    "data": lambda x: x.data * 2,
    "long": lambda x: (x * 10).long().float(),
    "to": lambda x: x.to(torch.int32).float(),
    "relu": without_gradients,
    "item": lambda x: torch.full_like(x.new_zeros(x.shape), x.sum().item()),
    "tolist": lambda x: torch.tensor(x.tolist()),
}
ZEROS = {
    "round": lambda x: torch.round(x * 3),
    "sign": torch.sign,
    "floor": lambda x: x.floor(),
    "ceil": torch.ceil,
    "trunc": torch.trunc,
}
BY_VALUES = {
    "relu": lambda x: torch.relu(x - 1000),
    "clamp": lambda x: (x + 1000).clamp(-1, 1),
    "threshold": lambda x: F.threshold(x, 1000.0, 1.0),
    "hardtanh": lambda x: F.hardtanh(x + 1000),
    "sigmoid": lambda x: torch.sigmoid(x + 1000),
    "tanh": lambda x: torch.tanh(x + 1000),
}


def traced(module: nn.Module, *, shape: tuple[int, ...] = (4, 10), **request: object) -> GradientFlow:
    torch.manual_seed(1)
    return flow_through(module, (torch.randn(shape),), {}, TraceGradients(**request))  # type: ignore[arg-type]


def only_stop(flow: GradientFlow):
    (stop,) = flow.stops
    return stop


@pytest.mark.parametrize("name", STOPS)
def test_an_operation_that_gives_no_gradient_is_named_with_what_it_cuts_off(name: str) -> None:
    flow = traced(Between(STOPS[name]))
    stop = only_stop(flow)
    assert (stop.kind, stop.op) == ("stops", name)
    assert stop.parameters == BEFORE
    assert {row.fqn: row.reached for row in flow.parameters} == dict.fromkeys(BEFORE, "cut off") | {
        "last.weight": "reached",
        "last.bias": "reached",
    }
    assert stop.source_line.startswith("test_gradients_stops.py:")
    (finding,) = [finding for finding in flow.findings if finding.severity != "note"]
    assert finding.rule == "gradient_stops"
    assert finding.severity == "warning"
    assert finding.node == stop.node
    assert name in flow.sentence
    assert "2 of 4" in flow.sentence


@pytest.mark.parametrize("name", STOPS)
def test_at_the_end_it_cuts_off_all(name: str) -> None:
    flow = traced(Behind(STOPS[name]))
    assert only_stop(flow).op == name
    assert only_stop(flow).parameters == ALL
    assert flow.total_norm is None
    (finding,) = [finding for finding in flow.findings if finding.severity == "error"]
    assert finding.rule == "gradient_stops"
    assert flow.loss_value is not None or flow.problem


def test_a_round_trip_through_numpy_is_named_with_the_detach_before_it() -> None:
    stop = only_stop(traced(Between(lambda x: torch.from_numpy(x.detach().numpy() * 2))))
    assert stop.op == "detach"
    assert "numpy()" in stop.message
    assert stop.parameters == BEFORE


@pytest.mark.parametrize("name", ZEROS)
def test_a_step_function_gives_zero_everywhere(name: str) -> None:
    flow = traced(Between(ZEROS[name]))
    stop = only_stop(flow)
    assert (stop.kind, stop.op, stop.by_values) == ("zero", name, False)
    assert stop.parameters == BEFORE
    assert [row.norm for row in flow.parameters[:2]] == [0.0, 0.0]
    assert [row.zeros for row in flow.parameters[:2]] == [1.0, 1.0]
    assert "exactly zero" in flow.sentence


@pytest.mark.parametrize("name", BY_VALUES)
def test_what_passes_nothing_at_these_values_says_so(name: str) -> None:
    flow = traced(Between(BY_VALUES[name]))
    stop = flow.stops[-1]
    assert (stop.kind, stop.op, stop.by_values) == ("zero", name, True)
    assert set(stop.parameters) == set(BEFORE)
    assert "another input" in [f for f in flow.findings if f.rule == "gradient_zero"][-1].fix


def test_a_dead_relu_as_a_module_is_named_by_its_place() -> None:
    model = nn.Sequential(nn.Linear(10, 6), nn.ReLU(), nn.Linear(6, 3))
    with torch.no_grad():
        model[0].bias -= 1000
    flow = traced(model)
    by_op = {stop.op: stop for stop in flow.stops}
    assert by_op["ReLU"].fqn == "1"
    assert set(by_op["ReLU"].parameters) == {"0.weight", "0.bias"}
    assert by_op["Linear"].parameters == ("2.weight",)
    assert "all zero" in by_op["Linear"].message


def test_a_layer_under_no_grad_is_cut_off_and_one_that_is_frozen_is_frozen() -> None:
    class Backbone(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Sequential(nn.Linear(10, 6), nn.ReLU(), nn.Linear(6, 6))
            self.last = nn.Linear(6, 3)

        def forward(self, x):
            with torch.no_grad():
                x = self.first(x)
            return self.last(x)

    flow = traced(Backbone())
    stop = only_stop(flow)
    assert (stop.op, stop.fqn) == ("Linear", "first.2")
    assert "no_grad" in stop.message
    assert set(stop.parameters) == {"first.0.weight", "first.0.bias", "first.2.weight", "first.2.bias"}

    frozen = nn.Sequential(nn.Linear(10, 6), nn.ReLU(), nn.Linear(6, 3))
    frozen[0].requires_grad_(False)
    flow = traced(frozen)
    assert [row.reached for row in flow.parameters] == ["frozen", "frozen", "reached", "reached"]
    assert not flow.stops
    assert not flow.findings
    assert "2 are frozen" in flow.sentence


def test_inference_mode_in_forward_is_told() -> None:
    class Inference(Between):
        @torch.inference_mode()
        def forward(self, x):
            return self.last(self.first(x))

    flow = traced(Inference(None))
    assert "inference mode" in flow.stops[0].message
    assert {row.reached for row in flow.parameters} == {"cut off"}


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad:UserWarning")
def test_an_old_checkpoint_on_the_input_itself_cuts_its_layers_off() -> None:
    class Checkpointed(Between):
        def forward(self, x):
            return self.last(checkpoint(self.first, x, use_reentrant=True))

    flow = traced(Checkpointed(None))
    assert only_stop(flow).parameters == BEFORE
    assert "use_reentrant=False" in flow.findings[0].fix


def test_a_parameter_that_nothing_uses_is_unused_and_not_cut_off() -> None:
    class Extra(Between):
        def __init__(self):
            super().__init__(None)
            self.other = nn.Linear(10, 2)

        def forward(self, x):
            self.other(x)
            return self.last(self.first(x))

    flow = traced(Extra())
    assert [row.reached for row in flow.parameters if row.fqn.startswith("other")] == ["unused", "unused"]
    assert not flow.findings
    assert "other.weight" in flow.notes[0]


def test_overwriting_in_place_what_the_way_back_needs_is_named() -> None:
    def overwrite(x):
        y = torch.sigmoid(x)
        y += 1
        return y

    flow = traced(Between(overwrite))
    assert "backward fails" in flow.sentence
    assert flow.stops[0].op == "sigmoid"
    (finding,) = [finding for finding in flow.findings if finding.severity == "error"]
    assert finding.rule == "backward_fails"
    assert "in place" in finding.message


def test_a_weight_changed_in_place_fails_with_gradients_alone_and_says_so() -> None:
    class Written(Between):
        def forward(self, x):
            self.last.bias.add_(0.0)
            return self.last(self.first(x))

    flow = traced(Written(None))
    (finding,) = flow.findings
    assert finding.rule == "forward_fails_with_gradients"
    assert "in-place" in flow.problem


def test_weights_that_start_at_zero_are_no_fault() -> None:
    class ZeroStart(Between):
        def __init__(self):
            super().__init__(None)
            self.gate = nn.Parameter(torch.zeros(6))
            self.skip = nn.Linear(10, 6)

        def forward(self, x):
            return self.last(self.first(x) * self.gate + self.skip(x))

    flow = traced(ZeroStart())
    assert {row.fqn for row in flow.parameters if row.reached == "zero"} == set(BEFORE)
    assert not [finding for finding in flow.findings if finding.severity != "note"]


def test_nan_behind_a_finite_loss_is_found_where_it_begins() -> None:
    flow = traced(Between(lambda x: torch.sqrt(torch.square(x * 0))), loss="mse")
    (finding,) = [finding for finding in flow.findings if finding.rule == "gradient_not_finite"]
    assert finding.node is not None
    assert flow.nodes[finding.node].op in ("sqrt", "square")


@pytest.mark.parametrize(
    ("transform", "op"),
    [(OutputTransform(kind="threshold"), "gt"), (OutputTransform(kind="argmax"), "argmax")],
)
def test_a_transform_that_stops_it_is_named(transform: OutputTransform, op: str) -> None:
    stop = only_stop(traced(Between(torch.relu), transform=transform, loss="mse"))
    assert (stop.op, stop.where, stop.node, stop.kind) == (op, "transform", None, "stops")
    assert stop.parameters == ALL


def test_a_line_of_code_runs_only_with_consent_and_is_watched_like_a_transform() -> None:
    line = OutputTransform(kind="line", line="y = torch.round(torch.sigmoid(x) * 2)")
    with pytest.raises(EngineError, match="agreed"):
        trace_gradients(None, (), TraceGradients(transform=line), lambda: None)  # type: ignore[arg-type]  # before use
    stop = only_stop(traced(Between(torch.relu), transform=line, run_line=True, loss="mse"))
    assert (stop.op, stop.where, stop.kind) == ("round", "transform", "zero")


@pytest.mark.parametrize(
    "line", ["import os", "y = ", "for i in x: pass", "x.y = 3", "def f(): pass", "a, b = x", "(" * 300]
)
def test_what_is_no_line_is_refused_before_anything_runs(line: str) -> None:
    with pytest.raises(EngineError, match="line"):
        traced(Between(torch.relu), transform=OutputTransform(kind="line", line=line), run_line=True)


def test_a_line_that_fails_says_so() -> None:
    with pytest.raises(EngineError, match="NameError"):
        traced(Between(torch.relu), transform=OutputTransform(kind="line", line="nothing(x)"), run_line=True)
    with pytest.raises(EngineError, match="not a tensor"):
        traced(Between(torch.relu), transform=OutputTransform(kind="line", line="3"), run_line=True)


def test_it_can_be_cancelled_on_the_way_back() -> None:
    asked = iter(range(1000))

    def stop_late() -> None:
        if next(asked) > 3:
            raise Cancelled

    model = nn.Sequential(*(nn.Linear(10, 10) for _ in range(3)))
    with pytest.raises(Cancelled):
        flow_through(model, (torch.randn(2, 10),), {}, TraceGradients(), stop_late)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_line_of_one_s_own_that_is_cancelled_has_not_failed() -> None:
    def in_the_line() -> None:
        if any(frame.filename.endswith("own_line.py") for frame in traceback.extract_stack()):
            raise Cancelled

    request = TraceGradients(transform=OutputTransform(kind="line", line="y = torch.sigmoid(x) * 2"), run_line=True)
    with pytest.raises(Cancelled):
        flow_through(Between(torch.relu), (torch.randn(4, 10),), {}, request, in_the_line)


def test_nothing_is_left_on_what_the_model_holds_without_knowing_it() -> None:
    class Holding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.held = nn.Linear(4, 4), [nn.Linear(4, 2)]
            self.scale = torch.ones(1, requires_grad=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.held[0](self.fc(x) * self.scale)

    model = Holding()
    model.scale.grad = torch.full((1,), 7.0)
    told = flow_through(model, (torch.randn(2, 4),), {}, TraceGradients())
    assert {row.reached for row in told.parameters} == {"reached"}
    assert model.scale.grad.tolist() == [7.0]
    assert not model.scale._backward_hooks
    assert model.held[0].weight.grad is None


def test_nothing_is_left_behind() -> None:
    class Remembers(Between):
        def __init__(self):
            super().__init__(torch.tanh)
            self.norm = nn.BatchNorm1d(6)
            self.drop = nn.Dropout(0.5)
            self.last_seen = torch.zeros(0)

        def forward(self, x):
            self.last_seen = self.norm(self.first(x))
            return self.last(self.drop(self.last_seen))

    model = Remembers()
    model.eval()
    kept = torch.randn_like(model.first.weight)
    model.first.weight.grad = kept
    model.last.bias.requires_grad_(False)
    steps: list[object] = []
    handle = model.first.bias.register_post_accumulate_grad_hook(steps.append)
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(7)
    drawn = torch.rand(3)
    torch.manual_seed(7)
    traced_grad = torch.is_grad_enabled()
    flow = flow_through(model, (torch.ones(4, 10) * torch.arange(4)[:, None],), {}, TraceGradients(mode="train"))
    assert torch.equal(torch.rand(3), drawn)
    assert torch.is_grad_enabled() == traced_grad
    assert {row.fqn: row.reached for row in flow.parameters}["last.bias"] == "frozen"
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert model.first.weight.grad is kept
    assert model.first.bias.grad is None
    assert [p.requires_grad for p in model.last.parameters()] == [True, False]
    assert not any(child.training for child in model.modules())
    assert not steps
    assert model.last_seen.grad_fn is None
    assert not any(child._forward_hooks or "_compiled_call_impl" in vars(child) for child in model.modules())
    handle.remove()


class WritesToTheBase(nn.Module):
    """Its forward writes to what a view was taken of; asking such a view for hooks crashed torch 2.13 itself."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        base = self.fc(x)
        windows = base.as_strided((3, 2, 6), (6, 6, 1))
        base[:2] = torch.ones(2, 6).where(torch.eye(2, 6).bool(), base[:2])
        windows[:, :1] = torch.zeros(3, 1, 6)
        return windows.reshape(3, 12)


def test_views_of_what_is_written_to_are_followed() -> None:
    torch.manual_seed(0)
    model = WritesToTheBase()
    x = torch.randn(4, 6)
    flow = flow_through(model, (x,), {}, TraceGradients(loss="mse"))
    (model(x) ** 2).mean().backward()
    for row, (_name, parameter) in zip(flow.parameters, model.named_parameters(), strict=True):
        assert row.norm == pytest.approx(float(parameter.grad.norm()), rel=1e-5)


class TwoHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.scores, self.box = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        h = torch.relu(self.body(x))
        return {"scores": self.scores(h), "box": self.box(h.detach()), "none": self.box(h)[:0]}


def test_what_another_output_reaches_is_no_fault_of_the_one_that_is_trained() -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 6)
    flow = flow_through(TwoHeads(), (x,), {}, TraceGradients(loss="mse", output=1))
    (finding,) = [finding for finding in flow.findings if finding.rule == "gradient_stops"]
    assert finding.severity == "note"
    assert "other outputs reach them" in finding.message
    with pytest.raises(EngineError, match=r"none\"? \(0, 4\) is empty"):
        flow_through(TwoHeads(), (x,), {}, TraceGradients(loss="mse", output=2))
