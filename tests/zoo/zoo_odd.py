"""Hand-made models, each with one thing that real models do and that is easy to see wrong."""

import collections
import dataclasses
import warnings
from types import SimpleNamespace

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.utils.checkpoint import checkpoint
from zoo_oracle import Specimen

ROWS = []


def row(name, *args, mode="eval", **kwargs):
    """A row of the zoo: the class or function below, and the tensors that it is fed."""

    def add(build):
        def specimen():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return Specimen(build(), args, kwargs, mode)

        ROWS.append((f"odd {name}", specimen))
        return build

    return add


def specimens():
    """Each model's name and the function that builds it."""
    return ROWS


class Layers(nn.Module):
    """Three layers of eight to choose from."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)


X = torch.randn(3, 8)
SEQUENCE = torch.randn(2, 5, 8)
PICTURE = torch.randn(2, 3, 16, 16)


@row("weights tied by assignment", torch.tensor([[1, 2, 3]]))
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(10, 8), nn.Linear(8, 10, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids):
        return self.head(self.embedding(ids))


@row("one layer called three times", X)
class Thrice(Layers):
    def forward(self, x):
        return self.a(self.a(self.a(x).relu()) + x)


@row("recursion to a depth", X)
class Recursive(Layers):
    def forward(self, x, depth=3):
        return x if depth == 0 else self.b(self.forward(self.a(x), depth - 1)) + x


@row("a module that calls itself as a module", X)
class CallsItself(Layers):
    def forward(self, x, depth=2):
        return self.a(x) if depth == 0 else self(self.b(x), depth=depth - 1) * 2


@row("chain of writes in place", X)
class InPlace(Layers):
    def forward(self, x):
        y = self.a(x)
        y.mul_(2).add_(x).relu_()
        y[:, :4] = self.b(x)[:, 4:]
        y[:, 2].zero_()
        y[1] += 1
        return self.c(y)


@row("writes through views of views", X)
class ThroughViews(Layers):
    def forward(self, x):
        y = self.a(x).clone()
        y.view(-1)[::2].copy_(self.b(x).view(-1)[::2])
        y.t()[0].add_(self.c(x).sum())
        return y


@row("writes into its input", X)
class WritesInput(Layers):
    def forward(self, x):
        x.mul_(2)
        F.relu(x, inplace=True)
        return self.a(x)


@row("out= and scatter", X)
class Out(Layers):
    def forward(self, x):
        room = torch.empty(3, 8)
        torch.mul(self.a(x).detach() + 0 if torch.is_grad_enabled() else self.a(x), 2.0, out=room)
        room.scatter_add_(1, torch.zeros(3, 1, dtype=torch.long), self.b(x)[:, :1])
        return room + self.c(x)


@row("LSTM", SEQUENCE)
class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 6, 2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        y, (h, c) = self.rnn(x)
        return self.head(y), h, c


@row("GRU over packed sequences", SEQUENCE)
class Packed(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.GRU(8, 6, batch_first=True), nn.Linear(6, 3)

    def forward(self, x):
        packed = nn.utils.rnn.pack_padded_sequence(x, [5, 3], batch_first=True)
        y, _ = self.rnn(packed)
        y, lengths = nn.utils.rnn.pad_packed_sequence(y, batch_first=True)
        return self.head(y), lengths


@row("LSTM cells in a loop", SEQUENCE)
class Cells(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.gru = nn.LSTMCell(8, 8), nn.GRUCell(8, 8)

    def forward(self, x):
        h = c = torch.zeros(2, 8)
        for step in x.unbind(1):
            h, c = self.cell(step, (h, c))
        return self.gru(h, c)


@row("attention with mask and weights", SEQUENCE, torch.tensor([[False] * 5, [False] * 3 + [True] * 2]))
class Attends(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x, padding):
        return self.attention(x, x, x, key_padding_mask=padding)


@row("Transformer with its fast path", SEQUENCE, SEQUENCE)
def transformer():
    return nn.Transformer(8, 2, 2, 2, 16, batch_first=True)


@row("scaled dot product attention", SEQUENCE)
class Sdpa(Layers):
    def forward(self, x):
        q, k, v = self.a(x), self.b(x), self.c(x)
        mask = torch.ones(5, 5, dtype=torch.bool).tril()
        return F.scaled_dot_product_attention(q, k, v, mask) + F.scaled_dot_product_attention(q, k, v, is_causal=True)


@row("checkpointing", X, mode="train")
class Checkpointed(Layers):
    def forward(self, x):
        y = checkpoint(self.a, x, use_reentrant=False)
        return checkpoint(lambda z: self.c(self.b(z).relu()), y, use_reentrant=False)


@row("checkpointing, re-entrant", X, mode="train")
class Reentrant(Layers):
    def forward(self, x):
        return self.c(checkpoint(lambda z: self.b(self.a(z)), x, use_reentrant=True))


@row("weight norm, spectral norm, orthogonal", X)
def parametrised():
    return nn.Sequential(
        parametrizations.weight_norm(nn.Linear(8, 8)),
        nn.ReLU(),
        parametrizations.spectral_norm(nn.Linear(8, 8)),
        parametrizations.orthogonal(nn.Linear(8, 8)),
    )


@row("the older weight norm, with hooks", X)
def old_weight_norm():
    return nn.Sequential(nn.utils.weight_norm(nn.Linear(8, 8)), nn.utils.spectral_norm(nn.Linear(8, 8)))


class Symmetric(nn.Module):
    def forward(self, weight):
        return weight.triu() + weight.triu(1).T


@row("a parametrization of one's own", X)
def symmetric():
    model = nn.Sequential(nn.Linear(8, 8), nn.Tanh())
    parametrize.register_parametrization(model[0], "weight", Symmetric())
    return model


@row("pruned", X)
def pruned():
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
    prune.l1_unstructured(model[0], "weight", 0.5)
    return model


@row("parameters straight from forward", X)
class Bare(Layers):
    def __init__(self):
        super().__init__()
        self.scale = nn.ParameterDict({"in": nn.Parameter(torch.ones(8)), "out": nn.Parameter(torch.ones(8))})
        self.rows = nn.ParameterList([nn.Parameter(torch.randn(8, 8)) for _ in range(2)])
        self.register_buffer("offset", torch.zeros(8), persistent=False)

    def forward(self, x):
        for weight in self.rows:
            x = x @ weight
        return F.linear(x * self.scale["in"] + self.offset, self.b.weight, self.c.bias) * self.scale["out"]


@row("parameters alone, without input")
class NoInput(Layers):
    def forward(self):
        return self.a.weight @ self.b.bias


@dataclasses.dataclass
class Found:
    boxes: torch.Tensor
    inner: dict


@row("dataclass, named tuple and objects as outputs", X)
class Structures(Layers):
    def forward(self, x):
        pair = collections.namedtuple("Pair", "left right")(self.a(x), self.b(x))
        return Found(self.c(x), {"pair": pair, "list": [x + 1, None, "text", SimpleNamespace(deep=x * 2)]})


@row("a generator inside, and one as output", X)
class Generates(Layers):
    def steps(self, x):
        for layer in (self.a, self.b, self.c):
            x = layer(x)
            yield x

    def forward(self, x):
        return list(self.steps(x)), tuple(y.mean() for y in self.steps(x))


@row("dictionary input", {"image": X, "more": [X + 1, {"deep": X * 2}]})
class TakesDictionary(Layers):
    def forward(self, batch):
        return self.a(batch["image"]) + self.b(batch["more"][0]) * self.c(batch["more"][1]["deep"])


@row("nested tensors", SEQUENCE)
class Nested(Layers):
    def forward(self, x):
        rows = torch.nested.nested_tensor([x[0], x[1, :3]])
        return torch.nested.to_padded_tensor(F.relu(F.linear(rows, self.a.weight, self.a.bias)), 0.0)


@row("nested tensors made of activations", SEQUENCE)
class NestedFromActivations(Layers):
    def forward(self, x):
        y = self.a(x)
        rows = torch.nested.as_nested_tensor([y[0], y[1, :3]], layout=torch.jagged)
        return torch.nested.to_padded_tensor(self.b(rows), 0.0)


@row("complex numbers", X)
class Complex(Layers):
    def forward(self, x):
        spectrum = torch.fft.rfft(self.a(x))
        spectrum = torch.view_as_complex(torch.view_as_real(spectrum) * 2)
        return (
            torch.fft.irfft(spectrum * torch.polar(torch.ones(5), torch.arange(5.0)), n=8),
            spectrum.abs(),
            spectrum.imag,
        )


@row("sparse", X)
class Sparse(Layers):
    def forward(self, x):
        adjacency = torch.eye(3).to_sparse()
        return torch.sparse.mm(adjacency, self.a(x)), torch.sparse.sum(adjacency)


class Tagged(torch.Tensor):
    """A sub-class that does nothing but be one."""


@row("a sub-class of Tensor", X.as_subclass(Tagged))
class OfSubclass(Layers):
    def forward(self, x):
        return self.b(self.a(x).relu() + x)


@row("a sub-class made inside", X)
class MakesSubclass(Layers):
    def forward(self, x):
        return self.b(self.a(x).as_subclass(Tagged) * 2).as_subclass(torch.Tensor)


@row("lazy modules", PICTURE)
def lazy():
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))


@row("forward hooks of its own", X)
class Hooked(Layers):
    def __init__(self):
        super().__init__()
        self.a.register_forward_pre_hook(lambda _module, args: (args[0] * 2,))
        self.a.register_forward_hook(lambda _module, _args, result: torch.sigmoid(result))
        self.b.register_forward_hook(lambda _module, _args, result: result.clone() + 1)

    def forward(self, x):
        return self.c(self.b(self.a(x)))


@row("hooks that keep features", PICTURE)
class KeepsFeatures(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
        self.features = {}
        self.body[1].register_forward_hook(lambda _module, _args, result: self.features.update(middle=result))

    def forward(self, x):
        y = self.body(x)
        return y.mean((2, 3)) + self.features.pop("middle").mean((2, 3))


@row("torch.compile around it", X)
def compiled():
    return torch.compile(Thrice(), backend="eager")


@row("a compiled part", X)
class CompiledPart(Layers):
    def __init__(self):
        super().__init__()
        self.part = torch.compile(nn.Sequential(nn.Linear(8, 8), nn.ReLU()), backend="eager")
        self.c.compile(backend="eager")

    def forward(self, x):
        return self.c(self.part(self.a(x)))


@row("quantised dynamically", X)
def quantised():
    return torch.ao.quantization.quantize_dynamic(
        nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2)), {nn.Linear}
    )


@row("quantised statically", PICTURE)
def quantised_statically():
    model = nn.Sequential(
        torch.ao.quantization.QuantStub(), nn.Conv2d(3, 4, 3), nn.ReLU(), torch.ao.quantization.DeQuantStub()
    ).eval()
    model.qconfig = torch.ao.quantization.get_default_qconfig(torch.backends.quantized.engine)
    prepared = torch.ao.quantization.prepare(model)
    prepared(PICTURE)
    return torch.ao.quantization.convert(prepared)


@row("autocast", X)
class Autocast(Layers):
    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = self.b(self.a(x))
        return self.c(y.float())


@row("half precision inside", X)
class Half(Layers):
    def forward(self, x):
        return F.linear(self.a(x).to(torch.bfloat16), self.b.weight.bfloat16()).to(torch.float32)


def gate(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(x) * y + x


@row("a scripted function", X)
class CallsScripted(Layers):
    def __init__(self):
        super().__init__()
        self.gate = torch.jit.script(gate)

    def forward(self, x):
        return self.c(self.gate(self.a(x), self.b(x)))


@row("a scripted module inside", X)
class HoldsScripted(Layers):
    def __init__(self):
        super().__init__()
        self.part = torch.jit.script(nn.Sequential(nn.Linear(8, 8), nn.ReLU()))

    def forward(self, x):
        return self.c(self.part(self.a(x)) + x)


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(_ctx, x, y):
        return x * 2 + y, x - y

    @staticmethod
    def backward(_ctx, left, right):
        return left * 2 + right, left - right


@row("a custom autograd.Function", X)
class CustomFunction(Layers):
    def forward(self, x):
        left, right = Doubled.apply(self.a(x), self.b(x))
        return self.c(left + right)


@row("a custom operator", X)
class CustomOperator(Layers):
    def forward(self, x):
        return self.c(torch.ops.aten.mul.Tensor(torch.ops.aten.relu(self.a(x)), self.b(x)))


@row("numpy round trip", X)
class ThroughNumpy(Layers):
    def forward(self, x):
        return self.c(torch.from_numpy(self.a(x).detach().numpy() * 2))


@row("vmap", X)
class Vmapped(Layers):
    def forward(self, x):
        return torch.vmap(lambda sample: self.b(self.a(sample)).sum())(x) + self.c(x).sum()


@row("functional_call", X)
class Functional(Layers):
    def forward(self, x):
        weights = {name: tensor * 2 for name, tensor in self.a.named_parameters()}
        return self.c(torch.func.functional_call(self.a, weights, (x,)))


@row("grad inside forward", X)
class Gradient(Layers):
    def forward(self, x):
        return torch.func.grad(lambda z: self.a(z).pow(2).sum())(x) + self.b(x)


@row("enable_grad and autograd.grad", X)
class OwnGradient(Layers):
    def forward(self, x):
        with torch.enable_grad():
            y = x.detach().requires_grad_()
            (slope,) = torch.autograd.grad(self.a(y).tanh().sum(), y)
        return self.b(slope)


@row("cond", X)
class Cond(Layers):
    def forward(self, x):
        return torch.cond(x.sum() > 0, lambda z: self.a(z) + 1, lambda z: self.b(z) * 2, (x,)) + self.c(x)


@row("branches on values", X)
class Branches(Layers):
    def forward(self, x):
        y = self.a(x)
        return self.b(y) if y.sum() > 0 else self.c(y) * y.mean().item()


@row("index, gather, argmax, topk", X)
class Picks(Layers):
    def forward(self, x):
        y = self.a(x)
        values, places = y.topk(2, dim=1)
        return self.b(x)[torch.arange(3), y.argmax(1)], x.gather(1, places) * values, y[y > 0].sum()


@row("mixture of experts by mask", X)
class Experts(Layers):
    def forward(self, x):
        gate = self.a(x).softmax(1)[:, :2]
        result = torch.zeros_like(x)
        for place, expert in enumerate((self.b, self.c)):
            chosen = torch.where(gate.argmax(1) == place)[0]
            result.index_add_(0, chosen, expert(x[chosen]) * gate[chosen, place, None])
        return result


@row("modules built in forward", X)
class Builds(Layers):
    def forward(self, x):
        return nn.LayerNorm(8)(nn.Linear(8, 8)(self.a(x))) + self.b(x)


@row("an activation built in forward", X)
class BuildsActivation(Layers):
    def forward(self, x):
        return self.b(nn.Dropout(0.1)(nn.ReLU()(self.a(x)))) + nn.Softmax(dim=-1)(self.c(x))


@row("layers in a plain list", X)
class PlainList(Layers):
    def __init__(self):
        super().__init__()
        self.hidden = [nn.Linear(8, 8), nn.Sequential(nn.Linear(8, 8), nn.ReLU())]

    def forward(self, x):
        for layer in self.hidden:
            x = layer(x)
        return self.a(x)


@row("tables held as plain attributes", X)
class Tables(Layers):
    def __init__(self):
        super().__init__()
        self.anchors, self.mask = [torch.ones(8), torch.arange(8.0)], {"all": torch.ones(3, 1)}

    def forward(self, x):
        return (self.a(x) * self.anchors[1] - self.anchors[0]) * self.mask["all"]


@row("vmap in vmap, and jacobians", X)
class Jacobians(Layers):
    def forward(self, x):
        rows = torch.vmap(torch.vmap(torch.sin), 1)(self.a(x))
        return torch.func.jacrev(lambda z: self.b(z).tanh())(rows.mean(1)), torch.func.jacfwd(torch.sin)(x[0])


@row("random in train mode", PICTURE, mode="train")
def random_in_training():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout2d(0.4), nn.RReLU(), nn.Flatten(), nn.Dropout()
    )


@row("a buffer that is replaced", X, mode="train")
class Counts(Layers):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(1))
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, x):
        self.seen = self.seen + 1
        self.mean.lerp_(x.mean(0), 0.1)
        return self.a(x - self.mean) / self.seen


@row("a cache given and returned", SEQUENCE, (torch.randn(2, 3, 8), torch.randn(2, 3, 8)))
class Cached(Layers):
    def forward(self, x, cache):
        keys, values = torch.cat([cache[0], self.a(x)], 1), torch.cat([cache[1], self.b(x)], 1)
        return F.scaled_dot_product_attention(self.c(x), keys, values), (keys, values)


@row("Identity, Dropout and contiguous on a skip", X)
class Nothings(Layers):
    def __init__(self):
        super().__init__()
        self.skip = nn.Sequential(nn.Identity(), nn.Dropout(), nn.Identity())

    def forward(self, x):
        y = self.a(x)
        return self.b(y.contiguous().to(torch.float32)) + self.skip(y) + y.view_as(y)


@row("the input is the output", X)
class Passes(Layers):
    def forward(self, x):
        self.a(x)
        return x


@row("DataParallel", X)
def data_parallel():
    return nn.DataParallel(nn.Sequential(nn.Linear(8, 8), nn.ReLU()))


@row("einsum, interpolate, pad, unfold", PICTURE)
class Composites(nn.Module):
    def forward(self, x):
        y = F.interpolate(F.pad(x, (1, 1, 1, 1), mode="reflect"), scale_factor=2, mode="bilinear")
        return (
            torch.einsum("bchw,bdhw->bcd", y, y),
            F.unfold(x, 3),
            F.grid_sample(x, torch.zeros(2, 4, 4, 2), align_corners=False),
        )


@row("a thread of its own", X)
class Threaded(Layers):
    def forward(self, x):
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            return self.c(pool.submit(self.b, self.a(x)).result())


@row("flex_attention", SEQUENCE)
class Flexible(Layers):
    def forward(self, x):
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention

        q, k, v = (layer(x)[:, None] for layer in (self.a, self.b, self.c))
        mask = create_block_mask(lambda _b, _h, i, j: i >= j, None, None, 5, 5, device="cpu")
        weighted = flex_attention(q, k, v, score_mod=lambda score, _b, _h, i, j: score - (i - j).abs())
        return weighted[:, 0] + flex_attention(q, k, v, block_mask=mask)[:, 0]


@row("cond whose branches give pairs", X)
class CondPairs(Layers):
    def forward(self, x):
        y, z = torch.cond(x.mean() > 9, lambda t: (self.a(t), t + 1), lambda t: (t * 2, self.b(t)), (x,))
        return self.c(y) + z


class Times(torch.autograd.Function):
    """The newer form, with its context apart, and other functions of torch inside."""

    @staticmethod
    def forward(x, weight):
        return F.linear(x, weight).relu(), None

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, slope, _none):
        x, weight = ctx.saved_tensors
        slope = slope * (F.linear(x, weight) > 0)
        return slope @ weight, slope.T @ x


@row("a custom autograd.Function with weights", X)
class CustomLinear(Layers):
    def forward(self, x):
        return self.c(Times.apply(self.a(x), self.b.weight)[0])


@row("dictionaries in and out, by name", batch={"image": X, "ids": torch.tensor([1, 2, 3])}, scale=torch.ones(8))
class Dictionaries(Layers):
    def forward(self, batch, scale=None):
        return {"logits": self.a(batch["image"]) * scale, ("a", 1): {"ids": batch["ids"] + 1}}


@row("DataParallel around several, called by name", x=X)
def data_parallel_around():
    return nn.DataParallel(Nothings())


@row("DataParallel, twice and inside", X)
def wrapped():
    return nn.Sequential(nn.DataParallel(nn.DataParallel(Thrice())), nn.Tanh())
