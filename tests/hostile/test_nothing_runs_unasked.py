"""Every trick in every kind of file, through every door, without the sandbox: nothing runs; all is named.

The first test runs the tricks for real, so that the others can't pass because a trick is broken.
"""

import contextlib
import copyreg
import io
import os
import pickle
import socket
import subprocess
import sys
import typing
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile_files import CONTAINERS, NOT_LOOKED_INTO, net, npy, npz, raw, torch_zip, weight
from hostile_pickles import EXTENSIONS, tricks
from PIL import Image

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.session import Session
from inspector.protocol.base import ArrayRef
from inspector.protocol.comparison import Side
from inspector.protocol.evaluation import LabelRule
from inspector.protocol.events import ConsentNeeded, FolderScanned, ModelLoaded
from inspector.protocol.inputs import ArrayInput, ImageInput, NamedInput, Preprocess
from inspector.protocol.requests import (
    AnyRequest,
    ArraysRead,
    CancelRequest,
    CompareFolder,
    CompareModels,
    CompareWeights,
    DecodeImages,
    DescribeFile,
    EndComparison,
    Evaluate,
    FetchTensor,
    FindShapes,
    FindValue,
    LoadModel,
    MeasureParameters,
    MeasureTensor,
    PreviewInput,
    ProfileForward,
    ReadCells,
    ReadMaps,
    ReadRow,
    RunForward,
    ScanFolder,
    TraceGradients,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the tricks call a POSIX shell")


# These name no file; what they speak of is in the engine already.
WITHOUT_FILES = {
    *(MeasureParameters, FetchTensor, MeasureTensor, ReadCells, ReadMaps, FindValue, ReadRow),
    *(EndComparison, CancelRequest, ArraysRead),
}
WITH_FILES = {
    *(DescribeFile, LoadModel, RunForward, CompareModels, CompareWeights, CompareFolder, ProfileForward),
    *(TraceGradients, FindShapes, PreviewInput, ScanFolder, Evaluate, DecodeImages),
}


@pytest.fixture(autouse=True)
def no_switch_of_torch(monkeypatch):
    """The engine's environment makes torch refuse pickles; here nothing but our own care stands in the way."""
    monkeypatch.delenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", raising=False)
    for code, (module, name) in EXTENSIONS.items():
        monkeypatch.setitem(copyreg._extension_registry, (module, name), code)
        monkeypatch.setitem(copyreg._inverted_registry, code, (module, name))


def canaries(folder):
    return sorted(path.name for path in Path(folder).glob("canary-*"))


def test_each_trick_works_where_a_pickle_is_simply_loaded(tmp_path):
    corpus = tricks(tmp_path)
    for trick in corpus:
        with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = pickle.loads(raw(trick))
            if trick.name == "default_factory":
                loaded["anything"]
            del loaded
    assert canaries(tmp_path) == sorted(f"canary-{trick.name}" for trick in corpus)


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda container: container.__name__)
def test_describing_names_each_trick_and_runs_none(tmp_path, container):
    path = tmp_path / "file"
    for trick in tricks(tmp_path):
        path.write_bytes(container(trick))
        description = describe_file(str(path))
        if container.__name__ in NOT_LOOKED_INTO:
            assert description.format == "unknown", trick.name
            continue
        assert description.safety == "needs_consent", trick.name
        assert trick.must_name in description.blocked_globals, trick.name
        (use,) = [use for use in description.uses if use.name == trick.must_name]
        assert use.risk != "harmless", trick.name
        assert use.why, trick.name
    assert canaries(tmp_path) == []


def test_no_request_is_left_out():
    """A new one that names a file is sent with tricks below, and has its place in one of the two sets."""
    assert {*typing.get_args(AnyRequest)} == WITH_FILES | WITHOUT_FILES


