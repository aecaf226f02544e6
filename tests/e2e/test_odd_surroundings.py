"""Files that may not be read, that change while they are read, and machines without room: the real engine goes on."""

import ctypes
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot
from speaking import Speaker
from window_with_engine import person_at_window

from inspector.cli.engine import CommandError
from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.loading import consent, load_model
from inspector.protocol.events import ConsentNeeded, ModelLoaded
from inspector.protocol.requests import DescribeFile, LoadModel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="made of what Linux allows and limits")
WEIGHTS = Path(__file__).parents[2] / "sample_models" / "digits" / "digits_module.pth"
_DROP_CAPABILITY, _READS_ALL, _SEARCHES_ALL = 24, 1, 2


def inspector(*words: object, prepare: Callable[[], None] | None = None, **environment: str | None) -> tuple[int, str]:
    """The command line in a process of its own; its status, and what it said of its own accord."""
    surroundings = {name: text for name, text in (os.environ | environment).items() if text is not None}
    done = subprocess.run(
        [sys.executable, "-m", "inspector", *map(str, words)],
        capture_output=True, text=True, timeout=200, check=False, env=surroundings, preexec_fn=prepare,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    return done.returncode, done.stderr


def as_others_do() -> None:
    """Root reads whatever it likes, unless it gives that up."""
    system = ctypes.CDLL(None)
    for capability in (_READS_ALL, _SEARCHES_ALL):
        system.prctl(_DROP_CAPABILITY, capability, 0, 0, 0)


def without_room() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def model(path: Path) -> Path:
    torch.save(torch.nn.Sequential(torch.nn.Linear(4, 2)), path)
    return path


def test_a_file_that_may_not_be_read_is_said_to_be_so_and_not_that_it_was_not_chosen(tmp_path: Path) -> None:
    path = model(tmp_path / "model.pt")
    path.chmod(0)
    status, said = inspector("describe", path, prepare=as_others_do)
    assert (status, "may not be read by this user" in said, "Change its permissions" in said) == (1, True, True)


def test_a_home_that_is_not_known_stops_nothing(tmp_path: Path) -> None:
    assert inspector("describe", WEIGHTS, HOME=None)[0] == 0
    assert inspector("describe", WEIGHTS, HOME=str(tmp_path / "nowhere"), XDG_CONFIG_HOME=None)[0] == 0


def test_where_no_file_can_grow_arrays_go_in_the_messages(tmp_path: Path) -> None:
    """The memory that engine and window share counts as a file too."""
    asked = "from inspector.client.arrays import make_ring; assert make_ring() is None"
    subprocess.run([sys.executable, "-c", asked], check=True, timeout=300, preexec_fn=without_room)


def test_a_file_that_grows_shrinks_and_goes_while_it_is_described_is_a_sentence_each_time(
    fresh_engine: Speaker, tmp_path: Path
) -> None:
    path = model(tmp_path / "model.pt")
    whole = path.read_bytes()
    speaks_plainly(fresh_engine, DescribeFile(path=str(path)), times=60)
    path.write_bytes(whole)
    assert any(isinstance(reply.event, ModelLoaded) for reply in fresh_engine.ask(LoadModel(path=str(path))))


def test_a_file_that_changes_while_it_is_loaded_is_a_sentence_or_the_model(
    fresh_engine: Speaker, tmp_path: Path
) -> None:
    path = model(tmp_path / "model.pt")
    speaks_plainly(fresh_engine, LoadModel(path=str(path), try_inputs=False), times=15)


def speaks_plainly(engine: Speaker, request: DescribeFile | LoadModel, times: int) -> None:
    """While its file changes, each answer is one that a person can read."""
    path = Path(request.path)
    with changing(path, path.read_bytes()):
        told = [said_of(engine, request) for _ in range(times)]
    assert not [one for one in told if "fault of the app" in one or "Errno" in one]


def said_of(engine: Speaker, request: DescribeFile | LoadModel) -> str:
    """The sentence of a refusal, or "" where it was answered."""
    try:
        answers = engine.ask(request)
    except CommandError as error:
        return str(error)
    assert answers
    return ""


@contextmanager
def changing(path: Path, whole: bytes) -> Iterator[None]:
    """Cut, filled, replaced and removed, again and again, as fast as it goes."""
    over = threading.Event()

    def change() -> None:
        while not over.is_set():
            for content in (whole[:300], whole, whole[: len(whole) // 2], whole + b"more"):
                path.write_bytes(content)
            path.unlink()
            path.with_suffix(".new").write_bytes(whole)
            path.with_suffix(".new").replace(path)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_giant_that_is_swapped_after_the_question_is_not_what_was_agreed_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Giants are not held in memory, but kept open; the limit is lowered, so that this one is a giant."""
    canary = tmp_path / "canary"
    path = hostile(tmp_path / "model.pt", ["print", "mild"])
    monkeypatch.setattr(consent, "_MAX_HELD_BYTES", path.stat().st_size - 1)
    question = load_model(LoadModel(path=str(path)), describe_file(str(path)))
    assert isinstance(question, ConsentNeeded)
    hostile(tmp_path / "other.pt", ["open", str(canary), "w"]).replace(path)
    again = load_model(LoadModel(path=str(path), trusted=(question.items[0].sha256,)), describe_file(str(path)))
    assert isinstance(again, ConsentNeeded)
    assert again.items[0].sha256 != question.items[0].sha256
    assert not canary.exists()


class Calls:
    """Unpickles to a call of a built-in function."""

    def __init__(self, name: str, arguments: list[str]) -> None:
        self.name, self.arguments = name, arguments

    def __reduce__(self) -> tuple[object, ...]:
        import builtins

        return getattr(builtins, self.name), tuple(self.arguments)


def hostile(path: Path, call: list[str]) -> Path:
    net = torch.nn.Sequential(torch.nn.Linear(4, 2))
    net.extra = Calls(call[0], call[1:])
    torch.save(net, path)
    return path


def test_a_real_giant_is_described_and_refused_or_loaded_without_its_bytes_in_memory(tmp_path: Path) -> None:
    """A sparse file of 700 MB behind honest weights is no zip that two readers agree on."""
    path = model(tmp_path / "model.pt")
    with path.open("r+b") as file:
        file.truncate(700 * 2**20)
    description = describe_file(str(path))
    assert description.format == "unknown"
    with pytest.raises(EngineError):
        load_model(LoadModel(path=str(path)), description)


@pytest.mark.timeout(400)
def test_the_window_goes_on_while_100_000_files_are_listed(qtbot: QtBot, tmp_path: Path) -> None:
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # where 100,000 files take a second
    with tempfile.TemporaryDirectory(dir=in_memory) as place:
        lists_a_crowd(qtbot, tmp_path, crowded(Path(place) / "set"))


def lists_a_crowd(qtbot: QtBot, tmp_path: Path, folder: Path) -> None:
    with person_at_window(qtbot, tmp_path) as person:
        person.drop(model(tmp_path / "model.pt"))
        person.wait(lambda: person.state.model is not None and not person.state.pending)
        person.window.session.folder.choose(str(folder))
        person.wait(lambda: person.state.evaluation.scan is not None and not person.state.pending)
        assert len(person.state.evaluation.scan.images) == 100_000
        person.window.session.folder.choose(str(folder))
        person.wait(lambda: any(concern == "scan" for concern in person.state.pending.values()))
        person.window.session.cancel()
        person.settle()
        assert person.state.engine.phase == "ready"
        assert person.state.model is not None


def crowded(folder: Path) -> Path:
    """100,000 empty pictures in ten classes, made in some seconds."""
    folder.mkdir()
    for place in range(10):
        label = folder / f"c{place}"
        label.mkdir()
        inside = os.open(label, os.O_RDONLY)
        try:
            for one in range(10_000):
                os.close(os.open(f"{one}.png", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=inside))
        finally:
            os.close(inside)
    return folder
