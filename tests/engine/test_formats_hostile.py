"""Files that would do harm: each is described, named, and never run; a canary file would show it."""

import builtins
import importlib
import io
import os
import pickle
import runpy
import struct
import subprocess
import zipfile

import pytest
import torch
from loading_nets import Hostile, plain_net
from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.loading import Loaded, load_model
from inspector.protocol.events import ConsentNeeded
from inspector.protocol.requests import LoadModel


def command(canary):
    return f"touch {canary}"


def code(canary):
    return f"open({str(canary)!r}, 'w').close()"


TRICKS = {
    "os.system": lambda canary: Hostile(os.system, command(canary)),
    "subprocess": lambda canary: Hostile(subprocess.check_output, ["touch", str(canary)]),
    "eval": lambda canary: Hostile(eval, code(canary)),
    "exec": lambda canary: Hostile(exec, code(canary)),
    "open": lambda canary: Hostile(open, str(canary), "w"),
    "nested_getattr": lambda canary: Hostile(Nested(builtins.getattr, os, "system"), command(canary)),
    "import": lambda canary: Hostile(importlib.import_module, "antigravity"),
    "runpy": lambda canary: Hostile(runpy.run_path, str(canary)),
    "torch.load": lambda canary: Hostile(torch.load, str(canary)),
    "torch.hub": lambda canary: Hostile(torch.hub.load, "nobody/nothing", "model"),
    "pickle_in_pickle": lambda canary: Hostile(pickle.loads, pickle.dumps(Hostile(os.system, command(canary)))),
    "inside_a_dict": lambda canary: {"weight": torch.zeros(2), "x": Hostile(os.system, command(canary))},
    "as_a_key": lambda canary: {Hostile(os.system, command(canary)): torch.zeros(2)},
}


class Nested(Hostile):
    """A call whose result is itself called."""

    def __init__(self, function, module, name):
        super().__init__(function, Hostile(importlib.import_module, module.__name__), name)

    def __call__(self):
        """Pickle asks for something callable."""


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("trick", TRICKS)
def test_a_hostile_pickle_is_named_and_not_run(tmp_path, trick, zipped):
    path, canary = str(tmp_path / "model.pth"), tmp_path / "canary"
    torch.save(TRICKS[trick](canary), path, _use_new_zipfile_serialization=zipped)
    description = describe_file(path)
    assert description.safety == "needs_consent"
    assert any(use.risk == "dangerous" and use.why for use in description.uses), description.uses
    with pytest.raises(EngineError):  # it holds no model, or its source is missing: there is nothing to ask for
        load_model(LoadModel(path=path), description)
    assert not canary.exists()


def test_a_hostile_attribute_of_a_module_needs_consent_that_names_it(tmp_path):
    path, canary = str(tmp_path / "model.pth"), tmp_path / "canary"
    model = plain_net()
    model.extra = Hostile(os.system, command(canary))
    torch.save(model, path)
    description = describe_file(path)
    assert (description.format, description.safety) == ("module", "needs_consent")
    assert [use.name for use in description.uses if use.risk == "dangerous"] == ["posix.system"]
    answer = load_model(LoadModel(path=path, trusted=("0" * 64,)), description)
    assert isinstance(answer, ConsentNeeded)
    assert "posix.system" in answer.sentence
    assert not canary.exists()


OPCODES = {
    "protocol_0": b"cos\nsystem\n(S'touch CANARY'\ntR.",
    "inst": b"\x80\x02(S'touch CANARY'\nios\nsystem\n.",
    "obj": b"\x80\x02(cos\nsystem\nS'touch CANARY'\no.",
    "stack_global_by_memo": b"\x80\x04\x8c\x06system\x94\x8c\x02os\x94h\x00\x93\x8c\x05touch\x85R.".replace(
        b"\x8c\x02os\x94h\x00", b"0\x8c\x02os\x94h\x00"
    ),
    "newobj_ex": b"\x80\x04cos\nsystem\n(S'touch CANARY'\nt}\x92.",
    "build_with_setstate": b"\x80\x02cbuiltins\ndict\n)R}X\x0c\x00\x00\x00__setstate__cos\nsystem\nsbNb.",
    "extension": b"\x80\x02\x82\x01)R.",
    "persistent": b"\x80\x02cos\nsystem\nQ.",
}


