"""`inspector shapes`: which shapes a sample takes, and why no others."""

import subprocess
import sys

import msgspec

from inspector import places
from inspector.protocol.shapes import AcceptedShapes


def asked(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    sample = next(sample for sample in places.samples() if name in str(sample.path))
    command = [sys.executable, "-m", "inspector", "shapes", str(sample.path), "--trust", "--high", "40", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


def test_case_b3_prints_what_it_takes_as_json() -> None:
    done = asked("b3_wrong_flatten", "--format", "json")
    assert done.returncode == 0, done.stderr
    accepted = msgspec.json.decode(done.stdout, type=AcceptedShapes)
    assert accepted.sentence.startswith("28×28 to 29×29: ")
    assert "12,544" in accepted.sentence
    assert accepted.choices[0].label == "28×28"


def test_case_d2_takes_nothing_and_says_what_mends_it() -> None:
    done = asked("d2_no_flatten", "--entry", "build_without_flatten")
    assert done.returncode == 1
    assert "No size that was tried runs" in done.stdout  # 1 to 40, and those around what was fed
    assert "Insert nn.Flatten()" in done.stdout
