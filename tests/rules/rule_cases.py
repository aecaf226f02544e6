"""Every rule with models that have its fault, differently written, and healthy ones that look alike.

Rule → cases. Of a faulty case only its own rule has to speak; a healthy one must get no error and no warning at all,
and not this rule's note either.
"""

import random

import numpy as np
import torch
from rule_models import (
    LOG_SOFTMAX,
    RELU,
    SIGMOID,
    SOFTMAX,
    TANH,
    Call,
    Case,
    Idle,
    Recurrent,
    Remembers,
    Written,
    big_mlp,
    big_trained,
    cnn,
    copied,
    dead,
    filled,
    mlp,
    norms_in_training,
    partly_trained,
    scaled,
    squeezed_twice,
    tied,
    trained,
    ways,
    with_a_fresh_norm,
    with_statistics,
)
from torch import nn
from torch.nn import functional

from inspector.protocol.inputs import RandomInput
from inspector.protocol.outputs import Expectation

ROWS, PICTURES, STEPS = (4, 10), (2, 3, 16, 16), (8, 20, 16)
IDS = RandomInput(shape=(2, 6), dtype="int64", distribution="integers", high=20)


def one_column(function):
    return lambda: nn.Sequential(nn.Linear(10, 1), function)


def one_hot(*row):
    return {"expectation": Expectation(kind="one_hot", values=row, shape=(len(row),))}


def values(shape):
    count = 1
    for size in shape:
        count *= size
    return {"expectation": Expectation(kind="values", values=(0.5,) * count, shape=shape)}


def half_sum(module):
    """float16 weights so large that a sum passes 65,504."""
    return filled(module, lambda m: m[0].weight.fill_(300.0)).half()


HALF_ONES = torch.full((2, 400), 10.0, dtype=torch.float16)


class AlwaysTraining(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(10, 8), nn.Dropout(0.5), nn.Linear(8, 3))

    def train(self, mode=True):
        super().train(mode)
        self[1].training = True
        return self


class FrozenNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.net, self.bn = mlp(), nn.BatchNorm1d(10)

    def forward(self, x):
        return self.net(self.bn.eval()(x))


