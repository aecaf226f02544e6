"""Models with one fault each, and the ways to write one: as module, as function, as method, nested, not quite last."""

import copy
from collections import OrderedDict
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional


class Call(nn.Module):
    """A function as a module, so that it can stand anywhere."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Written(nn.Module):
    """Two layers, and the rest of forward as it is given: `body(module, x)`."""

    def __init__(self, body, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.body = body

    def forward(self, x):
        return self.body(self, x)


class Remembers(nn.Module):
    """Keeps something from call to call, in one of several ways."""

    def __init__(self, body):
        super().__init__()
        self.body = body
        self.rnn, self.wide, self.fc = nn.GRU(16, 16, batch_first=True), nn.Linear(10, 16), nn.Linear(16, 10)
        self.state, self.mask, self.calls, self.seen = None, None, 0, []
        self.register_buffer("memory", torch.zeros(16))

    def forward(self, x):
        return self.body(self, x)

    def hidden(self, x):
        out, self.state = self.rnn(x, self.state)
        return self.fc(out[:, -1])

    def moving(self, x):
        features = self.wide(x)
        self.state = features if self.state is None else 0.9 * self.state + 0.1 * features.flip(0)
        return self.fc(self.state)

    def history(self, x):
        self.seen.append(self.wide(x))
        return self.fc(torch.stack(self.seen).sum(0))

    def buffered(self, x):
        self.memory = self.memory + self.wide(x).mean(0)
        return self.fc(self.wide(x) + self.memory)

    def written(self, x):
        self.memory += self.wide(x).mean(0)
        return self.fc(self.wide(x) + self.memory)

    def joined(self, x):
        features = self.wide(x)
        joined = features if self.state is None else torch.cat([features, self.state], 1)
        self.state = joined
        return self.fc(joined)

    def cached(self, x):
        if self.mask is None:
            self.mask = torch.ones(16)
        return self.fc(self.wide(x) * self.mask)

    def looked_at(self, x):
        self.state = self.wide(x)
        return self.fc(self.state)

    def counted(self, x):
        self.calls += 1
        return self.fc(self.wide(x))


@dataclass(frozen=True)
class Case:
    """`known` is given to the rules beside the run: `class_names`, `expectation`, `fresh`."""

    name: str
    make: object
    fed: object
    mode: str = "eval"
    known: dict = field(default_factory=dict)


def mlp(end=None, outputs=3, width=16):
    layers = [nn.Linear(10, width), nn.ReLU(), nn.Linear(width, outputs)]
    return nn.Sequential(*layers, *([end] if end is not None else []))


def cnn(*tail, channels=3, norm=False):
    layers = [nn.Conv2d(channels, 8, 3, padding=1), *([nn.BatchNorm2d(8)] if norm else []), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, *(tail or (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))))


def ways(finish, fed=(4, 10), make=mlp):
    """The same end as module, function, method, inside a Sequential of Sequentials, in a class, and not quite last."""
    module, functions = finish
    rows = [Case("as module, last in Sequential", lambda: make(module()), fed)]
    rows += [
        Case(f"as {how}", lambda function=function: make(Call(function)), fed) for how, function in functions.items()
    ]
    rows += [
        Case(
            "inside a nested Sequential", lambda: nn.Sequential(make(), nn.Sequential(OrderedDict(end=module()))), fed
        ),
        Case("in forward of a class", lambda: Written(lambda m, x: m.end(m.net(x)), net=make(), end=module()), fed),
        Case("followed by Dropout", lambda: nn.Sequential(make(module()), nn.Dropout(0.5)), fed),
        Case("followed by a view", lambda: nn.Sequential(make(module()), Call(lambda x: x.view(x.shape[0], -1))), fed),
    ]
    return rows


SOFTMAX = (
    lambda: nn.Softmax(dim=1),
    {
        "F.softmax": lambda x: functional.softmax(x, dim=-1),
        "torch.softmax": lambda x: torch.softmax(x, 1),
        "method": lambda x: x.softmax(1),
        "exp over its sum": lambda x: functional.log_softmax(x, 1).exp(),
    },
)
SIGMOID = (
    nn.Sigmoid,
    {"torch.sigmoid": torch.sigmoid, "F.sigmoid": functional.sigmoid, "method": lambda x: x.sigmoid()},
)
LOG_SOFTMAX = (
    lambda: nn.LogSoftmax(dim=1),
    {
        "F.log_softmax": lambda x: functional.log_softmax(x, dim=-1),
        "method": lambda x: x.log_softmax(1),
        "log of softmax": lambda x: torch.log(torch.softmax(x, 1)),
    },
)
RELU = (nn.ReLU, {"F.relu": functional.relu, "torch.relu": torch.relu, "method": lambda x: x.relu()})
TANH = (nn.Tanh, {"torch.tanh": torch.tanh, "method": lambda x: x.tanh()})


def squeezed_twice():
    """Softmax of what is squeezed already, module and function mixed."""
    firsts = {
        "nn.Sigmoid": nn.Sigmoid(),
        "torch.sigmoid": Call(torch.sigmoid),
        "nn.Softmax": nn.Softmax(1),
        "F.softmax": Call(lambda x: functional.softmax(x, 1)),
        "method softmax": Call(lambda x: x.softmax(-1)),
    }
    seconds = {"nn.Softmax": nn.Softmax(1), "F.softmax": Call(lambda x: functional.softmax(x, dim=1))}
    for first, one in firsts.items():
        for second, other in seconds.items():
            yield Case(
                f"{first}, then {second}", lambda one=one, other=other: nn.Sequential(mlp(), one, other), (4, 10)
            )
    yield Case(
        "with a Dropout between", lambda: nn.Sequential(mlp(), nn.Softmax(1), nn.Dropout(), nn.Softmax(1)), (4, 10)
    )
    yield Case(
        "with a view between",
        lambda: Written(lambda m, x: torch.softmax(m.net(x).softmax(1).view(-1, 3), 1), net=mlp()),
        (4, 10),
    )


def filled(module, change):
    with torch.no_grad():
        change(module)
    return module


def dead(middle):
    def kill(module):
        module[0].bias.fill_(-100.0)

    return filled(nn.Sequential(nn.Linear(10, 16), middle, nn.Linear(16, 3)), kill)


def scaled(middle, factor=10_000.0):
    def grow(module):
        module[0].weight.mul_(factor)

    return filled(nn.Sequential(nn.Linear(10, 16), middle, nn.Linear(16, 3)), grow)


def trained(module, fed=None, steps=30, rate=0.05):
    """Some steps towards random targets: weights leave their first bounds, norms see batches."""
    module.train()
    fed = torch.randn(32, 10) if fed is None else fed
    for _ in range(steps):  # by hand: torch.optim takes seconds to import
        output = module(fed)
        loss = functional.mse_loss(output, torch.randn(output.shape))
        parameters = list(module.parameters())
        with torch.no_grad():
            for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                parameter.sub_(2 * rate * slope)
    return module.eval().requires_grad_(True)


class Recurrent(nn.Module):
    def __init__(self, layer, take, width=12):
        super().__init__()
        self.rnn, self.take, self.fc = layer, take, nn.Linear(width, 5)

    def forward(self, x):
        if isinstance(self.rnn, nn.MultiheadAttention):
            out = self.rnn(x, x, x)[0]
        else:
            out = self.rnn(x)
            out = out[0] if isinstance(out, tuple) else out
        return self.fc(self.take(out))


def big_mlp():
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32))


def big_trained():
    return trained(big_mlp(), torch.randn(32, 64))


def partly_trained(place):
    module = big_trained()
    module[place].reset_parameters()
    return module


class Idle(nn.Module):
    """A layer that was made and forgotten, or called for nothing."""

    def __init__(self, body, **parts):
        super().__init__()
        self.fc, self.spare = nn.Linear(10, 4), nn.Linear(10, 3)
        for name, part in parts.items():
            setattr(self, name, part)
        self.body = body

    def forward(self, x):
        return self.body(self, x)


def tied():
    module = nn.Sequential(OrderedDict(table=nn.Embedding(20, 8), out=nn.Linear(8, 20, bias=False)))
    module.out.weight = module.table.weight
    return module


def with_statistics(*modules, fed):
    """Norms that have seen batches."""
    module = nn.Sequential(*modules).train()
    with torch.no_grad():
        for _ in range(20):
            module(torch.rand(*fed))
    return module.eval()


def with_a_fresh_norm(place):
    module = with_statistics(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.BatchNorm2d(6), fed=(8, 3, 12, 12)
    )
    module[place].reset_running_stats()
    return module


def copied(*places):
    layer = nn.Linear(16, 16)
    return nn.Sequential(layer, nn.ReLU(), *(copy.deepcopy(layer) for _ in places), nn.Linear(16, 3))


def norms_in_training():
    return nn.Sequential(nn.Linear(10, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(), nn.Linear(6, 3))
