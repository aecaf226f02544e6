"""Which loss fits which output, and what it costs where it doesn't; torch's own figures as the oracle."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom

from inspector.core.loss_advice import Trained, advise, least_cross_entropy, logit_gradients
from inspector.core.losses import LOSSES, fitting_loss, fitting_transform, head_after
from inspector.protocol.gradients import OutputTransform


def trained(loss, head, values, classes=None, **more):
    array = np.asarray(values, np.float64)
    given = {
        "transform": OutputTransform(),
        "target_kind": "made",
        "shape": array.shape,
        "target_shape": array.shape,
    } | more
    wanted = None if classes is None else np.asarray(classes)
    return Trained(loss=loss, head=head, values=array, classes=wanted, **given)


def rules(found):
    return [(finding.rule, finding.severity) for finding in found]


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_the_least_cross_entropy_on_probabilities_is_torchs_on_a_sure_answer(classes: int) -> None:
    sure = F.one_hot(torch.tensor([0]), classes).double()
    assert least_cross_entropy(classes) == pytest.approx(float(F.cross_entropy(sure, torch.tensor([0]))), rel=1e-9)


def test_gradients_at_the_logits_are_autograds() -> None:
    torch.manual_seed(0)
    logits = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0, 1, 2, 3, 1])
    probabilities = torch.softmax(logits, 1)
    on_p = torch.autograd.grad(F.cross_entropy(probabilities, target), logits)[0].norm()
    on_logits = torch.autograd.grad(F.cross_entropy(logits, target), logits)[0].norm()
    told = logit_gradients(probabilities.detach().numpy(), target.numpy())
    assert told == pytest.approx((float(on_p), float(on_logits)), rel=1e-9)


ROW = [[0.1, 0.7, 0.2]]
LOGITS = [[-3.0, 4.0, 1.0]]


@pytest.mark.parametrize(
    ("loss", "head", "values", "rule", "severity"),
    [
        ("cross_entropy", "probabilities", ROW, "loss_on_probabilities", "warning"),
        ("cross_entropy", "independent_probabilities", ROW, "loss_on_probabilities", "warning"),
        ("cross_entropy", "regression", [[2.0]], "one_column", "error"),
        ("nll", "logits", LOGITS, "nll_on_logits", "error"),
        ("nll", "probabilities", ROW, "nll_without_log", "warning"),
        ("bce", "logits", LOGITS, "bce_on_logits", "error"),
        ("bce_with_logits", "independent_probabilities", ROW, "loss_on_probabilities", "warning"),
        ("mse", "independent_probabilities", [[0.4]], "squared_error_on_sigmoid", "note"),
        ("mse", "independent_probabilities", [[0.9999]], "squared_error_on_sigmoid", "warning"),
        ("mse", "logits", LOGITS, "values_for_classes", "note"),
    ],
)
def test_a_loss_that_does_not_fit_is_found(loss, head, values, rule, severity) -> None:
    found = advise(trained(loss, head, values, classes=[1] if loss == "cross_entropy" else None))
    assert rules(found) == [(rule, severity)]
    assert "loss = F." in found[0].fix
    assert found[0].evidence


@pytest.mark.parametrize(
    ("loss", "head", "values"),
    [
        ("cross_entropy", "logits", LOGITS),
        ("cross_entropy", "log_probabilities", LOGITS),
        ("nll", "log_probabilities", LOGITS),
        ("bce", "independent_probabilities", ROW),
        ("bce", "probabilities", ROW),
        ("bce_with_logits", "logits", LOGITS),
        ("bce_with_logits", "regression", [[2.0]]),
        ("mse", "regression", [[2.0]]),
        ("huber", "features", LOGITS),
        ("l1", "unknown", LOGITS),
    ],
)
def test_a_loss_that_fits_is_passed_over_in_silence(loss, head, values) -> None:
    assert advise(trained(loss, head, values, classes=[1])) == []


def test_classes_for_a_squared_error_are_warned_of() -> None:
    assert rules(advise(trained("mse", "logits", LOGITS, target_kind="class"))) == [("values_for_classes", "warning")]


def test_a_target_of_n_against_an_output_of_n_by_one_is_an_error_that_counts_the_pairs() -> None:
    output = np.zeros((4, 1))
    (found,) = advise(trained("mse", "regression", output, target_shape=(4,)))
    assert (found.rule, found.severity) == ("target_broadcast", "error")
    assert (found.evidence["pairs"], found.evidence["values"]) == (16, 4)
    assert torch.zeros(4).reshape(-1, 1).shape == (4, 1)
    assert "reshape(-1, 1)" in found.fix
    assert rules(advise(trained("mse", "regression", np.zeros((1, 1)), target_shape=(1,)))) == [
        ("target_broadcast", "note")
    ]


def test_every_head_has_a_loss_that_says_nothing_against_itself() -> None:
    for head, values in (("logits", LOGITS), ("probabilities", ROW), ("independent_probabilities", ROW),
                         ("log_probabilities", LOGITS), ("regression", [[1.0]]), ("features", LOGITS)):  # fmt: skip
        transform = fitting_transform(head, OutputTransform())
        behind = head_after(head, transform)
        loss = fitting_loss(behind, len(values[0]))
        assert advise(trained(loss, behind, values, classes=[0], transform=transform)) == [], head
        assert behind in LOSSES[loss].wants
