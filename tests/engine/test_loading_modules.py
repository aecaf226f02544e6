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


OLDER = ({"pickle_protocol": 4}, {"_use_new_zipfile_serialization": False})


@pytest.mark.parametrize("form", OLDER, ids=["protocol 4", "legacy"])
@pytest.mark.parametrize("name", ALLOWED)
def test_forms_that_torchs_safe_reader_does_not_take_load_without_asking_too(tmp_path, form, name):
    model = ALLOWED[name]()
    quietly(lambda: torch.save(model, tmp_path / "model.pt", **form))
    assert describe_file(str(tmp_path / "model.pt")).safety == "allow_listed"
    loaded = load(tmp_path / "model.pt", trusted=False)
    assert isinstance(loaded, Loaded)
    own = model.state_dict()
    assert all(torch.equal(value, own[key]) for key, value in loaded.module.state_dict().items())


def test_what_can_not_be_rebuilt_in_an_older_form_is_asked_about(tmp_path):
    path = tmp_path / "model.pt"
    model = plain_net()
    model.register_buffer("sparse", torch.eye(3).to_sparse())
    quietly(lambda: torch.save(model, path, _use_new_zipfile_serialization=False))
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


def test_a_file_that_changed_since_it_was_described_is_asked_about_as_it_is_now(tmp_path):
    """The question tells of the bytes whose hash it carries, whatever an earlier look saw."""
    path, canary = tmp_path / "model.pt", tmp_path / "canary"
    torch.save(plain_net(), path)
    harmless = describe_file(str(path))
    model = plain_net()
    model.extra = Hostile(os.system, f"touch {canary}")
    torch.save(model, path)
    asked = load_model(LoadModel(path=str(path)), harmless)
    assert isinstance(asked, ConsentNeeded)
    assert [use.name for use in asked.items[0].uses] == ["posix.system"]
    assert asked.items[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not canary.exists()


def test_the_question_says_which_part_of_the_file_names_what(tmp_path):
    path = tmp_path / "model.pt"
    for form, member in (({}, "model/data.pkl"), (OLDER[1], "the fourth of its five pickles")):
        quietly(
            lambda form=form: torch.save(
                {"model": plain_net(), "notes": {"who": [Hostile(os.system, "x")]}}, path, **form
            )
        )
        (use,) = load(path, trusted=False).items[0].uses
        assert use.where == f"{member}, under notes.who.0"


def test_weights_alone_are_had_from_a_class_that_is_not_here(tmp_path):
    path, source = saved_by_a_script(tmp_path, as_main=True)
    asked = load(path, trusted=False)
    assert set(asked.missing) == {"__main__.SmallNet", "__main__.Block"}
    assert asked.weights_only
    with pytest.raises(EngineError, match="weights alone"):
        load(path, trusted=False, weights_only=True)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    request = LoadModel(path=str(path), source=str(source), weights_only=True, trusted=(digest,))
    loaded = load_model(request, describe_file(str(path)))
    assert isinstance(loaded, Loaded)
    assert loaded.keys.matched == len(loaded.module.state_dict())
    assert any("without its code" in note for note in loaded.notes)


def test_a_model_of_torchs_own_is_opened_without_the_code_beside_it(tmp_path):
    path, canary = tmp_path / "model.pt", tmp_path / "canary"
    torch.save({"model": plain_net(), "classes": ["a", "b", "c"], "x": Hostile(os.system, f"touch {canary}")}, path)
    assert isinstance(load(path, trusted=False), ConsentNeeded)
    loaded = load(path, trusted=False, weights_only=True)
    assert isinstance(loaded, Loaded)
    assert loaded.class_names == ("a", "b", "c")
    assert "left out 1 of its parts: x" in loaded.notes[0]
    assert not canary.exists()


def test_classes_of_packages_say_whether_they_are_installed_here(tmp_path):
    path = tmp_path / "model.pt"
    for package, told in (
        ("msgspec", "installed here"),
        ("nowhere_nets", "not installed here"),
        ("wave", "part of Python"),
    ):
        fake = ModuleType("Odd")
        kind = type("Odd", (nn.Linear,), {"__module__": package})
        before = sys.modules.get(package)
        sys.modules[package] = fake
        fake.Odd = kind
        try:
            torch.save(kind(2, 2), path)
        finally:
            sys.modules.pop(package)
            if before is not None:
                sys.modules[package] = before
        asked = load(path, trusted=False)
        (use,) = asked.items[0].uses
        assert told in use.why, use
        assert asked.missing == (("nowhere_nets.Odd",) if package == "nowhere_nets" else ())
    assert "msgspec" in sys.modules


def test_a_source_that_lacks_one_of_several_classes_is_told_so(tmp_path):
    path, _ = saved_by_a_script(tmp_path, as_main=True)
    half = tmp_path / "half.py"
    half.write_text(SOURCE.replace("class Block", "class Other"))
    asked = load(path, trusted=False, source=str(half))
    assert "does not seem to define `__main__.Block`" in asked.sentence
    assert asked.missing == ()


def test_a_class_in_a_package_that_is_gone_comes_from_one_source(tmp_path):
    """`models.yolo.Net` and `models.common.Block`: one file stands in for both."""
    source = tmp_path / "all_nets.py"
    source.write_text(SOURCE)
    names = ("gone_models", "gone_models.yolo", "gone_models.common")
    made = {name: ModuleType(name) for name in names}
    exec(SOURCE, made["gone_models.yolo"].__dict__)
    net, block = made["gone_models.yolo"].SmallNet, made["gone_models.yolo"].Block
    block.__module__ = "gone_models.common"
    made["gone_models.common"].Block = block
    sys.modules.update(made)
    try:
        torch.save(net(), tmp_path / "m.pt")
    finally:
        for name in names:
            del sys.modules[name]
    assert set(load(tmp_path / "m.pt", trusted=False).missing) == {
        "gone_models.yolo.SmallNet",
        "gone_models.common.Block",
    }
    loaded = load(tmp_path / "m.pt", source=str(source))
    assert loaded.module(torch.zeros(2, 3, 8, 8)).shape == (2, 10)
    assert not [name for name in names if name in sys.modules]


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
