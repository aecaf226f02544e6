"""Rules on what values do on their way, and on what the modes and the batch do to them."""

import copy
import math

import numpy as np
import pytest
import torch
from diagnosing import diagnosed, only, rules
from diagnosis_models import logits
from PIL import Image
from shape_finder_models import AlexNetLike, Digits, LeNet, Patches, Recurrent, sized_cnn
from torch import nn
from torch.nn import functional

from inspector.core.presets import apply_preset
from inspector.engine.inputs import make_tensor
from inspector.protocol.inputs import ImageInput, Preprocess

OF_VALUES = {
    *("batch_mixed", "batch_norm_untrained", "clipped_head", "constant_output", "dead_activation", "equal_layers"),
    *("normalisation_mismatch", "random_in_eval", "saturated_activation", "scale_through_depth", "silent_broadcast"),
}


class Around(nn.Module):
    """Linear, what is asked about, Linear."""

    def __init__(self, middle):
        super().__init__()
        self.before = nn.Linear(8, 8)
        self.middle = middle
        self.after = nn.Linear(8, 3)

    def forward(self, x):
        return self.after(self.middle(self.before(x)))


class Lambda(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


HEALTHY = {
    "logits": (logits, (4, 10)),
    "digits": (Digits, (1, 1, 8, 8)),
    "lenet": (LeNet, (2, 1, 28, 28)),
    "alexnet": (AlexNetLike, (1, 3, 224, 224)),
    "patches": (Patches, (1, 3, 32, 32)),
    "recurrent": (Recurrent, (2, 7, 16)),
    "sized": (sized_cnn, (2, 3, 28, 28)),
    "dropout": (lambda: Around(nn.Dropout(0.5)), (4, 8)),
    "dropout function": (lambda: Around(Lambda(lambda x: functional.dropout(x, 0.5, training=False))), (4, 8)),
    "batch_first": (lambda: nn.Sequential(nn.LSTM(8, 5, batch_first=True)), (3, 6, 8)),
    "gated": (lambda: Around(Lambda(lambda x: x * torch.sigmoid(x))), (4, 8)),
    "residual": (lambda: Around(Lambda(lambda x: x + x.mean(1, keepdim=True))), (4, 8)),
    "feature map": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), (2, 3, 8, 8)),
    "trained norm": (lambda: trained(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))), (2, 3, 8, 8)),
    "fresh norm": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), (2, 3, 8, 8)),
    "deep": (lambda: nn.Sequential(*(nn.Linear(16, 16) for _ in range(8))), (2, 16)),
}


def trained(module, fed=None):
    """The module after some batches in train mode."""
    module.train()
    with torch.no_grad():
        for _ in range(30):
            module(torch.rand(8, 3, 8, 8) if fed is None else fed)
    return module.eval()


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_models_give_none_of_these(name):
    make, shape = HEALTHY[name]
    torch.manual_seed(0)
    findings = diagnosed(make().eval(), shape, axes=True)
    assert not OF_VALUES & set(rules(findings)), findings.findings
    assert not [one for one in findings.unchecked if "itself failed" in one.why], findings.unchecked


DROPS = {
    "function": Lambda(lambda x: functional.dropout(x, 0.5)),
    "torch": Lambda(lambda x: torch.dropout(x, 0.5, True)),
    "noise": Lambda(lambda x: x + torch.randn_like(x)),
    "mask": Lambda(lambda x: x * torch.bernoulli(torch.full_like(x, 0.5))),
}


@pytest.mark.parametrize("how", DROPS)
def test_what_draws_in_eval_mode_is_named(how):
    model = Around(DROPS[how]).eval()
    found = only(diagnosed(model, (4, 8)), "random_in_eval")
    fed = torch.randn(4, 8)
    assert not torch.equal(model(fed), model(fed))
    assert found.node is not None
    assert found.evidence["largest_difference"] > 0
    assert ("F.dropout" in found.fix) == (how in {"function", "torch"})


def test_in_train_mode_drawing_is_right():
    assert "random_in_eval" not in rules(diagnosed(Around(DROPS["function"]), (4, 8), mode="train"))


class TimeFirst(nn.Module):
    def __init__(self, part, take=lambda out: out[:, -1]):
        super().__init__()
        self.part, self.take = part, take
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        out = self.part(x, x, x)[0] if isinstance(self.part, nn.MultiheadAttention) else self.part(x)[0]
        return self.fc(self.take(out))


