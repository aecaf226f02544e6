"""The rows of the module tree and the model in a line."""

import capture_models as models
import torch
from torch import nn

from inspector.engine.module_tree import model_info, module_rows


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.embedding.weight
        self.frozen = nn.Linear(4, 4, dtype=torch.float64).requires_grad_(False)


def test_rows_follow_named_modules_with_totals_and_details():
    model = nn.Sequential(models.Residual(), nn.Linear(4, 2))
    rows = module_rows(model)
    assert [row.fqn for row in rows] == [name for name, _ in model.named_modules()]
    assert rows[0].num_params == sum(parameter.numel() for parameter in model.parameters())
    by_fqn = {row.fqn: row for row in rows}
    assert (by_fqn["0.conv"].class_name, by_fqn["0.conv"].details) == ("Conv2d", "4→4 k3 p1")
    norm = {row.name: row for row in by_fqn["0.bn"].tensors}
    assert (norm["weight"].kind, norm["weight"].trainable, norm["weight"].shape) == ("parameter", True, (4,))
    assert (norm["num_batches_tracked"].kind, norm["num_batches_tracked"].dtype) == ("buffer", "int64")
    assert by_fqn["0.bn"].size_bytes == 4 * 4 * 4 + 8


def test_shared_parameters_count_once_and_name_their_first_owner():
    model = Tied()
    rows = {row.fqn: row for row in module_rows(model)}
    assert rows["head"].tensors[0].shared_with == "embedding.weight"
    assert rows["embedding"].tensors[0].shared_with == ""
    assert rows[""].num_params == 40 + 20
    info = model_info(model, "module")
    assert (info.num_params, info.num_trainable, info.size_bytes) == (60, 40, 40 * 4 + 20 * 8)
    assert (info.class_name, info.format, info.dtype) == ("Tied", "module", "float32")


def test_lazy_and_empty_models_have_rows_too():
    assert module_rows(nn.Sequential(nn.LazyLinear(3)))[1].num_params == 0
    assert model_info(nn.Sequential(), "python_source").num_params == 0
    assert model_info(nn.Linear(2, 2).half(), "module").dtype == "float16"
