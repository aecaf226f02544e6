"""Whole modules and programs: what loads without asking, what asks, and classes that are not to be had."""

import hashlib
import importlib
import os
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest
import torch
from loading_nets import SOURCE, Hostile, plain_net
from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.formats.allow_list import MODULE_GLOBALS
from inspector.engine.loading import Loaded, load_model
from inspector.engine.loading.source_module import detach_sources
from inspector.protocol.events import ConsentNeeded
from inspector.protocol.requests import LoadModel


@pytest.fixture(autouse=True)
def _detached():
    yield
    detach_sources()


def load(path, *, trusted=True, **options):
    return load_model(LoadModel(path=str(path), trust_everything=trusted, **options), describe_file(str(path)))


def saved_by_a_script(folder, *, as_main, legacy=False):
    """A module whose class is not to be had any more: it was defined in a script, or in a module that is gone."""
    source = folder / "code" / "unseen_nets.py"
    source.parent.mkdir(exist_ok=True)
    source.write_text(SOURCE)
    path = folder / "whole.pt"
    name = "__main__" if as_main else "unseen_nets"
    script, before = ModuleType(name), sys.modules.get(name)
    exec(SOURCE, script.__dict__)
    sys.modules[name] = script
    try:
        quietly(lambda: torch.save(script.SmallNet(), path, _use_new_zipfile_serialization=not legacy))
    finally:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
    return path, source


def quietly(action):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return action()


ALLOWED = {
    "convolutions": plain_net,
    "transformer": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2),
    "recurrent": lambda: nn.ModuleList([nn.LSTM(3, 4), nn.GRUCell(2, 2)]),
    "names": lambda: nn.ModuleDict({"a": nn.Embedding(4, 2), "b": nn.PReLU(), "c": nn.Softmax(1)}),
    "parameters": lambda: nn.ParameterDict({"a": torch.ones(2)}),
    "padding": lambda: nn.Sequential(nn.ReflectionPad2d(1), nn.AdaptiveAvgPool2d(1), nn.Unflatten(1, (1, 2))),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_modules_of_torchs_own_classes_load_without_asking(tmp_path, name):
    model = ALLOWED[name]()
    torch.save(model, tmp_path / "model.pt")
    loaded = load(tmp_path / "model.pt", trusted=False)
    assert isinstance(loaded, Loaded)
    own = model.state_dict()
    assert all(torch.equal(value, own[key]) for key, value in loaded.module.state_dict().items())
    assert loaded.info.format == "module"


def test_an_older_whole_module_asks_and_loads_with_trust(tmp_path):
    path = tmp_path / "model.pt"
    torch.save(plain_net(), path, _use_new_zipfile_serialization=False)
    answer = load(path, trusted=False)
    assert isinstance(answer, ConsentNeeded)
    assert "unpickles it" in answer.sentence
    assert isinstance(load(path), Loaded)


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("as_main", [True, False])
def test_a_class_that_is_not_to_be_had_comes_from_the_source_that_is_given(tmp_path, as_main, legacy):
    path, source = saved_by_a_script(tmp_path, as_main=as_main, legacy=legacy)
    with pytest.raises(EngineError) as caught:
        load(path)
    assert "SmallNet" in caught.value.message or "unseen_nets" in caught.value.message
    assert ".py" in caught.value.fix
    asked = load(path, trusted=False, source=str(source))
    assert isinstance(asked, ConsentNeeded)
    assert [item.what for item in asked.items] == ["pickle", "python_source"]
    assert ("`__main__.SmallNet`" if as_main else "`unseen_nets.SmallNet`") in asked.sentence
    digests = tuple(hashlib.sha256(Path(item.path).read_bytes()).hexdigest() for item in asked.items)
    assert digests == tuple(item.sha256 for item in asked.items)
    main = sys.modules["__main__"]
    loaded = load_with(path, source, digests)
    assert loaded.module(torch.zeros(2, 3, 8, 8)).shape == (2, 10)
    assert loaded.info.class_name == "SmallNet"
    assert sys.modules["__main__"] is main


def load_with(path, source, digests):
    request = LoadModel(path=str(path), source=str(source), trusted=digests)
    return load_model(request, describe_file(str(path)))


def test_one_of_two_consents_is_not_enough(tmp_path):
    path, source = saved_by_a_script(tmp_path, as_main=True)
    asked = load(path, trusted=False, source=str(source))
    for item in asked.items:
        again = load_with(path, source, (item.sha256,))
        assert isinstance(again, ConsentNeeded)
        assert len(again.items) == 1


def test_the_missing_module_beside_the_file_is_found_and_asked_for(tmp_path):
    path, source = saved_by_a_script(tmp_path, as_main=False)
    moved = path.rename(source.parent / "whole.pt")
    asked = load(moved, trusted=False)
    assert [Path(item.path).name for item in asked.items] == ["whole.pt", "unseen_nets.py"]
    assert isinstance(load(moved), Loaded)


def test_a_module_in_a_checkpoint_is_taken_out_with_its_class_names(tmp_path):
    torch.save({"epoch": 3, "model": plain_net(), "classes": ["a", "b", "c"]}, tmp_path / "run.pt")
    loaded = load(tmp_path / "run.pt", trusted=False)
    assert loaded.class_names == ("a", "b", "c")
    assert loaded.info.format == "checkpoint"


