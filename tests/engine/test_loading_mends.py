"""The keys report: what could be mended is offered with its gain, and each mend, done, brings that in."""

import pytest
import torch

from inspector.engine.formats import describe_file
from inspector.engine.loading import load_model
from inspector.engine.loading.source_module import detach_sources
from inspector.protocol.requests import LoadModel

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, num_classes=5):
        super().__init__()
        self.stem = nn.Linear(6, 8)
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.head = nn.Linear(8, num_classes)

    def forward(self, x):
        x = self.norm(self.stem(x))
        q, k, v = self.qkv(x).chunk(3, -1)
        return self.head(x + q * k * v)
"""
FIXED = NET.replace("num_classes=5", "").replace("num_classes)", "5)")


@pytest.fixture(autouse=True)
def _detached():
    yield
    detach_sources()


@pytest.fixture
def opened(tmp_path):
    def load(state, source=NET, **options):
        (tmp_path / "net.py").write_text(source)
        torch.save(state, tmp_path / "weights.pt")
        path = str(tmp_path / "weights.pt")
        request = LoadModel(path=path, source=str(tmp_path / "net.py"), trust_everything=True, **options)
        return load_model(request, describe_file(path))

    return load


@pytest.fixture
def state():
    names = {}
    exec(compile(NET, "net", "exec"), names)
    torch.manual_seed(1)
    return names["Net"]().state_dict()


def labels(loaded):
    return {mend.name: mend.label for mend in loaded.keys.mends}


def same(loaded, state):
    own = loaded.module.state_dict()
    return own.keys() == state.keys() and all(torch.equal(own[key], state[key]) for key in own)


def strict_report(loaded, state):
    """What torch itself says of these keys, under the same names."""
    told = loaded.module.load_state_dict(state, strict=False)
    return set(told.missing_keys), set(told.unexpected_keys)


def test_weights_that_fit_are_offered_nothing(opened, state):
    loaded = opened(state)
    assert (loaded.keys.mends, loaded.keys.random, loaded.keys.num_parameters) == ((), (), 8)


def test_missing_and_unexpected_are_those_that_torch_itself_reports(opened, state):
    changed = {key: value for key, value in state.items() if key != "norm.bias"} | {"more.weight": torch.zeros(3)}
    loaded = opened(changed)
    assert (set(loaded.keys.missing), set(loaded.keys.unexpected)) == strict_report(loaded, changed)
    assert loaded.keys.random == ("norm.bias",)


def test_matrices_of_conv1d_are_turned_round(opened, state):
    turned = state | {key: state[key].T.contiguous() for key in ("stem.weight", "qkv.weight")}
    loaded = opened(turned)
    assert set(loaded.keys.random) == {"stem.weight", "qkv.weight"}
    assert "2 more keys would fit" in loaded.keys.mends[0].why
    mended = opened(turned, mends=("transpose",))
    assert same(mended, state)
    assert mended.keys.mended == ("turn the matrices round",)


@pytest.mark.parametrize("names", [("q", "k", "v"), ("q_proj", "k_proj", "v_proj"), ("query", "key", "value")])
def test_three_projections_are_joined_into_one(opened, state, names):
    apart = {key: value for key, value in state.items() if not key.startswith("qkv")}
    for leaf in ("weight", "bias"):
        parts = state[f"qkv.{leaf}"].chunk(3)
        apart |= {f"{name}.{leaf}": part.clone() for name, part in zip(names, parts, strict=True)}
    assert labels(opened(apart)) == {"fuse": "Join q, k and v"}
    assert same(opened(apart, mends=("fuse",)), state)


def test_one_projection_is_taken_apart_into_three(opened, state):
    source = NET.replace("self.qkv = nn.Linear(8, 24)", "self.q, self.k, self.v = (nn.Linear(8, 8) for _ in range(3))")
    loaded = opened(state, source)
    assert labels(loaded) == {"split": "Take q, k and v apart"}
    mended = opened(state, source, mends=("split",))
    assert mended.keys.random == ()
    assert torch.equal(mended.module.k.weight, state["qkv.weight"][8:16])


def test_gamma_and_beta_are_read_as_weight_and_bias(opened, state):
    older = {key.replace("norm.weight", "norm.gamma").replace("norm.bias", "norm.beta"): state[key] for key in state}
    assert "gamma" in labels(opened(older))
    assert same(opened(older, mends=("gamma",)), state)


def test_other_names_for_the_same_shapes_are_matched_by_order(opened, state):
    renamed = {key.replace("stem", "first").replace("head", "last"): value for key, value in state.items()}
    assert labels(opened(renamed)) == {"by_order": "Match by order"}
    assert same(opened(renamed, mends=("by_order",)), state)


def test_a_head_with_another_number_of_classes_is_given_the_files(opened, state):
    other = state | {"head.weight": torch.randn(3, 8), "head.bias": torch.randn(3)}
    loaded = opened(other, FIXED)  # whose constructor takes no number of classes
    assert labels(loaded) == {"resize": "Give head 3 outputs"}
    assert loaded.notes[-1].startswith("2 of 8 parameters stay RANDOM")
    mended = opened(other, FIXED, mends=("resize",))
    assert same(mended, other)
    assert mended.module(torch.zeros(2, 6)).shape == (2, 3)
    assert mended.module.head.out_features == 3


def test_arguments_that_fit_better_than_the_given_ones_are_offered(opened, state):
    loaded = opened(state, entry="Net", arguments={"num_classes": "7"})
    mend = next(one for one in loaded.keys.mends if one.name == "arguments")
    assert (mend.label, mend.arguments) == ("Build with num_classes=5", {"num_classes": "5"})
    assert same(opened(state, entry="Net", arguments=mend.arguments), state)


def test_the_moving_average_beside_the_weights_is_one_click_away(opened, state):
    average = {key: value + 1 for key, value in state.items()}
    both = {"model": state, "ema": average, "optimizer": {"lr": 0.1}}
    loaded = opened(both)
    assert same(loaded, state)
    assert labels(loaded) == {"weights_at:ema": "Load ema instead"}
    taken = opened(both, mends=("weights_at:ema",))
    assert same(taken, average)
    assert labels(taken) == {"weights_at:model": "Load model instead"}


def test_tied_weights_are_neither_missing_nor_random(opened, state):
    source = NET.replace("        self.norm", "        self.twin = self.stem\n        self.norm")
    loaded = opened(state, source)
    assert (loaded.keys.missing, loaded.keys.random, loaded.keys.num_parameters) == ((), (), 8)
    assert torch.equal(loaded.module.twin.weight, state["stem.weight"])


def test_depths_of_stages_and_sizes_are_found_by_trying(opened):
    source = (
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, dim=16, depths=(2, 2), bias=True, classes=10):\n"
        "        super().__init__()\n"
        "        block = lambda: nn.Linear(dim, dim, bias=bias)\n"
        "        self.one = nn.ModuleList(block() for _ in range(depths[0]))\n"
        "        self.two = nn.ModuleList(block() for _ in range(depths[1]))\n"
        "        self.head = nn.Linear(dim, classes)\n"
    )
    names = {}
    exec(compile(source, "net", "exec"), names)
    state = names["Net"](dim=12, depths=(3, 1), bias=False, classes=4).state_dict()
    loaded = opened(state, source)
    assert same(loaded, state)
    assert any("depths=(3, 1)" in note for note in loaded.notes)
