"""What the tests of the engine share."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "zoo"))


@pytest.fixture(autouse=True, scope="session")
def _torchvision_can_be_imported():
    """Opening weights looks into installed libraries; the registry's torchvision is built for another torch."""
    import zoo_torchvision

    zoo_torchvision.register_operators()
