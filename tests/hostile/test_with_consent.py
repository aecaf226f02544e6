"""With consent the tricks do run, in the real engine; its sandbox stops network, programs and writes outside."""

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_files import CONTAINERS, checkpoint, module
from hostile_pickles import Trick, call, name, text, tricks

from inspector.cli.engine import CommandError, command_engine
from inspector.protocol.events import ModelLoaded
from inspector.protocol.inputs import ArrayInput
from inspector.protocol.requests import DescribeFile, LoadModel, PreviewInput

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is made of Linux's Landlock and seccomp")

# One line for each thing that was tried, into the folder that the engine may write to.
ATTEMPTS = """
import os, pathlib, socket, subprocess
told = pathlib.Path(os.environ["TMPDIR"], "told")
def attempt(what, do):
    try:
        do()
        how = "done"
    except BaseException as error:
        how = type(error).__name__
    with told.open("a") as file:
        file.write(f"{what} {how}\\n")
attempt("inside", lambda: pathlib.Path(os.environ["TMPDIR"], "mine").write_text("x"))
attempt("outside", lambda: pathlib.Path(OUTSIDE, "canary-write").write_text("x"))
attempt("home", lambda: pathlib.Path.home().joinpath("canary-home").write_text("x"))
attempt("delete", lambda: pathlib.Path(OUTSIDE, "precious").unlink())
attempt("socket", lambda: socket.create_connection(("127.0.0.1", PORT), 1).close())
attempt("program", lambda: subprocess.check_call(["touch", os.path.join(OUTSIDE, "canary-program")]))
attempt("fork", lambda: os.fork() or os._exit(0))
attempt("kill", lambda: os.kill(os.getppid(), 0))
attempt("memory", lambda: open("/proc/%d/mem" % os.getppid(), "rb").read(1))
attempt("library", lambda: pathlib.Path(os.__file__).with_name("canary-library.py").write_text("x"))
attempt("secret", lambda: os.environ["A_TOKEN_OF_THE_USER"])
"""


def ask(engine, request):
    return [reply.event for reply in engine.ask(request)]


def folder_of(engine):
    """Where this engine may write."""
    return Path(engine._engine._folder.path)


@pytest.fixture
def engine(monkeypatch, tmp_path):
    monkeypatch.setenv("A_TOKEN_OF_THE_USER", "secret")
    with command_engine() as running:
        running.lend(str(tmp_path))
        yield running


def test_trusted_code_is_held_by_the_sandbox(tmp_path, engine):
    (tmp_path / "precious").write_text("untouched")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        code = f"OUTSIDE, PORT = {str(tmp_path)!r}, {server.getsockname()[1]}\n{ATTEMPTS}"
        piece = call(name("builtins", "exec"), text(code), b"}")
        (tmp_path / "model.pt").write_bytes(module(Trick("attempts", piece, "builtins.exec")))
        ask(engine, LoadModel(path=str(tmp_path / "model.pt"), trust_everything=True))
        lines = dict(line.split() for line in (folder_of(engine) / "told").read_text().splitlines())
        with pytest.raises(BlockingIOError):
            server.accept()
    if lines["socket"] == "done" or lines["outside"] == "done":
        pytest.skip("this kernel has no seccomp filters, or no Landlock")
    assert lines.pop("inside") == "done"
    assert "done" not in lines.values(), lines
    assert len(lines) == 10
    assert (tmp_path / "precious").read_text() == "untouched"
    assert not list(tmp_path.glob("canary*"))


def test_no_trusted_trick_leaves_the_sandbox_and_the_engine_answers_each(tmp_path, engine):
    path, refused = tmp_path / "model.pt", []
    for trick in tricks(tmp_path):
        for container in (module, checkpoint):
            path.write_bytes(container(trick))
            try:
                ask(engine, LoadModel(path=str(path), trust_everything=True, try_inputs=False))
            except CommandError as error:
                refused.append(error.message)
    assert not [message for message in refused if "fault of the app" in message]
    assert len(refused) < 2 * len(tricks(tmp_path))  # most do run: what they return is an odd attribute of the module
    assert ask(engine, DescribeFile(path=str(path)))
    if not landlocked(tmp_path):
        pytest.skip("this kernel has no Landlock")
    assert list(tmp_path.glob("canary-*")) == []


def landlocked(tmp_path):
    """Whether a sandbox on this machine keeps writes inside."""
    script = "from inspector.engine.sandbox import close_sandbox; print(close_sandbox(['/'], []))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300)
    return "writes" in done.stdout


def test_without_consent_the_real_engine_runs_nothing_even_where_it_may_write(tmp_path, engine):
    path = tmp_path / "model.pt"
    for trick in tricks(folder_of(engine)):
        for container in CONTAINERS:
            path.write_bytes(container(trick))
            for request in (
                LoadModel(path=str(path), try_inputs=False),
                PreviewInput(source=ArrayInput(path=str(path))),
            ):
                with contextlib.suppress(CommandError):
                    assert not [event for event in ask(engine, request) if isinstance(event, ModelLoaded)]
    assert list(folder_of(engine).glob("canary-*")) == []
