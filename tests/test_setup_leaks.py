"""The check that no test leaves anything behind, tried on tests that do."""

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = (
    Path(__file__).with_name("conftest.py").read_text(encoding="utf-8").replace("GRACE_S = 30.0", "GRACE_S = 0.1")
)
LEAKS = {
    "window": "from PySide6.QtWidgets import QLabel\n    global kept\n    kept = QLabel('left')\n    kept.show()",
    "thread": "import threading\n    threading.Thread(target=threading.Event().wait, args=(60,), daemon=True).start()",
    "process": "import subprocess\n    global kept\n    kept = subprocess.Popen(['sleep', '20'])",
}


def run_in_a_session_of_its_own(folder: Path, body: str) -> subprocess.CompletedProcess:
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "test_leak.py").write_text(f"def test_that_leaves_something(qapp):\n    {body}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "qt_api=pyside6", str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are watched on Linux")
@pytest.mark.parametrize("kind", LEAKS)
def test_what_a_test_leaves_behind_is_named(tmp_path, kind):
    answer = run_in_a_session_of_its_own(tmp_path, LEAKS[kind])
    assert f"left behind: the {kind}" in answer.stdout
    assert "1 passed, 1 error" in answer.stdout


def test_a_tidy_test_passes(tmp_path):
    body = "from PySide6.QtWidgets import QLabel\n    label = QLabel('here')\n    label.show()\n    label.close()"
    assert "1 passed" in run_in_a_session_of_its_own(tmp_path, body).stdout
