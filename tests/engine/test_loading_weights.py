"""Weights met with their source: keys, prefixes, other heads, what stays random, class names."""

import json

import numpy as np
import pytest
import torch
from loading_nets import SOURCE, Block, SmallNet
from safetensors.torch import save_file
from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.loading import Loaded, load_into_copy, load_model
from inspector.engine.loading.source_module import detach_sources
from inspector.protocol.events import ConsentNeeded, EntryNeeded
from inspector.protocol.requests import LoadModel


@pytest.fixture(autouse=True)
def _detached():
    yield
    detach_sources()


@pytest.fixture
def source(tmp_path):
    (tmp_path / "code").mkdir()
    path = tmp_path / "code" / "nets.py"
    path.write_text(SOURCE)
    return str(path)


def load(path, source="", *, trusted=True, **options):
    request = LoadModel(path=str(path), source=source, trust_everything=trusted, **options)
    return load_model(request, describe_file(str(path)))


def same(module, state):
    own = module.state_dict()
    return own.keys() == state.keys() and all(torch.equal(own[key], state[key]) for key in own)


FORMS = {
    "zip": torch.save,
    "legacy": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
    "safetensors": save_file,
    "nested": lambda state, path: torch.save({"epoch": np.float64(3), "state_dict": state}, path),
    "twice_nested": lambda state, path: torch.save({"run": {"model": state}, "optimizer": {"lr": 1}}, path),
}


@pytest.mark.parametrize("form", FORMS)
def test_weights_in_every_form_are_loaded_bit_for_bit(tmp_path, source, form):
    state = SmallNet().state_dict()
    FORMS[form](state, tmp_path / "weights")
    loaded = load(tmp_path / "weights", source)
    assert isinstance(loaded, Loaded)
    assert same(loaded.module, state)
    assert loaded.keys.sentence == f"All {len(state)} keys match."
    assert (loaded.entry, loaded.source) == ("SmallNet", source)
    assert loaded.notes == ()


def test_weights_alone_say_what_is_missing(tmp_path):
    torch.save({"zig.zag.weight": torch.zeros(2, 2)}, tmp_path / "weights.pt")  # which no library has
    with pytest.raises(EngineError, match="without the code") as caught:
        load(tmp_path / "weights.pt")
    assert ".py" in caught.value.fix


def test_the_source_needs_consent_though_the_weights_do_not(tmp_path, source):
    torch.save(SmallNet().state_dict(), tmp_path / "weights.pt")
    answer = load(tmp_path / "weights.pt", source, trusted=False)
    assert isinstance(answer, ConsentNeeded)
    assert [item.path for item in answer.items] == [source]
    request = LoadModel(path=str(tmp_path / "weights.pt"), source=source, trusted=(answer.items[0].sha256,))
    assert isinstance(load_model(request, describe_file(request.path)), Loaded)


def test_a_source_beside_the_weights_is_found_by_name_or_by_its_parts(tmp_path, source):
    torch.save(SmallNet().state_dict(), tmp_path / "code" / "weights.pt")
    (tmp_path / "code" / "other.py").write_text(
        "import torch\nclass Other:\n    def __init__(self):\n        self.x = 1\n"
    )
    assert load(tmp_path / "code" / "weights.pt").source == source
    (tmp_path / "code" / "copy.py").write_text(SOURCE)
    with pytest.raises(EngineError, match="without the code"):
        load(tmp_path / "code" / "weights.pt")
    torch.save(SmallNet().state_dict(), tmp_path / "code" / "nets.pt")
    assert load(tmp_path / "code" / "nets.pt").source == source


def test_both_dropped_in_the_other_order_are_the_same(tmp_path, source):
    torch.save(SmallNet().state_dict(), tmp_path / "weights.pt")
    loaded = load(source, str(tmp_path / "weights.pt"))
    assert (loaded.path, loaded.source) == (str(tmp_path / "weights.pt"), source)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "module._orig_mod.", "whatever."])
