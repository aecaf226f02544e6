"""Every parameter's gradient is that of loss.backward() in plain torch, on models written in many ways."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn
from torch.utils.checkpoint import checkpoint

from inspector.engine.gradients.tracing import flow_through
from inspector.protocol.requests import TraceGradients


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.inner = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = F.relu(self.norm(self.stem(x)), inplace=True)
        y = self.inner(x)
        y += x
        return self.head(y.mean((2, 3)))


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 6)
        self.lstm = nn.LSTM(6, 8, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, 5)

    def forward(self, words):
        return self.head(self.lstm(self.embed(words.long().abs() % 20))[0])


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 6)
        self.scale = nn.Parameter(torch.ones(6))
        self.head = nn.Linear(6, 10)
        self.head.weight = self.embed.weight

    def forward(self, x):
        return self.head(self.embed(x.long().abs() % 10) * self.scale)[:, 0]


class Checkpointed(nn.Module):
    def __init__(self, *, reentrant):
        super().__init__()
        self.first = nn.Linear(10, 8)
        self.second = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Identity(), nn.Dropout(0.5))
        self.head = nn.Linear(8, 3)
        self.reentrant = reentrant

    def forward(self, x):
        return self.head(checkpoint(self.second, self.first(x), use_reentrant=self.reentrant))


class StraightThrough(nn.Module):
    """round on the way forth, as if it were not there on the way back."""

    class Round(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return torch.round(x * 4) / 4

        @staticmethod
        def backward(ctx, gradient):
            return gradient

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(10, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.Round.apply(self.first(x)))


class ThroughADict(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(10, 3)
        self.other = nn.Linear(10, 2)

    def forward(self, x):
        return {"hidden": self.other(x).detach(), "logits": self.first(x)}


def encoder():
    return nn.Sequential(
        nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False),
        nn.Flatten(),
        nn.Linear(40, 4),
    )


MODELS = {
    "convolutions": (Residual, (2, 3, 8, 8), lambda out: out),
    "lstm": (Tagger, (2, 5), lambda out: out.reshape(-1, 5)),
    "tied weights": (Tied, (4, 2), lambda out: out),
    "attention": (encoder, (2, 5, 8), lambda out: out),
    "checkpoint": (lambda: Checkpointed(reentrant=False), (2, 10), lambda out: out),
    "old checkpoint": (lambda: Checkpointed(reentrant=True), (2, 10), lambda out: out),
    "a function of its own": (StraightThrough, (4, 10), lambda out: out),
    "dict": (ThroughADict, (4, 10), lambda out: out["logits"]),
    "scripted": (lambda: torch.jit.script(nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 3))), (4, 10), None),
    "weight norm": (
        lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(10, 3))),
        (4, 10),
        lambda out: out,
    ),
}


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_those_of_backward_in_plain_torch(name: str, mode: str) -> None:
    make, shape, logits_of = MODELS[name]
    torch.manual_seed(0)
    model = make()
    x = torch.randn(shape) * 3
    flow = flow_through(model, (x,), {}, TraceGradients(loss="cross_entropy", mode=mode, seed=5))

    torch.manual_seed(0)
    plain = make().train(mode == "train")
    torch.manual_seed(5)
    logits = (logits_of or (lambda out: out))(plain(x.clone()))
    loss = F.cross_entropy(logits, logits.detach().argmin(1))
    loss.backward()

    assert flow.loss_value == pytest.approx(float(loss.detach()), rel=1e-6)
    wanted = {fqn: parameter.grad for fqn, parameter in plain.named_parameters()}
    assert [row.fqn for row in flow.parameters] == list(wanted)
    for row in flow.parameters:
        gradient = wanted[row.fqn]
        if gradient is None:
            assert row.norm is None
            assert row.reached == "unused"
            continue
        assert row.norm == pytest.approx(float(gradient.double().norm()), rel=1e-5, abs=1e-9), row.fqn
        assert row.max_abs == pytest.approx(float(gradient.abs().max()), rel=1e-5, abs=1e-9)
        assert row.zeros == pytest.approx(float((gradient == 0).double().mean()))
        assert row.reached == "reached"
    assert not flow.stops
    assert not [finding for finding in flow.findings if finding.severity != "note"]
    norms = [float(gradient.double().norm()) for gradient in wanted.values() if gradient is not None]
    assert flow.total_norm == pytest.approx(sum(norm**2 for norm in norms) ** 0.5, rel=1e-5)


def test_the_gradient_by_each_node_is_that_of_its_tensor() -> None:
    torch.manual_seed(0)
    first, second = nn.Linear(6, 5), nn.Linear(5, 3)
    model = nn.Sequential(first, nn.Tanh(), second)
    x = torch.randn(4, 6)
    flow = flow_through(model, (x,), {}, TraceGradients(loss="mse"))
    a = first(x)
    b = torch.tanh(a)
    c = second(b)
    for tensor in (a, b, c):
        tensor.retain_grad()
    F.mse_loss(c, torch.zeros_like(c)).backward()
    told = {node.fqn: node.norm for node in flow.nodes if node.fqn in ("0", "1", "2")}
    assert told == {
        fqn: pytest.approx(float(tensor.grad.norm()), rel=1e-6) for fqn, tensor in (("0", a), ("1", b), ("2", c))
    }


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_frozen_program_has_nothing_to_train_and_says_why() -> None:
    frozen = torch.jit.freeze(torch.jit.script(nn.Sequential(nn.Linear(10, 3))).eval())
    flow = flow_through(frozen, (torch.randn(2, 10),), {}, TraceGradients(loss="cross_entropy"))
    assert flow.sentence == "The model has no parameters: there is nothing to train."
    assert flow.notes[0].startswith("torch.jit.freeze made constants of its weights")
