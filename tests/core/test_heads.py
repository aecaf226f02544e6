import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from inspector.core.heads import predicted, probabilities, read_head, squash_ceiling
from inspector.engine.capture import capture_forward, unchanged
from inspector.protocol.outputs import Head


class Ending(nn.Module):
    """A linear layer with any function behind it."""

    def __init__(self, columns, ending):
        super().__init__()
        self.fc = nn.Linear(10, columns)
        self.ending = ending

    def forward(self, x):
        return self.ending(self.fc(x))


def head_of(module, shape=(4, 10)):
    torch.manual_seed(0)
    x = torch.randn(shape)
    with unchanged(module, mode="eval", seed=0):
        captured = capture_forward(module, (x,), {})
    assert captured.failure is None
    output = captured.outputs[0]
    return read_head(captured.graph, output.node, output.tensor.numpy())


@pytest.fixture(autouse=True)
def _same_weights():
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("columns", "ending", "kind"),
    [
        (3, lambda x: x, "logits"),
        (3, nn.Softmax(dim=1), "probabilities"),
        (3, lambda x: F.softmax(x, dim=1), "probabilities"),
        (3, lambda x: torch.softmax(x, -1), "probabilities"),
        (3, lambda x: x.softmax(1), "probabilities"),
        (3, lambda x: F.log_softmax(x, 1).exp(), "probabilities"),
        (3, lambda x: torch.softmax(torch.sigmoid(x), 1), "probabilities"),
        (3, nn.LogSoftmax(dim=1), "log_probabilities"),
        (3, lambda x: torch.log(torch.softmax(x, 1)), "log_probabilities"),
        (3, nn.Sigmoid(), "independent_probabilities"),
        (3, lambda x: x.sigmoid(), "independent_probabilities"),
        (1, torch.sigmoid, "independent_probabilities"),
        (1, lambda x: torch.sigmoid(x).squeeze(1), "independent_probabilities"),
        (1, lambda x: x, "regression"),
        (1, lambda x: x.squeeze(-1), "regression"),
        (1, lambda x: x * 2 - 1, "regression"),
        (3, torch.tanh, "regression"),
        (3, lambda x: x / 0.07, "logits"),
        (3, torch.relu, "features"),
        (3, nn.Softmax(dim=0), "unknown"),
        (1, nn.Softmax(dim=1), "unknown"),
        (3, lambda x: x.argmax(1), "unknown"),
        (2, lambda x: torch.softmax(x, 1)[:, 1], "independent_probabilities"),
        (3, lambda x: torch.softmax(x, 1).view(-1, 3).contiguous(), "probabilities"),
        (3, nn.Sequential(nn.Dropout(), nn.Identity()), "logits"),
    ],
)
def test_the_last_operation_and_the_values_tell_the_reading(columns, ending, kind):
    head = head_of(Ending(columns, ending))
    assert head.kind == kind, head.evidence
    assert head.evidence.endswith(".")


def test_case_a1_names_the_softmax_and_the_ceiling_of_a_second_one():
    head = head_of(nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 3), nn.Softmax(1)), (1, 10))
    assert head.kind == "probabilities"
    assert "Softmax" in head.evidence
    assert "0.576" in head.evidence


def test_case_e2_names_the_sigmoid_before_the_softmax_and_its_ceiling():
    head = head_of(Ending(3, lambda x: torch.softmax(torch.sigmoid(x), 1)))
    assert "sigmoid" in head.evidence
    assert "0.576" in head.evidence


def test_case_a3_says_that_a_model_for_bce_with_logits_looks_the_same():
    head = head_of(nn.Linear(10, 1), (1, 10))
    assert head.kind == "regression"
    assert "BCE-with-logits" in head.evidence


def test_case_a2_says_that_raw_is_the_probability_and_softmax_always_one():
    head = head_of(nn.Sequential(nn.Linear(5, 1), nn.Sigmoid()), (1, 5))
    assert "raw > 0.5" in head.evidence
    assert "always 1" in head.evidence


def test_a_softmax_over_the_batch_is_told_with_the_right_axis():
    head = head_of(Ending(3, nn.Softmax(dim=0)))
    assert "ran over the batch" in head.evidence
    assert "dim=1" in head.evidence


