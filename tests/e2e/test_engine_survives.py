"""A model may do what it likes: the engine answers, or ends with a sentence that says how."""

import sys
import textwrap
import threading
from pathlib import Path

import pytest
from speaking import Speaker

from inspector.cli.engine import CommandError, command_engine
from inspector.client.base import EngineEnded, EnginePrinted, Incoming, Reply
from inspector.client.process import LOG_CHARACTERS, LOG_PIECE_BYTES, ProcessEngine
from inspector.protocol.events import GraphCaptured, ModelLoaded, Progressed, RequestFinished
from inspector.protocol.requests import LoadModel, RunForward


def model_doing(tmp_path: Path, *lines: str) -> Path:
    """A source file with a model whose forward does this."""
    body = textwrap.indent("\n".join(lines), " " * 8)
    path = tmp_path / "doing.py"
    path.write_text(
        "import os, sys, time\nimport torch\nfrom torch import nn\n\n"
        "class Doing(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(4, 2)\n"
        f"    def forward(self, x):\n{body}\n"
    )
    return path


def test_a_model_that_raises_keeps_its_graph_and_the_engine(fresh_engine: Speaker, tmp_path: Path) -> None:
    fresh_engine.load(model_doing(tmp_path, "x = self.fc(x)", "raise ValueError('no luck')"))
    ran = fresh_engine.run((1, 4))
    assert "no luck" in ran.failure.message
    assert ran.failure.error_class == "ValueError"
    assert any(node.op == "Linear" for node in ran.graph.nodes)
    assert fresh_engine.run((1, 4)).failure.message == ran.failure.message


def test_a_model_that_calls_sys_exit_is_a_failed_forward(fresh_engine: Speaker, tmp_path: Path) -> None:
    fresh_engine.load(model_doing(tmp_path, "sys.exit(3)"))
    assert fresh_engine.run((1, 4)).failure.error_class == "SystemExit"


