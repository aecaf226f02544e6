"""`inspector gradients` on cases C1 to C4: its JSON, its text, its exit status."""

import json
from pathlib import Path
from typing import Any

import pytest

from inspector.cli import main
from inspector.places import samples_folder

CASES = samples_folder() / "cases"
ALL = ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]


def gradients(capfd: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    status = main(["gradients", *map(str, words), "--trust", "--format", "json"])
    told, said = capfd.readouterr()
    assert status == 0, said
    return json.loads(told)["gradients"]


def test_c1_a_sigmoid_before_a_squared_error_is_reached_with_its_size_told(capfd: pytest.CaptureFixture[str]) -> None:
    told = gradients(
        capfd, CASES / "c1_sigmoid_mse.py", "--entry", "SigmoidForSquaredError", "--loss", "mse", "--target", "1"
    )
    assert [row["reached"] for row in told["parameters"]] == ["reached", "reached"]
    (finding,) = told["findings"]
    assert finding["rule"] == "squared_error_on_sigmoid"
    assert finding["evidence"]["gradient_norm"] == pytest.approx(told["total_norm"])
    assert "binary_cross_entropy_with_logits" in finding["fix"]
    assert told["target"] == "1 for every value, as expected"
    assert told["target_made"] is False


def test_c2_cross_entropy_on_logits_is_right_and_on_softmax_slow(capfd: pytest.CaptureFixture[str]) -> None:
    case = CASES / "c2_softmax_shown.py"
    right = gradients(capfd, case, "--entry", "RawLogits", "--target", "1")
    assert (right["loss"], right["findings"]) == ("cross_entropy", [])
    slow = gradients(
        capfd,
        case,
        "--entry",
        "RawLogits",
        "--target",
        "1",
        "--loss",
        "CrossEntropyLoss",
        "--line",
        "torch.softmax(x, 1)",
    )
    (finding,) = slow["findings"]
    assert finding["rule"] == "loss_on_probabilities"
    assert finding["evidence"]["least_loss"] == pytest.approx(0.5514, abs=1e-4)
    assert 0 < finding["evidence"]["ratio"] < 1
    assert slow["total_norm"] < right["total_norm"]


def test_c3_scaling_passes_the_gradient_and_bounds_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    case = CASES / "c3_scaled_output.py"
    told = gradients(capfd, case, "--entry", "ScaledOutput")
    (finding,) = told["findings"]
    assert (finding["rule"], finding["severity"]) == ("scaled_output", "note")
    assert finding["evidence"]["factor"] == pytest.approx(2.0)
    assert "does not bound" in finding["message"]
    assert "tanh" in finding["fix"]


def test_c4_an_arg_max_stops_it_and_cuts_all_off_in_json_and_in_text(capfd: pytest.CaptureFixture[str]) -> None:
    words = ["gradients", str(CASES / "c4_cut_gradient.py"), "--entry", "LargestIndex", "--trust"]
    told = gradients(capfd, *words[1:-1])
    (stop,) = told["stops"]
    assert stop["op"] == "argmax"
    assert stop["parameters"] == ALL
    assert stop["source_line"].startswith("c4_cut_gradient.py:")
    assert main(words) == 0
    text = capfd.readouterr().out
    assert "stops at argmax" in text
    assert text.count("cut off") == 5


def test_a_line_of_code_without_consent_ends_with_3_and_names_it(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    line = f"open({str(canary)!r}, 'w')"
    assert main(["gradients", str(CASES / "c3_scaled_output.py"), "--line", line]) == 3
    assert "open(" in capfd.readouterr().err
    assert not canary.exists()


@pytest.mark.parametrize("words", [("--loss", "hinge"), ("--transform", "square"), ("--transform", "line")])
def test_what_there_is_not_is_wrong_use(words: tuple[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["gradients", str(CASES / "c3_scaled_output.py"), *words]) == 2
    assert "There is no" in capfd.readouterr().err
