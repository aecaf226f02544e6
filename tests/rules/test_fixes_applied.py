"""Every fix is done, and the model then runs, or the number moves as the sentence says."""

import re

import pytest
import torch
from diagnosing import diagnosed
from diagnosing_folders import evaluated_folder
from folder_cases import BGR, BYTE, IMAGENET, SIGNED, UNIT, Nearest, pictures, prepared, taught_and_fed
from rule_cases import FAULTY, ROWS, STEPS
from rule_judging import hit, judged
from rule_models import Call, Case, Idle, Recurrent, Remembers, Written, cnn, mlp
from torch import nn
from torch.nn import functional

from inspector.engine.capture import capture_forward, unchanged
from inspector.engine.diagnosis import suggest_mend
from inspector.engine.diagnosis.fixes.code import place_of
from inspector.engine.inputs import make_tensor
from inspector.protocol.inputs import ImageInput


class Net(nn.Module):
    """Layers by name, called one after the other."""

    def __init__(self, **layers):
        super().__init__()
        self.order = list(layers)
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        for name in self.order:
            x = getattr(self, name)(x)
            x = x[0] if isinstance(x, tuple) else x
        return x


FAILING = {
    "in_features": (lambda: Net(flat=nn.Flatten(), fc=nn.Linear(100, 4)), (2, 10)),
    "in_features, without bias": (lambda: Net(a=nn.Linear(10, 6), b=nn.Linear(8, 3, bias=False)), (2, 10)),
    "in_features after a convolution": (
        lambda: Net(conv=nn.Conv2d(3, 4, 3), f=nn.Flatten(), fc=nn.Linear(400, 2)),
        (2, 3, 20, 20),
    ),
    "in a Sequential": (lambda: nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(20, 3)), (2, 10)),
    "in a nested Sequential": (lambda: Net(head=nn.Sequential(nn.Linear(10, 16), nn.Linear(20, 3))), (2, 10)),
    "in_channels": (
        lambda: Net(a=nn.Conv2d(3, 8, 3), b=nn.Conv2d(16, 4, 3, stride=2, padding=1, bias=False)),
        (2, 3, 16, 16),
    ),
    "grey for colour": (lambda: Net(a=nn.Conv2d(3, 8, 3), p=nn.AdaptiveAvgPool2d(1)), (2, 1, 16, 16)),
    "channels last": (lambda: Net(a=nn.Conv2d(3, 8, 3), p=nn.AdaptiveAvgPool2d(1)), (2, 16, 16, 3)),
    "no batch": (lambda: Net(a=nn.Conv2d(3, 8, 3), f=nn.Flatten(), fc=nn.Linear(8 * 14 * 14, 2)), (3, 16, 16)),
    "no Flatten": (
        lambda: Net(a=nn.Conv2d(3, 16, 3, padding=1), p=nn.MaxPool2d(2), fc=nn.Linear(1600, 10)),
        (1, 3, 20, 20),
    ),
    "bytes": (cnn, torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8)),
    "bytes, channels last": (cnn, torch.randint(0, 256, (2, 16, 18, 3), dtype=torch.uint8)),
    "bytes, channels last, one picture": (cnn, torch.randint(0, 256, (16, 18, 3), dtype=torch.uint8)),
    "grey bytes": (lambda: cnn(channels=1), torch.randint(0, 256, (16, 18), dtype=torch.uint8)),
    "grey, for colour": (cnn, torch.rand(16, 18)),
    "grey pictures without channels": (lambda: cnn(channels=1), torch.rand(5, 16, 18)),
    "input_size": (lambda: Net(rnn=nn.GRU(16, 8, batch_first=True)), (4, 7, 12)),
    "input_size, of a deep layer of both directions": (
        lambda: Net(rnn=nn.LSTM(16, 8, 2, batch_first=True, bidirectional=True), fc=nn.Linear(16, 2)),
        (4, 7, 12),
    ),
    "time and features swapped": (lambda: Net(rnn=nn.LSTM(16, 8, batch_first=True)), (4, 16, 9)),
}


@pytest.mark.parametrize("how", FAILING)
def test_the_line_of_code_of_a_failed_run_is_done_and_the_model_runs(how):
    make, shape = FAILING[how]
    torch.manual_seed(0)
    module, x = make().eval(), shape if torch.is_tensor(shape) else torch.randn(shape)
    with unchanged(module, mode="eval", seed=0):
        captured = capture_forward(module, (x,), {})
        fix, code = suggest_mend(module, captured.graph, captured.failure, (x,), {})
    assert fix
    assert code
    names = {"self": module, "model": module, "nn": nn, "x": x}
    exec(code, names)
    assert torch.is_tensor(module(names["x"]))
    if x.dtype is torch.uint8:
        assert 0.9 < float(names["x"].max()) <= 1


