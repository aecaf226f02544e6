"""Distances against torch's own, keys that come and go, and weights read from files as they are stored."""

import io
import pickle
import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.torch import save_file
from torch import nn

from inspector.engine.comparison import weights as comparing
from inspector.engine.comparison.stored import compare_files, stored_tensors
from inspector.engine.comparison.weights import NamedTensor, compare_weights, tensors_of
from inspector.engine.errors import Cancelled, EngineError
from inspector.engine.loading.steps import Steps


def named(state):
    return [
        NamedTensor(name, tuple(value.shape), str(value.dtype).removeprefix("torch."), lambda value=value: value)
        for name, value in state.items()
    ]


def compared(a, b, **options):
    return compare_weights(named(a), named(b), **options)


def row(report, name):
    (found,) = [one for one in report.rows if one.name == name]
    return found


floats = arrays.arrays("float32", (3, 7), elements=st.floats(-1e3, 1e3, width=32, allow_subnormal=False))


@settings(max_examples=60)
@given(floats, floats)
def test_distances_are_those_that_torch_computes(left, right):
    a, b = torch.from_numpy(left), torch.from_numpy(right)
    found = row(compared({"w": a}, {"w": b}), "w")
    wide_a, wide_b = a.double(), b.double()
    apart = torch.dist(wide_a, wide_b)
    assert found.l2 == pytest.approx(apart.item(), rel=1e-9)
    assert found.max_abs == (wide_a - wide_b).abs().max().item()
    if wide_a.norm() > 0:
        assert found.relative == pytest.approx((apart / wide_a.norm()).item(), rel=1e-9)
        if wide_b.norm() > 0:
            cosine = nn.functional.cosine_similarity(wide_a.flatten(), wide_b.flatten(), dim=0, eps=0)
            assert found.cosine == pytest.approx(cosine.item(), abs=1e-9)
    same_bits = torch.equal(a.view(torch.int32), b.view(torch.int32))
    assert (found.status == "same") is same_bits
    assert found.num_different == int((a.view(torch.int32) != b.view(torch.int32)).sum())


def test_pieces_add_up_to_the_whole(monkeypatch):
    torch.manual_seed(0)
    a, b = torch.randn(1000), torch.randn(1000)
    whole = row(compared({"w": a}, {"w": b}), "w")
    monkeypatch.setattr(comparing, "_PIECE", 17)
    pieces = row(compared({"w": a}, {"w": b}), "w")
    assert pieces.num_different == whole.num_different
    assert pieces.l2 == pytest.approx(whole.l2)
    assert pieces.cosine == pytest.approx(whole.cosine)


@pytest.mark.parametrize(
    "dtype", [torch.bfloat16, torch.float16, torch.int64, torch.uint8, torch.bool, torch.complex64]
)
def test_every_dtype_is_compared(dtype):
    a = torch.tensor([0, 1, 1, 0]).to(dtype)
    b = torch.tensor([0, 1, 0, 0]).to(dtype)
    assert row(compared({"w": a}, {"w": a.clone()}), "w").status == "same"
    found = row(compared({"w": a}, {"w": b}), "w")
    assert (found.status, found.num_different, found.max_abs) == ("changed", 1, 1.0)


def test_another_dtype_with_the_same_values_is_a_change_of_dtype_alone():
    a = torch.tensor([0.5, 2.0])
    report = compared({"w": a}, {"w": a.half()})
    assert (report.rows[0].status, report.rows[0].num_different, report.rows[0].l2) == ("changed", 0, 0.0)
    assert report.sentence == "Same keys; 1 of 1 weights differs in dtype alone (w: float32, float16)."


def test_nan_is_the_same_as_itself_and_leaves_distances_undefined_elsewhere():
    a = torch.tensor([1.0, float("nan")])
    assert row(compared({"w": a}, {"w": a.clone()}), "w").status == "same"
    found = row(compared({"w": a}, {"w": torch.tensor([1.0, 2.0])}), "w")
    assert (found.status, found.l2, found.relative, found.num_different) == ("changed", None, None, 1)


