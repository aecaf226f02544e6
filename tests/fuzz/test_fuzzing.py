"""A short run of the fuzzing, always with the same seed; `make fuzz` does ten times as many and more."""

import pytest
from fuzzing import describe_mutations
from loading_mutations import load_mutations
from seeds import SEEDS, honest_files

from inspector.engine.formats import describe_file


@pytest.fixture(scope="module")
def honest():
    return honest_files()


@pytest.mark.parametrize("name", SEEDS)
def test_mutated_files_are_described_or_refused_in_time_and_memory(tmp_path, honest, name):
    tally = describe_mutations(name, honest[name], 110, 5, tmp_path, memory_every=11)
    assert tally.failures == []
    assert tally.refused + tally.described == tally.files == 110


@pytest.mark.parametrize("name", SEEDS)
def test_the_honest_files_are_described_and_not_refused(tmp_path, honest, name):
    (tmp_path / "file").write_bytes(honest[name])
    assert not describe_file(str(tmp_path / "file")).summary.startswith("Not opened")


def test_a_mutated_file_that_is_loaded_never_ends_without_a_sentence(tmp_path, honest):
    ends, wrong = load_mutations(honest, 48, 9, tmp_path)
    assert wrong == []
    assert sum(ends.values()) == 48