class Patchwork(nn.Module):
    """Patches of 4×4 of all pictures in one row, each through a Linear, and the mean of each picture's."""

    def __init__(self, *, batch_first):
        super().__init__()
        self.order = (0, 2, 4, 1, 3, 5) if batch_first else (2, 4, 0, 1, 3, 5)
        self.patch, self.head = nn.Linear(48, 8), nn.Linear(8, 5)

    def forward(self, x):
        count, channels, height, width = x.shape
        x = x.reshape(count, channels, height // 4, 4, width // 4, 4).permute(self.order).reshape(-1, 48)
        return self.head(self.patch(x).relu().reshape(count, -1, 8).mean(1))


def by_hand(x):
    shifted = (x - x.max(1, keepdim=True).values).exp()
    return shifted / shifted.sum(dim=-1, keepdim=True)


def through_all(m, x):
    for layer in m.held.values() if isinstance(m.held, dict) else m.held:
        x = layer(x)
    return m.net(x)


def holding(held, *, alone=False):
    """A model that calls what it holds in a plain container."""
    model = Written(through_all, net=nn.Linear(10, 3) if alone else mlp())
    model.held = held
    return model


def _overwrites(m, x):
    y = m.spare(x)
    y = m.fc(x)
    return y  # noqa: RET504 - that the first y is lost is the fault


def _sharing_weight():
    a, b = nn.Linear(10, 10), nn.Linear(10, 10)
    b.weight = a.weight
    return {"a": a, "b": b}


def _fills(m, x):
    out = torch.zeros(x.shape[0], 7)
    out[:, :4] = m.fc(x)
    out[:, 4:] = m.spare(x)
    return out


FAULTY = {
    "missing_batch": [
        Case("conv, then Flatten", lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten()), (3, 9, 9)),
        Case("conv as function", lambda: Call(lambda x: functional.conv2d(x, torch.ones(2, 3, 3, 3))), (3, 9, 9)),
        Case("conv that fails later", cnn, (3, 16, 16)),
        Case("Linear", mlp, (10,)),
        Case("LSTM", lambda: nn.LSTM(16, 4, batch_first=True), (20, 16)),
        Case("conv of a line", lambda: nn.Sequential(nn.Conv1d(2, 4, 3), nn.ReLU()), (2, 30)),
    ],
    "training_mode": [
        Case("Dropout and BatchNorm", norms_in_training, (6, 10), mode="train"),
        Case("BatchNorm alone", lambda: cnn(norm=True), PICTURES, mode="train"),
        Case("Dropout alone", lambda: mlp(nn.Dropout()), ROWS, mode="train"),
        Case(
            "Dropout as function",
            lambda: Written(lambda m, x: functional.dropout(m.net(x), 0.5, m.training), net=mlp()),
            ROWS,
            mode="train",
        ),
        Case(
            "forward puts BatchNorm into train mode",
            lambda: Written(lambda m, x: m.net(m.bn.train()(x)), bn=nn.BatchNorm1d(10), net=mlp()),
            ROWS,
        ),
        Case("train() that always says yes", AlwaysTraining, ROWS),
        Case("Dropout made in forward", lambda: Written(lambda m, x: nn.Dropout()(m.net(x)), net=mlp()), ROWS),
    ],
    "batch_norm_one_item": [
        Case("as module", lambda: cnn(norm=True), (1, 3, 16, 16), mode="train"),
        Case("BatchNorm1d over a line", lambda: nn.Sequential(nn.BatchNorm1d(3)), (1, 3, 16), mode="train"),
        Case(
            "as function",
            lambda: Call(lambda x: functional.batch_norm(x, None, None, training=True)),
            (1, 3, 8, 8),
            mode="train",
        ),
    ],
    "nan_or_inf": [
        Case("log of a negative", lambda: mlp(Call(lambda x: torch.log(-x.abs() - 1))), ROWS),
        Case("division by zero", lambda: mlp(Call(lambda x: x / (x - x))), ROWS),
        Case("0/0 in a normalisation", lambda: mlp(Call(lambda x: (x * 0) / (x * 0).norm(dim=1, keepdim=True))), ROWS),
        Case("square root, not last", lambda: nn.Sequential(Call(torch.sqrt), mlp()), ROWS),
        Case("a weight is NaN", lambda: filled(mlp(), lambda m: m[0].weight[0].fill_(float("nan"))), ROWS),
        Case("overflow of exp", lambda: mlp(Call(lambda x: torch.exp(x * 1e6 + 1e3))), ROWS),
        Case("the input is NaN", mlp, torch.full((2, 10), float("nan"))),
    ],
    "batch_folded": [
        *(
            Case(
                f"{kind.__name__}, {name}",
                lambda kind=kind, fold=fold: Recurrent(kind(16, 12, batch_first=True), fold),
                STEPS,
            )
            for kind in (nn.LSTM, nn.GRU)
            for name, fold in {
                "reshape": lambda x: x.reshape(-1, x.shape[-1]),
                "view": lambda x: x.contiguous().view(-1, 12),
                "flatten": lambda x: torch.flatten(x, 0, 1),
                "Flatten": nn.Flatten(0, 1),
            }.items()
        ),
        Case(
            "batch first taken for time, last step",
            lambda: Recurrent(nn.LSTM(16, 12), lambda x: x[:, -1]),
            STEPS,
        ),
        Case(
            "pictures folded into rows",
            lambda: Written(lambda m, x: m.fc(x.reshape(-1, 16)), fc=nn.Linear(16, 4)),
            PICTURES,
        ),
    ],
    "batch_lost": [
        Case("mean of all", lambda: Written(lambda m, x: m.fc(x).mean(0), fc=nn.Linear(10, 4)), ROWS),
        Case("sum over the batch", lambda: Written(lambda m, x: torch.sum(m.fc(x), dim=0), fc=nn.Linear(10, 4)), ROWS),
        Case("the first item alone", lambda: Written(lambda m, x: m.fc(x)[0], fc=nn.Linear(10, 4)), ROWS),
        Case("maximum over the batch", lambda: mlp(Call(lambda x: x.amax(dim=0))), ROWS),
        Case("squeeze() of one", lambda: mlp(Call(lambda x: x.squeeze())), (1, 10)),
        Case("torch.squeeze of one column", lambda: mlp(Call(torch.squeeze), outputs=1), ROWS),
        Case(
            "squeeze after pooling",
            lambda: Written(
                lambda m, x: m.fc(m.net(x).squeeze()), net=cnn(nn.AdaptiveAvgPool2d(1)), fc=nn.Linear(8, 4)
            ),
            (1, 3, 16, 16),
        ),
    ],
    "batch_moved": [
        Case("transpose at the end", lambda: mlp(Call(lambda x: x.transpose(0, 1))), ROWS),
        Case("x.t()", lambda: Written(lambda m, x: m.fc(x).t(), fc=nn.Linear(10, 4)), ROWS),
        Case("permute(1, 0)", lambda: Written(lambda m, x: torch.permute(m.fc(x), (1, 0)), fc=nn.Linear(10, 4)), ROWS),
        Case("time first on the way out", lambda: mlp(Call(lambda x: x.transpose(0, 1))), (4, 5, 10)),
    ],
    "fixed_batch": [
        Case(
            "view(1, -1)",
            lambda: Written(lambda m, x: m.fc(x.view(1, -1)), fc=nn.Linear(3 * 16 * 16, 4)),
            (1, 3, 16, 16),
        ),
        Case("flatten of everything", lambda: Written(lambda m, x: m.fc(x.flatten()), fc=nn.Linear(10, 4)), (1, 10)),
        Case("batch written out", lambda: Written(lambda m, x: m.fc(x.view(2, 768)), fc=nn.Linear(768, 4)), PICTURES),
        Case(
            "reshape in a Sequential",
            lambda: nn.Sequential(nn.Conv2d(3, 4, 3), Call(lambda x: x.reshape(1, -1)), nn.Linear(4 * 14 * 14, 3)),
            (1, 3, 16, 16),
        ),
        Case(
            "a hidden state of a fixed batch",
            lambda: Written(lambda m, x: m.rnn(x, torch.zeros(1, 8, 6))[0], rnn=nn.GRU(16, 6, batch_first=True)),
            STEPS,
        ),
    ],
    "softmax_axis": [
        Case("nn.Softmax(0), last", lambda: mlp(nn.Softmax(0)), ROWS),
        Case("F.softmax dim=0", lambda: mlp(Call(lambda x: functional.softmax(x, dim=0))), ROWS),
        Case("method", lambda: mlp(Call(lambda x: x.softmax(0))), ROWS),
        Case("one column, module", lambda: mlp(nn.Softmax(1), outputs=1), ROWS),
        Case("one column, function", lambda: mlp(Call(lambda x: torch.softmax(x, -1)), outputs=1), ROWS),
        Case("over the batch, then a scale", lambda: mlp(Call(lambda x: torch.softmax(x, 0) * 5)), ROWS),
        Case(
            "over the batch, not last", lambda: nn.Sequential(nn.Linear(10, 16), nn.Softmax(0), nn.Linear(16, 3)), ROWS
        ),
        Case("log_softmax over the batch", lambda: nn.Sequential(mlp(nn.LogSoftmax(0)), nn.Tanh()), ROWS),
    ],
    "softmax_after_sigmoid": [
        *squeezed_twice(),
        Case("log-softmax of softmax", lambda: nn.Sequential(mlp(nn.Softmax(1)), nn.LogSoftmax(1)), ROWS),
        Case(
            "its own loss of probabilities",
            lambda: Written(lambda m, x: -functional.log_softmax(m.net(x).softmax(1), 1), net=mlp()),
            ROWS,
        ),
        Case("log of softmax of softmax", lambda: mlp(Call(lambda x: x.softmax(1).softmax(1).log())), ROWS),
        Case("sigmoid twice", lambda: nn.Sequential(nn.Linear(10, 1), nn.Sigmoid(), nn.Sigmoid()), ROWS),
    ],
    "double_softmax_head": [
        *ways(SOFTMAX),
        Case("by hand", lambda: mlp(Call(lambda x: x.exp() / x.exp().sum(1, keepdim=True))), ROWS),
        Case("by hand, shifted", lambda: mlp(Call(by_hand)), ROWS),
        Case(
            "after a conv head",
            lambda: cnn(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4), nn.Softmax(1)),
            PICTURES,
        ),
        Case(
            "after an LSTM",
            lambda: nn.Sequential(Recurrent(nn.LSTM(16, 12, batch_first=True), lambda x: x[:, -1]), nn.Softmax(1)),
            STEPS,
        ),
    ],
    "log_softmax_head": ways(LOG_SOFTMAX),
    "sigmoid_head": [
        *ways(SIGMOID),
        *ways(SIGMOID, make=lambda end=None: mlp(end, outputs=1)),
    ],
    "single_output_regression": [
        Case("Linear alone", lambda: nn.Linear(10, 1), ROWS),
        Case("in Sequential", lambda: mlp(outputs=1), ROWS),
        Case(
            "as function",
            lambda: Written(lambda m, x: functional.linear(x, m.w), w=nn.Parameter(torch.ones(1, 10))),
            ROWS,
        ),
        Case("then Dropout", lambda: mlp(nn.Dropout(), outputs=1), ROWS),
    ],
    "output_count": [
        Case("fewer names", mlp, ROWS, known={"class_names": ("cat", "dog")}),
        Case("more names", mlp, ROWS, known={"class_names": tuple("abcde")}),
        Case("names and one column", lambda: mlp(outputs=1), ROWS, known={"class_names": tuple("abc")}),
        Case("one-hot of another length", mlp, ROWS, known=one_hot(0, 1)),
        Case("a class beyond", mlp, ROWS, known={"expectation": Expectation(kind="class", values=(3.0,), shape=())}),
        Case("a target that broadcasts", lambda: mlp(outputs=1), ROWS, known=values((4,))),
    ],
    "batch_mixed": [
        Case("patches joined ahead of the batch", lambda: Patchwork(batch_first=False), PICTURES),
        *(
            Case(
                f"{layer.__class__.__name__} takes the batch for time",
                lambda layer=layer: Recurrent(layer, lambda x: x[:, -1]),
                (4, 6, 12),
            )
            for layer in (nn.LSTM(12, 12), nn.GRU(12, 12), nn.RNN(12, 12), nn.MultiheadAttention(12, 2))
        ),
        Case(
            "norm over the batch in eval",
            lambda: Call(lambda x: functional.batch_norm(x, None, None, training=True)),
            (6, 10),
        ),
        Case(
            "BatchNorm without statistics",
            lambda: nn.Sequential(nn.Linear(10, 6), nn.BatchNorm1d(6, track_running_stats=False), nn.Linear(6, 3)),
            (6, 10),
        ),
        Case("the mean of the batch taken away", lambda: nn.Sequential(Call(lambda x: x - x.mean(0)), mlp()), (6, 10)),
        Case("scaled by the batch", lambda: nn.Sequential(Call(lambda x: (x - x.mean()) / x.std()), mlp()), (6, 10)),
    ],
    "silent_broadcast": [
        *(
            Case(name, lambda join=join: Written(lambda m, x: join(m.fc(x), x.sum(1)), fc=nn.Linear(8, 1)), (5, 8))
            for name, join in {
                "operator": lambda a, b: a + b,
                "product": lambda a, b: a * b,
                "torch.sub": torch.sub,
                "method": lambda a, b: a.div(b),
                "in place on the larger": lambda a, b: a.expand(5, 5).clone().add_(b),
                "squeezed, and one that was not": lambda a, b: a.squeeze(1) - b.unsqueeze(1),
            }.items()
            if name != "in place on the larger"
        ),
    ],
    "random_in_eval": [
        Case("F.dropout", lambda: mlp(Call(lambda x: functional.dropout(x, 0.5))), ROWS),
        Case(
            "torch.dropout, not last", lambda: nn.Sequential(Call(lambda x: torch.dropout(x, 0.5, True)), mlp()), ROWS
        ),
        Case("noise", lambda: mlp(Call(lambda x: x + torch.randn_like(x))), ROWS),
        Case("a mask drawn", lambda: mlp(Call(lambda x: x * torch.bernoulli(torch.full_like(x, 0.5)))), ROWS),
        Case("rand", lambda: mlp(Call(lambda x: x * torch.rand(x.shape))), ROWS),
        Case("Python's random", lambda: mlp(Call(lambda x: x * random.random())), ROWS),
        Case(
            "numpy's, into a tensor",
            lambda: mlp(Call(lambda x: x + torch.from_numpy(np.random.rand(3)).float())),
            ROWS,
        ),
    ],
    "state_kept": [
        Case("hidden state", lambda: Remembers(lambda m, x: m.hidden(x)), (4, 5, 16)),
        Case(
            "hidden state, in Sequential", lambda: nn.Sequential(Remembers(lambda m, x: m.hidden(x)), mlp()), (4, 5, 16)
        ),
        Case("a mean that moves", lambda: Remembers(lambda m, x: m.moving(x)), (4, 10)),
        Case("a list that grows", lambda: Remembers(lambda m, x: m.history(x)), (4, 10)),
        Case("a buffer", lambda: Remembers(lambda m, x: m.buffered(x)), (4, 10)),
        Case("a buffer, in place", lambda: Remembers(lambda m, x: m.written(x)), (4, 10)),
        Case("fails the second time", lambda: Remembers(lambda m, x: m.joined(x)), (4, 10)),
    ],
    "constant_output": [
        Case("last weights 0", lambda: filled(mlp(), lambda m: (m[2].weight.zero_(), m[2].bias.zero_())), ROWS),
        Case("first weights 0", lambda: filled(mlp(), lambda m: m[0].weight.zero_()), ROWS),
        Case("a product with 0", lambda: nn.Sequential(Call(lambda x: x * 0), mlp()), ROWS),
        Case("clamped away", lambda: mlp(Call(lambda x: x.clamp(5, 5))), ROWS),
        Case("dead ReLU", lambda: dead(nn.ReLU()), ROWS),
    ],
    "dead_activation": [
        Case("nn.ReLU", lambda: dead(nn.ReLU()), ROWS),
        Case("nn.ReLU in place", lambda: dead(nn.ReLU(inplace=True)), ROWS),
        Case("nn.ReLU6", lambda: dead(nn.ReLU6()), ROWS),
        Case("torch.relu", lambda: dead(Call(torch.relu)), ROWS),
        Case("method", lambda: dead(Call(lambda x: x.relu())), ROWS),
        Case(
            "F.relu in a class",
            lambda: Written(
                lambda m, x: m.b(functional.relu(m.a(x))),
                a=filled(nn.Linear(10, 8), lambda m: m.bias.fill_(-99.0)),
                b=nn.Linear(8, 2),
            ),
            ROWS,
        ),
    ],
    "saturated_activation": [
        Case("nn.Sigmoid", lambda: scaled(nn.Sigmoid()), (32, 10)),
        Case("nn.Tanh", lambda: scaled(nn.Tanh()), (32, 10)),
        Case("torch.sigmoid", lambda: scaled(Call(torch.sigmoid)), (32, 10)),
        Case("method tanh", lambda: scaled(Call(lambda x: x.tanh())), (32, 10)),
        Case("softmax, not last", lambda: scaled(nn.Softmax(1)), (32, 10)),
        Case(
            "attention without a scale",
            lambda: Written(
                lambda m, x: torch.softmax(m.q(x) @ m.q(x).transpose(1, 2), -1) @ x,
                q=filled(nn.Linear(16, 16), lambda m: m.weight.mul_(100)),
            ),
            (2, 20, 16),
        ),
    ],
    "scale_through_depth": [
        *(
            Case(
                f"{word}, {size} layers",
                lambda size=size, factor=factor: filled(
                    nn.Sequential(*(nn.Linear(16, 16, bias=False) for _ in range(size))),
                    lambda m: [layer.weight.mul_(factor) for layer in m],
                ),
                (4, 16),
            )
            for word, size, factor in (
                ("explodes", 8, 1e4),
                ("vanishes", 8, 1e-4),
                ("explodes", 24, 100.0),
                ("vanishes", 40, 0.05),
            )
        ),
        Case(
            "explodes through convolutions",
            lambda: filled(
                nn.Sequential(*(nn.Conv2d(3, 3, 3, padding=1) for _ in range(8))),
                lambda m: [layer.weight.mul_(1e3) for layer in m],
            ),
            PICTURES,
        ),
    ],
    "hard_decision": [
        Case("argmax, method", lambda: mlp(Call(lambda x: x.argmax(1))), ROWS),
        Case("torch.argmax, keepdim", lambda: mlp(Call(lambda x: torch.argmax(x, 1, keepdim=True))), ROWS),
        Case("argmax, as float", lambda: mlp(Call(lambda x: x.argmax(1).float())), ROWS),
        Case("after softmax", lambda: nn.Sequential(mlp(nn.Softmax(1)), Call(lambda x: x.argmax(-1))), ROWS),
        Case("threshold", lambda: nn.Sequential(mlp(nn.Sigmoid()), Call(lambda x: x > 0.5)), ROWS),
        Case("threshold, as float", lambda: mlp(Call(lambda x: (x.sigmoid() >= 0.5).float())), ROWS),
        Case("round", lambda: nn.Sequential(mlp(nn.Sigmoid()), Call(torch.round)), ROWS),
        Case("of each pixel", lambda: nn.Sequential(nn.Conv2d(3, 5, 1), Call(lambda x: x.argmax(1))), PICTURES),
    ],
    "clipped_head": [
        *ways(RELU),
        *ways(TANH),
        Case("ReLU6", lambda: mlp(nn.ReLU6()), ROWS),
        Case("ReLU before sigmoid", lambda: nn.Sequential(nn.Linear(10, 1), nn.ReLU(), nn.Sigmoid()), ROWS),
        Case("ReLU before log-softmax", lambda: mlp(Call(lambda x: x.relu().log_softmax(1))), ROWS),
        Case(
            "ReLU before softmax, as functions",
            lambda: Written(lambda m, x: functional.softmax(functional.relu(m.net(x)), 1), net=mlp()),
            ROWS,
        ),
    ],
    "batch_norm_untrained": [
        Case("the first of two", lambda: with_a_fresh_norm(1), (2, 3, 12, 12)),
        Case("the last of two", lambda: with_a_fresh_norm(4), (2, 3, 12, 12)),
        Case("nested", lambda: nn.Sequential(with_a_fresh_norm(1), nn.Flatten()), (2, 3, 12, 12)),
    ],
    "equal_layers": [
        Case("a deep copy beside it", lambda: copied(1), (2, 16)),
        Case("several", lambda: copied(1, 2, 3), (2, 16)),
        Case(
            "two branches",
            lambda: Written(lambda m, x: m.a(x) + m.b(x), **dict(zip("ab", copied(1)[::2], strict=False))),
            (2, 16),
        ),
    ],
    "half_overflow": [
        Case("sum in half", lambda: half_sum(nn.Sequential(nn.Linear(400, 4))), HALF_ONES),
        Case("square in half", lambda: Call(lambda x: (x * 100) ** 2), HALF_ONES),
        Case("would overflow: exp", lambda: mlp(Call(lambda x: torch.exp(x.abs() + 13).clamp(max=1e6))), ROWS),
        Case("would overflow: squares", lambda: mlp(Call(lambda x: (x * 1000) ** 2 + 70_000)), ROWS),
    ],
    "denormals": [
        Case("weights decayed to nothing", lambda: filled(trained(mlp()), lambda m: m[0].weight.mul_(1e-39)), ROWS),
        Case("half of them", lambda: filled(trained(mlp()), lambda m: m[0].weight[:8].mul_(1e-40)), ROWS),
        Case(
            "a half model",
            lambda: filled(mlp(width=64).half(), lambda m: m[0].weight.mul_(1e-5)),
            torch.ones(2, 10, dtype=torch.float16),
        ),
    ],
    "untrained_weights": [
        Case("Linear layers", big_mlp, (4, 64)),
        Case("convolutions", lambda: nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3)), PICTURES),
        Case("LSTM and Linear", lambda: Recurrent(nn.LSTM(16, 32, batch_first=True), lambda x: x[:, -1], 32), STEPS),
        Case(
            "with norms",
            lambda: nn.Sequential(
                nn.Conv2d(3, 64, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.Conv2d(64, 8, 3), nn.BatchNorm2d(8)
            ),
            PICTURES,
        ),
        Case("first layer left out", lambda: partly_trained(0), (4, 64)),
        Case("middle layer left out", lambda: partly_trained(2), (4, 64)),
        Case("head left out", lambda: partly_trained(4), (4, 64)),
    ],
    "unregistered_layers": [
        Case("in a plain list", lambda: holding([nn.Linear(10, 10), nn.Linear(10, 10)]), ROWS),
        Case("in a dict", lambda: holding({"a": nn.Linear(10, 10)}), ROWS),
        Case("in a tuple", lambda: holding((nn.Linear(10, 10),)), ROWS),
        Case(
            "a frozen teacher, as a note", lambda: holding([nn.Linear(10, 10).requires_grad_(False)], alone=True), ROWS
        ),
        Case("made in forward", lambda: Written(lambda m, x: m.net(nn.Linear(10, 10)(x)), net=mlp()), ROWS),
    ],
    "uncalled_modules": [
        Case("forgotten layer", lambda: Idle(lambda m, x: m.fc(x)), ROWS),
        Case("forgotten block", lambda: Idle(lambda m, x: m.fc(x) + m.spare(x).sum(1, keepdim=True), tail=mlp()), ROWS),
        Case(
            "in a list",
            lambda: Idle(lambda m, x: m.fc(x) + m.spare(x).sum(1, keepdim=True), rest=nn.ModuleList([nn.Linear(2, 2)])),
            ROWS,
        ),
    ],
    "unused_parameters": [
        Case("result thrown away", lambda: Idle(lambda m, x: (m.spare(x), m.fc(x))[1]), ROWS),
        Case("overwritten", lambda: Idle(_overwrites), ROWS),
        Case("times nothing of it", lambda: Idle(lambda m, x: [torch.relu(m.spare(x)).sum(), m.fc(x)][1]), ROWS),
        Case(
            "a parameter beside one that is read",
            lambda: Written(lambda m, x: x * m.a, a=nn.Parameter(torch.ones(10)), b=nn.Parameter(torch.ones(10))),
            ROWS,
        ),
    ],
    "shared_parameters": [
        Case("tied to the embedding", tied, IDS),
        Case(
            "one layer under two names",
            lambda: Written(lambda m, x: m.b(m.a(x)), **dict.fromkeys("ab", nn.Linear(10, 10))),
            ROWS,
        ),
        Case("one weight in two layers", lambda: Written(lambda m, x: m.b(m.a(x)), **_sharing_weight()), ROWS),
    ],
}


