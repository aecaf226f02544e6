"""The command line as a program: its JSON alone on stdout, its exit status, its sentences on stderr."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inspector import places

SAMPLES = {sample.name: sample for sample in places.samples()}


def inspector(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inspector", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=cwd,
        check=False,
    )


def json_of(*words: object, status: int = 0) -> Any:
    done = inspector(*words, "--format", "json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_describe_tells_what_is_in_a_file_without_running_it() -> None:
    told = json_of("describe", SAMPLES["digits"].path)
    assert told["format"] == "state_dict"
    assert told["safety"] == "inert"
    assert told["size_bytes"] == SAMPLES["digits"].path.stat().st_size
    assert {"name", "shape", "dtype"} <= set(told["tensors"][0])
    assert {"fqn", "class_name"} <= set(told["modules"][0])
    assert {"globals", "blocked_globals", "metadata"} <= set(told)


def test_describe_says_what_a_thing_is_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("buy milk")
    assert json_of("describe", tmp_path / "notes.txt")["format"] == "unknown"


def test_a_file_is_found_from_the_folder_that_the_command_was_given_in() -> None:
    sample = SAMPLES["digits"].path
    done = inspector("describe", sample.name, cwd=sample.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert inspector("describe", "").returncode == 2


def test_a_name_that_is_no_text_is_refused_in_a_sentence(tmp_path: Path) -> None:
    named = os.fsencode(tmp_path) + b"/bad\xff.pth"
    with open(named, "wb") as file:  # noqa: PTH123 - pathlib would make text of it
        file.write(SAMPLES["digits"].path.read_bytes())
    done = inspector("describe", os.fsdecode(named))
    assert done.returncode == 1
    assert "Rename the file" in done.stderr


def test_a_missing_file_is_a_sentence_and_status_1(tmp_path: Path) -> None:
    done = inspector("describe", tmp_path / "gone.pth")
    assert done.returncode == 1
    assert "gone.pth" in done.stderr
    assert "Traceback" not in done.stderr


def test_several_timed_runs_give_medians_for_each_node_and_what_timing_costs() -> None:
    told = json_of("run", SAMPLES["digits_torchscript"].path, "--time", "--time-runs", 3)
    times = told["times"]
    assert times["runs"] == 3
    assert times["plain_fastest_s"] <= times["plain_s"] <= times["plain_slowest_s"]
    assert times["overhead"] == pytest.approx(times["observed_s"] / times["plain_s"] - 1)
    assert [node["elapsed_s"] for node in told["graph"]["nodes"]] == [node["elapsed_s"] for node in times["nodes"]]
    assert times["peak_bytes"] == max(node["peak_bytes"] or 0 for node in times["nodes"])
    done = inspector("run", SAMPLES["digits_torchscript"].path, "--time-runs", 3)
    assert (done.returncode, done.stderr) == (
        2,
        "inspector: --time-runs says how often --time runs: give --time too.\n",
    )


def test_run_gives_the_keys_that_the_table_promises() -> None:
    told = json_of("run", SAMPLES["digits_torchscript"].path, "--time")
    assert set(told) >= {"model", "graph", "outputs", "findings", "failure", "timing"}
    assert set(told["model"]) >= {"format", "class_name", "num_params", "size_bytes"}
    assert set(told["graph"]) >= {"nodes", "groups", "edges", "uncalled_modules"}
    node_keys = {
        "id",
        "kind",
        "op",
        "fqn",
        "group",
        "inputs",
        "outputs",
        "num_params",
        "macs",
        "elapsed_s",
        "statistics",
    }
    assert all(set(node) >= node_keys for node in told["graph"]["nodes"])
    assert all(set(edge) >= {"source", "source_output", "target", "target_input"} for edge in told["graph"]["edges"])
    (output,) = told["outputs"]
    assert set(output) >= {"name", "shape", "dtype", "raw", "softmax", "sigmoid", "classes", "head", "truncated"}
    assert set(output["head"]) >= {"kind", "evidence"}
    assert told["failure"] is None
    assert told["timing"]["captured_s"] > 0
    assert told["timing"]["plain_s"] > 0


def test_consent_is_needed_for_source_and_named() -> None:
    done = inspector("run", SAMPLES["b3"].path, "--format", "json")
    assert done.returncode == 3
    assert not done.stdout
    assert "b3_wrong_flatten.py" in done.stderr
    assert "--trust" in done.stderr


def test_a_failing_forward_is_status_1_with_its_graph_and_the_fix() -> None:
    told = json_of("run", SAMPLES["b3"].path, "--trust", "--shape", "32,3,32,32", status=1)
    assert told["failure"]["op"] == "Linear"
    assert told["failure"]["input_shapes"][0] == [32, 16384]
    assert "28" in told["failure"]["fix"]
    assert told["graph"]["nodes"][told["failure"]["node"]]["failed"] is True
    assert told["outputs"] == []


def test_an_expected_class_and_cut_values_are_told() -> None:
    told = json_of(
        "run", SAMPLES["digits_torchscript"].path, "--shape", "40,1,8,8", "--max-values", 50, "--seed", 3
    )  # fmt: skip
    (output,) = told["outputs"]
    assert output["shape"] == [40, 10]
    assert len(output["raw"]) == 5
    assert "50 of 400" in output["truncated"]


def test_evaluate_gives_the_matrix_and_writes_it(tmp_path: Path) -> None:
    sample = SAMPLES["e5"]
    told = json_of(
        "evaluate", sample.path, sample.test_folder, "--trust", "--entry", sample.entry,
        "--csv", tmp_path / "matrix.csv", "--png", tmp_path / "matrix.png",
    )  # fmt: skip
    assert told["matrix"] == [[84, 3, 0], [2, 78, 0], [0, 0, 6]]
    assert set(told) >= {
        "classes", "matrix", "num_images", "skipped", "accuracy", "balanced_accuracy", "per_class",
        "expected_calibration_error", "images_per_s", "findings",
    }  # fmt: skip
    assert (tmp_path / "matrix.csv").read_text().splitlines()[1] == "C1,84,3,0"
    assert (tmp_path / "matrix.png").read_bytes().startswith(b"\x89PNG")


def test_wrong_use_is_status_2() -> None:
    assert inspector("run").returncode == 2
    assert inspector("run", SAMPLES["digits_torchscript"].path, "--shape", "a,b").returncode == 2
    assert inspector("--no-such-option").returncode == 2
    mistyped = inspector("descirbe")
    assert (mistyped.returncode, "no command descirbe" in mistyped.stderr) == (2, True)


def test_help_names_every_command_on_a_whole_line_and_the_version_is_told() -> None:
    from inspector.cli import COMMANDS

    told = inspector("--help").stdout
    assert all(f"\n  {command} " in told for command in COMMANDS)
    assert "..." not in told.partition("Commands:")[2]
    assert re.fullmatch(r"Model Inspector \d+\.\d+\.\d+\n", inspector("--version").stdout)


def test_text_for_people_names_the_layers_and_the_classes() -> None:
    done = inspector("run", SAMPLES["digits_torchscript"].path)
    assert done.returncode == 0, done.stderr
    assert "conv" in done.stdout.lower()
    assert "softmax" in done.stdout


@pytest.fixture
def small(tmp_path: Path) -> Path:
    source = tmp_path / "small.py"
    source.write_text("from torch import nn\n\n\nclass Small(nn.Linear):\n    def __init__(self, size=4):\n"
                      "        super().__init__(size, 3)\n")  # fmt: skip
    return source


@pytest.mark.parametrize(
    "words",
    [("--entry", "Large"), ("--dtype", "float17"), ("--seed", 2**64), ("--preprocess", "none.json")],
    ids=lambda words: words[0],
)
def test_what_does_not_exist_is_wrong_use(small: Path, words: tuple[object, ...]) -> None:
    assert inspector("run", small, "--trust", *words, cwd=small.parent).returncode == 2


def test_a_number_that_is_too_large_is_told_in_a_sentence(small: Path) -> None:
    done = inspector("run", small, "--trust", "--shape", f"{10**30},4")
    assert done.returncode == 1
    assert "too large" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_preprocessing_file_changes_what_it_names_and_leaves_the_rest_as_it_fits_the_model(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text('{"mean": [0.5], "std": [0.5]}')
    picture = next(path for path in (SAMPLES["digits"].path.parent).rglob("*.png"))
    words = ("run", SAMPLES["digits_torchscript"].path, "--input", picture, "--max-values", 5)
    plain, changed = json_of(*words), json_of(*words, "--preprocess", tmp_path / "half.json")
    fed = [told["graph"]["nodes"][0] for told in (plain, changed)]
    assert fed[0]["outputs"] == fed[1]["outputs"]
    low, high = (fed[0]["statistics"][name] for name in ("min", "max"))
    assert abs(fed[1]["statistics"]["min"] - (low - 0.5) / 0.5) < 1e-6
    assert abs(fed[1]["statistics"]["max"] - (high - 0.5) / 0.5) < 1e-6


SLOW = """
import sys
import time

