"""The engine killed at any moment, and the window killed: what was set stays, and nothing is left behind."""

import os
import select
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from real_window import GONE_WITHIN_S
from soaking import Engines, children_of, soak

from inspector.gui.main_window import MainWindow
from inspector.gui.settings import SettingsFile
from inspector.places import samples

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

KILLS = 6  # make soak: 100

# A window's process, as far as others are concerned: an engine in the midst of a forward, a layout under way.
WINDOW = """
    import sys, threading
    import numpy as np
    from inspector.client.base import Reply
    from inspector.client.layout_process import LayoutProcess
    from inspector.client.process import ProcessEngine
    from inspector.core.layout import LayoutRequest
    from inspector.protocol.events import Progressed
    from inspector.protocol.requests import LoadModel, RunForward

    def receive(incoming):
        if isinstance(incoming, Reply) and incoming.event == Progressed(what="Running"):
            running.set()

    running = threading.Event()
    engine = ProcessEngine()
    engine.start(receive)
    engine.lend([sys.argv[1]])
    engine.send(LoadModel(path=sys.argv[1], trust_everything=True, try_inputs=False))
    engine.send(RunForward())
    running.wait()
    count = 30_000
    chance = np.random.default_rng(0)
    wires = np.sort(chance.integers(0, count, (4 * count, 2)), axis=1).astype(np.int32)
    layout = LayoutProcess(time_limit_s=1000)
    print(engine._process.pid, flush=True)
    layout.lay_out(
        LayoutRequest(
            box_parent=np.full(count, -1, np.int32),
            box_size=np.full((count, 2), (176, 64), np.float32),
            container_parent=np.zeros(0, np.int32),
            header_width=np.zeros(0, np.float32),
            wires=wires[wires[:, 0] < wires[:, 1]],
        ),
        lambda _percent: print(layout.pid, flush=True),
    )
"""
HANGS = """
    import time
    from torch import nn

    class Hangs(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 2)

        def forward(self, x):
            while True:
                time.sleep(0.01)
"""


def test_an_engine_killed_again_and_again_is_told_of_and_restarted_and_leaves_nothing(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # so that only what this window makes is counted
    settings = SettingsFile(tmp_path / "settings.json")
    engines = Engines()
    window = MainWindow(engines, settings, samples())
    try:
        window.resize(1440, 900)
        window.session.start()
        window.show()
        result = soak(window, engines, KILLS, 3, lambda _line: None)
    finally:
        window.close()
        window.deleteLater()
    assert result.before is not None
    assert result.after is not None
    assert len(result.said_s) == KILLS
    assert 0 < result.quiet < KILLS, "both while idle and in the midst of work"
    assert replace(result.after, shared=0) == replace(result.before, shared=0)  # other tests use /dev/shm as well
    assert settings.current.recent_files == ()


def test_a_killed_window_takes_an_engine_that_computes_and_a_layout_under_way_with_it(tmp_path: Path) -> None:
    model = tmp_path / "hangs.py"
    model.write_text(textwrap.dedent(HANGS))
    window = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WINDOW), str(model)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert window.stdout is not None
        started = [int(window.stdout.readline()) for _ in range(2)]
        assert sorted(children_of(window.pid)) == sorted(started)
        watched = [os.pidfd_open(pid) for pid in started]
    finally:
        window.send_signal(signal.SIGKILL)
        window.communicate()
    for one in watched:
        try:
            assert has_ended(one), "it outlives its window"
        finally:
            os.close(one)


def has_ended(process: int) -> bool:
    waits = select.poll()
    waits.register(process, select.POLLIN)
    return bool(waits.poll(int(GONE_WITHIN_S * 1000)))