@pytest.mark.parametrize("part", [nn.LSTM(8, 8), nn.GRU(8, 8), nn.RNN(8, 8), nn.MultiheadAttention(8, 2)])
def test_a_batch_taken_for_time_is_named_and_the_fix_mends_it(part):
    model = TimeFirst(part).eval()
    found = only(diagnosed(model, (4, 6, 8)), "batch_mixed")
    assert "batch_first" in found.fix
    mended = copy.deepcopy(model)
    mended.part.batch_first = True
    assert "batch_mixed" not in rules(diagnosed(mended, (4, 6, 8)))


def test_a_recurrent_layer_in_the_fix_s_code_is_the_one_that_it_was_but_for_the_axes():
    part = nn.LSTM(8, 4, 2, bias=False, dropout=0.5, bidirectional=True)
    model = TimeFirst(part).eval()
    found = only(diagnosed(model, (4, 6, 8)), "batch_mixed")
    exec(found.code, {"self": model, "nn": nn})
    assert repr(model.part) == repr(part).replace("bias=False,", "bias=False, batch_first=True,")


def test_time_first_input_turned_round_in_forward_is_healthy():
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 8)

        def forward(self, x):
            return self.rnn(x.transpose(0, 1))[0].transpose(0, 1)

    assert "batch_mixed" not in rules(diagnosed(Turned().eval(), (4, 6, 8)))


@pytest.mark.parametrize(
    "middle",
    [nn.ReLU(), nn.ReLU6(), Lambda(torch.relu), Lambda(lambda x: x.relu()), Lambda(functional.relu)],
)
def test_a_relu_that_lets_nothing_through_is_named_and_the_output_is_constant(middle):
    model = Around(middle).eval()
    with torch.no_grad():
        model.before.bias.fill_(-100.0)
    findings = diagnosed(model, (4, 8))
    assert only(findings, "dead_activation").evidence["values"] == 32
    constant = only(findings, "constant_output")
    assert constant.evidence["value"] == 0
    assert torch.equal(model(torch.randn(4, 8)), model(torch.randn(4, 8)))


def test_weights_of_zero_make_a_constant_output():
    model = Around(nn.Identity()).eval()
    with torch.no_grad():
        model.after.weight.zero_()
        model.after.bias.zero_()
    assert only(diagnosed(model, (4, 8)), "constant_output").severity == "error"


@pytest.mark.parametrize("middle", [nn.Sigmoid(), nn.Tanh(), Lambda(torch.sigmoid), Lambda(lambda x: x.tanh())])
def test_a_saturated_activation_is_named_with_its_share(middle):
    model = Around(middle).eval()
    with torch.no_grad():
        model.before.weight.mul_(10_000)
    found = only(diagnosed(model, (16, 8)), "saturated_activation")
    low, high = (0, 1) if "sigmoid" in str(found.message).lower() else (-1, 1)
    fed = torch.randn(16, 8)
    values = middle(model.before(fed))
    assert ((values - low).abs().lt(1e-3) | (values - high).abs().lt(1e-3)).float().mean() > 0.9
    assert found.evidence["share"] >= 0.95


def test_values_that_explode_or_vanish_are_named_at_the_first_layer():
    for factor, word in ((1e4, "explode"), (1e-4, "vanish")):
        torch.manual_seed(0)
        model = nn.Sequential(*(nn.Linear(16, 16, bias=False) for _ in range(8))).eval()
        with torch.no_grad():
            for layer in model:
                layer.weight.mul_(factor)
        found = only(diagnosed(model, (4, 16)), "scale_through_depth")
        assert word in found.message
        std = found.evidence["std"]
        assert math.isfinite(std)
        assert std > 1e8 or std < 1e-12


class Outer(nn.Module):
    """A prediction (N, 1) with something of (N,): (N, N)."""

    def __init__(self, join):
        super().__init__()
        self.fc, self.join = nn.Linear(8, 1), join

    def forward(self, x):
        return self.join(self.fc(x), x.sum(1))


@pytest.mark.parametrize(
    "join", [lambda a, b: a + b, lambda a, b: a * b, torch.sub, lambda a, b: a.div(b), lambda a, b: a.add(b)]
)
def test_a_row_paired_with_every_other_is_named(join):
    found = only(diagnosed(Outer(join).eval(), (5, 8), axes=True), "silent_broadcast")
    assert (found.evidence["batch_axes_in"], found.evidence["batch_axes_out"]) == (1, 2)
    mended = Outer(lambda a, b: join(a.squeeze(1), b))
    assert "silent_broadcast" not in rules(diagnosed(mended.eval(), (5, 8), axes=True))