def test_prefixes_are_mended_and_said(tmp_path, source, prefix):
    state = SmallNet().state_dict()
    torch.save({prefix + key: value for key, value in state.items()}, tmp_path / "weights.pt")
    loaded = load(tmp_path / "weights.pt", source)
    assert same(loaded.module, state)
    assert loaded.keys.mended == (f'removed "{prefix}"',)


def test_the_number_of_classes_and_the_width_come_from_the_weights(tmp_path, source):
    state = SmallNet(width=6, num_classes=3).state_dict()
    torch.save(state, tmp_path / "weights.pt")
    loaded = load(tmp_path / "weights.pt", source)
    assert same(loaded.module, state)
    assert any("num_classes=3" in note for note in loaded.notes)
    entry = next(entry for entry in loaded.entries if entry.name == "SmallNet")
    assert {parameter.name: parameter.proposed for parameter in entry.parameters} == {"width": "6", "num_classes": "3"}


def test_the_users_own_arguments_are_never_overridden_and_a_random_head_is_said_loudly(tmp_path, source):
    torch.save(SmallNet(num_classes=3).state_dict(), tmp_path / "weights.pt")
    loaded = load(tmp_path / "weights.pt", source, arguments={"num_classes": "10"})
    assert loaded.module.head.out_features == 10
    assert {(bad.key, bad.file_shape, bad.model_shape) for bad in loaded.keys.misshaped} == {
        *{("head.weight", (3, 4), (10, 4)), ("head.bias", (3,), (10,))}
    }
    assert any("2 of 8 parameters stay RANDOM" in note and "head.weight" in note for note in loaded.notes)


def test_missing_and_unexpected_keys_are_told(tmp_path, source):
    state = SmallNet().state_dict()
    del state["head.bias"]
    state["extra.weight"] = torch.zeros(2)
    torch.save(state, tmp_path / "weights.pt")
    loaded = load(tmp_path / "weights.pt", source)
    assert (loaded.keys.missing, loaded.keys.unexpected) == (("head.bias",), ("extra.weight",))
    assert "missing in the file, such as head.bias" in loaded.keys.sentence
    assert torch.equal(loaded.module.head.weight, state["head.weight"])


def test_weights_of_another_model_are_refused_with_both_names(tmp_path, source):
    torch.save(nn.LSTM(3, 4).state_dict(), tmp_path / "weights.pt")
    with pytest.raises(EngineError, match=r"No key of the weights matches .* weight_ih_l0"):
        load(tmp_path / "weights.pt", source)


def test_the_class_whose_keys_match_is_preferred_to_the_outermost(tmp_path, source):
    torch.save(Block(5).state_dict(), tmp_path / "weights.pt")
    loaded = load(tmp_path / "weights.pt", source)
    assert loaded.entry == "Block"  # `channels`, which nothing names, is a size that occurs in the weights
    assert same(loaded.module, torch.load(tmp_path / "weights.pt"))


def test_required_arguments_come_from_the_checkpoints_own_settings(tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, depth, num_classes):\n"
        "        super().__init__()\n"
        "        self.layers = nn.Sequential(*(nn.Linear(4, 4) for _ in range(depth)))\n"
        "        self.head = nn.Linear(4, num_classes)\n"
    )
    layers = {f"layers.{place}.{part}": torch.zeros(*size) for place in range(3) for part, size in PARTS.items()}
    state = {**layers, "head.weight": torch.zeros(7, 4), "head.bias": torch.zeros(7)}
    torch.save({"model": state, "hyper_parameters": {"depth": 3, "lr": 0.1}}, tmp_path / "net.pt")
    loaded = load(tmp_path / "net.pt")
    assert len(loaded.module.layers) == 3
    assert loaded.module.head.out_features == 7
    assert not loaded.keys.missing


PARTS = {"weight": (4, 4), "bias": (4,)}