def residual(m, x):
    return m.fc(x + m.block(x))


HEALTHY = {
    "missing_batch": [
        Case("a batch of one", cnn, (1, 3, 16, 16)),
        Case("a line with a batch", lambda: nn.Conv1d(2, 4, 3), (1, 2, 30)),
    ],
    "training_mode": [
        Case("eval", norms_in_training, (6, 10)),
        Case("train without either", mlp, ROWS, mode="train"),
        Case("forward puts a BatchNorm into eval mode", FrozenNorm, (6, 10)),
        Case(
            "Dropout of nothing, made in forward",
            lambda: Written(lambda m, x: nn.Dropout(0)(m.net(x)), net=mlp()),
            ROWS,
        ),
        Case("LayerNorm in train", lambda: mlp(nn.LayerNorm(3)), ROWS, mode="train"),
    ],
    "batch_norm_one_item": [
        Case("one in eval", lambda: cnn(norm=True), (1, 3, 16, 16)),
        Case(
            "GroupNorm of one in train",
            lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4)),
            (1, 3, 8, 8),
            mode="train",
        ),
    ],
    "nan_or_inf": [
        Case(
            "−inf in a mask",
            lambda: Written(
                lambda m, x: (
                    m.fc(x).masked_fill(torch.tensor([True, False, False, False]), -torch.inf).softmax(-1) @ m.fc.weight
                ),
                fc=nn.Linear(10, 4),
            ),
            ROWS,
        ),
        Case("log of softplus", lambda: mlp(Call(lambda x: torch.log(functional.softplus(x) + 1e-6))), ROWS),
        Case("nan_to_num", lambda: mlp(Call(lambda x: torch.nan_to_num(torch.log(x)))), ROWS),
    ],
    "batch_folded": [
        Case("last step", lambda: Recurrent(nn.LSTM(16, 12, batch_first=True), lambda x: x[:, -1]), STEPS),
        Case("mean over time", lambda: Recurrent(nn.GRU(16, 12, batch_first=True), lambda x: x.mean(1)), STEPS),
        Case(
            "folded and unfolded",
            lambda: Written(lambda m, x: m.fc(x.reshape(-1, 16)).view(x.shape[0], x.shape[1], -1), fc=nn.Linear(16, 4)),
            STEPS,
        ),
        Case("every step", lambda: Recurrent(nn.LSTM(16, 12, batch_first=True), lambda x: x), STEPS),
        Case("time first, last step", lambda: Recurrent(nn.LSTM(16, 12), lambda x: x[-1]), (20, 8, 16)),
    ],
    "batch_lost": [
        Case("mean over channels", lambda: cnn(Call(lambda x: x.mean((2, 3)))), PICTURES),
        Case("squeeze of one axis", lambda: mlp(Call(lambda x: x.squeeze(-1)), outputs=1), ROWS),
        Case("first token", lambda: Recurrent(nn.GRU(16, 12, batch_first=True), lambda x: x[:, 0]), STEPS),
    ],
    "batch_moved": [
        Case("turned back", lambda: mlp(Call(lambda x: x.transpose(0, 1).relu().transpose(0, 1))), (4, 5, 10)),
        Case("two other axes", lambda: mlp(Call(lambda x: x.transpose(1, 2))), (4, 5, 10)),
        Case("time first inside", lambda: mlp(Call(lambda x: x.transpose(0, 1)[-1])), (4, 5, 10)),
    ],
    "fixed_batch": [
        Case("flatten(1)", lambda: Written(lambda m, x: m.fc(x.flatten(1)), fc=nn.Linear(768, 4)), (1, 3, 16, 16)),
        Case(
            "view by the batch",
            lambda: Written(lambda m, x: m.fc(x.view(x.size(0), -1)), fc=nn.Linear(768, 4)),
            PICTURES,
        ),
    ],
    "softmax_axis": [
        Case(
            "attention",
            lambda: Written(lambda m, x: torch.softmax(m.q(x) @ x.transpose(1, 2), -1) @ x, q=nn.Linear(16, 16)),
            STEPS,
        ),
        Case(
            "over the channels of a map",
            lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.Softmax(1), nn.Conv2d(4, 2, 1)),
            PICTURES,
        ),
        Case("gate over the features", lambda: nn.Sequential(nn.Linear(10, 8), nn.Softmax(-1), nn.Linear(8, 3)), ROWS),
    ],
    "unregistered_layers": [
        Case("ModuleList", lambda: Written(through_all, net=mlp(), held=nn.ModuleList([nn.Linear(10, 10)])), ROWS),
        Case("activations in a list", lambda: holding([nn.ReLU(), nn.Tanh()]), ROWS),
    ],
    "softmax_after_sigmoid": [
        Case(
            "gated, then logits and softmax inside",
            lambda: Written(lambda m, x: m.fc(torch.sigmoid(x) * torch.softmax(x, 1)), fc=nn.Linear(10, 3)),
            ROWS,
        ),
        Case("sigmoid, Linear", lambda: nn.Sequential(nn.Linear(10, 8), nn.Sigmoid(), nn.Linear(8, 3)), ROWS),
    ],
    "double_softmax_head": [
        Case("logits", mlp, ROWS),
        Case("log-softmax", lambda: mlp(nn.LogSoftmax(1)), ROWS),
        Case("softmax not last", lambda: nn.Sequential(mlp(nn.Softmax(1)), nn.Linear(3, 2)), ROWS),
    ],
    "log_softmax_head": [
        Case("logits", mlp, ROWS),
        Case("log of values", lambda: mlp(Call(lambda x: torch.log1p(x.abs()))), ROWS),
    ],
    "sigmoid_head": [
        Case("logits", mlp, ROWS),
        Case("SiLU inside", lambda: nn.Sequential(nn.Linear(10, 8), nn.SiLU(), nn.Linear(8, 3)), ROWS),
    ],
    "single_output_regression": [Case("three outputs", mlp, ROWS)],
    "output_count": [
        Case("as many names", mlp, ROWS, known={"class_names": ("a", "b", "c")}),
        Case("two names and one column", lambda: mlp(outputs=1), ROWS, known={"class_names": ("no", "yes")}),
        Case("one-hot", mlp, ROWS, known=one_hot(0, 1, 0)),
        Case("target of the same shape", lambda: mlp(outputs=1), ROWS, known=values((4, 1))),
        Case("names, and a feature map", lambda: nn.Conv2d(3, 4, 3), PICTURES, known={"class_names": ("a", "b")}),
    ],
    "batch_mixed": [
        Case("patches joined behind the batch", lambda: Patchwork(batch_first=True), PICTURES),
        Case("batch_first", lambda: Recurrent(nn.LSTM(12, 12, batch_first=True), lambda x: x[:, -1]), (4, 6, 12)),
        Case(
            "turned round in forward",
            lambda: Written(lambda m, x: m.rnn(x.transpose(0, 1))[0][-1], rnn=nn.LSTM(12, 5)),
            (4, 6, 12),
        ),
        Case(
            "mean of each row taken away",
            lambda: nn.Sequential(Call(lambda x: x - x.mean(1, keepdim=True)), mlp()),
            (6, 10),
        ),
        Case("BatchNorm in eval", norms_in_training, (6, 10)),
        Case("InstanceNorm", lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.InstanceNorm2d(4)), PICTURES),
    ],
    "silent_broadcast": [
        Case(
            "bias by hand",
            lambda: Written(lambda m, x: m.fc(x) + m.b, fc=nn.Linear(8, 3), b=nn.Parameter(torch.ones(3))),
            (5, 8),
        ),
        Case("mean kept", lambda: Call(lambda x: x - x.mean(1, keepdim=True)), (5, 8)),
        Case(
            "channel gate",
            lambda: Written(lambda m, x: m.c(x) * x.mean((2, 3), keepdim=True), c=nn.Conv2d(3, 3, 1)),
            PICTURES,
        ),
        Case(
            "scores of each with each",
            lambda: Written(lambda m, x: m.fc(x) @ m.fc(x).transpose(1, 2), fc=nn.Linear(16, 4)),
            STEPS,
        ),
    ],
    "random_in_eval": [
        Case("nn.Dropout", lambda: mlp(nn.Dropout()), ROWS),
        Case(
            "F.dropout by self.training",
            lambda: Written(lambda m, x: functional.dropout(m.net(x), 0.5, m.training), net=mlp()),
            ROWS,
        ),
        Case("constants drawn, not used", lambda: Written(lambda m, x: m.net(x) + 0 * torch.rand(3), net=mlp()), ROWS),
        Case("drawn, and not used", lambda: Written(lambda m, x: (random.random(), m.net(x))[1], net=mlp()), ROWS),
    ],
    "state_kept": [
        Case("a cached mask", lambda: Remembers(lambda m, x: m.cached(x)), (4, 10)),
        Case("the last features, for a look", lambda: Remembers(lambda m, x: m.looked_at(x)), (4, 10)),
        Case("calls counted", lambda: Remembers(lambda m, x: m.counted(x)), (4, 10)),
        Case("input written into", lambda: mlp(Call(lambda x: x)).append(Call(lambda x: x.mul_(2))), ROWS),
    ],
    "constant_output": [
        Case("bias only on one branch", lambda: Written(lambda m, x: m.net(x) + torch.zeros(3), net=mlp()), ROWS),
        Case("a mask of ones", lambda: Written(lambda m, x: m.net(x * torch.ones_like(x)), net=mlp()), ROWS),
    ],
    "dead_activation": [
        Case("half dead", lambda: filled(mlp(), lambda m: m[0].bias[:8].fill_(-99.0)), ROWS),
        Case("zeros fed", mlp, torch.zeros(2, 10)),
    ],
    "saturated_activation": [
        Case("sigmoid", lambda: scaled(nn.Sigmoid(), 1.0), (32, 10)),
        Case(
            "scaled attention",
            lambda: Written(lambda m, x: torch.softmax(m.q(x) @ x.transpose(1, 2) / 4, -1) @ x, q=nn.Linear(16, 16)),
            STEPS,
        ),
        Case(
            "causal mask",
            lambda: Written(
                lambda m, x: (
                    torch.softmax((m.q(x) @ x.transpose(1, 2)).masked_fill(torch.ones(20, 20).triu(1).bool(), -1e9), -1)
                    @ x
                ),
                q=nn.Linear(16, 16),
            ),
            STEPS,
        ),
    ],
    "scale_through_depth": [
        Case("forty layers", lambda: nn.Sequential(*(nn.Linear(16, 16) for _ in range(40))), (4, 16)),
        Case("residual", lambda: Written(residual, block=mlp(outputs=10), fc=nn.Linear(10, 3)), ROWS),
    ],
    "hard_decision": [
        Case("logits beside it", lambda: Written(lambda m, x: (m.net(x), m.net(x).argmax(1)), net=mlp()), ROWS),
        Case(
            "arg max on the way",
            lambda: Written(lambda m, x: m.net(x).gather(1, m.net(x).argmax(1, keepdim=True)), net=mlp()),
            ROWS,
        ),
        Case("a mask on the way", lambda: Written(lambda m, x: m.net(x) * (x[:, :3] > 0), net=mlp()), ROWS),
    ],
    "clipped_head": [
        Case("feature map", lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), PICTURES),
        Case("ReLU not last", mlp, ROWS),
        Case("ReLU, Linear, log-softmax", lambda: mlp(nn.LogSoftmax(1)), ROWS),
        Case("ReLU of a norm", lambda: nn.Sequential(nn.Linear(10, 8), nn.LayerNorm(8), nn.ReLU()), ROWS),
    ],
    "batch_norm_untrained": [
        Case(
            "all trained",
            lambda: with_statistics(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), fed=(8, 3, 9, 9)),
            (2, 3, 9, 9),
        ),
        Case("all fresh", lambda: cnn(norm=True), PICTURES, known={"fresh": True}),
    ],
    "equal_layers": [
        Case("shared on purpose", lambda: nn.Sequential(*[nn.Linear(16, 16)] * 2, nn.Linear(16, 3)), (2, 16)),
        Case(
            "constant weights",
            lambda: filled(
                nn.Sequential(nn.Linear(16, 16), nn.Linear(16, 16)), lambda m: [p.fill_(0.1) for p in m.parameters()]
            ),
            (2, 16),
        ),
        Case("copies before training", lambda: copied(1), (2, 16), known={"fresh": True}),
    ],
    "half_overflow": [
        Case("small values in half", lambda: mlp().half(), torch.ones(2, 10, dtype=torch.float16)),
        Case("a mask of −1e9", lambda: mlp(Call(lambda x: torch.softmax(x.masked_fill(x > 99, -1e9), 1) * 2)), ROWS),
        Case(
            "−inf in a mask in half",
            lambda: mlp(
                Call(
                    lambda x: (
                        (
                            x
                            + torch.zeros(3, dtype=x.dtype).masked_fill(torch.tensor([True, False, False]), -torch.inf)
                        ).softmax(1)
                        * 3
                    )
                )
            ).half(),
            torch.ones(2, 10, dtype=torch.float16),
        ),
    ],
    "denormals": [
        Case("exact zeros", lambda: filled(trained(mlp()), lambda m: m[0].weight[:8].zero_()), ROWS),
        Case("small but normal", lambda: filled(trained(mlp()), lambda m: m[0].weight.mul_(1e-4)), ROWS),
    ],
    "untrained_weights": [
        Case("trained a little", big_trained, (4, 64)),
        Case("fresh from source", big_mlp, (4, 64), known={"fresh": True}),
        Case(
            "another initialisation",
            lambda: filled(big_mlp(), lambda m: [nn.init.kaiming_normal_(layer.weight) for layer in m[::2]]),
            (4, 64),
        ),
        Case(
            "orthogonal",
            lambda: filled(big_mlp(), lambda m: [nn.init.orthogonal_(layer.weight) for layer in m[::2]]),
            (4, 64),
        ),
    ],
    "uncalled_modules": [
        Case("all called", lambda: Idle(lambda m, x: torch.cat([m.fc(x), m.spare(x)], 1)), ROWS),
        Case("an unused ReLU", lambda: Written(lambda m, x: m.net(x), net=mlp(), act=nn.ReLU()), ROWS),
    ],
    "unused_parameters": [
        Case("two outputs", lambda: Idle(lambda m, x: (m.fc(x), m.spare(x))), ROWS),
        Case("used in place", lambda: Idle(lambda m, x: m.fc(x).add_(m.spare(x).sum(1, keepdim=True))), ROWS),
        Case("in a buffer filled by rows", lambda: Idle(_fills), ROWS),
    ],
    "shared_parameters": [
        Case("equal values", lambda: trained(mlp()), ROWS),
        Case("called twice", lambda: Written(lambda m, x: m.a(m.a(x)), a=nn.Linear(10, 10)), ROWS),
    ],
}