class Window:
    """What a window would send, to a session in this very process: no sandbox, and no switch of torch's."""

    def __init__(self):
        self.events = []
        self.session = Session(
            self.events.append, lambda array: ArrayRef(shape=array.shape, dtype=str(array.dtype)), lambda: None
        )

    def send(self, request):
        """The events that answer it; a refusal is an answer too, and has to be a sentence."""
        self.events.clear()
        try:
            if isinstance(request, LoadModel):
                self.session.load(request, describe_file(request.path))
            else:
                self.session.handle(request)
        except EngineError as error:
            said = error.message
        else:
            said = "done, and"
        assert " " in said
        assert "Traceback" not in said
        return list(self.events)


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("honest")
    torch.save(net(), folder / "model.pt")
    torch.save(net().state_dict(), folder / "weights.pt")
    (folder / "net.py").write_text("from torch import nn\nclass Net(nn.Linear):\n    pass\n")
    return folder


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda container: container.__name__)
def test_no_door_runs_a_trick(tmp_path, honest, container):
    window = Window()
    window.send(LoadModel(path=str(honest / "model.pt"), try_inputs=False))
    path = str(tmp_path / "file.pt")
    for trick in tricks(tmp_path):
        Path(path).write_bytes(container(trick))
        answers = window.send(PreviewInput(source=ArrayInput(path=path)))
        answers += window.send(RunForward(inputs=(NamedInput(source=ArrayInput(path=path)),)))
        answers += window.send(PreviewInput(source=ImageInput(paths=(path,), preprocess=Preprocess(height=4, width=4))))
        answers += window.send(DecodeImages(paths=(path,)))
        compared = window.send(CompareModels(other=LoadModel(path=path)))
        # Weights beside a trick may be compared, in a copy of the model that is open: nothing of the trick is made.
        answers += [event for event in compared if isinstance(event, ModelLoaded) and not event.keys]
        window.send(CompareWeights(path_a=path, path_b=str(honest / "weights.pt")))
        for request in (
            LoadModel(path=path, try_inputs=False),
            LoadModel(path=path, try_inputs=False, trusted=("0" * 64,)),  # opened before, and changed since
            LoadModel(path=path, try_inputs=False, source=str(honest / "net.py"), entry="Net"),
            LoadModel(path=str(honest / "weights.pt"), try_inputs=False, source=path),
            LoadModel(path=str(honest / "net.py"), try_inputs=False, source=path),
        ):
            answers += [event for event in window.send(request) if isinstance(event, ModelLoaded)]
            window.send(RunForward())
        loaded = [event for event in answers if isinstance(event, ModelLoaded)]
        assert not loaded, (trick.name, loaded)
        window.send(LoadModel(path=str(honest / "model.pt"), try_inputs=False))
    assert canaries(tmp_path) == []


def test_no_way_of_running_runs_a_trick_that_is_fed(tmp_path, honest):
    window = Window()
    window.send(LoadModel(path=str(honest / "model.pt"), try_inputs=False))
    path = tmp_path / "fed.pt"
    fed = (NamedInput(source=ArrayInput(path=str(path))),)
    for container in (raw, torch_zip, weight, npy, npz):
        for trick in tricks(tmp_path):
            path.write_bytes(container(trick))
            for request in (
                RunForward(inputs=fed),
                TraceGradients(inputs=fed),
                ProfileForward(inputs=fed, runs=1, warm_up=0),
                FindShapes(inputs=fed, seconds=0.01),
                CompareModels(inputs=fed, b=Side(mode="train")),
            ):
                window.send(request)
    assert canaries(tmp_path) == []


def test_a_test_folder_full_of_tricks_is_evaluated_without_running_one(tmp_path, honest):
    folder = tmp_path / "test"
    for label in ("cat", "dog"):
        (folder / label).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(folder / label / "honest.png")
    for trick in tricks(tmp_path):
        for container in CONTAINERS:
            content = container(trick)
            for suffix in (".png", ".npy", ".pt"):
                (folder / "cat" / f"{trick.name}-{container.__name__}{suffix}").write_bytes(content)
        (folder / "labels.csv").write_bytes(raw(trick))
    (folder / "classes.txt").write_bytes(raw(trick))
    (folder / "labels.json").write_bytes(raw(trick))
    window = Window()
    window.send(LoadModel(path=str(honest / "model.pt"), try_inputs=False))
    preprocess = Preprocess(height=4, width=4)
    for rule in (
        LabelRule(),
        LabelRule(source="folders"),
        LabelRule(source="csv", csv_path=str(folder / "labels.csv")),
    ):
        window.send(ScanFolder(folder=str(folder), labels=rule))
        window.send(Evaluate(folder=str(folder), labels=rule, preprocess=preprocess, workers=1))
        window.send(CompareModels(b=Side(mode="train")))
        window.send(CompareFolder(folder=str(folder), labels=rule, preprocess=preprocess, workers=1))
    window.send(LoadModel(path=str(folder)))
    assert canaries(tmp_path) == []