@pytest.mark.parametrize(
    ("layer", "figures", "shape"),
    [
        (nn.Conv2d(5, 4, (3, 1), padding="same", padding_mode="circular", bias=False), ("(5,", "(3,"), (2, 3, 9, 9)),
        (nn.RNN(16, 8, 2, nonlinearity="relu", bias=False, batch_first=True), ("(16,", "(12,"), (2, 5, 12)),
        (nn.GroupNorm(1, 6, eps=1e-3), ("6", "4"), (2, 4, 5)),
        (nn.BatchNorm2d(6, momentum=None, eps=1e-3), ("(6,", "(4,"), (2, 4, 5, 5)),
        (nn.LayerNorm(6, elementwise_affine=False), ("6", "4"), (2, 4)),
        (nn.LayerNorm(6, bias=False), ("6", "4"), (2, 4)),
    ],
    ids=lambda one: type(one).__name__,
)
def test_the_layer_in_the_line_of_code_is_the_one_that_it_was_but_for_the_figure(layer, figures, shape):
    x = torch.randn(shape)
    module = Net(layer=layer).eval()
    captured = capture_forward(module, (x,), {})
    _fix, code = suggest_mend(module, captured.graph, captured.failure, (x,), {})
    before = repr(layer)
    exec(code, {"self": module, "nn": nn})
    assert repr(module.layer) == before.replace(*figures, 1)


def test_no_line_of_code_is_written_for_a_layer_of_somebody_s_own():
    class Scaled(nn.Linear):
        def __init__(self, scale):
            super().__init__(8, 4)
            self.weight.data *= scale

    module, x = Net(fc=Scaled(2)), torch.randn(2, 10)
    captured = capture_forward(module, (x,), {})
    fix, code = suggest_mend(module, captured.graph, captured.failure, (x,), {})
    assert "in_features=10" in fix
    assert not code


def test_a_layer_is_named_as_in_code():
    assert [place_of(fqn) for fqn in ("fc", "features.3.conv", "2", "0.fc", "")] == [
        *("self.fc", "self.features[3].conv", "model[2]", "model[0].fc", "model"),
    ]


@pytest.mark.parametrize(
    ("learned", "given"),
    [
        ((UNIT,), (BYTE,)),
        ((IMAGENET,), (UNIT,)),
        ((UNIT,), (SIGNED,)),
        ((UNIT,), (UNIT, BGR)),
        ((IMAGENET, BGR), (IMAGENET,)),
    ],
)
def test_the_preprocessing_that_is_offered_makes_the_share_right_that_was_said(tmp_path, learned, given):
    (finding,) = [
        one for one in taught_and_fed(learned, given)(tmp_path).findings if one.rule == "preprocessing_mismatch"
    ]
    said = [int(share) / 100 for share in re.findall(r"(\d+) %", finding.message)]
    folder = pictures(tmp_path)
    model = Nearest(folder, prepared(*learned)).eval()
    again = evaluated_folder(model, folder, finding.apply_preprocess)
    assert "preprocessing_mismatch" not in [one.rule for one in again.findings]
    right = 0
    names = sorted(path.name for path in folder.iterdir())
    for index, name in enumerate(names):
        paths = tuple(map(str, sorted((folder / name).glob("*.png"))))
        right += int(
            (model(make_tensor(ImageInput(paths=paths, preprocess=finding.apply_preprocess))).argmax(1) == index).sum()
        )
    assert said[0] < said[1] == pytest.approx(right / 48, abs=0.006)


def faulty(rule, name):
    return next(case for case in FAULTY[rule] if case.name == name)


