"""docs/security.md says of the limits and the sandbox what the code does."""

import importlib.util
from pathlib import Path

from inspector.engine.sandbox_lacks import what_lacks

ROOT = Path(__file__).parents[1]
WHOLE = (
    "no core dumps",
    "no files over 2 GB",
    "ends with the window",
    "writes only to a temporary folder",
    "reads only Python, libraries and chosen files",
    "no network",
    "no new programs",
    "no reach into other processes",
    "at most 4.0 GB of memory",
)


def limits_script():
    spec = importlib.util.spec_from_file_location("security_limits", ROOT / "scripts" / "security_limits.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_the_limits_in_the_document_are_those_of_the_code():
    script = limits_script()
    assert script.written() == script.table(), "run `make docs`"


def test_the_table_of_limits_follows_the_constants():
    """So that the test above can fail."""
    script = limits_script()
    rows = {(reader, what): limit for reader, what, limit in script.limits()}
    assert rows["pickles", "operations"] == f"{script.pickle_machine.MAX_OPCODES:,}"
    assert f"| pickles | operations | {script.pickle_machine.MAX_OPCODES:,} |" in script.written()


def test_what_the_sandbox_says_that_it_holds_is_explained_in_the_document():
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    for held in WHOLE:
        start = "at most" if held.startswith("at most") else held
        assert start in text, held


def test_each_part_that_does_not_hold_is_a_sentence_with_its_reason():
    complete = [one for one in what_lacks(WHOLE) if "emptied" not in one]  # that one is the kernel's
    assert complete == []
    lacks = what_lacks(())
    assert len(lacks) == 8
    assert all(": " in one and one.endswith(".") for one in lacks)
    without_network = what_lacks([one for one in WHOLE if one != "no network"])
    assert any(one.startswith("The network can be reached: ") for one in without_network)


def test_another_system_is_told_what_it_has_not():
    assert any("macOS lets no program bind itself" in one for one in what_lacks((), "darwin"))
    assert any("Windows lets no program bind itself" in one for one in what_lacks((), "win32"))
