"""Test folders through the real engine: the numbers of the reference cases, and scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, precision_recall_fscore_support
from speaking import Speaker
from test_reference_cases import SAMPLES, opened

from inspector.protocol.evaluation import LabelRule
from inspector.protocol.events import EvaluationFinished, EvaluationProgressed, FindingsFound, FolderScanned
from inspector.protocol.findings import Findings
from inspector.protocol.inputs import Preprocess
from inspector.protocol.requests import Evaluate


def evaluated(
    engine: Speaker, name: str, labels: LabelRule | None = None
) -> tuple[FolderScanned, EvaluationFinished, Findings, int]:
    """Open a sample and evaluate its folder with what is proposed; the last figure counts the images of all steps."""
    sample = SAMPLES[name]
    loaded = engine.load(sample.path, source=str(sample.source or ""), entry=sample.entry)
    request = Evaluate(
        folder=str(sample.test_folder),
        labels=labels or LabelRule(),
        preprocess=loaded.preprocess or Preprocess(),
        class_names=loaded.class_names,
    )
    scan, finished, findings, counted = None, None, Findings(), 0
    for reply in engine.ask(request):
        match reply.event:
            case FolderScanned():
                scan = reply.event
            case EvaluationProgressed():
                counted += len(reply.array(reply.event.indices))
                assert reply.array(reply.event.outputs).shape[0] == len(reply.array(reply.event.indices))
            case EvaluationFinished():
                finished = reply.event
            case FindingsFound():
                findings = reply.event.findings
            case _:
                pass
    assert scan is not None
    assert finished is not None
    return scan, finished, findings, counted


@pytest.mark.parametrize("name", ["digits", "digits_by_name", "digits_by_csv", "digits_torchscript", "digits_exported"])
def test_the_digits_are_over_97_percent_right_however_labelled(shared_engine: Speaker, name: str) -> None:
    scan, finished, _, counted = evaluated(shared_engine, name)
    assert finished.num_images == counted == len(scan.images)
    assert finished.accuracy is not None
    assert finished.accuracy > 0.97
    assert tuple(name.removeprefix("C") for name in finished.classes) == tuple("0123456789")


def test_the_figures_are_those_of_scikit_learn(shared_engine: Speaker) -> None:
    _, finished, _, _ = evaluated(shared_engine, "digits")
    matrix = np.array(finished.matrix)
    true = np.repeat(np.arange(10), matrix.sum(axis=1))
    predicted = np.concatenate([np.repeat(np.arange(10), row) for row in matrix])
    precision, recall, f1, support = precision_recall_fscore_support(true, predicted)
    assert finished.accuracy == pytest.approx(accuracy_score(true, predicted), abs=1e-9)
    assert finished.balanced_accuracy == pytest.approx(balanced_accuracy_score(true, predicted), abs=1e-9)
    for index, row in enumerate(finished.per_class):
        assert (row.precision, row.recall, row.f1) == pytest.approx(
            (precision[index], recall[index], f1[index]), abs=1e-9
        )
        assert row.support == support[index]


def test_e4_a_rare_class_is_named_beside_the_accuracy(shared_engine: Speaker) -> None:
    _, finished, findings, _ = evaluated(shared_engine, "e4")
    supports = [row.support for row in finished.per_class]
    assert max(supports) / min(supports) >= 17
    assert any("imbalance" in finding.rule for finding in findings.findings)


def test_e5_the_known_matrix_and_its_figures(shared_engine: Speaker) -> None:
    _, finished, _, _ = evaluated(shared_engine, "e5")
    assert finished.matrix == ((84, 3, 0), (2, 78, 0), (0, 0, 6))
    assert finished.accuracy == pytest.approx(0.9711, abs=5e-5)
    assert [row.recall for row in finished.per_class] == pytest.approx([0.9655, 0.9750, 1], abs=5e-5)
    assert [row.precision for row in finished.per_class] == pytest.approx([0.9767, 0.9630, 1], abs=5e-5)


def test_e6_a_name_without_a_label_or_with_two_is_listed_and_never_guessed(shared_engine: Speaker) -> None:
    scan, finished, _, _ = evaluated(shared_engine, "e6", LabelRule(source="names"))
    reasons = {entry.path.rsplit("/", 1)[-1]: entry.reason for entry in finished.skipped}
    assert {"img_C4_or_C9_09.png", "img_unknown_08.png"} <= set(reasons)
    unreadable = {image.path for image in scan.images} & {entry.path for entry in finished.skipped}
    assert finished.num_images == len(scan.images) - len(unreadable)
    assert scan.classes == tuple(sorted(scan.classes, key=lambda name: int(name.lstrip("C"))))


def test_a_model_that_is_not_open_is_asked_for(fresh_engine: Speaker) -> None:
    from inspector.cli.engine import CommandError

    with pytest.raises(CommandError, match="No model is open"):
        fresh_engine.ask(Evaluate(folder="/nowhere"))


def test_a_vanished_folder_is_a_sentence(shared_engine: Speaker) -> None:
    from inspector.cli.engine import CommandError

    opened(shared_engine, "digits")
    with pytest.raises(CommandError, match="nowhere"):
        shared_engine.ask(Evaluate(folder="/nowhere/at/all"))
