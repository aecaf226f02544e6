"""A module's own tensors are measured; one whose values can't be read is left out, and the others are not lost."""

from pathlib import Path

from speaking import Speaker

from inspector.core.measures import NUMBERS, Measured
from inspector.gui.measures_panel.rows import module_rows
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


TIED = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 6)
        self.block = nn.Sequential(nn.Linear(6, 6), nn.ReLU())
        self.again = nn.Sequential(self.block[0], nn.Linear(6, 6))
        self.head = nn.Linear(6, 10)
        self.head.weight = self.embed.weight

    def forward(self, x):
        return self.head(self.again(self.block(self.embed(x))))
"""


def test_shared_parameters_are_counted_alike_by_the_table_of_measures_and_the_module_tree(
    shared_engine: Speaker, tmp_path: Path
) -> None:
    (tmp_path / "tied.py").write_text(TIED)
    loaded = shared_engine.load(tmp_path / "tied.py")
    measured = Measured(shared_engine.run().graph)
    rows = module_rows(measured)
    told = dict(zip(rows.fqns, rows.numbers["params"].tolist(), strict=True))
    tree = {row.fqn: row.num_params for row in loaded.modules}
    assert told == {fqn: tree[fqn] for fqn in told}
    assert told[""] == loaded.info.num_params == 60 + 42 + 42 + 10
    assert measured.additive(NUMBERS["params"]).sum() == told[""], "the nodes add up to the same"
