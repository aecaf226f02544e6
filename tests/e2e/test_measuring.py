"""A module's own tensors are measured; one whose values can't be read is left out, and the others are not lost."""

from pathlib import Path

from speaking import Speaker

from inspector.protocol.events import ParametersMeasured
from inspector.protocol.requests import MeasureParameters

SOURCE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
        self.register_buffer("links", torch.eye(3).to_sparse())

    def forward(self, x):
        return x * self.weight
"""


def test_a_sparse_buffer_does_not_cost_the_weight_its_figures(shared_engine: Speaker, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(SOURCE)
    shared_engine.load(tmp_path / "net.py")
    (measured,) = [
        reply.event
        for reply in shared_engine.ask(MeasureParameters(fqn=""))
        if isinstance(reply.event, ParametersMeasured)
    ]
    (weight,) = measured.tensors
    assert (weight.name, weight.statistics.mean, weight.statistics.max) == ("weight", 2.0, 3.0)
