import math

import msgspec
import numpy as np
import pytest
import torch
from diagnosing import diagnosed, only, rules
from diagnosis_models import FoldsTime, Head, Idle, KeepsBatch, Logarithm, Masked, logits, softmax_heads
from shape_finder_models import AlexNetLike, Digits, LeNet, Patches, Reader, Recurrent, TwoInputs, sized_cnn
from torch import nn

from inspector.engine.diagnosis.table import EVALUATION_RULES, RUN_RULES
from inspector.engine.inputs import make_tensor
from inspector.protocol.findings import Findings
from inspector.protocol.inputs import RandomInput


@pytest.mark.parametrize("how", list(softmax_heads()))
def test_a1_a_softmax_at_the_end_is_named_with_its_ceiling(how):
    finding = only(diagnosed(softmax_heads()[how], (4, 10)), "double_softmax_head")
    assert finding.evidence["ceiling"] == pytest.approx(math.e / (math.e + 2))
    assert finding.evidence["row_sum_min"] == pytest.approx(1, abs=1e-6)
    assert "0.576" in finding.message
    assert finding.node is not None


@pytest.mark.parametrize(("classes", "ceiling"), [(2, 0.731), (3, 0.576), (10, 0.232), (1000, 0.00271)])
def test_a1_the_ceiling_is_true_of_softmax_applied_twice(classes, ceiling):
    module = Head(nn.Softmax(1), outputs=classes)
    evidence = only(diagnosed(module, (2, 10)), "double_softmax_head").evidence
    assert evidence["ceiling"] == pytest.approx(ceiling, rel=2e-3)
    sure = torch.full((1, classes), -60.0).index_fill(1, torch.tensor([0]), 60.0)
    assert sure.softmax(1).softmax(1).max().item() == pytest.approx(evidence["ceiling"], rel=1e-5)


def test_a2_a_sigmoid_at_the_end_is_a_probability_already():
    for finish in (nn.Sigmoid(), torch.sigmoid, lambda x: x.sigmoid()):
        findings = diagnosed(nn.Sequential(nn.Linear(5, 1), Head_of(finish)), (1, 5))
        finding = only(findings, "sigmoid_head")
        assert finding.severity == "note"
        assert "softmax over its one column is always 1" in finding.message
        assert 0 < finding.evidence["lowest"] < 1
        assert rules(findings, "error", "warning") == []


def Head_of(finish):  # noqa: N802 - reads like the class that it makes
    class Finishing(nn.Module):
        def forward(self, x):
            return finish(x)

    return Finishing()


def test_a3_one_output_without_an_activation_is_a_value():
    findings = diagnosed(nn.Linear(10, 1), (1, 10))
    finding = only(findings, "single_output_regression")
    assert finding.severity == "note"
    assert "(N, N)" in finding.fix
    assert rules(findings, "error", "warning") == []


@pytest.mark.parametrize("axes", [False, True])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize("how", ["reshape", "view", "flatten"])
def test_b4_time_folded_into_the_batch_is_named_at_the_reshape(kind, how, axes):
    fold = {
        "reshape": lambda x: x.reshape(-1, x.shape[-1]),
        "view": lambda x: x.contiguous().view(-1, 12),
        "flatten": lambda x: torch.flatten(x, 0, 1),
    }[how]
    finding = only(diagnosed(FoldsTime(kind, fold), (8, 20, 16), axes=axes), "batch_folded")
    assert (finding.evidence["batch_in"], finding.evidence["batch_out"]) == (8, 160)
    assert finding.severity == "warning"
    assert finding.node is not None
    mended = FoldsTime(kind, lambda x: x[:, -1])
    assert "batch_folded" not in rules(diagnosed(mended, (8, 20, 16), axes=axes))
    assert mended(torch.zeros(8, 20, 16)).shape == (8, 5)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_batch_that_is_taken_for_time_is_named_where_it_is_lost(kind):
    class LastOf(nn.Module):
        def __init__(self, last, **settings):
            super().__init__()
            self.rnn = kind(16, 12, **settings)
            self.fc = nn.Linear(12, 5)
            self.last = last

        def forward(self, x):
            return self.fc(self.last(self.rnn(x)[0]))

    for last in (lambda out: out[:, -1], lambda out: out[:, -1, :], lambda out: out.select(1, -1)):
        finding = only(diagnosed(LastOf(last), (8, 20, 16), axes=True), "batch_folded")
        assert (finding.evidence["steps"], finding.evidence["rows"]) == (8, 8)
        assert "batch_first=True in rnn" in finding.fix
        assert "batch_folded" not in rules(diagnosed(LastOf(last, batch_first=True), (8, 20, 16), axes=True))
    assert "batch_folded" not in rules(diagnosed(LastOf(lambda out: out[-1]), (20, 8, 16), axes=True))
    assert "batch_folded" not in rules(diagnosed(LastOf(lambda out: out), (20, 8, 16), axes=True))


