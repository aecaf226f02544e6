"""What the rooms may know, and what the project's files promise of each other."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "inspector"
QT = {"PySide6", "pyqtgraph", "qtawesome"}


def imported_by(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter has after the statement."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    return set(answer.stdout.split())


def test_the_window_process_never_imports_torch():
    imported = imported_by("import inspector.gui.app")
    assert "PySide6" in imported
    assert "torch" not in imported


def test_the_window_appears_without_waiting_for_the_plots():
    """pyqtgraph takes longer to import than the window to paint; the first plot imports it."""
    assert "pyqtgraph" not in imported_by("import inspector.gui.app")


def test_the_engine_does_not_import_qt():
    imported = imported_by("import inspector.engine.server, inspector.engine.session")
    assert not imported & QT


def test_reading_a_file_inertly_needs_no_torch():
    assert not imported_by("import inspector.engine.formats") & (QT | {"torch"})


def test_the_sandbox_is_there_before_torch():
    assert "torch" not in imported_by("import inspector.engine.sandbox")


@pytest.mark.parametrize("room", ["protocol.wire", "core", "client.process", "places"])
def test_the_lower_rooms_know_neither_torch_nor_qt(room):
    assert not imported_by(f"import inspector.{room}") & (QT | {"torch"})


def test_the_command_line_answers_without_torch_or_qt():
    assert not imported_by("import inspector.cli") & (QT | {"torch"})


@pytest.mark.parametrize("module", sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("__init__.py")), ids=str)
def test_every_package_says_its_role(module):
    text = (ROOT / module).read_text(encoding="utf-8")
    assert text.startswith('"""'), f"{module} has no docstring"


def test_no_module_is_called_after_nothing():
    vague = re.compile(r"(utils?|helpers?|manager|handler|misc|common)$")
    assert not [path for path in PACKAGE.rglob("*.py") if vague.search(path.stem)]


def test_qt_void_calls_keep_their_references_to_none():
    """PySide6 6.12.0 drops one per call, and aborts after some 10,000; from Python 3.12 on None is immortal."""
    from PySide6.QtGui import QPainterPath

    path = QPainterPath()
    before = sys.getrefcount(None)
    for _ in range(1000):
        path.moveTo(0.0, 0.0)
    assert abs(sys.getrefcount(None) - before) < 100


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_release_of_pyside_that_aborts_is_excluded():
    assert any("PySide6-Essentials" in line and "!=6.12.0" in line for line in project()["project"]["dependencies"])


def test_every_dependency_is_pinned():
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    for text in [*project()["project"]["dependencies"], *project()["dependency-groups"]["dev"]]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), text


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_that_is_told_exists(name):
    told = set(re.findall(r"\bmake ([a-z]+)\b(?= *[`\n#])|`make ([a-z]+)", (ROOT / name).read_text(encoding="utf-8")))
    words = {word for pair in told for word in pair if word}
    assert {"run", "test"} <= words or name != "README.md"
    assert words <= make_targets()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_file_that_is_linked_exists(name):
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text(encoding="utf-8"))
    missing = [link for link in links if not link.startswith("http") and not (ROOT / link).exists()]
    assert not missing


def test_every_script_that_make_runs_is_there():
    scripts = re.findall(r"(?:scripts|sample_models)/[a-z_]+\.(?:py|sh)", (ROOT / "Makefile").read_text())
    assert scripts
    assert all((ROOT / script).is_file() for script in scripts)


def test_ci_runs_make_test():
    assert "make test" in (ROOT / ".ci" / "run").read_text()