@pytest.mark.parametrize(
    "beside",
    [
        {"classes": ["cat", "dog"]},
        {"class_to_idx": {"dog": 1, "cat": 0}},
        {"config": {"id2label": {"1": "dog", "0": "cat"}}},
    ],
)
def test_class_names_are_found_in_the_checkpoint(tmp_path, source, beside):
    torch.save({"state_dict": SmallNet(num_classes=2).state_dict(), **beside}, tmp_path / "weights.pt")
    assert load(tmp_path / "weights.pt", source).class_names == ("cat", "dog")


def test_a_hugging_face_folder_with_a_source_runs(tmp_path, source):
    folder = tmp_path / "model"
    folder.mkdir()
    state = SmallNet(num_classes=2).state_dict()
    save_file(state, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "cat", "1": "dog"}, "width": 4}))
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.5], "size": 32}))
    loaded = load(folder, source)
    assert same(loaded.module, state)
    assert loaded.class_names == ("cat", "dog")
    assert loaded.preprocessing == {"image_mean": [0.5], "size": 32}
    assert loaded.info.format == "hugging_face"


def test_a_damaged_file_is_a_sentence(tmp_path, source):
    path = tmp_path / "weights.pt"
    torch.save(SmallNet().state_dict(), path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(EngineError, match="could not be loaded") as caught:
        load(path, source)
    assert caught.value.fix


HEADS = (
    "from torch import nn\n"
    "class Net(nn.Module):\n"
    "    def __init__(self, first, heads, second):\n"
    "        super().__init__()\n"
    "        self.heads = heads\n"
    "        self.layer = nn.Linear(first, second)\n"
)


def test_an_argument_that_nothing_tells_is_a_question_which_has_what_the_weights_tell(tmp_path):
    (tmp_path / "net.py").write_text(HEADS)
    torch.save(nn.ModuleDict({"layer": nn.Linear(4, 6)}).state_dict(), tmp_path / "net.pt")
    answer = load(tmp_path / "net.pt")
    assert isinstance(answer, EntryNeeded)
    assert answer.sentence == "Net needs heads to be made."
    assert {one.name: one.proposed for one in answer.entries[0].parameters} == {
        "first": "4",
        "heads": "",
        "second": "6",
    }
    loaded = load(tmp_path / "net.pt", entry="Net", arguments={"heads": "2"})
    assert (loaded.keys.matched, loaded.module.heads) == (2, 2)


def test_of_many_makers_the_one_whose_keys_match_is_taken(tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, depth):\n"
        "        super().__init__()\n"
        "        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(depth))\n"
        "def net2(): return Net(2)\n"
        "def net3(): return Net(3)\n"
        "def net5(): return Net(5)\n"
    )
    state = {f"layers.{place}.{part}": torch.ones(size) for place in range(3) for part, size in PARTS.items()}
    torch.save(state, tmp_path / "weights.pt")
    loaded = load(tmp_path / "weights.pt")
    assert loaded.entry == "net3"
    assert same(loaded.module, state)


def test_what_a_file_lacks_in_a_copy_of_an_open_model_is_random_the_same_each_time_and_for_nobody_else(
    tmp_path, source
):
    torch.manual_seed(3)
    state = SmallNet().state_dict()
    torch.save(state, tmp_path / "whole.pt")
    torch.save({key: value for key, value in state.items() if key != "head.weight"}, tmp_path / "part.pt")
    loaded = load(tmp_path / "whole.pt", source)
    path = str(tmp_path / "part.pt")
    copies, before = [], torch.get_rng_state()
    for _ in range(2):
        copies.append(load_into_copy(loaded, LoadModel(path=path), describe_file(path), partly=True))
    assert torch.equal(torch.get_rng_state(), before)
    drawn = [copy.module.state_dict()["head.weight"] for copy in copies]
    assert torch.equal(*drawn)
    assert not torch.equal(drawn[0], state["head.weight"])
