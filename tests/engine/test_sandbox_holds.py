"""A child Python closes the sandbox, then tries what a hostile model would; it reports each attempt as a line."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is made of Linux's Landlock and seccomp")

ATTEMPTS = """
import ctypes, json, os, socket, subprocess, sys, threading
from inspector.engine.sandbox import close_sandbox

inside, outside, *readable = sys.argv[1:]
results = {"holds": close_sandbox(readable, [inside])}

def attempt(name, action):
    try:
        action()
        results[name] = "done"
    except OSError as error:
        results[name] = type(error).__name__

def fork():
    if os.fork() == 0:
        os._exit(0)

def pair():
    ours, theirs = socket.socketpair()
    ours.send(b"x")
    assert theirs.recv(1) == b"x"
    ours.close(), theirs.close()

def write(path):
    with open(path, "w") as file:
        file.write("x")

def read(path):
    with open(path) as file:
        file.read()

mine = os.path.join(inside, "file")
attempt("write_inside", lambda: write(mine))
attempt("rename_inside", lambda: os.rename(mine, mine + "2"))
attempt("delete_inside", lambda: os.unlink(mine + "2"))
attempt("write_outside", lambda: write(os.path.join(outside, "canary")))
attempt("overwrite_outside", lambda: write(os.path.join(outside, "secret")))
attempt("delete_outside", lambda: os.unlink(os.path.join(outside, "secret")))
attempt("chmod_outside", lambda: os.chmod(os.path.join(outside, "secret"), 0o777))
attempt("truncate_outside", lambda: os.truncate(os.path.join(outside, "secret"), 0))
attempt("read_outside", lambda: read(os.path.join(outside, "secret")))
attempt("tcp", lambda: socket.socket().close())
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close())
attempt("unix", lambda: socket.socket(socket.AF_UNIX).close())
attempt("socketpair", pair)
attempt("program", lambda: subprocess.run([sys.executable, "-c", ""]))
attempt("exec", lambda: os.execv(sys.executable, [sys.executable, "-c", ""]))
attempt("fork", fork)
attempt("signal_to_parent", lambda: os.kill(os.getppid(), 0))
attempt("signal_to_group", lambda: os.kill(0, 0))
results["shell"] = os.waitstatus_to_exitcode(os.system("true"))
thread = threading.Thread(target=lambda: results.update(thread="done"))
thread.start()
thread.join()
"""
FORWARD = """
import torch
torch.set_num_threads(2)
model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(16, 2))
model(torch.rand(1, 3, 4, 4)).sum().backward()
results["forward"] = "done"
"""
REFUSED = "PermissionError"


def attempts(tmp_path, *readable, forward=False):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("untouched")
    script = ATTEMPTS + (FORWARD if forward else "") + "\nprint(json.dumps(results))"
    child = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", script, str(inside), str(outside), *readable],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd="/",
    )
    assert child.returncode == 0, child.stderr
    results = json.loads(child.stdout)
    if "no network" not in results["holds"]:
        pytest.skip("this kernel has no seccomp filters")
    if not any(phrase.startswith("writes only") for phrase in results["holds"]):
        pytest.skip("this kernel has no Landlock")
    assert not (outside / "canary").exists()
    assert (outside / "secret").read_text() == "untouched"
    return results


def test_torch_runs_a_forward_inside_while_network_programs_and_writes_outside_are_refused(tmp_path):
    results = attempts(tmp_path, "/", forward=True)
    assert results["forward"] == "done"
    for allowed in ("write_inside", "rename_inside", "delete_inside", "socketpair", "thread", "read_outside"):
        assert results[allowed] == "done", allowed
    for refused in (
        *("write_outside", "overwrite_outside", "delete_outside", "chmod_outside", "truncate_outside"),
        *("tcp", "udp", "unix", "program", "exec", "fork", "signal_to_parent", "signal_to_group"),
    ):
        assert results[refused] == REFUSED, refused
    assert results["shell"] != 0


def test_reads_can_be_limited_to_python_and_the_chosen_files(tmp_path):
    results = attempts(tmp_path, forward=True)
    assert results["forward"] == "done"
    assert results["read_outside"] == REFUSED
    assert "reads only Python, libraries and chosen files" in results["holds"]


def test_a_single_chosen_file_can_be_read(tmp_path):
    results = attempts(tmp_path, str(tmp_path / "outside" / "secret"))
    assert results["read_outside"] == "done"
    assert results["overwrite_outside"] == REFUSED


def test_paths_that_are_not_there_are_left_out(tmp_path):
    results = attempts(tmp_path, "/", "/nowhere/at/all")
    assert results["write_outside"] == REFUSED


def test_the_memory_limit_gives_an_error_and_not_a_dead_process():
    script = textwrap.dedent("""
        from inspector.engine.sandbox import close_sandbox
        print(close_sandbox(["/"], [], memory_bytes=2**30))
        try:
            bytearray(2**31)
        except MemoryError:
            print("refused")
    """)
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True)
    assert "at most 1 GB of memory" in child.stdout
    assert child.stdout.endswith("refused\n")


def test_the_sandbox_needs_no_torch():
    script = "import sys, inspector.engine.sandbox; print('torch' in sys.modules)"
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True)
    assert child.stdout == "False\n"


def test_the_sandboxed_child_dies_when_its_parent_is_killed():
    child = textwrap.dedent("""
        import os, sys
        from inspector.engine.sandbox import close_sandbox
        close_sandbox(["/"], [])
        print(os.getpid(), flush=True)
        sys.stdin.read()  # for ever, as this end of the pipe is kept open by the test
    """)
    parent = textwrap.dedent("""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
        child.wait()
    """)
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", parent, child], stdin=reading, stdout=subprocess.PIPE, text=True
    ) as process:
        os.close(reading)
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        process.kill()
        # The pipe ends when the last process that holds it has ended.
        assert process.stdout.read() == ""
    os.close(writing)