def test_layers_that_were_copied_are_named_and_shared_ones_are_not():
    layer = nn.Linear(16, 16)
    copied = nn.Sequential(layer, nn.ReLU(), copy.deepcopy(layer)).eval()
    found = only(diagnosed(copied, (2, 16)), "equal_layers")
    assert found.message.startswith("0 and 2 hold equal weights, all 256 values")
    shared = nn.Sequential(layer, nn.ReLU(), layer).eval()
    assert "equal_layers" not in rules(diagnosed(shared, (2, 16)))
    constant = nn.Sequential(nn.Linear(16, 16), nn.Linear(16, 16))
    for part in constant:
        nn.init.zeros_(part.weight)
    assert "equal_layers" not in rules(diagnosed(constant.eval(), (2, 16)))


def test_a_norm_without_statistics_beside_trained_ones_is_named():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4))
    trained(model)
    assert "batch_norm_untrained" not in rules(diagnosed(model, (1, 3, 8, 8)))
    model[3].reset_running_stats()
    found = only(diagnosed(model, (1, 3, 8, 8)), "batch_norm_untrained")
    assert found.evidence == {"fresh": 1, "batch_norms": 2}


@pytest.mark.parametrize(
    "end", [nn.ReLU(), nn.ReLU6(), Lambda(functional.relu), Lambda(lambda x: x.relu().reshape(-1, 3))]
)
def test_a_head_that_ends_in_relu_is_named(end):
    model = nn.Sequential(nn.Linear(8, 3), end).eval()
    found = only(diagnosed(model, (16, 8)), "clipped_head")
    assert found.severity == "warning"
    assert found.evidence["outputs"] == 48
    assert "clipped_head" not in rules(diagnosed(model[:1], (16, 8)))


def test_a_head_that_ends_in_tanh_is_noted_with_the_ceiling_of_softmax():
    model = nn.Sequential(nn.Linear(8, 3), nn.Tanh()).eval()
    found = only(diagnosed(model, (16, 8)), "clipped_head")
    best = torch.tensor([1.0, -1.0, -1.0]).softmax(0)[0].item()
    assert found.severity == "note"
    assert found.evidence["ceiling"] == pytest.approx(best, rel=1e-6)


@pytest.fixture
def picture(tmp_path):
    random = np.random.default_rng(0)
    path = tmp_path / "picture.png"
    Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8)).save(path)
    return str(path)


def taught(picture, preset):
    """A net whose norm has learned pictures prepared with `preset`."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    fed = make_tensor(ImageInput(paths=(picture,), preprocess=prepared(preset)))
    return trained(model, fed)


def prepared(preset):
    return apply_preset(Preprocess(height=16, width=16), preset)


@pytest.mark.parametrize(("learned", "given"), [("As is (0…1)", "0…255"), ("ImageNet", "0…255"), ("0…255", "ImageNet")])
def test_a_picture_prepared_otherwise_than_in_training_is_told_and_the_preset_that_fits_is_offered(
    picture, learned, given
):
    model = taught(picture, learned)
    found = only(diagnosed(model, ImageInput(paths=(picture,), preprocess=prepared(given))), "normalisation_mismatch")
    assert found.apply_preprocess == prepared(learned)
    mended = diagnosed(model, ImageInput(paths=(picture,), preprocess=found.apply_preprocess))
    assert "normalisation_mismatch" not in rules(mended)


@pytest.mark.parametrize("preset", ["As is (0…1)", "ImageNet", "0…255", "−1…1"])
def test_a_picture_prepared_as_in_training_is_healthy(picture, preset):
    model = taught(picture, preset)
    findings = diagnosed(model, ImageInput(paths=(picture,), preprocess=prepared(preset)))
    assert "normalisation_mismatch" not in rules(findings)


def test_a_rule_that_would_keep_the_user_waiting_says_that_it_was_not_checked():
    from inspector.engine.diagnosis.context import CannotTellError
    from inspector.engine.diagnosis.trials import run_again

    class Slow:
        captured_s = 60.0

    with pytest.raises(CannotTellError, match=r"one takes 60\.0 s"):
        run_again(Slow(), (), {})
