"""Tensors fetched from a second run, and parts of them, against plain hooks, numpy and torch's own formulas."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from inspector.client.arrays import RING_BYTES
from inspector.core.changes import parse_change
from inspector.engine.activations import LastRun, fetch
from inspector.engine.activations.maps import map_stack, read_maps
from inspector.engine.activations.measuring import is_attention, measure_all
from inspector.engine.activations.reading import CHUNK, find_value, read_cells, read_row
from inspector.engine.attention import scaled_dot_product_weights
from inspector.engine.capture import CaptureOptions
from inspector.engine.capture.keeping import copied
from inspector.engine.errors import EngineError, WrongUseError
from inspector.engine.loading import Loaded
from inspector.engine.running import captured_run
from inspector.protocol.files import ModelInfo
from inspector.protocol.inputs import NamedInput, RandomInput
from inspector.protocol.requests import RunForward
from inspector.protocol.tensors import CellWindow, MapWindow, TensorPlace


class Net(nn.Module):
    """A convolution, an in-place change of what it gave, dropout, a parameter used straight from forward."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.gain = nn.Parameter(torch.rand(4, 1, 1))

    def forward(self, x):
        y = self.norm(self.conv(x))
        z = torch.relu_(y)
        return self.drop(z * self.gain)


class Attends(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, dropout=0.3, batch_first=True)

    def forward(self, x):
        y, _ = self.attention(x, x, x, need_weights=False)
        q = k = v = y.unflatten(-1, (2, 4)).transpose(1, 2)
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)


def ran(module, shape, mode="eval", **changes):
    """A model that ran once, as the session has it."""
    source = RandomInput(shape=shape, seed=3)
    request = RunForward(inputs=(NamedInput(source=source),), mode=mode, seed=11, **changes)
    info = ModelInfo(format="module", class_name="Net", num_params=0, size_bytes=0)
    loaded = Loaded(module=module, path="m.pt", source="", info=info)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(3))
    captured = captured_run(module, (x,), {}, request, CaptureOptions(changes=request.changes))
    return loaded, LastRun(request, captured.graph), x


def node_of(last, op):
    return next(node.id for node in last.graph.nodes if node.op == op)


def fetched(loaded, last, role, op="", *, index=0, fqn=""):
    place = TensorPlace(role=role, node=node_of(last, op) if op else -1, index=index, fqn=fqn)
    return fetch(loaded, (), last, place)


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_what_is_fetched_is_bit_for_bit_what_a_hook_sees(mode):
    torch.manual_seed(0)
    loaded, last, x = ran(Net(), (2, 3, 8, 8), mode)
    module = loaded.module
    before = {name: value.clone() for name, value in module.state_dict().items()}
    random_before = torch.get_rng_state()
    conv = fetched(loaded, last, "output", "Conv2d")
    drop = fetched(loaded, last, "output", "Dropout")
    assert torch.equal(torch.get_rng_state(), random_before)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert not any(child._forward_hooks for child in module.modules())
    seen = {}
    for name in ("conv", "drop"):
        hook = lambda _module, _args, out, name=name: seen.__setitem__(name, out.detach().clone())  # noqa: E731
        getattr(module, name).register_forward_hook(hook)
    torch.manual_seed(11)
    module.train(mode == "train")
    module(x)
    assert torch.equal(conv.tensor, seen["conv"])
    assert torch.equal(drop.tensor, seen["drop"])
    assert not conv.notes
    assert not drop.notes


def test_a_tensor_written_into_later_is_shown_as_it_was_when_its_node_gave_it():
    loaded, last, _ = ran(Net(), (1, 3, 8, 8))
    assert (fetched(loaded, last, "output", "BatchNorm2d").tensor < 0).any()
    assert (fetched(loaded, last, "output", "relu_").tensor >= 0).all()
    assert torch.equal(fetched(loaded, last, "input", "mul").tensor, fetched(loaded, last, "output", "relu_").tensor)


