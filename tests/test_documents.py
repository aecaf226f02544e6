"""What the documents say is so: their examples are run, their links and keys are looked up."""

import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.gui.actions import ACTIONS

ROOT = Path(__file__).parents[1]
LESSONS = tuple(sorted(f"docs/lessons/{page.name}" for page in (ROOT / "docs" / "lessons").glob("*.md")))
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/guide.md", "docs/decisions.md", *LESSONS)
EXAMPLES = re.findall(r"```console\n\$ inspector ([^\n]+)\n(.*?)```", (ROOT / "docs/guide.md").read_text(), re.DOTALL)
KEYS_OF_OTHERS = {"Ctrl+C"}


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=lambda text: text.partition("\n")[0])
def test_an_example_of_the_guide_prints_what_the_guide_shows(command: str, shown: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inspector", *shlex.split(command)],
        cwd=ROOT / "sample_models",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    lines = [line.rstrip() for line in shown.splitlines()]
    assert printed[: len(lines)] == lines


def test_the_guide_has_an_example() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("document", DOCUMENTS)
def test_all_links_of_a_document_lead_somewhere(document: str) -> None:
    path = ROOT / document
    text = path.read_text()
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_all_files_that_a_document_names_are_there(document: str) -> None:
    named = re.findall(
        r"`((?:inspector|tests|scripts|sample_models|benchmarks|docs|resources)/[\w./-]+)`", text_of(document)
    )
    missing = [name for name in named if not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_all_keys_and_goals_of_a_document_are_there(document: str) -> None:
    text = text_of(document)
    keys = {row.shortcut for row in ACTIONS} | KEYS_OF_OTHERS
    assert set(re.findall(r"`?(Ctrl\+(?:Shift\+)?[\w\[\]])", text)) <= keys
    goals = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make (\w+)", text)) <= goals


def text_of(document: str) -> str:
    return (ROOT / document).read_text()


def test_the_pages_of_the_lessons_say_what_the_lessons_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    pages = importlib.import_module("lesson_pages").pages()
    written = {page.name: page.read_text() for page in (ROOT / "docs" / "lessons").glob("*.md")}
    assert written == pages, "make lessons writes them"