def test_trusted_hostile_code_that_raises_or_exits_is_a_sentence(tmp_path):
    model = plain_net()
    model.extra = Hostile(sys.exit, 4)
    torch.save(model, tmp_path / "model.pt")
    assert isinstance(load(tmp_path / "model.pt", trusted=False), ConsentNeeded)
    with pytest.raises(EngineError, match="ends the program"):
        load(tmp_path / "model.pt")


def test_a_scan_never_grants_what_torchs_safe_reader_refuses(tmp_path):
    """A description that calls a hostile file harmless does not make it load."""
    path, canary = tmp_path / "model.pt", tmp_path / "canary"
    torch.save(plain_net(), path)
    harmless = describe_file(str(path))
    model = plain_net()
    model.extra = Hostile(os.system, f"touch {canary}")
    torch.save(model, path)
    with pytest.raises(EngineError, match="safe reader"):
        load_model(LoadModel(path=str(path)), harmless)
    assert not canary.exists()


def test_torchscript_and_exported_programs_give_the_same_outputs_as_the_model(tmp_path):
    model, batch = plain_net(), torch.rand(1, 3, 4, 4)
    quietly(lambda: torch.jit.trace(model, batch).save(str(tmp_path / "script.pt")))
    quietly(lambda: torch.export.save(torch.export.export(model, (batch,)), tmp_path / "model.pt2"))
    for file, name in (("script.pt", "torchscript"), ("model.pt2", "exported_program")):
        loaded = load(tmp_path / file, trusted=False)
        assert loaded.info.format == name
        assert loaded.info.class_name == "Sequential"
        torch.testing.assert_close(loaded.module(batch), model(batch))
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ


@pytest.mark.parametrize("name", ["model.pt", "model", "model.pt2.download"])
def test_an_exported_program_opens_whatever_its_file_is_called(tmp_path, name):
    model, batch = plain_net(), torch.rand(1, 3, 4, 4)
    quietly(lambda: torch.export.save(torch.export.export(model, (batch,)), tmp_path / "model.pt2"))
    (tmp_path / "model.pt2").rename(tmp_path / name)
    loaded = load(tmp_path / name, trusted=False)
    assert loaded.info.format == "exported_program"
    torch.testing.assert_close(loaded.module(batch), model(batch))


@pytest.mark.parametrize("kind", ["script.pt", "model.pt2"])
def test_damaged_programs_are_a_sentence(tmp_path, kind):
    model, batch, path = plain_net(), torch.rand(1, 3, 4, 4), tmp_path / kind
    if kind == "script.pt":
        quietly(lambda: torch.jit.trace(model, batch).save(str(path)))
    else:
        quietly(lambda: torch.export.save(torch.export.export(model, (batch,)), path))
    description = describe_file(str(path))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(EngineError, match="could not be loaded") as caught:
        load_model(LoadModel(path=str(path)), description)
    assert "damaged" in caught.value.fix


ARGUMENTS = {
    **dict.fromkeys(
        ("Linear", "Bilinear", "LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell", "Embedding"), (4, 4, 4)
    ),
    **dict.fromkeys(("Linear", "LSTMCell", "GRUCell", "RNNCell", "Embedding", "EmbeddingBag"), (4, 4)),
    **dict.fromkeys(("CosineSimilarity", "PairwiseDistance", "Module", "ModuleDict", "ModuleList", "Sequential"), ()),
    "Transformer": (8, 2, 1, 1, 8),
    "TransformerEncoderLayer": (8, 2, 8),
    "TransformerDecoderLayer": (8, 2, 8),
    "MultiheadAttention": (8, 2),
    "GroupNorm": (2, 4),
    "Unflatten": (1, (2, 2)),
    "Threshold": (0.1, 0.2),
    "AdaptiveLogSoftmaxWithLoss": (4, 10, [5]),
    "Upsample": (None, 2.0),
    "Fold": (4, 2),
    "Unfold": (2,),
    "NonDynamicallyQuantizableLinear": (4, 4),
    "FractionalMaxPool2d": (2, 3),
    "FractionalMaxPool3d": (2, 3),
    **dict.fromkeys(("ConstantPad1d", "ConstantPad2d", "ConstantPad3d"), (1, 0.5)),
    **dict.fromkeys(("LPPool1d", "LPPool2d", "LPPool3d"), (2, 2)),
}


def made(kind):
    name = kind.__name__
    layer = nn.TransformerEncoderLayer(8, 2, 8, batch_first=True)
    if name == "TransformerEncoder":
        return kind(layer, 1)
    if name == "TransformerDecoder":
        return kind(nn.TransformerDecoderLayer(8, 2, 8), 1)
    if name in ARGUMENTS:
        return kind(*ARGUMENTS[name])
    if name.startswith(("Conv",)):
        return kind(4, 4, 2)
    try:
        return kind()
    except TypeError:
        return kind(4)


def test_every_allow_listed_class_loads_without_asking_and_hides_no_method(tmp_path):
    for name in sorted(MODULE_GLOBALS):
        kind = getattr(importlib.import_module(name.rpartition(".")[0]), name.rpartition(".")[2])
        model = quietly(lambda kind=kind: made(kind))
        torch.save(nn.Sequential(model), tmp_path / "model.pt")
        loaded = load(tmp_path / "model.pt", trusted=False)
        assert isinstance(loaded, Loaded), (name, loaded)
        assert type(loaded.module[0]) is kind