def test_a_map_of_softmaxed_classes_is_read_along_its_class_axis():
    segmenter = nn.Sequential(nn.Conv2d(3, 5, 1), nn.Softmax2d())
    assert head_of(segmenter, (1, 3, 6, 6)).kind == "probabilities"
    assert head_of(nn.Conv2d(3, 5, 1), (1, 3, 6, 6)).kind == "features"
    pooled = nn.Sequential(nn.Conv2d(3, 5, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert head_of(pooled, (1, 3, 6, 6)).kind == "features"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([[0.2, 0.8], [0.5, 0.5]], "probabilities"),
        (np.log([[0.2, 0.8]]), "log_probabilities"),
        ([[0.2, 0.9]], "unknown"),
        ([[-3.0, 5.0]], "logits"),
        ([[3.2]], "regression"),
        ([[0.3]], "unknown"),
        ([[math.nan, 1.0]], "unknown"),
        ([1, 2, 3], "unknown"),
        (np.zeros((0, 3)), "unknown"),
        (np.ones((1, 2, 3, 3)) * 7, "features"),
    ],
)
def test_without_a_graph_the_values_decide(values, kind):
    assert read_head(None, None, np.asarray(values)).kind == kind


def test_the_ceiling_is_that_of_the_reference_cases():
    ceilings = [squash_ceiling(k) for k in (2, 3, 10, 1000)]
    assert ceilings == pytest.approx([0.731, 0.576, 0.232, 0.00271], abs=5e-4)


def head(kind):
    return Head(kind=kind, evidence="")


def test_probabilities_are_what_the_head_says_of_the_values():
    logits = np.array([[-3.0, 5.0, 0.0]])
    shares = torch.softmax(torch.tensor(logits), 1).numpy()
    np.testing.assert_allclose(probabilities(logits, head("logits")), shares)
    np.testing.assert_allclose(probabilities(np.log(shares), head("log_probabilities")), shares)
    np.testing.assert_array_equal(probabilities(shares, head("probabilities")), shares)
    np.testing.assert_array_equal(probabilities([[0.9, 0.8]], head("independent_probabilities")), [[0.9, 0.8]])


def test_a_temperature_acts_on_the_logits_behind_probabilities():
    logits = np.array([[-3.0, 5.0, 0.0]])
    hot = torch.softmax(torch.tensor(logits) / 4, 1).numpy()
    shares = probabilities(logits, head("logits"))
    np.testing.assert_allclose(probabilities(shares, head("probabilities"), 4), hot)
    single = probabilities([[0.9]], head("independent_probabilities"), 2)
    assert single[0, 1] == pytest.approx(1 / (1 + math.exp(-math.log(9) / 2)))


def test_one_column_answers_yes_or_no_against_the_threshold():
    assert predicted([[0.4], [0.6]], head("independent_probabilities")).tolist() == [0, 1]
    assert predicted([[-0.1], [0.1]], head("regression")).tolist() == [0, 1]
    assert predicted([[0.4], [0.6]], head("independent_probabilities"), 0.3).tolist() == [1, 1]
    np.testing.assert_allclose(probabilities([[0.25]], head("independent_probabilities")), [[0.75, 0.25]])


def test_the_greatest_column_is_predicted_and_nan_predicts_nothing():
    values = [[1.0, 3.0, 2.0], [math.nan, 0.0, 0.0], [2.0, 2.0, 1.0]]
    assert predicted(values, head("logits")).tolist() == [1, -1, 0]
    assert predicted([[0.0, 1.0]], head("logits"), 0.9).tolist() == [0]
    assert predicted(np.zeros((0, 3)), head("logits")).tolist() == []


def test_e1_negative_logits_are_said_to_be_normal_with_their_number():
    ending = nn.Linear(4, 2)
    with torch.no_grad():
        ending.bias.copy_(torch.tensor([-90.0, 90.0]))
    evidence = head_of(nn.Sequential(nn.Linear(10, 4), nn.ReLU(), ending)).evidence
    assert "Negative values (4 of 8 here) are normal, as no activation follows the last layer." in evidence
    with torch.no_grad():
        ending.bias.fill_(90.0)
    assert "egative" not in head_of(nn.Sequential(nn.Linear(10, 4), nn.ReLU(), ending)).evidence