def test_what_is_folded_and_unfolded_again_is_known_to_keep_its_batch():
    assert "batch_folded" not in rules(diagnosed(KeepsBatch(), (8, 20, 16), axes=True))


def test_rows_that_only_happen_to_be_as_many_as_something_folded_are_no_finding_once_the_axes_are_known():
    class Prototypes(nn.Module):
        """Gives sixteen rows of its own, whatever the batch; on the way a reshape makes sixteen of a batch of eight."""

        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.rows = nn.Parameter(torch.randn(16, 3))

        def forward(self, x):
            return self.rows * self.fc(x).reshape(-1, 2).mean()

    assert "batch_folded" in rules(diagnosed(Prototypes(), (8, 4)))
    assert "batch_folded" not in rules(diagnosed(Prototypes(), (8, 4), axes=True))


def test_b5_and_d1_an_input_without_a_batch_is_a_warning_with_a_button():
    """D1 runs both ways; B5 fails further on."""
    module = nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 1))
    finding = only(diagnosed(module, (10,)), "missing_batch")
    assert finding.severity == "warning"
    assert "runs all the same" in finding.message
    assert finding.apply_input == RandomInput(shape=(1, 10))
    assert "missing_batch" not in rules(diagnosed(module, (1, 10)))
    assert diagnosed(module, (10,)).findings[0].evidence == {"axes": 1, "axes_with_batch": 2}
    failed = only(diagnosed(sized_cnn(), (3, 28, 28)), "missing_batch")
    assert failed.apply_input.shape == (1, 3, 28, 28)
    assert "missing_batch" not in rules(diagnosed(sized_cnn(), make_tensor(failed.apply_input)))
    accepts = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    assert only(diagnosed(accepts, (3, 9, 9)), "missing_batch").node == 1


@pytest.mark.parametrize("first", [nn.Sigmoid(), nn.Softmax(1)])
def test_e2_softmax_of_values_that_are_squeezed_already(first):
    module = nn.Sequential(nn.Linear(4, 3), first, nn.Softmax(1))
    findings = diagnosed(module, (6, 4))
    finding = only(findings, "softmax_after_sigmoid")
    assert "double_softmax_head" not in rules(findings)
    assert finding.evidence["highest"] < finding.evidence["ceiling"] == pytest.approx(0.576, abs=1e-3)
    written = Head(lambda x: torch.softmax(torch.sigmoid(x), dim=1))
    assert only(diagnosed(written, (6, 10)), "softmax_after_sigmoid").evidence["num_classes"] == 3


def test_e2_the_figures_of_the_reference():
    class Fixed(nn.Module):
        def forward(self, x):
            return torch.softmax(torch.sigmoid(x), dim=1)

    finding = only(diagnosed(Fixed(), torch.tensor([[-4.6320, 1.3062, 3.2554]])), "softmax_after_sigmoid")
    assert finding.evidence["highest"] == pytest.approx(0.4496, abs=5e-5)


def test_softmax_over_the_batch_or_over_one_column_is_an_error():
    assert only(diagnosed(Head(nn.Softmax(0)), (4, 10)), "softmax_axis").evidence["axis"] == 0
    alone = only(diagnosed(Head(nn.Softmax(1), outputs=1), (4, 10)), "softmax_axis")
    assert alone.severity == "error"
    assert "always 1" in alone.message


def test_e1_negative_outputs_after_relus_are_normal_so_no_finding_speaks():
    module = AlexNetLike()
    module.classifier[3].bias.data.fill_(-9.0)
    assert rules(diagnosed(module, (1, 3, 256, 256), fresh=True)) == []


def test_the_first_node_that_made_nan_is_named():
    findings = diagnosed(Logarithm(), (3, 4))
    finding = only(findings, "nan_or_inf")
    assert finding.severity == "error"
    assert "log made the first" in finding.message
    assert finding.evidence["nan"] == 6
    assert findings.findings[0] is finding


def test_nan_in_the_input_or_in_a_weight_is_blamed_on_it():
    fed = torch.full((1, 4), float("nan"))
    assert "the input" in only(diagnosed(nn.Sequential(nn.Linear(4, 2)), fed), "nan_or_inf").message
    assert "nan_or_inf" not in rules(diagnosed(Masked(), (2, 4)))


def needing(need):
    return {rule.name for rule in RUN_RULES if need in rule.needs}


def test_without_statistics_or_outputs_rules_say_that_they_were_not_checked():
    findings = diagnosed(Logarithm(), (3, 4), statistics=False, axes=True)
    assert {item.rule for item in findings.unchecked} == needing("statistics")
    assert all("statistics" in item.why for item in findings.unchecked)
    failed = diagnosed(sized_cnn(), (2, 3, 32, 32))
    assert "double_softmax_head" in {item.rule for item in failed.unchecked}
    assert all("failed" in item.why for item in failed.unchecked)


