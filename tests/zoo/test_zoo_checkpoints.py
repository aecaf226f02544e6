"""The inert reader against torch and safetensors on checkpoints of the zoo; `make zoo` compares all architectures."""

import importlib.util
import re

import pytest
import torch
import zoo_checkpoints
import zoo_odd
import zoo_table

REAL = ("timm lcnet_050",)
# Whose checkpoints are odd, and not only what they compute.
ODD = re.compile(
    "called three times|norm|parametriz|pruned|complex|sparse|sub-class|lazy|compiled part|quantised|buffer|Parallel"
)
pytestmark = pytest.mark.filterwarnings("ignore")  # torch warns of its own older forms


@pytest.mark.parametrize("name", [name for name, _ in zoo_odd.specimens() if ODD.search(name)])
def test_checkpoints_of_an_odd_model_are_read_as_torch_reads_them(tmp_path, name):
    torch.manual_seed(0)
    specimen = dict(zoo_odd.specimens())[name]()
    faults, _ = zoo_checkpoints.faults(specimen.module, tmp_path)
    assert faults == []


@pytest.mark.parametrize("name", REAL)
def test_checkpoints_of_a_real_architecture_are_read_as_torch_reads_them(tmp_path, name):
    if importlib.util.find_spec(name.split()[0]) is None:
        pytest.skip(f"{name.split()[0]} is not installed; make test installs it")
    torch.manual_seed(0)
    faults, compared = zoo_checkpoints.faults(zoo_table.specimens()[name]().module, tmp_path)
    assert faults == []
    assert compared == len(zoo_checkpoints.FORMS)


def test_the_comparison_finds_what_is_told_otherwise(tmp_path, monkeypatch):
    def other(path):
        state = dict(torch.load(path))
        state["0.weight"] = state["0.weight"].half()
        del state["0.bias"]
        return state

    monkeypatch.setattr(zoo_checkpoints, "FORMS", {"state_dict": (zoo_checkpoints._save, other, False)})
    faults, _ = zoo_checkpoints.faults(torch.nn.Sequential(torch.nn.Linear(2, 3)), tmp_path)
    assert len(faults) == 3