def test_what_a_model_prints_or_reads_never_reaches_the_frames(
    fresh_engine: Speaker, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fresh_engine.load(
        model_doing(tmp_path, "print('hello from forward')", "os.write(1, b'raw bytes')", "sys.stdin.read()",
                    "return self.fc(x)")
    )  # fmt: skip
    assert fresh_engine.run((1, 4)).values.shape == (1, 2)
    fresh_engine.engine.close()


def test_a_native_abort_ends_the_engine_with_its_name(fresh_engine: Speaker, tmp_path: Path) -> None:
    fresh_engine.load(model_doing(tmp_path, "os.abort()"), try_inputs=False)
    with pytest.raises(CommandError, match="SIGABRT"):
        fresh_engine.run((1, 4))


def test_a_model_that_eats_all_memory_is_told_so(fresh_engine: Speaker, tmp_path: Path) -> None:
    fresh_engine.load(model_doing(tmp_path, "return torch.empty(1 << 44, dtype=torch.uint8)"))
    assert "memory" in fresh_engine.run((1, 4)).failure.message.lower()


@pytest.mark.timeout(400)  # pages of 2 GB are handed out one by one
def test_a_model_that_eats_memory_bit_by_bit_is_stopped_at_the_limit_and_lets_it_go(tmp_path: Path) -> None:
    path = model_doing(tmp_path, "kept = []", "while x.shape[0] == 2: kept.append(bytearray(50_000_000))",
                       "return self.fc(x)")  # fmt: skip
    command = [sys.executable, "-P", "-m", "inspector.engine", "--memory-bytes", str(2 * 1024**3)]
    with command_engine(command=command) as engine:
        speaking = Speaker(engine)
        speaking.load(path)
        assert "not enough memory" in speaking.run((2, 4)).failure.message
        assert speaking.run((1, 4)).values.shape == (1, 2)


def test_the_log_names_the_line_of_a_native_abort_and_what_was_printed_before(tmp_path: Path) -> None:
    path = model_doing(tmp_path, "print('before the end')", "os.abort()")
    ended: list[EngineEnded] = []
    gone = threading.Event()

    def receive(incoming: Incoming) -> None:
        if isinstance(incoming, EngineEnded):
            ended.append(incoming)
            gone.set()

    engine = ProcessEngine()
    engine.start(receive)
    engine.lend([str(path)])
    engine.send(LoadModel(path=str(path), trust_everything=True, try_inputs=False))
    engine.send(RunForward())
    assert gone.wait(60)
    engine.close()
    assert "before the end\n" in ended[0].log
    assert 'doing.py", line 11 in forward' in ended[0].log


def test_a_model_that_prints_for_ever_keeps_only_the_tail(tmp_path: Path) -> None:
    path = model_doing(tmp_path, "while True: os.write(1, b'endless ' * 8192)")
    heard, ended = threading.Event(), threading.Event()
    longest = 0
    last: list[EngineEnded] = []

    def receive(incoming: Incoming) -> None:
        nonlocal longest
        if isinstance(incoming, EnginePrinted):
            longest = max(longest, len(incoming.text))
            heard.set()
        if isinstance(incoming, EngineEnded):
            last.append(incoming)
            ended.set()

    engine = ProcessEngine()
    engine.start(receive)
    engine.lend([str(path)])
    engine.send(LoadModel(path=str(path), trust_everything=True, try_inputs=False))
    request = engine.send(RunForward())
    assert heard.wait(60)
    engine.cancel(request, grace_s=0.2)
    assert ended.wait(60)
    engine.close()
    assert longest <= LOG_PIECE_BYTES
    assert 0 < len(last[0].log) <= LOG_CHARACTERS


def test_a_model_that_loops_for_ever_is_cancelled_by_killing_the_engine(tmp_path: Path) -> None:
    path = model_doing(tmp_path, "while True: time.sleep(0.01)")
    seen: list[Incoming] = []
    running, ended = threading.Event(), threading.Event()

    def receive(incoming: Incoming) -> None:
        seen.append(incoming)
        if isinstance(incoming, Reply) and incoming.event == Progressed(what="Running"):
            running.set()
        if isinstance(incoming, EngineEnded):
            ended.set()

    engine = ProcessEngine()
    engine.start(receive)
    engine.lend([str(path)])
    engine.send(LoadModel(path=str(path), trust_everything=True, try_inputs=False))
    request = engine.send(RunForward())
    assert running.wait(60), seen[-1]
    engine.cancel(request, grace_s=0.2)
    assert ended.wait(60)
    engine.close()
    assert isinstance(seen[-1], EngineEnded)
    assert "cancel" in seen[-1].sentence
    assert any(isinstance(i, Reply) and isinstance(i.event, ModelLoaded) for i in seen)
    assert not any(isinstance(i, Reply) and isinstance(i.event, GraphCaptured) for i in seen)


def test_a_model_that_loops_while_it_is_tried_still_opens(fresh_engine: Speaker, tmp_path: Path) -> None:
    loaded = fresh_engine.load(model_doing(tmp_path, "while True: time.sleep(0.01)"))
    assert loaded.slots[0].proposed.shape == (1, 4)
    assert "not tried" in loaded.slots[0].why


def test_an_engine_leaves_no_temporary_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    engine = ProcessEngine(warm=False)
    engine.start(lambda _incoming: None)
    assert list(tmp_path.iterdir())
    engine.close()
    assert not list(tmp_path.iterdir())


def test_what_a_model_prints_becomes_the_log(tmp_path: Path) -> None:
    printed: list[str] = []
    finished = threading.Semaphore(0)

    def receive(incoming: Incoming) -> None:
        if isinstance(incoming, EnginePrinted):
            printed.append(incoming.text)
        if isinstance(incoming, EngineEnded) or (
            isinstance(incoming, Reply) and isinstance(incoming.event, RequestFinished)
        ):
            finished.release()

    engine = ProcessEngine()
    engine.start(receive)
    engine.lend([str(tmp_path)])
    engine.send(
        LoadModel(path=str(model_doing(tmp_path, "print('seen', flush=True)", "return x")), trust_everything=True)
    )
    engine.send(RunForward())
    for _ in range(2):
        assert finished.acquire(timeout=300)
    engine.close()
    assert "seen\n" in "".join(printed)


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is made of Linux's own means")
@pytest.mark.parametrize(
    "deed",
    [
        "open({canary!r}, 'w').write('was here')",
        "__import__('socket').create_connection(('127.0.0.1', 9))",
        "__import__('subprocess').run(['touch', {canary!r}])",
        "os.kill(os.getppid(), 0)",
    ],
)
def test_a_trusted_model_still_cannot_leave_the_sandbox(fresh_engine: Speaker, tmp_path: Path, deed: str) -> None:
    canary = tmp_path / "canary"
    fresh_engine.load(model_doing(tmp_path, deed.format(canary=str(canary)), "return self.fc(x)"), try_inputs=False)
    assert fresh_engine.run((1, 4)).failure.error_class in ("PermissionError", "BlockingIOError", "OSError")
    assert not canary.exists()