from torch import nn


class Slow(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 3)

    def forward(self, x):
        print("forward", file=sys.stderr, flush=True)
        time.sleep(0.05)
        return self.conv(x).mean((2, 3))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals to a group of processes")
def test_an_interrupt_of_the_whole_group_ends_an_evaluation_with_what_was_counted(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    for index in range(300):
        picture = tmp_path / "images" / "ab"[index % 2] / f"{index}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (index % 255, 0, 0)).save(picture)
    words = ("evaluate", tmp_path / "slow.py", tmp_path / "images", "--trust", "--batch-size", "1", "--format", "json")
    with subprocess.Popen(
        [sys.executable, "-m", "inspector", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        seen = 0
        for line in process.stderr:  # the tries for an input's shape are quick, and few
            seen += "forward" in line
            if seen == 60:
                os.killpg(process.pid, signal.SIGINT)
                break
        out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    told = json.loads(out)
    assert told["cancelled"]
    assert 0 < told["num_images"] < 300


def test_a_source_that_interrupts_its_import_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "stops.py").write_text("from torch import nn\n\nclass Net(nn.Module): ...\n\nraise KeyboardInterrupt\n")
    done = inspector("run", tmp_path / "stops.py", "--trust")
    assert done.returncode == 1
    assert "stops.py ends the program while it is being imported" in done.stderr


def test_a_change_is_made_for_the_run_and_compared_with_the_run_without() -> None:
    path = places.samples_folder() / "cases" / "d3_relu.pth"
    plain = json_of("run", path, "--trust", "--shape", "1,10")
    told = json_of("run", path, "--trust", "--shape", "1,10", "--change", "1=tanh")
    twin = json_of("run", path.with_name("d3_tanh.pth"), "--trust", "--shape", "1,10")
    assert told["outputs"][0]["raw"] == twin["outputs"][0]["raw"]
    assert told["comparison"]["outputs_before"][0]["raw"] == plain["outputs"][0]["raw"]
    assert told["graph"]["nodes"][told["comparison"]["first"]]["op"] == "ReLU"
    assert told["changes"][0]["activation"] == "tanh"
    assert plain["comparison"] is None


def test_a_change_that_is_not_made_is_said_and_gives_status_1() -> None:
    path = places.samples_folder() / "cases" / "d3_relu.pth"
    done = inspector("run", path, "--trust", "--shape", "1,10", "--change", "gone=zero")
    assert done.returncode == 1
    assert "did not run" in done.stderr
    wrong = inspector("run", path, "--trust", "--change", "1=blur")
    assert wrong.returncode == 2
    assert "noise:0.1" in wrong.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is Linux's own")
@pytest.mark.parametrize("output_format", ["text", "json"])
def test_a_result_that_can_not_be_written_is_told_in_a_sentence(output_format: str) -> None:
    command = [sys.executable, "-m", "inspector", "describe", str(SAMPLES["digits"].path), "--format", output_format]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (1, "inspector: The result can't be written: No space left on device.\n")


LONG = "a" * 300


@pytest.mark.parametrize(
    "words",
    [
        (LONG,),
        ("run", SAMPLES["digits_torchscript"].path, "--input", f"{LONG}.npy"),
        ("evaluate", SAMPLES["digits_torchscript"].path, SAMPLES["digits"].test_folder, "--labels", LONG),
        ("report", SAMPLES["digits_torchscript"].path, "-o", f"{LONG}/page.html"),
    ],
    ids=lambda words: words[0][:8],
)
def test_a_name_that_is_too_long_is_one_that_is_not_there(words: tuple[object, ...]) -> None:
    done = inspector(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("inspector: "), done.stderr
