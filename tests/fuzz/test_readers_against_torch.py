"""What the inert readers say, compared with what torch and safetensors load: names, shapes, dtypes, shared storages."""

import io
import string
import struct
import warnings
import zipfile
from collections import defaultdict
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from seeds import saved
from torch import nn

from inspector import places
from inspector.engine.formats import describe_file

DTYPES = (
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8),
    *(torch.uint8, torch.bool, torch.complex64, torch.complex128),
)
NAMES = st.text(string.ascii_letters + string.digits + "._ é中", min_size=1, max_size=20)
SHAPES = st.lists(st.integers(0, 5), max_size=4).map(tuple)
SETTINGS = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def truth(state):
    return {name: (tuple(value.shape), str(value.dtype).removeprefix("torch.")) for name, value in state.items()}


def told(description):
    return {tensor.name: (tensor.shape, tensor.dtype) for tensor in description.tensors}


def shared(state):
    """Which names share a storage, as torch has loaded them; empty ones have none to share."""
    groups = defaultdict(set)
    for name, value in state.items():
        if value.untyped_storage().nbytes():
            groups[value.untyped_storage().data_ptr()].add(name)
    return {frozenset(names) for names in groups.values()}


def told_shared(description):
    groups = defaultdict(set)
    for tensor in description.tensors:
        if tensor.storage and 0 not in tensor.shape:
            groups[tensor.storage].add(tensor.name)
    return {frozenset(names) for names in groups.values()}


@SETTINGS
@given(
    entries=st.dictionaries(NAMES, st.tuples(SHAPES, st.sampled_from(DTYPES)), min_size=1, max_size=8),
    zipped=st.booleans(),
    nested=st.booleans(),
)
def test_any_state_dict_is_read_as_torch_reads_it(tmp_path, entries, zipped, nested):
    state = {name: torch.zeros(shape, dtype=dtype) for name, (shape, dtype) in entries.items()}
    (tmp_path / "file").write_bytes(saved({"model": state, "epoch": 2} if nested else state, zipped=zipped))
    description = describe_file(str(tmp_path / "file"))
    start = "model." if nested else ""
    assert told(description) == {start + name: kind for name, kind in truth(state).items()}
    assert description.safety == "inert"


@SETTINGS
@given(shapes=st.lists(SHAPES, min_size=1, max_size=4), views=st.lists(st.integers(0, 3), max_size=5))
def test_views_share_the_storage_that_torch_says(tmp_path, shapes, views):
    state = {f"t{place}": torch.zeros(shape) for place, shape in enumerate(shapes)}
    for place, chosen in enumerate(views):
        state[f"v{place}"] = state[f"t{chosen % len(shapes)}"].view(-1)
    (tmp_path / "file").write_bytes(saved(state))
    description = describe_file(str(tmp_path / "file"))
    assert told(description) == truth(state)
    whole = {frozenset(n for n in group if 0 not in state[n].shape) for group in shared(state)}
    assert told_shared(description) == whole - {frozenset()}


@SETTINGS
@given(
    entries=st.dictionaries(NAMES, st.tuples(SHAPES, st.sampled_from(DTYPES[:-1])), min_size=1, max_size=8),
    metadata=st.dictionaries(NAMES, NAMES, max_size=3),
)
def test_any_safetensors_file_is_read_as_its_own_reader_reads_it(tmp_path, entries, metadata):
    state = {name: torch.zeros(shape, dtype=dtype) for name, (shape, dtype) in entries.items()}
    save_file(state, tmp_path / "file", metadata=metadata)
    description = describe_file(str(tmp_path / "file"))
    assert told(description) == truth(load_file(tmp_path / "file"))
    assert dict(description.metadata).items() >= metadata.items()


def test_safetensors_are_recognised_whatever_the_length_of_their_header(tmp_path):
    """The length comes first: some begin as a pickle does, some as a text."""
    path = tmp_path / "file"
    for length in range(16, 3000, 8):
        header = b"{" + b'"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}'
        holds = length > len(header)
        path.write_bytes(
            struct.pack("<Q", length) + (header if holds else b"{").ljust(length - 1) + b"}" + b"\1" * holds
        )
        description = describe_file(str(path))
        assert description.format == "safetensors", length
        assert told(description) == ({"w": ((1,), "uint8")} if holds else {}), length


