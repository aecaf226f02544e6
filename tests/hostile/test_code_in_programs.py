"""Code in exported programs and TorchScript: torch itself evaluates sizes and guards, and looks targets up by name.

Each trick is first shown to work in torch, in a process of its own; then to be named, and refused, by every door.
"""

import io
import json
import os
import pickle
import subprocess
import sys
import warnings
import zipfile

import pytest
import torch
from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.loading import Loaded, load_model
from inspector.protocol.events import ConsentNeeded
from inspector.protocol.requests import LoadModel


class Command:
    def __init__(self, text):
        self.text = text

    def __reduce__(self):
        return os.system, (self.text,)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An honest program with a batch of any size, as its files."""
    path = tmp_path_factory.mktemp("exported") / "ok.pt2"
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU()).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batch = torch.export.Dim("batch")
        torch.export.save(torch.export.export(model, (torch.zeros(2, 3),), dynamic_shapes=({0: batch},)), path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def size(text):
    def change(program, files):
        program["graph_module"]["graph"]["tensor_values"]["input"]["sizes"][0]["as_expr"]["expr_str"] = text

    return change


def guard(text):
    def change(program, files):
        program["guards_code"] = [text]

    return change


def structure(context):
    def change(program, files):
        spec = program["graph_module"]["module_call_graph"][0]["signature"]
        tree = json.loads(spec["in_spec"])
        tree[1]["children_spec"][0] = {"type": "collections.defaultdict", "context": context, "children_spec": [
            {"type": None, "context": None, "children_spec": []}]}  # fmt: skip
        spec["in_spec"] = json.dumps(tree)

    return change


def target(name, *arguments):
    def change(program, files):
        inputs = [{"name": "", "arg": {"as_string": text}, "kind": 1} for text in arguments]
        node = {"target": name, "inputs": inputs, "outputs": [], "metadata": {}, "name": "x"}
        program["graph_module"]["graph"]["nodes"].insert(0, node | {"is_hop_single_tensor_return": None})

    return change


def opaque(command):
    def change(program, files):
        meta = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}
        files["ok/data/constants/model_constants_config.json"] = json.dumps({"config": {"x": meta}}).encode()
        files["ok/data/constants/opaque_obj_0"] = pickle.dumps(Command(command))

    return change


def native(program, files):
    files["ok/data/aotinductor/model/model.so"] = b"\x7fELF"


def shell(canary):
    return f"touch '{canary}'"


# What runs, and whether torch of today is known to run it.
TRICKS = {
    "size": (lambda canary: size(f'__import__("os").system({shell(canary)!r})'), True),
    "size_by_a_function": (lambda canary: size(f"lambdify([], {f'open({str(canary)!r}, chr(119))'!r})()"), True),
    "guard": (lambda canary: guard(f"open({str(canary)!r}, 'w')"), True),
    "opaque_constant": (lambda canary: opaque(shell(canary)), True),
    "target": (lambda canary: target("torch.os.system", shell(canary)), False),
    "target_of_an_operator": (lambda canary: target("_operator.methodcaller", "system", shell(canary)), False),
    "target_that_loads": (lambda canary: target("torch.ops.load_library", str(canary)), False),
    "target_that_writes": (lambda canary: target("torch.ops.aten.from_file.default", str(canary)), False),
    "structure": (lambda canary: structure(
        '{"default_factory_module": "antigravity", "default_factory_name": "x", "dict_context": []}'), False),
    "enumeration": (lambda canary: structure('{"__enum__": true, "fqn": "antigravity:X", "name": "y"}'), False),
    "native_code": (lambda canary: native, False),
    "tower_of_powers": (lambda canary: size("9**9**9**9"), False),
}  # fmt: skip


def written(path, honest, change):
    files = dict(honest)
    program = json.loads(files["ok/models/model.json"])
    change(program, files)
    files["ok/models/model.json"] = json.dumps(program).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return str(path)


OPEN_WITH_TORCH = """
import contextlib, logging, sys, torch
logging.disable(50)
for path in sys.argv[1:]:
    with contextlib.suppress(Exception):
        program = torch.export.load(path)
        with contextlib.suppress(Exception):
            torch.export.unflatten(program)(torch.zeros(2, 3))
        program.module()(torch.zeros(2, 3))
"""


def test_an_honest_program_is_opened_without_a_question(tmp_path, exported):
    path = written(tmp_path / "ok.pt2", exported, lambda program, files: None)
    description = describe_file(path)
    assert (description.safety, description.blocked_globals) == ("inert", ())
    assert isinstance(load_model(LoadModel(path=path), description), Loaded)


@pytest.mark.parametrize("name", TRICKS)
def test_code_in_an_exported_program_is_named_and_never_run(tmp_path, exported, name, monkeypatch):
    monkeypatch.delenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", raising=False)
    canary = tmp_path / "canary"
    make, _ = TRICKS[name]
    path = written(tmp_path / "model.pt2", exported, make(canary))
    description = describe_file(path)
    assert (description.format, description.safety) == ("exported_program", "needs_consent")
    assert description.blocked_globals
    assert all(use.why for use in description.uses)
    for request in (LoadModel(path=path), LoadModel(path=path, trust_everything=True)):
        with pytest.raises(EngineError, match="carries code"):
            load_model(request, description)
    assert not canary.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="the tricks call a POSIX shell")
def test_torch_itself_would_run_it(tmp_path, exported):
    """Else the test above would show nothing. Torch's switch against pickles is on, and does not stop one of these."""
    for name, (make, known) in TRICKS.items():
        if known:
            written(tmp_path / f"{name}.pt2", exported, make(tmp_path / f"canary-{name}"))
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OPEN_WITH_TORCH, *map(str, tmp_path.glob("*.pt2"))],
        check=True,
        timeout=300,
        env={**os.environ, "TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"},
    )
    assert {path.name for path in tmp_path.glob("canary-*")} == {
        f"canary-{name}" for name, (_, known) in TRICKS.items() if known
    }


class Saves(nn.Module):
    def forward(self, x):
        torch.save(x, "canary")
        return x


class Maps(nn.Module):
    def forward(self, x):
        return x + torch.from_file("canary", True, 10).sum()


@pytest.mark.parametrize(("model", "named"), [(Saves, "torch.save"), (Maps, "torch.from_file")])
def test_torchscript_that_touches_files_asks_first(tmp_path, monkeypatch, model, named):
    monkeypatch.chdir(tmp_path)
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(model()), stream)
    (tmp_path / "model.pt").write_bytes(stream.getvalue())
    path = str(tmp_path / "model.pt")
    description = describe_file(path)
    assert (description.safety, description.blocked_globals) == ("needs_consent", (named,))
    question = load_model(LoadModel(path=path), description)
    assert isinstance(question, ConsentNeeded)
    assert named in question.sentence
    assert not (tmp_path / "canary").exists()
    trusted = LoadModel(path=path, trusted=(question.items[0].sha256,))
    loaded = load_model(trusted, description)
    assert isinstance(loaded, Loaded)
    loaded.module(torch.zeros(2))
    assert (tmp_path / "canary").exists()