def test_keys_that_came_went_or_have_another_shape_are_told():
    a = {"body.weight": torch.ones(2), "fc.weight": torch.ones(4, 2), "old": torch.ones(1)}
    b = {"body.weight": torch.ones(2), "fc.weight": torch.ones(3, 2), "new": torch.ones(1)}
    report = compared(a, b)
    assert [(one.name, one.status) for one in report.rows] == [
        ("body.weight", "same"), ("fc.weight", "reshaped"), ("old", "gone"), ("new", "added"),
    ]  # fmt: skip
    assert (report.num_same, report.num_changed, report.num_added, report.num_gone, report.num_reshaped) == (
        1,
        0,
        1,
        1,
        1,
    )
    assert report.sentence.startswith(
        "1 key only in A (old), 1 key only in B (new), 1 key of another shape (fc.weight (4, 2) → (3, 2)); all weights"
    )


def test_names_behind_module_are_compared_and_the_sentence_says_where_it_differs_most():
    a = {"a": torch.ones(4), "b": torch.ones(4)}
    b = {"module.a": torch.ones(4), "module.b": torch.full((4,), 1.12)}
    report = compared(a, b)
    assert report.prefix_b == "module."
    assert row(report, "b").name_b == "module.b"
    assert report.sentence == "Same keys behind B's “module.”; 1 of 2 weights differs, most in b (12 %)."


def test_a_comparison_of_weights_can_be_stopped():
    def stop():
        raise Cancelled

    with pytest.raises(Cancelled):
        compared({"w": torch.zeros(3)}, {"w": torch.ones(3)}, steps=Steps(between=stop))


# --- as they are stored


def net():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Linear(4, 2).half())


def stored(path):
    with stored_tensors(str(path)) as tensors:
        return {one.name: one.read().clone() for one in tensors}


def saved(path, value, **options):
    torch.save(value, path, **options)
    return path


@pytest.mark.parametrize("form", ["zip", "legacy", "nested", "module", "safetensors"])
def test_stored_tensors_are_the_models_own(tmp_path, form):
    model, path = net(), tmp_path / "file"
    match form:
        case "zip":
            saved(path, model.state_dict())
        case "legacy":
            saved(path, model.state_dict(), _use_new_zipfile_serialization=False)
        case "nested":
            saved(path, {"state_dict": model.state_dict(), "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}}})
        case "module":
            saved(path, model)
        case "safetensors":
            save_file(model.state_dict(), path)
    found = stored(path)
    expected = model.state_dict()
    assert set(found) == set(expected)
    assert all(torch.equal(found[name], value) and found[name].dtype == value.dtype for name, value in expected.items())
    report = compare_files(str(path), str(path))
    assert report.inert
    assert report.num_same == len(expected) == len(tensors_of(model))


class Touches:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_weights_are_compared_without_running_what_a_file_names(tmp_path):
    canary = tmp_path / "canary"
    a = saved(tmp_path / "a.pt", net().state_dict())
    b = saved(tmp_path / "b.pt", {"state_dict": net().state_dict(), "notes": Touches(str(canary))})
    assert compare_files(str(a), str(b)).num_same == len(net().state_dict())
    assert not canary.exists()
    pickle.load(io.BytesIO(pickle.dumps(Touches(str(canary))))).close()
    assert canary.exists(), "the trick itself works"


def test_a_file_that_holds_no_weights_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("buy milk")
    with pytest.raises(EngineError, match=r"notes\.txt holds no weights"):
        compare_files(str(tmp_path / "notes.txt"), str(tmp_path / "notes.txt"))


def test_a_sparse_file_of_many_gigabytes_is_compared_a_tensor_at_a_time(tmp_path):
    """Two files of 40 tensors: as many bytes at a time are read as one tensor has."""
    sizes = [1 << 20] * 40
    head, start = {}, 0
    for number, size in enumerate(sizes):
        head[f"w{number}"] = {"dtype": "F32", "shape": [size // 4], "data_offsets": [start, start + size]}
        start += size
    text = __import__("json").dumps(head).encode()
    for name in ("a", "b"):
        with (tmp_path / name).open("wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            file.truncate(8 + len(text) + start)
    held = []
    with stored_tensors(str(tmp_path / "a")) as tensors:
        watched = [
            NamedTensor(one.name, one.shape, one.dtype, lambda one=one: held.append(value := one.read()) or value)
            for one in tensors
        ]
        assert held == []
        report = compare_weights(watched, watched)
    assert report.num_same == len(sizes)
    assert max(value.nbytes for value in held) == 1 << 20