MENDED = {
    "missing_batch": (faulty("missing_batch", "Linear"), Case("", mlp, (1, 10))),
    "batch_lost": (
        faulty("batch_lost", "mean of all"),
        Case("", lambda: Written(lambda m, x: m.fc(x), fc=nn.Linear(10, 4)), ROWS),
    ),
    "batch_lost, squeeze": (
        faulty("batch_lost", "squeeze() of one"),
        Case("", lambda: mlp(Call(lambda x: x.unsqueeze(-1).squeeze(-1))), (1, 10)),
    ),
    "fixed_batch": (
        faulty("fixed_batch", "view(1, -1)"),
        Case("", lambda: Written(lambda m, x: m.fc(x.flatten(1)), fc=nn.Linear(768, 4)), (1, 3, 16, 16)),
    ),
    "softmax_axis": (
        faulty("softmax_axis", "nn.Softmax(0), last"),
        Case("", lambda: mlp(Call(lambda x: x.softmax(dim=1))), ROWS),
    ),
    "softmax_axis, one column": (
        faulty("softmax_axis", "one column, module"),
        Case("", lambda: mlp(Call(torch.sigmoid), outputs=1), ROWS),
    ),
    "softmax_after_sigmoid": (
        faulty("softmax_after_sigmoid", "nn.Sigmoid, then nn.Softmax"),
        Case("", lambda: mlp(nn.Softmax(1)), ROWS),
    ),
    "batch_mixed": (
        faulty("batch_mixed", "LSTM takes the batch for time"),
        Case("", lambda: Recurrent(nn.LSTM(12, 12, batch_first=True), lambda x: x[:, -1]), (4, 6, 12)),
    ),
    "batch_mixed, by the batch": (
        faulty("batch_mixed", "the mean of the batch taken away"),
        Case("", lambda: nn.Sequential(Call(lambda x: x - x.mean(dim=1, keepdim=True)), mlp()), (6, 10)),
    ),
    "batch_folded": (
        faulty("batch_folded", "LSTM, reshape"),
        Case("", lambda: Recurrent(nn.LSTM(16, 12, batch_first=True), lambda out: out[:, -1]), STEPS),
    ),
    "silent_broadcast": (
        faulty("silent_broadcast", "operator"),
        Case("", lambda: Written(lambda m, x: m.fc(x).squeeze(1) + x.sum(1), fc=nn.Linear(8, 1)), (5, 8)),
    ),
    "random_in_eval": (
        faulty("random_in_eval", "F.dropout"),
        Case("", lambda: Written(lambda m, x: functional.dropout(m.net(x), 0.5, training=m.training), net=mlp()), ROWS),
    ),
    "state_kept": (
        faulty("state_kept", "a mean that moves"),
        Case("", lambda: Remembers(lambda m, x: m.looked_at(x)), (4, 10)),
    ),
    "hard_decision": (faulty("hard_decision", "argmax, method"), Case("", mlp, ROWS)),
    "clipped_head": (faulty("clipped_head", "as module, last in Sequential"), Case("", mlp, ROWS)),
    "unused_parameters": (
        faulty("unused_parameters", "overwritten"),
        Case("", lambda: Idle(lambda m, x: torch.cat([m.spare(x), m.fc(x)], 1)), ROWS),
    ),
    "training_mode": (faulty("training_mode", "BatchNorm alone"), Case("", lambda: cnn(norm=True), (2, 3, 16, 16))),
    "batch_norm_one_item": (
        faulty("batch_norm_one_item", "as module"),
        Case("", lambda: cnn(norm=True), (2, 3, 16, 16), mode="train"),
    ),
    "half_overflow": (
        faulty("half_overflow", "square in half"),
        Case("", lambda: Call(lambda x: (x * 100) ** 2), torch.full((2, 400), 10.0, dtype=torch.bfloat16)),
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("which", MENDED)
def test_what_the_fix_says_is_done_and_the_finding_is_gone(which):
    rule = which.partition(",")[0]
    before, after = MENDED[which]
    assert hit(rule, judged(before))
    notes = {one.severity for one in judged(before).findings if one.rule == rule} == {"note"}
    left = [one for one in judged(after).findings if one.rule == rule]
    assert [one for one in left if notes or one.severity != "note"] == []


def test_the_losses_that_the_heads_are_told_give_the_figure_of_the_logits():
    torch.manual_seed(0)
    logits, target = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    truth = nn.CrossEntropyLoss()(logits, target)
    for rule, module in (("double_softmax_head", nn.Softmax(1)), ("log_softmax_head", nn.LogSoftmax(1))):
        net = nn.Sequential(nn.Linear(10, 4), module)
        (finding,) = [one for one in diagnosed(net, ROWS).findings if one.rule == rule]
        names = {"nn": nn, "torch": torch, "output": module(logits), "target": target}
        exec(finding.code, names)
        torch.testing.assert_close(names["loss"], truth)
    (finding,) = [one for one in diagnosed(mlp(nn.Sigmoid(), outputs=4), ROWS).findings if one.rule == "sigmoid_head"]
    wanted = functional.one_hot(target, 4).float()
    names = {"nn": nn, "output": logits.sigmoid(), "target": wanted}
    exec(finding.code, names)
    torch.testing.assert_close(names["loss"], nn.BCEWithLogitsLoss()(logits, wanted))
    torch.testing.assert_close(nn.CrossEntropyLoss()(logits.log_softmax(1), target), truth)
