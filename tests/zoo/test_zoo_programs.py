"""TorchScript and exported programs give the graph that the live model gives."""

import collections
import importlib.util
import io

import pytest
import torch
import zoo_table
from torch import nn
from zoo_oracle import Specimen

from inspector.engine.capture import capture_forward, unchanged

pytestmark = pytest.mark.filterwarnings("ignore")  # torch and the libraries warn of their own older parts
# A program holds no call that does nothing, so these may be missing from its picture.
INDEXING = ("getitem", "slice", "select")
EMPTY = ("Identity", "Dropout", "Dropout2d", "StochasticDepth")


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        return torch.relu(self.a(x)) + self.b(x) * 2


class Twice(nn.Module):
    """Nested modules called twice, on one line and over two; a loop over layers; layers alike side by side."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(Block(), Block(), nn.ReLU(), nn.ReLU())
        self.layers = nn.ModuleList([Block(), nn.Linear(8, 8), nn.Linear(8, 8)])
        self.norm = nn.LayerNorm(8)

    def forward(self, x):
        y = self.norm(self.norm(self.body(self.body(x))))
        y = self.body(y)
        for layer in self.layers:
            y = layer(y)
        return y.softmax(-1)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.lstm = nn.LSTM(8, 6, 2, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(nn.Dropout(), nn.Linear(12, 4))

    def forward(self, ids):
        states, _ = self.lstm(self.embedding(ids))
        return self.head(states)


class Bare(nn.Module):
    """Parameters used straight from forward, and a view of what a layer gave."""

    def __init__(self):
        super().__init__()
        self.scale, self.conv = nn.Parameter(torch.ones(4, 1, 1)), nn.Conv2d(3, 4, 3)
        self.bn = nn.BatchNorm2d(4)

    def forward(self, x):
        y = self.bn(self.conv(x) * self.scale)
        return torch.flatten(y + self.scale, 1)


class ViT(nn.Module):
    """A small one, written as torchvision writes it."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.class_token = nn.Parameter(torch.zeros(1, 1, 8))
        self.positions = nn.Parameter(torch.randn(1, 17, 8))
        self.blocks = nn.Sequential(*(Attending() for _ in range(2)))
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        return self.head(self.blocks(x)[:, 0])


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(8), nn.MultiheadAttention(8, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Dropout(), nn.Linear(16, 8))

    def forward(self, x):
        y = self.norm(x)
        y, _ = self.attention(y, y, y, need_weights=False)
        return self.mlp(x + y) + x


def encoder():
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)


MADE = {
    "nested modules called twice": (Twice, torch.randn(2, 8)),
    "an LSTM tagger": (Tagger, torch.randint(0, 20, (2, 5))),
    "parameters from forward": (Bare, torch.randn(2, 3, 8, 8)),
    "a ViT": (ViT, torch.randn(2, 3, 16, 16)),
    "an encoder": (encoder, torch.randn(2, 5, 8)),
}


def specimen_of(name):
    torch.manual_seed(0)
    if name in MADE:
        build, x = MADE[name]
        return Specimen(build().eval(), (x,))
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed; make test installs it")
    specimen = zoo_table.specimens()[name]()
    specimen.module.eval()
    return specimen


def saved(scripted):
    file = io.BytesIO()
    torch.jit.save(scripted, file)
    file.seek(0)
    return torch.jit.load(file)


def program(specimen, way):
    """Through a file, as users have them."""
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad():
            if way == "script":
                return saved(torch.jit.script(specimen.module))
            if way == "trace":
                return saved(torch.jit.trace(specimen.module, specimen.args, check_trace=False))
            file = io.BytesIO()
            torch.export.save(torch.export.export(specimen.module, specimen.args), file)
            file.seek(0)
            return torch.export.unflatten(torch.export.load(file))
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


def graph_of(module, specimen):
    with unchanged(module, mode="eval", seed=0):
        captured = capture_forward(module, specimen.args, specimen.kwargs)
    assert captured.failure is None
    return captured.graph


def skeleton(graph):
    """Modules, groups, and the wires between modules: straight, or through functions and calls that do nothing."""
    kept = [node for node in graph.nodes if node.kind == "module" and node.op not in EMPTY]
    places = {node.id: (node.op, node.fqn, node.call) for node in kept}
    nodes = collections.Counter((node.op, node.fqn, node.outputs[0].shape) for node in kept)
    groups = collections.Counter((group.fqn, group.class_name) for group in graph.groups)
    sources = collections.defaultdict(set)
    for edge in graph.edges:
        sources[edge.target].add(edge.source)
    wires = set()
    for node in graph.nodes:
        if node.id not in places and node.kind != "output":
            continue
        waiting, seen = set(sources[node.id]), set()
        while waiting:
            source = waiting.pop()
            if source in seen:
                continue
            seen.add(source)
            known = graph.nodes[source]
            if source in places or known.kind in ("input", "parameter"):
                begin = places.get(source) or (known.kind, known.fqn if known.kind == "parameter" else "", 0)
                wires.add((begin, places.get(node.id, ("output", "", 0))))
            else:
                waiting |= sources[source]
    return nodes, groups, wires


def functions_of(graph):
    """How often each ran; programs write `x[:, 0]` as a slice and a selection."""
    return collections.Counter(n.op for n in graph.nodes if n.kind == "function" and n.op not in INDEXING)


ROWS = [(name, way) for name in MADE for way in ("script", "trace", "export")]
# Compiling a real one takes seconds: each way once.
ROWS += [
    ("torchvision resnet18", "script"),
    ("torchvision resnet18", "export"),
    ("torchvision mobilenet_v3_small", "trace"),
]
# Scripted, an encoder in eval mode is one fused operation a layer, as torch wrote it: there is nothing else to see.
ROWS.remove(("an encoder", "script"))


@pytest.mark.parametrize(("name", "way"), ROWS)
def test_a_program_gives_the_graph_of_the_live_model(name, way):
    specimen = specimen_of(name)
    live, seen = graph_of(specimen.module, specimen), graph_of(program(specimen, way), specimen)
    for wanted, given in zip(skeleton(live), skeleton(seen), strict=True):
        assert given == wanted
    assert functions_of(seen) == functions_of(live)
    if (name, way) != ("a ViT", "script"):  # scripted attention is one fused operation, whose MACs are not known
        assert sum(n.macs or 0 for n in seen.nodes) == sum(n.macs or 0 for n in live.nodes)
