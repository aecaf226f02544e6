"""The scripts behind `make run` and `make test`, as far as they can be tried without installing anything."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "scripts"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="make and sh are not at hand on Windows")


def find_python(folder: Path, **variables: str) -> subprocess.CompletedProcess:
    """Run the search with only the programs in `folder` on the path."""
    return subprocess.run(
        ["/bin/sh", SCRIPTS / "find_python.sh"],
        env={"PATH": str(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def pretend_python(folder: Path, name: str, status: int) -> Path:
    """A program that answers the question for its version with `status`."""
    path = folder / name
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    return path


def test_the_first_python_that_is_new_enough_is_found(tmp_path):
    pretend_python(tmp_path, "python3", 1)
    newer = pretend_python(tmp_path, "python3.12", 0)
    assert find_python(tmp_path).stdout.strip() == str(newer)


def test_a_python_that_was_named_comes_first(tmp_path):
    pretend_python(tmp_path, "python3", 0)
    named = pretend_python(tmp_path, "mine", 0)
    assert find_python(tmp_path, PYTHON=str(named)).stdout.strip() == str(named)


def test_without_a_new_enough_python_it_says_what_to_do(tmp_path):
    pretend_python(tmp_path, "python3", 1)
    answer = find_python(tmp_path)
    assert answer.returncode == 1
    assert "3.11" in answer.stderr
    assert not answer.stdout


def test_the_running_python_is_accepted(tmp_path):
    assert find_python(tmp_path, PYTHON=sys.executable).stdout.strip() == sys.executable


def script(name: str, code: str) -> str:
    """What `code` prints, after importing the script."""
    answer = subprocess.run(
        [sys.executable, "-c", f"import {name}\n{code}"],
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout


def test_the_key_of_the_set_up_is_stable_and_torch_is_pinned():
    first, second, version = script("setup", "print(setup._key(), setup._key(), setup._pinned('torch'))").split()
    assert first == second
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)


@pytest.mark.skipif(sys.platform != "linux", reason="the libraries are those of Linux")
def test_a_library_that_is_missing_is_found_by_its_package():
    table = "{'libc.so.6': 'libc6', 'libnowhere.so.9': 'nowhere9'}"
    code = f"p = system_packages\np.LIBRARIES = {table}\nprint(p.missing(for_tests=False))"
    assert script("system_packages", code).strip() == "('nowhere9',)"


@pytest.mark.skipif(sys.platform != "linux", reason="the libraries are those of Linux")
def test_without_apt_it_names_the_packages():
    code = "import os\nos.environ['PATH'] = ''\nprint(system_packages.install(('libegl1',)))"
    answer = script("system_packages", code)
    assert "libegl1" in answer
    assert answer.strip().endswith("False")


@pytest.mark.skipif(sys.platform != "linux", reason="a screen is found by its variables on Linux only")
def test_without_a_screen_the_app_says_how_to_have_one():
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    command = [sys.executable, "-m", "inspector", "--demo"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 1
    assert "DISPLAY" in answer.stderr
    assert "ssh -X" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_constraints_are_what_is_installed_here():
    from importlib.metadata import PackageNotFoundError, version

    different = []
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        name, equals, pinned = line.partition("==")
        try:
            if equals and version(name).partition("+")[0] != pinned:
                different.append(name)
        except PackageNotFoundError:
            continue  # for another version of Python, or another system
    assert not different
