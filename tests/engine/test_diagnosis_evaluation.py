import numpy as np
import pytest
from diagnosing_folders import evaluated, good_logits
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from inspector.core.readings import sigmoid, softmax
from inspector.engine.diagnosis.rules.label_order import best_order
from inspector.engine.diagnosis.table import EVALUATION_RULES


def only(findings, rule):
    found = [finding for finding in findings.findings if finding.rule == rule]
    assert len(found) == 1, findings
    return found[0]


def test_a_healthy_balanced_folder_gets_no_finding():
    true = np.arange(60) % 3
    findings = evaluated(true, good_logits(true, 3))
    assert findings.findings == ()
    assert findings.unchecked == ()
    sure = softmax(good_logits(true, 3), axis=1)
    assert evaluated(true, sure, kind="probabilities").findings == ()


def test_e2_a_folder_under_the_ceiling_is_recognised():
    true = np.arange(90) % 3
    squashed = softmax(sigmoid(good_logits(true, 3)), axis=1)
    finding = only(evaluated(true, squashed, kind="probabilities"), "softmax_ceiling")
    assert finding.evidence["ceiling"] == pytest.approx(0.5761, abs=1e-4)
    assert finding.evidence["highest"] < finding.evidence["ceiling"]
    twice = softmax(softmax(good_logits(true, 3), axis=1), axis=1)
    assert only(evaluated(true, twice, kind="probabilities"), "softmax_ceiling").evidence["images"] == 90


def test_e4_the_weights_of_25_436_and_404_images():
    true = np.repeat([0, 1, 2], [25, 436, 404])
    logits = good_logits(true, 3)
    logits[:20] = [0, 5, 0]
    finding = only(evaluated(true, logits), "class_imbalance")
    weights = [finding.evidence[f"weight C{index}"] for index in (1, 2, 3)]
    assert weights == pytest.approx([11.53, 0.661, 0.714], abs=5e-3)
    assert finding.evidence["ratio"] == pytest.approx(17.44)
    assert finding.evidence["recall_rarest"] == pytest.approx(0.2)
    assert finding.evidence["accuracy"] > 0.97
    assert finding.evidence["balanced_accuracy"] < 0.75
    assert "436" in finding.message
    assert "25" in finding.message


def test_a_ratio_below_five_is_no_finding():
    true = np.repeat([0, 1], [10, 49])
    assert evaluated(true, good_logits(true, 2)).findings == ()


def test_more_and_fewer_classes_than_outputs():
    true = np.arange(40) % 4
    more = only(evaluated(true, good_logits(true % 3, 3)), "class_count")
    assert (more.severity, more.evidence) == ("error", {"classes": 4, "outputs": 3})
    fewer = only(evaluated(true, good_logits(true, 10)), "class_count")
    assert fewer.severity == "note"
    yes_no = np.arange(40) % 2
    assert evaluated(yes_no, np.where(yes_no[:, None], 5.0, -5.0)).findings == ()


def test_one_answer_throughout_is_told_and_the_same_output_is_an_error():
    true = np.arange(30) % 3
    varied = np.random.default_rng(0).normal(0, 0.1, (30, 3)) + np.array([0, 9, 0])
    finding = only(evaluated(true, varied), "one_class_predicted")
    assert (finding.severity, finding.evidence["predicted"]) == ("warning", 1)
    assert "C2" in finding.message
    constant = only(evaluated(true, np.tile([0.0, 9.0, 0.0], (30, 1))), "one_class_predicted")
    assert constant.severity == "error"


def test_classes_in_another_order_are_found_and_the_mapping_mends_it():
    true = np.arange(50) % 5
    order = np.array([3, 0, 4, 1, 2])
    logits = good_logits(order[true], 5)
    finding = only(evaluated(true, logits), "label_order")
    assert finding.evidence["accuracy"] == 0.0
    assert finding.evidence["accuracy_reordered"] == 1.0
    assert "C1 → 3" in finding.fix
    mended = {f"C{index + 1}": int(output) for index, output in enumerate(order)}
    assert "label_order" not in {item.rule for item in evaluated(true, logits, mapping=mended).findings}
    assert accuracy_score(order[true], logits.argmax(1)) == finding.evidence["accuracy_reordered"]


def test_a_poor_model_is_not_blamed_on_the_order():
    true = np.arange(200) % 4
    guesses = np.random.default_rng(1).normal(0, 1, (200, 4))
    assert "label_order" not in {item.rule for item in evaluated(true, guesses).findings}


def test_too_few_images_are_said_to_be_unchecked():
    findings = evaluated([0, 1], good_logits(np.array([0, 1]), 2))
    assert {item.rule for item in findings.unchecked} == {
        rule.name for rule in EVALUATION_RULES if rule.least_images > 2
    }


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(9)), st.integers(0, 2**16))
def test_the_best_order_finds_any_clear_permutation_also_beyond_what_is_asked_one_by_one(order, seed):
    counts = np.random.default_rng(seed).integers(0, 4, (9, 9))
    counts[np.arange(9), list(order)] += 20
    assert best_order(counts) == tuple(order)


def test_images_whose_output_is_nan_are_counted_and_the_first_is_named():
    outputs = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    outputs[2, 0] = np.nan
    (finding,) = evaluated([0, 1, 2, 0], outputs).findings
    assert (finding.rule, finding.severity, finding.evidence) == ("nan_outputs", "error", {"images": 1, "of": 4})
    assert "2.png" in finding.message