@pytest.mark.parametrize("name", OPCODES)
def test_every_opcode_that_calls_is_seen(tmp_path, name):
    canary = tmp_path / "canary"
    path = tmp_path / "archive.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", OPCODES[name].replace(b"CANARY", str(canary).encode()))
        archive.writestr("archive/version", "3\n")
    description = describe_file(str(path))
    assert description.safety == "needs_consent"
    assert {"os.system", "copyreg._extension_registry.1"} & set(description.blocked_globals)
    with pytest.raises(EngineError):
        load_model(LoadModel(path=str(path)), description)
    assert not canary.exists()


def test_a_text_pickle_is_not_taken_for_text(tmp_path):
    path, canary = tmp_path / "model.pt", tmp_path / "canary"
    path.write_bytes(OPCODES["protocol_0"].replace(b"CANARY", str(canary).encode()))
    assert describe_file(str(path)).blocked_globals == ("os.system",)
    assert not canary.exists()


def forged(change):
    model = plain_net()
    change(model)
    return model


FORGERIES = {
    "forward": lambda model: model[0].__dict__.update(forward=model[2]),
    "hooks": lambda model: model._forward_hooks.update({0: torch.nn.functional.relu}),
    "function": lambda model: model.__dict__.update(helper=torch.nn.functional.gelu),
    "call": lambda model: model.__dict__.update(_call_impl=torch.nn.functional.relu),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_module_of_allowed_classes_needs_consent(tmp_path, name):
    path = str(tmp_path / "model.pt")
    torch.save(forged(FORGERIES[name]), path)
    description = describe_file(path)
    assert description.safety == "needs_consent"
    assert description.warnings
    assert isinstance(load_model(LoadModel(path=path), description), ConsentNeeded)


def test_a_huge_layer_from_a_few_bytes_is_not_made(tmp_path):
    path = str(tmp_path / "model.pt")
    torch.save(nn.Sequential(), path)
    layer = Hostile(nn.Linear, 60_000, 60_000)
    model = nn.Sequential()
    model._modules["0"] = layer
    torch.save(model, path)
    description = describe_file(path)
    assert description.safety == "needs_consent"
    assert "nn.modules.linear.Linear" in description.warnings[0]
    assert isinstance(load_model(LoadModel(path=path), description), ConsentNeeded)


def test_a_hostile_pickle_in_an_exported_program_is_refused_even_with_trust(tmp_path):
    path, canary = str(tmp_path / "model.pt2"), tmp_path / "canary"
    inner = io.BytesIO()
    torch.save(Hostile(os.system, command(canary)), inner)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/models/model.json", '{"graph_module": {}}')
        archive.writestr("model/data/sample_inputs/model.pt", inner.getvalue())
        archive.writestr("model/archive_format", "pt2")
    description = describe_file(path)
    assert description.format == "exported_program"
    assert description.blocked_globals == ("posix.system",)
    with pytest.raises(EngineError, match=r"posix\.system"):
        load_model(LoadModel(path=path, trust_everything=True), description)
    assert not canary.exists()


def test_a_newer_pickle_protocol_of_allowed_classes_needs_no_consent(tmp_path):
    path = str(tmp_path / "model.pt")
    torch.save(plain_net(), path, pickle_protocol=4)
    description = describe_file(path)
    assert description.safety == "allow_listed"
    assert isinstance(load_model(LoadModel(path=path), description), Loaded)


BOMBS = {
    "memo_index": b"\x80\x02Nr\xf0\xff\xff\xff.",
    "string_of_a_terabyte": b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b".",
    "deep_tuples": b"\x80\x02)" + b"\x85" * 150_000 + b".",
    "stack": b"\x80\x02" + b"N" * 300_000 + b".",
    "shared_tuples": b"\x80\x02)" + b"2\x86" * 100 + b".",
    "shared_key": b"\x80\x02}" + b")" + b"2\x86" * 100 + b"Ns.",
    "mark_under_reduce": b"\x80\x02(R.",
    "no_end": b"\x80\x02N",
    "empty": b"\x80\x02.",
    "giant_integer": b"\x80\x02\x8b" + struct.pack("<I", 100_000) + b"\x7f" * 100_000 + b".",
    "nested_sets": b"\x80\x02" + b"cbuiltins\nset\n(" * 2000 + b")" + b"tR" * 2000 + b".",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_described_in_time(tmp_path, name):
    path = tmp_path / "bomb.pkl"
    path.write_bytes(BOMBS[name])
    assert describe_file(str(path)).format == "unknown"
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w") as archive:
        archive.writestr("bomb/data.pkl", BOMBS[name])
    assert describe_file(str(tmp_path / "bomb.pt")).format == "unknown"
