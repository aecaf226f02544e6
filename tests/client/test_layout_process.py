"""The layout process: started, kept, killed, hung, missing; a layout comes in every case."""

import os
import signal
import sys
import threading
from contextlib import closing

import numpy as np
import pytest

from inspector.client.layout_process import LayoutProcess
from inspector.core.layout import LayoutRequest, lay_out
from inspector.core.layout.messages import encode

HANGS = (sys.executable, "-c", "import time; time.sleep(1000)")
DIES = (sys.executable, "-c", "import os; os.abort()")
TALKS_NONSENSE = (sys.executable, "-c", "import sys; sys.stdin.buffer.read(64); sys.stdout.buffer.write(b'x' * 64)")


def request(count=30):
    return LayoutRequest(
        box_parent=np.full(count, -1, np.int32),
        box_size=np.full((count, 2), (176, 64), np.float32),
        container_parent=np.zeros(0, np.int32),
        header_width=np.zeros(0, np.float32),
        wires=np.array([(at, at + 1) for at in range(count - 1)], np.int32),
    )


def test_the_process_gives_the_layout_and_is_kept_for_the_next():
    with closing(LayoutProcess(small=0)) as process:
        layout = process.lay_out(request())
        first = process.pid
        assert layout is not None
        assert encode(layout) == encode(lay_out(request()))
        assert process.outcome == "process"
        process.lay_out(request(40))
        assert process.pid == first
    assert process.pid is None


def test_a_small_picture_needs_no_process():
    with closing(LayoutProcess(small=100)) as process:
        assert process.lay_out(request()) is not None
        assert process.outcome == "here"
        assert process.pid is None


@pytest.mark.parametrize("command", [DIES, TALKS_NONSENSE, ("/nowhere/python",)])
def test_a_process_that_fails_is_replaced_by_the_plain_way(command):
    with closing(LayoutProcess(command, small=0)) as process:
        layout = process.lay_out(request())
        assert layout is not None
        assert len(layout.boxes) == 30
        assert process.outcome.startswith("plain")


def test_a_process_that_takes_too_long_is_ended():
    with closing(LayoutProcess(HANGS, small=0, time_limit_s=0.2)) as process:
        assert process.lay_out(request()) is not None
        assert process.outcome.startswith("plain")
        assert process.pid is None


def test_a_process_killed_between_two_layouts_is_started_again():
    with closing(LayoutProcess(small=0)) as process:
        process.lay_out(request())
        killed = process.pid
        os.kill(killed, signal.SIGKILL)
        os.waitid(os.P_PID, killed, os.WEXITED | os.WNOWAIT)
        assert process.lay_out(request()) is not None
        assert process.outcome == "process"
        assert process.pid != killed


def test_cancelling_ends_what_is_under_way_with_no_layout():
    with closing(LayoutProcess(HANGS, small=0, time_limit_s=60)) as process:
        results = []
        thread = threading.Thread(target=lambda: results.append(process.lay_out(request())))
        thread.start()
        while process.pid is None:
            thread.join(0.005)
        process.cancel()
        thread.join()
        assert results == [None]


def test_a_closed_process_gives_nothing():
    process = LayoutProcess(small=0)
    process.close()
    process.close()
    assert process.lay_out(request()) is None