def test_inputs_parameters_and_the_models_own_input_and_output_are_fetched_too():
    loaded, last, x = ran(Net(), (1, 3, 8, 8))
    module = loaded.module
    assert torch.equal(fetched(loaded, last, "input", "Conv2d").tensor, x)
    assert torch.equal(fetched(loaded, last, "output", "input").tensor, x)
    assert torch.equal(fetched(loaded, last, "input", "mul", index=1).tensor, module.gain)
    assert torch.equal(fetched(loaded, last, "parameter", fqn="conv.weight").tensor, module.conv.weight)
    assert torch.equal(fetched(loaded, last, "parameter", fqn="norm.running_var").tensor, module.norm.running_var)
    with torch.no_grad():
        assert torch.equal(fetched(loaded, last, "output", "output").tensor, module.eval()(x))
    for wrong in ("nothing", "conv.nothing", "conv"):
        with pytest.raises(EngineError, match="no parameter"):
            fetched(loaded, last, "parameter", fqn=wrong)


def test_hidden_attention_weights_are_recomputed_as_torch_would_tell_them():
    torch.manual_seed(1)
    loaded, last, x = ran(Attends(), (2, 5, 8), "train")
    kept = fetched(loaded, last, "attention", "MultiheadAttention")
    module = loaded.module.eval()
    with torch.no_grad():
        expected = module.attention(x, x, x, need_weights=True, average_attn_weights=False)[1]
        assert torch.allclose(kept.tensor, expected, atol=1e-6)
    assert "Recomputed from q and k" in kept.notes[0]
    assert module.attention.dropout == 0.3
    causal = fetched(loaded, last, "attention", "scaled_dot_product_attention").tensor
    q = fetched(loaded, last, "input", "scaled_dot_product_attention").tensor
    scores = (q @ q.transpose(-2, -1) / math.sqrt(4)).masked_fill(~torch.ones(5, 5).tril().bool(), -math.inf)
    assert torch.allclose(causal, functional.softmax(scores, -1), atol=1e-6)
    assert is_attention(causal, measure_all(causal, 8))
    with pytest.raises(EngineError, match="no attention weights"):
        fetched(loaded, last, "attention", "unflatten")


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"scale": 0.3}, {"enable_gqa": True}, {"mask": "bool"}])
def test_recomputed_weights_times_the_values_are_what_torchs_attention_gives(options):
    torch.manual_seed(2)
    groups = 2 if options.get("enable_gqa") else 4
    q, k, v = torch.randn(2, 4, 6, 8), torch.randn(2, groups, 6, 8), torch.randn(2, groups, 6, 8)
    options = dict(options)
    if options.pop("mask", ""):
        options["attn_mask"] = torch.rand(6, 6) > 0.4
    weights = scaled_dot_product_weights(q, k, v, **options)
    values = v.repeat_interleave(4 // groups, 1)
    assert torch.allclose(weights @ values, functional.scaled_dot_product_attention(q, k, v, **options), atol=1e-5)
    with pytest.raises(ValueError, match="memory"):
        scaled_dot_product_weights(q, k, v, max_bytes=100)


def test_a_model_that_takes_another_way_the_second_time_is_told_of():
    class Wanders(nn.Module):
        calls = 0

        def forward(self, x):
            type(self).calls += 1
            return torch.tanh(x) if self.calls == 1 else torch.sigmoid(torch.sin(x))

    loaded, last, _ = ran(Wanders(), (1, 4))
    kept = fetched(loaded, last, "output", "tanh")
    assert "took another way" in kept.notes[0]


def test_values_that_differ_with_the_same_seed_are_told_of():
    generator = torch.Generator().manual_seed(5)

    class Draws(nn.Module):
        def forward(self, x):
            return x + torch.rand(4, generator=generator)

    loaded, last, _ = ran(Draws(), (1, 4))
    assert "not deterministic" in fetched(loaded, last, "output", "add").notes[0]


def test_what_expand_made_is_kept_as_small_as_it_is():
    large = torch.arange(1000.0).expand(300_000, 1000)  # 1.2 GB, if it were copied
    kept = copied(large, max_bytes=10_000)
    assert kept.untyped_storage().nbytes() == 4000
    assert read_cells(kept, CellWindow(
        row_axis=0, column_axis=1, index=(0, 0), row=299_990, column=990, num_rows=256, num_columns=64
    )).shape == (10, 10)  # fmt: skip
    assert np.array_equal(read_row(kept, 123_456_500, 1000), np.arange(123_456_500, 123_457_500) % 1000)


def test_a_tensor_over_the_limit_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match=r"takes .* at most"):
        copied(torch.zeros(1000), max_bytes=100)
    with pytest.raises(ValueError, match="meta"):
        copied(torch.zeros(4, device="meta"))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_a_block_is_what_indexing_gives(shape, data):
    values = torch.arange(math.prod(shape)).reshape(shape)
    if data.draw(st.booleans()):
        values = values.permute(tuple(reversed(range(len(shape)))))
    axes = data.draw(st.permutations(range(values.dim())))
    row_axis, column_axis = (axes[0], axes[1]) if len(axes) > 1 else (axes[0], -1)
    index = tuple(data.draw(st.integers(0, size - 1)) for size in values.shape)
    row, column = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 4)) if column_axis >= 0 else 0
    window = CellWindow(
        row_axis=row_axis, column_axis=column_axis, index=index, row=row, column=column, num_rows=3, num_columns=2
    )
    picked = tuple(slice(None) if axis in (row_axis, column_axis) else place for axis, place in enumerate(index))
    plane = values.numpy()[picked]
    plane = plane[:, None] if column_axis < 0 else plane if row_axis < column_axis else plane.T
    assert np.array_equal(read_cells(values, window), plane[row : row + 3, column : column + 2])
    start = data.draw(st.integers(0, values.numel()))
    count = data.draw(st.integers(0, values.numel() - start))
    assert np.array_equal(read_row(values, start, count), values.numpy().reshape(-1)[start : start + count])