@pytest.mark.parametrize("formula", ["=cmd|' /C calc'!A0", '=HYPERLINK("http://127.0.0.1")', "@SUM(1)", "+1+1", "-1"])
def test_formulas_in_a_table_of_labels_stay_text(tmp_path, formula):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text(f'file,label\na.png,"{formula.replace(chr(34), chr(34) * 2)}"\n')
    answers = Window().send(ScanFolder(folder=str(tmp_path)))
    (scanned,) = [event for event in answers if isinstance(event, FolderScanned)]
    assert formula in str(scanned)


def test_a_folder_that_asks_for_remote_code_is_described_and_its_code_left_alone(tmp_path, honest):
    canary = tmp_path / "canary-remote"
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "config.json").write_text(
        '{"model_type": "x", "auto_map": {"AutoModel": "modeling.Net"}, "custom_pipelines": {"p": {"impl": "pipe.P"}}}'
    )
    for name in ("modeling.py", "pipe.py", "__init__.py", "conftest.py", "torch.py", "setup.py"):
        (folder / name).write_text(f"open({str(canary)!r}, 'w').close()\n")
    (folder / "model.safetensors").write_bytes(safetensors(net()))
    description = describe_file(str(folder))
    assert "trust_remote_code" in " ".join(description.warnings)
    window = Window()
    for source in ("", str(folder / "modeling.py"), str(folder)):
        for event in window.send(LoadModel(path=str(folder), source=source)):
            assert not isinstance(event, ModelLoaded)
    assert not canary.exists()


def safetensors(model):
    from safetensors.torch import save

    return save(model.state_dict())


def test_an_array_whose_header_is_code_is_refused(tmp_path):
    canary = tmp_path / "canary-header"
    header = f"{{'descr': '<f4', 'shape': (1,), 'fortran_order': open({str(canary)!r}, 'w')}}\n".encode()
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(4))
    Window().send(PreviewInput(source=ArrayInput(path=str(tmp_path / "a.npy"))))
    assert not canary.exists()


def test_an_honest_array_is_still_fed(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((1, 3, 4, 4), np.float32))
    assert Window().send(PreviewInput(source=ArrayInput(path=str(tmp_path / "a.npy"))))


def test_no_door_opens_a_socket_or_starts_a_process(tmp_path, honest):
    """The same, told by Python itself: an audit hook can't be removed, so it lives in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        script = tmp_path / "doors.py"
        script.write_text(DOORS)
        done = subprocess.run(
            [sys.executable, str(script), str(tmp_path), str(honest), str(server.getsockname()[1])],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])]),
            },
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout == "clean\n"
        with pytest.raises(BlockingIOError):
            server.accept()


DOORS = """
import sys
from pathlib import Path

import torch, inspector.engine.session, hostile_files, hostile_pickles
from test_nothing_runs_unasked import ArrayInput, LoadModel, PreviewInput, Window

folder, honest, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
seen = []
watching = False
EVENTS = {"os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect", "socket.bind",
          "pickle.find_class", "ctypes.dlopen", "os.startfile", "pty.spawn", "webbrowser.open"}

def hook(event, arguments):
    if watching and event in EVENTS and "torch" not in str(arguments):
        seen.append((event, str(arguments)[:200]))

connect = hostile_pickles.call(
    hostile_pickles.name("socket", "create_connection"),
    hostile_pickles.tuple_of(hostile_pickles.text("127.0.0.1"), b"M" + port.to_bytes(2, "little")))
corpus = [*hostile_pickles.tricks(folder), hostile_pickles.Trick("connect", connect, "socket.create_connection")]
window = Window()
sys.addaudithook(hook)
path = folder / "file.pt"
for trick in corpus:
    for container in hostile_files.CONTAINERS:
        path.write_bytes(container(trick))
        watching = True
        window.send(LoadModel(path=str(path), try_inputs=False))
        window.send(PreviewInput(source=ArrayInput(path=str(path))))
        watching = False
print("\\n".join(map(str, seen[:5])) or "clean")
"""


def test_the_question_names_what_would_run(tmp_path):
    path = tmp_path / "model.pt"
    for container in CONTAINERS:
        if container.__name__ != "module":
            continue
        for trick in tricks(tmp_path):
            path.write_bytes(container(trick))
            (question,) = [e for e in Window().send(LoadModel(path=str(path))) if isinstance(e, ConsentNeeded)]
            assert trick.must_name in {use.name for item in question.items for use in item.uses}
    assert canaries(tmp_path) == []
