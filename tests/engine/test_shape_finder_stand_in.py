"""The stand-ins that inputs are tried on: like the model, and nothing of it is touched."""

import copy

import pytest
import torch
from torch import nn

from inspector.engine.shape_finder.practice import meta_stand_in, real_stand_in


class Noted(nn.Linear):
    """A layer of the user's own that keeps a note of its calls."""

    def __init__(self):
        super().__init__(8, 4)
        self.notes = []

    def forward(self, x):
        self.notes.append(x.shape)
        return super().forward(x)


def hooked():
    layer = nn.Linear(8, 8)
    layer.register_forward_hook(lambda _module, _args, result: result * 2)
    return layer


def model():
    tied = nn.Linear(8, 8)
    twin = nn.Linear(8, 8)
    twin.weight = tied.weight
    return nn.Sequential(tied, nn.BatchNorm1d(8), twin, nn.ReLU(inplace=True), tied, hooked(), nn.Dropout(0.3), Noted())


@pytest.mark.parametrize("make", [meta_stand_in, real_stand_in])
def test_a_stand_in_has_all_that_a_deep_copy_has_and_shares_nothing_that_a_forward_writes(make):
    original = model()
    before = {name: tensor.clone() for name, tensor in original.state_dict().items()}
    stand_in, deep = make(original), copy.deepcopy(original).eval()
    assert [(name, type(part)) for name, part in stand_in.named_modules()] == [
        (name, type(part)) for name, part in deep.named_modules()
    ]
    for part, other, own in zip(stand_in.modules(), deep.modules(), original.modules(), strict=True):
        assert vars(part).keys() == vars(other).keys()
        assert part is not own
        for name, value in vars(part).items():
            if isinstance(value, (dict, set, list)):
                assert value is not vars(own)[name]
            if isinstance(value, (bool, int, float, str, tuple)):
                assert value == vars(other)[name]
    assert stand_in[0].weight is stand_in[2].weight
    assert stand_in[0] is stand_in[4]
    device = "meta" if make is meta_stand_in else "cpu"
    x = torch.randn(3, 8)
    with torch.no_grad():
        result = stand_in.train()(x.to(device))
    assert result.shape == (3, 4)
    assert original[7].notes == []
    assert all(torch.equal(tensor, before[name]) for name, tensor in original.state_dict().items())
    assert stand_in[1].num_batches_tracked.device.type == device