def test_blocks_that_are_not_there_or_too_large_are_refused():
    values = torch.zeros(4, 4)
    good = {"row_axis": 0, "column_axis": 1, "index": (0, 0), "row": 0, "column": 0, "num_rows": 2, "num_columns": 2}
    for wrong in (
        {"num_rows": 100_000},
        {"row_axis": 5},
        {"index": (0,)},
        {"row_axis": 1},
        {"row_axis": -1, "index": (9, 0)},
    ):
        with pytest.raises(WrongUseError):
            read_cells(values, CellWindow(**{**good, **wrong}))
    with pytest.raises(WrongUseError):
        read_row(values, 10, 10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.bool])
def test_all_values_are_measured_as_numpy_measures_them(dtype):
    torch.manual_seed(4)
    values = (torch.randn(1100, 1000) * 3).to(dtype)  # more than one chunk
    assert values.numel() > CHUNK
    row = values.to(torch.float64).numpy().reshape(-1)
    told = measure_all(values, 32)
    assert told.histogram == tuple(np.histogram(row, 32)[0].tolist())
    assert told.zeros == int((row == 0).sum())
    assert told.num_sampled == told.num_elements == row.size
    assert (told.min, told.max) == (row.min(), row.max())
    assert told.mean == pytest.approx(row.mean(), abs=1e-9)
    assert told.std == pytest.approx(row.std(), rel=1e-9)


def test_nan_and_infinities_are_counted_and_left_out():
    told = measure_all(torch.tensor([1.0, math.nan, 3.0, math.inf, -math.inf]), 4)
    assert (told.nan, told.inf, told.min, told.max, told.histogram) == (1, 2, 1.0, 3.0, (1, 0, 0, 1))
    assert measure_all(torch.tensor([math.nan]), 4).min is None
    assert measure_all(torch.full((6,), 2.0), 4).histogram == (0, 0, 6, 0)
    assert measure_all(torch.zeros(0), 4).num_elements == 0


