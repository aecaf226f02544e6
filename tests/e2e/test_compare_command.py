"""`inspector compare` as a program: the reference cases D3 and D4, its JSON, its statuses, and no way round consent."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from inspector import places
from inspector.protocol.reports import CompareReport

SAMPLES = {sample.name: sample for sample in places.samples()}
CASES = places.samples_folder() / "cases"


def inspector(*words):
    return subprocess.run(
        [sys.executable, "-m", "inspector", "compare", *map(str, words)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def json_of(*words, status=0):
    done = inspector(*words, "--format", "json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_case_d3_names_the_activation_and_says_that_its_input_is_the_same():
    told = json_of(CASES / "d3_relu.pth", CASES / "d3_tanh.pth", "--shape", "1,10")
    assert set(told) == set(CompareReport.__struct_fields__)
    runs = told["runs"]
    pair = runs["pairs"][runs["first"]["pair"]]
    assert (runs["graph_a"]["nodes"][pair["a"]]["op"], runs["graph_b"]["nodes"][pair["b"]]["op"]) == ("ReLU", "Tanh")
    assert runs["first"]["inputs_equal"] is True
    assert told["weights"]["num_changed"] == 0
    a, b = (torch.tensor(told["outputs"][0][side]["raw"]) for side in "ab")
    assert told["outputs"][0]["max_abs"] == pytest.approx((a - b).abs().max().item(), rel=1e-5)
    models = [torch.load(CASES / f"d3_{name}.pth", weights_only=False) for name in ("relu", "tanh")]
    x = torch.randn(1, 10, generator=torch.Generator().manual_seed(0))
    assert a.tolist() == models[0](x).tolist()
    assert b.tolist() == models[1](x).tolist()


def test_case_d4_compares_train_with_eval_in_words_and_a_batch_of_one_that_fails_too():
    model = CASES / "d4_train_or_eval.pth"
    words = (model, "--source", model.with_suffix(".py"), "--mode-b", "train", "--trust")
    one = inspector(*words)
    assert one.returncode == 1
    assert "B fails at norm BatchNorm1d" in one.stdout
    assert "batch of 2 or more" in one.stderr
    width = next(iter(torch.load(model, weights_only=True).values())).shape[1]
    done = inspector(*words, "--shape", f"8,{width}")
    assert done.returncode == 0, done.stderr
    assert "act otherwise than in eval mode" in done.stdout
    assert "all buffers were put back" in done.stdout
    assert "← first" in done.stdout


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_comparing_is_no_way_round_consent(tmp_path):
    canary = tmp_path / "canary"
    honest = tmp_path / "honest.pt"
    torch.save(nn.Sequential(nn.Linear(4, 2)), honest)
    hostile = tmp_path / "hostile.pt"
    torch.save({"model": nn.Sequential(nn.Linear(4, 2)), "notes": Hostile(str(canary))}, hostile)
    for words in ((honest, hostile), (hostile, honest)):
        done = inspector(*words)
        assert done.returncode == 3, done.stderr
        assert "open" in done.stderr
        assert not canary.exists()
    alone = inspector(honest, hostile, "--weights")
    assert alone.returncode == 0, alone.stderr
    assert not canary.exists()


def test_two_files_of_weights_without_a_class_are_compared_as_they_are_stored(tmp_path):
    torch.manual_seed(0)
    state = {"odd.weight": torch.randn(7, 5), "odd.bias": torch.randn(7)}
    save_file(state, tmp_path / "a.safetensors")
    torch.save({f"module.{k}": v * 1.1 for k, v in state.items()}, tmp_path / "b.pt")
    told = json_of(tmp_path / "a.safetensors", tmp_path / "b.pt")
    assert told["runs"] is None
    assert told["weights"]["inert"]
    assert told["weights"]["prefix_b"] == "module."
    for row in told["weights"]["rows"]:
        value = state[row["name"]].double()
        assert row["l2"] == pytest.approx(torch.dist(value, (state[row["name"]] * 1.1).double()).item())


def test_a_test_folder_is_run_through_both(tmp_path):
    sample = SAMPLES["digits"]
    state = torch.load(sample.path, weights_only=True)
    name = next(reversed([key for key in state if state[key].dim() == 1]))
    torch.manual_seed(1)
    state[name] = state[name] + 6 * torch.randn_like(state[name])
    torch.save(state, tmp_path / "other.pth")
    told = json_of(
        sample.path, tmp_path / "other.pth", "--source", sample.source, "--trust", "--folder", sample.test_folder
    )
    folder = told["folder"]
    assert folder["num_disagreements"] == len(folder["disagreements"]) > 0
    assert all(one["predicted_a"] != one["predicted_b"] for one in folder["disagreements"])
    assert sum(map(sum, folder["a"]["matrix"])) == folder["num_images"]
    assert told["sentences"][-1].startswith("They disagree on ")


def test_nothing_to_compare_is_wrong_use(tmp_path):
    done = inspector(CASES / "d3_relu.pth")
    assert done.returncode == 2
    assert "--mode-b" in done.stderr


def test_a_second_side_in_whole_numbers_is_wrong_use():
    done = inspector(CASES / "d3_relu.pth", "--dtype-b", "int64")
    assert done.returncode == 2
    assert "no model runs in int64" in done.stderr
