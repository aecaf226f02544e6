"""The wheel works outside the repository: it brings its icons, fonts and samples, and its programs start."""

import configparser
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with what the wheel holds, as pip would lay it out."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def outside(installed: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=installed.parent,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_it_brings_its_resources_and_samples(installed):
    code = """
from inspector.places import resources_folder, samples
assert samples() and all(sample.path.is_file() for sample in samples())
print(resources_folder(), *sorted(path.name for path in resources_folder().iterdir()))
"""
    answer = outside(installed, "-c", code)
    assert answer.stdout.split() == [str(installed / "inspector" / "_resources"), "desktop", "fonts", "icons"], (
        answer.stderr
    )


def test_it_holds_no_leftovers(installed):
    names = [path.relative_to(installed).as_posix() for path in installed.rglob("*")]
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests", "scripts", "benchmarks"))]


def test_both_programs_are_entry_points(installed):
    (path,) = installed.glob("*.dist-info/entry_points.txt")
    entries = configparser.ConfigParser()
    entries.read(path)
    assert entries["console_scripts"]["inspector"] == "inspector.cli:main"
    assert entries["gui_scripts"]["model-inspector"] == "inspector.cli:open_window"


def test_it_describes_a_file_outside_the_repository(installed):
    sample = installed / "inspector" / "_samples" / "digits" / "digits.safetensors"
    answer = outside(installed, "-m", "inspector", "describe", str(sample))
    assert answer.returncode == 0, answer.stderr
    assert "stem.0.weight" in answer.stdout