def test_the_greatest_the_least_and_the_first_nan_are_found():
    values = torch.zeros(3, 500_000)  # more than one chunk
    values[2, 7], values[0, 9], values[1, 400_000] = 5.0, -4.0, math.nan
    assert find_value(values, "max") == ((2, 7), 5.0)
    assert find_value(values, "min") == ((0, 9), -4.0)
    assert find_value(values, "nan")[0] == (1, 400_000)
    assert find_value(torch.tensor([math.nan, -math.inf]), "max") == ((1,), -math.inf)
    assert find_value(torch.full((2,), math.nan), "max") == ((), None)
    assert find_value(torch.ones(2), "nan") == ((), None)


def test_rows_that_do_not_add_up_to_one_are_no_attention():
    uneven = torch.rand(1, 2, 4, 4)
    assert not is_attention(uneven, measure_all(uneven, 4))
    even = uneven.softmax(-1)
    assert is_attention(even, measure_all(even, 4))
    assert is_attention(even.half(), measure_all(even.half(), 4))
    column = torch.ones(1, 2, 4, 1)
    assert not is_attention(column, measure_all(column, 4))


def test_maps_are_pages_of_channels_in_the_order_asked():
    values = torch.zeros(2, 5, 6, 7)
    for channel, level in enumerate((1.0, -4.0, 2.0, 0.0, 3.0)):
        values[1, channel] = level
    page = read_maps(values, MapWindow(layout="maps", sample=1, start=1, count=2))
    assert page.channels == (1, 2)
    assert (page.total, page.height, page.width, page.low, page.high) == (5, 6, 7, -4.0, 3.0)
    assert np.array_equal(page.maps, values[1, 1:3].numpy())
    orders = {"mean_abs": (1, 4, 2, 0, 3), "max": (4, 2, 0, 3, 1), "zeros": (3, 0, 1, 2, 4)}
    for order, expected in orders.items():
        assert read_maps(values, MapWindow(layout="maps", sample=1, order=order)).channels == expected


def test_tokens_become_squares_with_or_without_a_class_token():
    tokens = torch.randn(2, 10, 4)  # a class token and 3×3 patches
    stack = map_stack(tokens, MapWindow(layout="tokens", sample=1))
    assert torch.equal(stack[2], tokens[1, 1:, 2].reshape(3, 3))
    weights = torch.rand(2, 3, 10, 10)
    looks = map_stack(weights, MapWindow(layout="query", sample=0, query=4))
    assert torch.equal(looks[1], weights[0, 1, 4, 1:].reshape(3, 3))
    with pytest.raises(WrongUseError, match="no square"):
        read_maps(torch.rand(1, 8, 4), MapWindow(layout="tokens"))


def test_kernels_strips_and_matrices_have_their_pictures():
    kernels = torch.randn(4, 3, 5, 5)
    assert torch.equal(map_stack(kernels, MapWindow(layout="tiles"))[1], kernels[1].permute(1, 2, 0))
    assert torch.equal(map_stack(kernels, MapWindow(layout="kernels"))[4], kernels[1, 1])
    assert map_stack(torch.randn(2, 6, 9), MapWindow(layout="strips", sample=1)).shape == (6, 1, 9)
    assert map_stack(torch.randn(7), MapWindow(layout="plane")).shape == (1, 1, 7)
    with pytest.raises(WrongUseError, match="three channels"):
        read_maps(torch.rand(4, 2, 5, 5), MapWindow(layout="tiles"))
    with pytest.raises(WrongUseError, match="axes"):
        read_maps(torch.rand(4, 2), MapWindow(layout="maps"))


