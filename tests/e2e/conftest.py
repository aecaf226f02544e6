"""One real engine serves all tests that don't mean to kill it: torch is imported once."""

from collections.abc import Iterator

import pytest
from speaking import Speaker, speaker


@pytest.fixture(scope="session")
def shared_engine() -> Iterator[Speaker]:
    with speaker() as engine:
        yield engine


@pytest.fixture
def fresh_engine() -> Iterator[Speaker]:
    with speaker() as engine:
        yield engine