def test_d4_train_mode_is_told_and_eval_is_silent():
    module = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(), nn.Linear(6, 3))
    finding = only(diagnosed(module, (5, 4), mode="train"), "training_mode")
    assert finding.evidence == {"dropout": 1, "batch_norm": 1}
    assert "training_mode" not in rules(diagnosed(module, (5, 4)))
    assert "training_mode" not in rules(diagnosed(nn.Linear(4, 2), (5, 4), mode="train"))


def test_modules_with_weights_that_were_never_called_are_counted():
    finding = only(diagnosed(Idle(), (1, 4)), "uncalled_modules")
    assert finding.evidence == {"modules": 1, "parameters": 15}
    assert "spare" in finding.message


HEALTHY = {
    "logits": (logits, (4, 10)),
    "digits": (Digits, (2, 1, 8, 8)),
    "LeNet": (LeNet, (2, 3, 32, 32)),
    "AlexNet": (AlexNetLike, (1, 3, 256, 256)),
    "B3 at 28×28": (sized_cnn, (2, 3, 28, 28)),
    "vision transformer": (Patches, (3, 3, 64, 64)),
    "LSTM": (Recurrent, (8, 20, 16)),
    "GRU, time first": (lambda: nn.GRU(16, 4), (20, 8, 16)),
    "time folded and unfolded": (KeepsBatch, (8, 20, 16)),
    "masked": (Masked, (2, 4)),
    "log softmax": (lambda: Head(nn.LogSoftmax(1)), (4, 10)),
    "attention": (lambda: nn.TransformerEncoderLayer(8, 2, batch_first=True), (2, 5, 8)),
    "U-Net-like": (lambda: nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 5, 1)), (2, 3, 16, 16)),
    "several labels": (lambda: Head(nn.Sigmoid(), outputs=4), (3, 10)),
    "one row": (logits, (1, 10)),
}


@pytest.mark.parametrize("name", list(HEALTHY))
def test_a_healthy_model_gets_no_error_and_no_warning(name):
    make, shape = HEALTHY[name]
    torch.manual_seed(0)
    findings = diagnosed(make(), shape, axes=True)
    assert rules(findings, "error", "warning") == []
    assert findings.unchecked == ()


def test_healthy_models_of_indices_and_of_two_inputs_are_silent():
    ids = RandomInput(shape=(3, 8), dtype="int64", distribution="integers", high=50)
    assert rules(diagnosed(Reader(), ids), "error", "warning") == []
    assert rules(diagnosed(TwoInputs(), (2, 1, 28, 28), (2, 5)), "error", "warning") == []


def test_odd_outputs_break_no_rule():
    class Odd(nn.Module):
        def forward(self, x):
            return {"numbers": torch.zeros(0, 3), "scalar": x.sum(), "whole": x.long(), "complex": torch.fft.fft(x)}

    findings = diagnosed(Odd(), (2, 3), axes=True)
    assert rules(findings, "error") == []
    assert findings.unchecked == ()


def test_findings_can_be_sent_and_every_rule_has_its_own_name():
    findings = diagnosed(softmax_heads()["module"], (4, 10))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(findings), type=Findings) == findings
    assert all(
        isinstance(value, int | float | str) and not isinstance(value, np.generic)
        for finding in findings.findings
        for value in finding.evidence.values()
    )
    names = [rule.name for rule in (*RUN_RULES, *EVALUATION_RULES)]
    assert len(names) == len(set(names))
    for rule in (*RUN_RULES, *EVALUATION_RULES):
        assert rule.check.__module__.rsplit(".", 1)[-1] == rule.name


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_of_a_scripted_model_every_rule_is_checked_as_of_the_model_itself():
    torch.manual_seed(0)
    twin = nn.Linear(8, 8)
    model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), twin, nn.ReLU(), nn.Linear(8, 8), nn.Sigmoid()).eval()
    model[4].load_state_dict(twin.state_dict())
    found = [diagnosed(one, (4, 10)) for one in (model, torch.jit.script(model))]
    assert all("equal_layers" in rules(one) for one in found)
    assert not any("failed" in unchecked.why for one in found for unchecked in one.unchecked)


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
def test_a_program_that_was_exported_for_one_batch_size_is_no_model_with_a_fault():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
    program = torch.export.unflatten(torch.export.export(model, (torch.randn(2, 10),)))
    found = diagnosed(program, (2, 10), axes=True)
    assert rules(found, "error", "warning") == []


def test_a_list_of_other_layers_is_not_blamed_for_one_that_is_made_in_forward():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.unused, self.held = nn.Linear(4, 4), [nn.Linear(4, 2)], [nn.Linear(4, 3)]
            self.makes = False

        def forward(self, x):
            layer = nn.Linear(4, 3) if self.makes else self.held[0]
            return layer(self.fc(x))

    net = Net()
    (finding,) = [one for one in diagnosed(net, (2, 4)).findings if one.rule == "unregistered_layers"]
    assert "self.held is a plain list" in finding.message
    net.held, net.makes = [], True
    (finding,) = [one for one in diagnosed(net, (2, 4)).findings if one.rule == "unregistered_layers"]
    assert "made anew in each forward" in finding.message
    assert not finding.code
