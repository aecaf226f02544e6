"""Outputs of shape (N,): one value for each item of the batch, or the classes of one item?"""

import numpy as np
import pytest
import torch
from torch import nn

from inspector.core.per_item import as_rows, is_per_item
from inspector.core.reports import PER_ITEM, output_report
from inspector.engine.capture import capture_forward
from inspector.engine.running import output_tensors
from inspector.protocol.base import ArrayRef


class Ends(nn.Module):
    def __init__(self, end, width=3):
        super().__init__()
        self.fc, self.end = nn.Linear(8, width), end

    def forward(self, x):
        return self.end(self.fc(x))


PER_ITEM_MODELS = {
    "squeeze": Ends(lambda x: x.squeeze(1), 1),
    "squeeze without an axis": Ends(torch.squeeze, 1),
    "a column": Ends(lambda x: x[:, 0]),
    "flatten": Ends(lambda x: x.view(-1), 1),
    "argmax": Ends(lambda x: x.argmax(1)),
    "sum, then a sigmoid": Ends(lambda x: x.sum(-1).sigmoid()),
    "as many classes as items": Ends(lambda x: x.argmax(dim=1), 5),
    "norm, times two": Ends(lambda x: 2 * x.norm(dim=1)),
}
OTHERS = {
    "classes of the mean item": Ends(lambda x: x.mean(0), 5),
    "classes of the first item": Ends(lambda x: x[0], 5),
    "all values in one row": Ends(torch.flatten),
    "rows": Ends(lambda x: x),
    "one number": Ends(torch.sum),
}


def captured(model, shape=(5, 8)):
    return capture_forward(model.eval(), (torch.randn(shape),), {})


@pytest.mark.parametrize("how", PER_ITEM_MODELS)
def test_one_value_an_item_is_told_as_such(how):
    run = captured(PER_ITEM_MODELS[how])
    [output] = run.outputs
    assert tuple(output.tensor.shape) == (5,)
    assert is_per_item(run.graph, output.node, (5,))


@pytest.mark.parametrize("how", OTHERS)
def test_what_has_classes_or_no_axis_is_not(how):
    run = captured(OTHERS[how])
    [output] = run.outputs
    assert not is_per_item(run.graph, output.node, tuple(output.tensor.shape))


def test_one_item_without_a_batch_has_classes():
    run = captured(Ends(lambda x: x), (8,))
    assert not is_per_item(run.graph, run.outputs[0].node, (3,))


def told(model):
    arrays = []

    def put(array):
        arrays.append(array)
        return ArrayRef(shape=array.shape, dtype=str(array.dtype))

    [tensor], [values], _ = output_tensors(captured(model), put)
    return tensor, values


def test_it_is_read_row_by_row_and_no_softmax_mixes_the_items():
    tensor, values = told(PER_ITEM_MODELS["squeeze"])
    assert as_rows(tensor, values).shape == (5, 1)
    report = output_report(tensor, values, ("cat",), 100)
    assert report.softmax is None
    assert report.classes == ()
    assert PER_ITEM in report.notes
    assert np.allclose(report.sigmoid, torch.sigmoid(torch.from_numpy(values).double()).numpy(), atol=1e-12)
    assert report.raw == values.tolist()


def test_classes_keep_their_softmax():
    tensor, values = told(OTHERS["classes of the mean item"])
    assert as_rows(tensor, values) is values
    report = output_report(tensor, values, (), 100)
    assert np.allclose(report.softmax, torch.softmax(torch.from_numpy(values).double(), 0).numpy(), atol=1e-12)
