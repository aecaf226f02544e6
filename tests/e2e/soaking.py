"""Kills the engine of a real window again and again, at moments drawn by chance, and looks at what is left of it.

`make soak` runs it: python tests/e2e/soaking.py [--kills 100] [--seed 0].
"""

import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer, qInstallMessageHandler

from inspector.client.process import ProcessEngine
from inspector.client.temporary_folder import PREFIX
from inspector.gui.main_window import MainWindow
from inspector.places import samples
from inspector.protocol.tensors import TensorPlace

DEADLINE_S = 120.0
LOOK_EVERY_MS = 2
# What is under way when the engine is killed, and up to how long it has been so: about twice what it takes.
POINTS = {"idle": 0.0, "load": 1.0, "run": 0.1, "evaluate": 1.5, "profile": 1.0, "tensor": 0.1, "layout": 0.1}


class Engines:
    """Makes real engines, and knows the one that runs now."""

    def __init__(self) -> None:
        self.latest: ProcessEngine | None = None

    def __call__(self) -> ProcessEngine:
        self.latest = ProcessEngine()
        return self.latest

    def kill(self) -> None:
        """As the system does when memory runs out."""
        assert self.latest is not None
        process = self.latest._process
        assert process is not None
        process.send_signal(signal.SIGKILL)


@dataclass(frozen=True)
class Held:
    """What the process holds: descriptors, threads, children, and what of ours lies in memory and on the disk."""

    descriptors: int
    threads: int
    children: int
    shared: int
    folders: int

    @classmethod
    def now(cls) -> "Held":
        return cls(
            descriptors=len(list(Path("/proc/self/fd").iterdir())),
            threads=threading.active_count(),
            children=len(children_of(os.getpid())),
            shared=len(list(Path("/dev/shm").iterdir())),
            folders=len(list(Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))),
        )


@dataclass
class Soaked:
    """What came of it. `said_s` is from each kill to the sentence on the window, with what was under way."""

    said_s: list[tuple[str, float]] = field(default_factory=list)
    quiet: int = 0
    before: Held | None = None
    after: Held | None = None


def children_of(pid: int) -> list[int]:
    """The processes that this one started and that are not gone, zombies included."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:  # that thread has ended meanwhile
            continue
    return found


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Let the window work until it holds.

    Raises:
        TimeoutError: it does not.
    """
    if holds():
        return
    loop, ended_s = QEventLoop(), time.monotonic() + DEADLINE_S
    timer = QTimer()
    timer.setInterval(LOOK_EVERY_MS)
    timer.timeout.connect(lambda: loop.quit() if holds() or time.monotonic() > ended_s else None)
    timer.start()
    loop.exec()
    timer.stop()
    if not holds():
        raise TimeoutError(what)


def soak(window: MainWindow, engines: Engines, kills: int, seed: int, told: Callable[[str], None]) -> Soaked:
    """Open the digits sample with its test folder in a window that is complete, then kill its engine again and again.

    Raises:
        TimeoutError: the window did not say it, or did not come back.
        AssertionError: something that was set was lost.
    """
    chance = random.Random(seed)
    session = window.session
    sample = next(one for one in samples() if one.name == "digits")
    session.files.open_sample(sample)
    wait_until(lambda: _whole(window) and session.state.evaluation.scan is not None, "the sample did not open")
    session.change_mode("train")
    session.change_class_names(tuple("abcdefghij"))
    wait_until(lambda: _whole(window), "the settings were not taken")
    result = Soaked(before=Held.now())
    for turn in range(kills):
        point = chance.choice(list(POINTS))
        after_s = chance.uniform(0.0, POINTS[point])
        kept = _kept(window)
        _begin(window, point, turn)
        moment = time.monotonic() + after_s
        wait_until(lambda moment=moment: time.monotonic() >= moment, "the moment did not come")
        quiet_before = session.state.engine.quiet_restarts
        killed_s = time.monotonic()
        engines.kill()
        wait_until(lambda before=quiet_before: _says_so(window, before), f"{point}: the window did not say so")
        result.said_s.append((point, time.monotonic() - killed_s))
        if session.state.engine.phase == "ended":
            next(banner for banner in window.banners.banners if "restart" in banner.buttons).buttons["restart"].click()
        else:
            result.quiet += 1
        wait_until(lambda: _whole(window), f"{point}: the window did not come back")
        assert _kept(window) == kept, f"{point}, kill {turn}: something that was set was lost"
        told(f"{turn + 1:4}  {point:9} killed after {after_s:5.2f} s, said after {result.said_s[-1][1]:.3f} s")
    result.after = Held.now()
    return result


def _begin(window: MainWindow, point: str, turn: int) -> None:
    session = window.session
    match point:
        case "load":
            session.files.reload()
        case "run":
            session.run()
        case "evaluate":
            session.folder.evaluate(session.state.evaluation.mapping)
        case "profile":
            session.profile()
        case "tensor":
            session.tensor.fetch(TensorPlace(role="output", node=1 + turn % 3))
        case "layout":
            window.panels.graph.fold_all() if turn % 2 else window.panels.graph.unfold_all()
        case _:
            pass


def _whole(window: MainWindow) -> bool:
    state = window.session.state
    ready = state.engine.phase == "ready" and state.model is not None and not state.pending
    return ready and bool(state.run.graph) and window.is_drawn


def _says_so(window: MainWindow, quiet_before: int) -> bool:
    state = window.session.state
    told = state.engine.phase == "ended" or state.engine.quiet_restarts > quiet_before
    return told and bool(window.banners.banners) and not window.banners.visibleRegion().isEmpty()


def _kept(window: MainWindow) -> tuple[object, ...]:
    """What a person has set."""
    state = window.session.state
    chosen = (state.path, state.source, state.settings, state.class_names, state.preprocess)
    return (*chosen, state.evaluation.folder, state.evaluation.mapping, state.recent_files)


def main() -> int:
    """Print each kill, then how long it took until it was said, and what is left."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from inspector.gui.app import make_application
    from inspector.gui.settings import SettingsFile

    qInstallMessageHandler(lambda _kind, _context, text: print(text) if "propagateSizeHints" not in text else None)
    app = make_application()
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder  # so that only what this window makes is counted
        engines = Engines()
        window = MainWindow(engines, SettingsFile(Path(folder) / "settings.json"), samples())
        window.resize(1440, 900)
        window.session.start()
        window.show()
        result = soak(window, engines, given.kills, given.seed, lambda line: print(line, flush=True))
        window.close()
        window.deleteLater()
        app.processEvents()
    said = [said_s for _, said_s in result.said_s]
    print(f"{len(said)} kills, {result.quiet} of them while idle; said after {statistics.median(said):.3f} s"
          f" (median), {max(said):.3f} s at worst")  # fmt: skip
    for point in POINTS:
        times = [said_s for at, said_s in result.said_s if at == point]
        if times:
            print(
                f"  {point:9} {len(times):3} kills, median {statistics.median(times):.3f} s, worst {max(times):.3f} s"
            )
    print(f"before: {result.before}\nafter:  {result.after}")
    print(f"children left after the window: {len(children_of(os.getpid()))}")
    return 0 if max(said) <= 1.0 and result.before == result.after else 1


if __name__ == "__main__":
    sys.exit(main())
