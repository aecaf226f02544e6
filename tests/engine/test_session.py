"""What a session keeps from one model to the next: nothing."""

import pytest
import torch

from inspector.engine.formats import describe_file
from inspector.engine.loading.source_module import detach_sources
from inspector.engine.session import Session
from inspector.protocol.events import ModelLoaded
from inspector.protocol.requests import LoadModel

NET = """
import torch
from torch import nn
{line}
class Net(nn.Linear):
    def __init__(self):
        super().__init__(4, 2)
"""


@pytest.mark.parametrize(
    "line",
    [
        "torch.set_default_dtype(torch.float64)",
        "torch.set_default_device('meta')",
        "torch.set_grad_enabled(False)",
        "torch.use_deterministic_algorithms(True)",
    ],
)
def test_what_one_source_sets_for_all_of_torch_does_not_change_the_model_that_is_opened_next(tmp_path, line):
    events = []
    session = Session(events.append, lambda array: None, lambda: None)
    try:
        for name, text in (("first.py", line), ("second.py", "")):
            (tmp_path / name).write_text(NET.format(line=text))
            path = str(tmp_path / name)
            session.load(LoadModel(path=path, trust_everything=True, try_inputs=False), describe_file(path))
        _, second = (event for event in events if isinstance(event, ModelLoaded))
        assert second.info.size_bytes == 4 * 10
        assert torch.zeros(1).device.type == "cpu"
        assert torch.is_grad_enabled()
        assert not torch.are_deterministic_algorithms_enabled()
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
        torch.set_grad_enabled(True)
        torch.use_deterministic_algorithms(False)
        detach_sources()
