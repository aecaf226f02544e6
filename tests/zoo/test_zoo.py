"""The fast part of the zoo: all hand-made models, and ten real architectures; `make zoo` runs all of it."""

import importlib.util

import pytest
import torch
import zoo_odd
import zoo_oracle
import zoo_table
from torch import nn

REAL = (
    *("torchvision shufflenet_v2_x1_0", "torchvision mobilenet_v3_small", "torchvision squeezenet1_1"),
    *("timm lcnet_050", "timm efficientvit_b0", "timm poolformer_s12"),
    *("transformers BertForSequenceClassification", "transformers LlamaForCausalLM"),
    *("transformers T5ForConditionalGeneration", "transformers CLIPModel"),
)
pytestmark = pytest.mark.filterwarnings("ignore")  # torch and the libraries warn of their own older parts


@pytest.mark.parametrize("name", [name for name, _ in zoo_odd.specimens()])
def test_nothing_of_an_odd_model_is_missing_and_nothing_is_left_behind(name):
    torch.manual_seed(0)
    verdict = zoo_oracle.judge(dict(zoo_odd.specimens())[name](), timed=False)
    assert verdict.faults == []


@pytest.mark.parametrize("name", REAL)
def test_nothing_of_a_real_architecture_is_missing(name):
    if importlib.util.find_spec(name.split()[0]) is None:
        pytest.skip(f"{name.split()[0]} is not installed; make test installs it")
    torch.manual_seed(0)
    verdict = zoo_oracle.judge(zoo_table.specimens()[name](), timed=False)
    assert verdict.faults == []
    assert verdict.inferred == 0


def test_the_zoo_has_at_least_a_hundred_architectures():
    assert len(zoo_table.specimens()) >= 100


class Skips(nn.Module):
    """A skip whose wire a careless capture would draw from the wrong place, or not at all."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        return self.b(self.a(x)) + x


def test_the_oracle_finds_a_wire_that_is_missing():
    import msgspec

    specimen = zoo_oracle.Specimen(Skips(), (torch.randn(2, 8),))
    graph = zoo_oracle.captured_forward(specimen).graph
    assert zoo_oracle.wire_faults(specimen, graph) == []
    b = next(node.id for node in graph.nodes if node.fqn == "b")
    cut = msgspec.structs.replace(graph, edges=tuple(edge for edge in graph.edges if edge.target != b))
    assert any("a.weight" in fault for fault in zoo_oracle.wire_faults(specimen, cut))
    assert any("no wire" in fault for fault in zoo_oracle.wire_faults(specimen, cut))
    assert zoo_oracle.shape_faults(cut) == ["Linear b has an input without a wire"]
    fewer = msgspec.structs.replace(graph, nodes=tuple(n for n in graph.nodes if n.fqn != "b"))
    assert zoo_oracle.call_faults(specimen, fewer) == ["b was called, and is neither a node nor a group"]