@SETTINGS
@given(
    files=st.lists(st.tuples(NAMES, st.binary(max_size=60)), max_size=6),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    tail=st.binary(max_size=8),
)
def test_any_zip_is_read_as_python_reads_it_or_refused(tmp_path, files, method, tail):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in files:
            archive.writestr(name, content)
    (tmp_path / "file").write_bytes(packed.getvalue() + tail)
    summary = describe_file(str(tmp_path / "file")).summary
    names = [name.casefold() for name, _ in files]
    honest = not tail and len(set(names)) == len(names) and not any(".." in name for name in names)
    if honest and files:
        assert "Not opened" not in summary
    if len(set(names)) != len(names) or (tail and files):
        assert "Not opened" in summary


def _tied_net():
    model = nn.Sequential(nn.Embedding(6, 4), nn.Linear(4, 6, bias=False))
    model[1].weight = model[0].weight
    return model


MODELS = {
    "convolutions": lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
    "tied": _tied_net,
    "attention": lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
    "recurrent": lambda: nn.LSTM(5, 7, 2, bidirectional=True),
    "mixed dtypes": lambda: nn.Sequential(nn.Linear(3, 3).half(), nn.Embedding(4, 3).to(torch.bfloat16)),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_modules_and_state_dicts_agree_with_torch(tmp_path, name, zipped, whole):
    model = MODELS[name]().eval()
    path = tmp_path / "model.pt"
    path.write_bytes(saved(model if whole else model.state_dict(), zipped=zipped))
    loaded = torch.load(path, weights_only=False)
    state = loaded.state_dict() if whole else loaded
    description = describe_file(str(path))
    assert told(description) == truth(state)
    assert told_shared(description) == shared(state)


def sample_files():
    folder = Path(places.__file__).resolve().parent.parent / "sample_models"
    return sorted(path for path in folder.rglob("*") if path.suffix in {".pt", ".pth", ".pt2", ".safetensors", ".ts"})


@pytest.mark.parametrize("path", sample_files(), ids=lambda path: path.name)
def test_every_saved_sample_is_read_as_torch_reads_it(path, monkeypatch):
    monkeypatch.syspath_prepend(path.parent)  # where the source of its class lies
    description = describe_file(str(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        match description.format:
            case "safetensors":
                state = load_file(path)
            case "exported_program":
                state = torch.export.load(path).state_dict
            case "torchscript":
                state = torch.jit.load(path).state_dict()
            case "module":
                state = torch.load(path, weights_only=False).state_dict()
            case _:
                loaded = torch.load(path, weights_only=True)
                assert description.format != "unknown" or isinstance(loaded, torch.Tensor)
                if isinstance(loaded, torch.Tensor):
                    assert [tensor.shape for tensor in description.tensors] == [tuple(loaded.shape)]
                    return
                state = dict(_flat(loaded, ""))
    assert told(description).items() >= truth(state).items()


def _flat(value, start):
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, torch.Tensor):
            yield f"{start}{key}", inner
        elif isinstance(inner, dict | list):
            yield from _flat(inner, f"{start}{key}.")


@pytest.mark.parametrize("names", [["..", "a"], ["a..b"], ["."], [".a"], ["a."], ["a", "a.b", "a.b.c"], [""]])
def test_odd_names_make_a_tree_that_ends(tmp_path, names):
    """A name of dots once made a module that was its own child."""
    (tmp_path / "file").write_bytes(saved({name: torch.zeros(1) for name in names}))
    description = describe_file(str(tmp_path / "file"))
    assert sorted(tensor.name for tensor in description.tensors) == sorted(names)
    assert len({module.fqn for module in description.modules}) == len(description.modules)


def test_keys_whose_hash_takes_for_ever_need_consent(tmp_path):
    """weights_only alone would hang on it."""
    bomb = b"\x80\x02})" + b"2\x86" * 60 + b"K\x01s."
    with zipfile.ZipFile(tmp_path / "file", "w") as archive:
        archive.writestr("a/data.pkl", bomb)
    description = describe_file(str(tmp_path / "file"))
    assert description.safety == "needs_consent"
    assert "for ever" in " ".join(description.warnings)


def test_json_that_would_fill_the_memory_is_refused(tmp_path):
    header = b'{"a":[' + b"[]," * 3_000_000 + b"[]]}"
    (tmp_path / "file").write_bytes(struct.pack("<Q", len(header)) + header)
    assert "more than" in describe_file(str(tmp_path / "file")).summary
