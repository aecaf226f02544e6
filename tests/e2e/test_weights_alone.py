"""Weights opened without their code: a real window draws the guessed tree, until the code comes."""

from pathlib import Path

import torch
from pytestqt.qtbot import QtBot
from torch import nn
from window_with_engine import person_at_window

SOURCE = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
"""


def test_weights_alone_are_drawn_as_guessed_and_the_real_graph_takes_their_place(qtbot: QtBot, tmp_path: Path) -> None:
    source, weights = tmp_path / "source.py", tmp_path / "weights.pth"
    source.write_text(SOURCE)
    torch.save(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).state_dict(), weights)
    with person_at_window(qtbot, tmp_path, source) as person:
        person.drop(weights)
        person.wait(lambda: person.state.run.graph is not None and not person.state.pending)
        person.wait(lambda: person.window.panels.graph.picture is not None)
        assert [node.op for node in person.state.run.graph.nodes] == ["Linear", "Linear"]
        assert not person.state.run.has_run
        assert "Guessed from names and shapes" in person.told()
        assert "could not be opened" not in person.told()
        person.window.session.change_colour_by("params")
        person.window.session.select_module("2")
        person.settle()
        assert person.state.selected_node == 1
        person.click("banner_show_contents")
        person.wait(lambda: person.widget("file_contents").isVisible())
        person.click("banner_show_graph")
        person.wait(lambda: person.widget("graph_view").isVisible())
        person.window.session.files.attach_source(str(source))
        person.wait(lambda: person.state.run.has_run and not person.state.pending)
        assert [node.op for node in person.state.run.graph.nodes if node.kind == "module"] == [
            "Linear",
            "ReLU",
            "Linear",
        ]
        assert "Guessed" not in person.told()