def test_large_maps_are_made_small_by_the_greatest_magnitude_or_the_mean():
    matrix = torch.zeros(64, 32)
    matrix[10, 10], matrix[11, 11] = 3.0, -7.0
    greatest = read_maps(matrix, MapWindow(layout="plane", count=1, max_side=8)).maps[0]
    assert greatest.shape == (8, 8)
    assert greatest.min() == -7.0
    assert np.count_nonzero(greatest) == 1
    mean = read_maps(matrix, MapWindow(layout="plane", count=1, max_side=8, reduction="mean")).maps[0]
    assert mean.min() == pytest.approx(-4.0 / 32)


def test_one_answer_is_a_small_part_of_the_shared_memory():
    """The largest blocks that a window may ask for: a 2 GB tensor never travels whole."""
    assert RING_BYTES / 100 > 65_536 * 16
    with pytest.raises(WrongUseError):
        read_maps(torch.rand(1, 1, 4, 4), MapWindow(layout="maps", count=4000, max_side=96))


def test_what_a_failed_run_came_by_is_fetched_as_it_was():
    class Fails(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(4, 6), nn.Linear(5, 2)

        def forward(self, x):
            return self.second(torch.relu(self.first(x)))

    loaded, last, x = ran(Fails(), (3, 4))
    assert last.graph.nodes[-1].failed
    with torch.no_grad():
        expected = torch.relu(loaded.module.first(x))
    kept = fetched(loaded, last, "output", "relu")
    assert torch.equal(kept.tensor, expected)
    assert not kept.notes
    failed = TensorPlace(role="input", node=last.graph.nodes[-1].id)
    assert torch.equal(fetch(loaded, (), last, failed).tensor, expected), "what met the node that failed"
    with pytest.raises(EngineError, match="did not come by"):
        fetch(loaded, (), last, TensorPlace(role="output", node=last.graph.nodes[-1].id))


def test_with_changes_in_force_the_changed_values_are_fetched():
    change = parse_change("conv=zero")
    loaded, last, x = ran(Net(), (2, 3, 8, 8), changes=(change,))
    assert not fetched(loaded, last, "output", "Conv2d").tensor.any()
    module = loaded.module.eval()
    with torch.no_grad():
        norm = module.norm(torch.zeros(2, 4, 6, 6))
        plain = module.norm(module.conv(x))
    found = fetched(loaded, last, "output", "BatchNorm2d")
    assert torch.equal(found.tensor, norm)
    assert not torch.equal(found.tensor, plain)
    assert not found.notes


def test_weights_of_the_attention_function_are_those_that_torch_tells_when_asked():
    class Function(nn.Module):
        """Attention written with the function, which is how some libraries call it."""

        def __init__(self):
            super().__init__()
            self.inner = nn.MultiheadAttention(8, 2)

        def told(self, x, *, weights):
            a = self.inner
            return functional.multi_head_attention_forward(
                x, x, x, 8, 2, a.in_proj_weight, a.in_proj_bias, None, None, False, 0.2,
                a.out_proj.weight, a.out_proj.bias, training=False,
                need_weights=weights, average_attn_weights=False,
            )  # fmt: skip

        def forward(self, x):
            return self.told(x, weights=False)[0]

    torch.manual_seed(6)
    loaded, last, x = ran(Function(), (5, 3, 8))
    with torch.no_grad():
        expected = loaded.module.told(x, weights=True)[1]
    kept = fetched(loaded, last, "attention", "multi_head_attention_forward")
    assert kept.tensor.shape == (3, 2, 5, 5)
    assert torch.allclose(kept.tensor, expected, atol=1e-6)


def test_volumes_are_slices_of_a_channel():
    volume = torch.randn(2, 3, 4, 5, 6)
    assert torch.equal(map_stack(volume, MapWindow(layout="slices", sample=1, query=2)), volume[1, 2])
    kernels = torch.randn(2, 3, 4, 5, 6)
    assert torch.equal(map_stack(kernels, MapWindow(layout="kernels"))[13], kernels[1, 0, 1])
