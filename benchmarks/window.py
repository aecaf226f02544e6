"""How soon the window stands, as a ratio to `import torch`, and for how long its thread is ever busy.

Run: python benchmarks/window.py [--rounds 7] [--skip-stalls]; offscreen unless QT_QPA_PLATFORM says otherwise.

Start: child processes take turns, each timed from before it is spawned: one imports torch, one is the window as users
have it (the real engine beside it), one is the window alone. "all there" is when every panel has been made,
"engine ready" when torch is warm.

Stalls: a timer of 2 ms on the window's thread, while the real engine loads, runs and evaluates the digits sample, and
loads and runs a model of ResNet-50's structure. A gap counts from the 2 ms on; with it the processor time that the
window's thread had in it: what is far above that is the machine's other work, not the window's.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

FRAME_MS = 16.0
BEAT_MS = 2
RESNET = '''
"""ResNet-50 (He et al. 2015), by the paper."""
import torch
from torch import nn

class Bottleneck(nn.Module):
    def __init__(self, wide, narrow, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(wide, narrow, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(narrow)
        self.conv3 = nn.Conv2d(narrow, 4 * narrow, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * narrow)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride > 1 or wide != 4 * narrow:
            self.downsample = nn.Sequential(
                nn.Conv2d(wide, 4 * narrow, 1, stride, bias=False), nn.BatchNorm2d(4 * narrow)
            )

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))

class ResNet50(nn.Module):
    def __init__(self, num_classes: int = 1000):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        )
        wide, stages = 64, []
        for narrow, depth, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
            blocks = []
            for block in range(depth):
                blocks.append(Bottleneck(wide, narrow, stride if block == 0 else 1))
                wide = 4 * narrow
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(wide, num_classes)

    def forward(self, x):
        return self.fc(torch.flatten(self.pool(self.stages(self.stem(x))), 1))
'''


@dataclass(frozen=True)
class Gap:
    """A time in which the window's thread served nothing; ms."""

    model: str
    phase: str
    waited: float
    worked: float


# The children


def start_window(*, engine: bool) -> None:
    """Start the window as `inspector` does, print when its first picture stood, when all of it, and when torch was."""
    from inspector.cli import main  # noqa: F401, PLC0415 - a part of every start
    from inspector.client.process import ProcessEngine  # noqa: PLC0415
    from inspector.gui.app import make_application, show_window  # noqa: PLC0415
    from inspector.gui.settings import SettingsFile  # noqa: PLC0415

    app = make_application()
    with tempfile.TemporaryDirectory() as folder:
        command = None if engine else [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]
        window = show_window(app, lambda: ProcessEngine(command), SettingsFile(Path(folder) / "settings.json"))
        seen: dict[str, float] = {}

        def note(what: str) -> None:
            seen.setdefault(what, time.monotonic())
            if "completed" in seen and (not engine or "ready" in seen):
                app.quit()

        window.first_painted.connect(lambda: note("painted"))
        window.completed.connect(lambda: note("completed"))
        window.session.changed.connect(lambda: window.session.state.engine.phase == "ready" and note("ready"))
        app.exec()
        window.session.close()
    sys.stdout.write(" ".join(f"{what}={at!r}" for what, at in seen.items()) + "\n")
    sys.stdout.flush()
    os._exit(0)


def start_torch() -> None:
    """Import torch, and print when that was done."""
    import torch  # noqa: F401, PLC0415

    sys.stdout.write(f"imported={time.monotonic()!r}\n")
    sys.stdout.flush()
    os._exit(0)


def spawned(what: str) -> dict[str, float]:
    """Run a child of this file; seconds from before its spawning to each thing that it tells."""
    before = time.monotonic()
    done = subprocess.run(
        [sys.executable, __file__, "--child", what], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    told = dict(word.split("=") for word in done.stdout.decode().split())
    return {name: float(at) - before for name, at in told.items()}


# Start


def measure_start(rounds: int) -> None:
    """Print medians, and their ratios to `import torch`."""
    for what in ("torch", "window"):
        spawned(what)  # files come into the system's cache
    rows: dict[str, list[float]] = {}
    for _ in range(rounds):
        for what in ("torch", "window", "alone"):
            for name, seconds in spawned(what).items():
                rows.setdefault(f"{what} {name}", []).append(seconds)
    torch_s = statistics.median(rows["torch imported"])
    titles = {
        "torch imported": "import torch",
        "window painted": "window painted",
        "window completed": "  all there",
        "window ready": "  engine ready",
        "alone painted": "window painted, no engine",
        "alone completed": "  all there",
    }
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {rounds} rounds\n")
    print(f"{'':28} {'median s':>9} {'least s':>8} {'÷ import torch':>15}")
    for key, title in titles.items():
        median = statistics.median(rows[key])
        print(f"{title:28} {median:9.2f} {min(rows[key]):8.2f} {median / torch_s:15.2f}")


# Stalls


def measure_stalls() -> list[Gap]:
    """Load, run and evaluate in a real window with a real engine."""
    from inspector.client.process import ProcessEngine  # noqa: PLC0415
    from inspector.gui.app import make_application, show_window  # noqa: PLC0415
    from inspector.gui.settings import SettingsFile  # noqa: PLC0415
    from inspector.places import samples  # noqa: PLC0415

    app = make_application()
    gaps: list[Gap] = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "resnet50.py"
        source.write_text(RESNET)
        window = show_window(app, ProcessEngine, SettingsFile(Path(folder) / "settings.json"))
        session = window.session
        wait_until(lambda: session.state.engine.phase == "ready", "the engine")
        listen(gaps, "idle", lambda: "nothing to do", until=timed(2.0))
        digits = next(sample for sample in samples() if sample.name == "digits")
        session.files.open_sample(digits, evaluate=True)
        listen(gaps, "digits", lambda: phase_of(session), until=lambda: is_evaluated(session))
        listen(gaps, "digits", lambda: "after", until=timed(1.5))
        window.open_paths([str(source)])
        listen(gaps, "ResNet-50", lambda: phase_of(session), until=lambda: session.state.consent is not None)
        session.files.trust(always=False)
        listen(gaps, "ResNet-50", lambda: phase_of(session), until=lambda: has_run(session))
        listen(gaps, "ResNet-50", lambda: "after", until=timed(2.0))
        window.panels.graph.unfold_all()
        listen(gaps, "ResNet-50", lambda: "unfold all", until=timed(2.0))
        session.close()
        window.close()
    return gaps


def phase_of(session: object) -> str:
    """What the window waits for, by its state."""
    state = session.state  # type: ignore[attr-defined]  # Qt is imported late here
    if state.loading:
        return "load"
    if state.run.running:
        return "run"
    return "evaluation" if state.evaluation.running else "between"


def is_evaluated(session: object) -> bool:
    """The evaluation's result is there."""
    evaluation = session.state.evaluation  # type: ignore[attr-defined]
    return evaluation.finished is not None and not evaluation.running


def has_run(session: object) -> bool:
    """The run's outputs and findings are there."""
    state = session.state  # type: ignore[attr-defined]
    return bool(state.run.outputs) and not state.run.running and not state.loading


def timed(seconds: float) -> Callable[[], bool]:
    """True once so many seconds have passed."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def listen(gaps: list[Gap], model: str, phase: Callable[[], str], *, until: Callable[[], bool]) -> None:
    """Serve the window, noting what comes between two beats, until it is done (or 120 s are over)."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer  # noqa: PLC0415

    loop, timer, end = QEventLoop(), QTimer(), time.monotonic() + 120
    last = [time.perf_counter(), time.thread_time(), phase()]

    def beat() -> None:
        waited = 1e3 * (time.perf_counter() - last[0]) - BEAT_MS
        if waited > FRAME_MS / 4:
            gaps.append(Gap(model, last[2], waited, 1e3 * (time.thread_time() - last[1])))
        if until() or time.monotonic() > end:
            loop.quit()
        last[:] = [time.perf_counter(), time.thread_time(), phase()]

    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(beat)
    timer.start(BEAT_MS)
    loop.exec()
    timer.stop()
    if not until():
        raise RuntimeError(f"{model}: {phase()} did not end")


def wait_until(done: Callable[[], bool], what: str) -> None:
    """Serve the window until then."""
    listen([], what, lambda: what, until=done)


def print_stalls(gaps: list[Gap]) -> None:
    """A line for every phase."""
    print(f"\n{'':10} {'phase':14} {'over 16 ms':>10} {'worst ms':>9} {'its work':>9} {'worked over 16 ms':>18}")
    for model, phase in dict.fromkeys((gap.model, gap.phase) for gap in gaps):
        these = [gap for gap in gaps if (gap.model, gap.phase) == (model, phase)]
        worst = max(these, key=lambda gap: gap.waited)
        stalls = sum(gap.waited > FRAME_MS for gap in these)
        busy = sum(gap.worked > FRAME_MS for gap in these)
        print(f"{model:10} {phase:14} {stalls:10} {worst.waited:9.1f} {worst.worked:9.1f} {busy:18}")


def main() -> None:
    """Print both."""
    options = argparse.ArgumentParser()
    options.add_argument("--child", choices=("torch", "window", "alone"), default="")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--skip-stalls", action="store_true")
    options.add_argument("--skip-start", action="store_true")
    given = options.parse_args()
    if given.child == "torch":
        start_torch()
    elif given.child:
        start_window(engine=given.child == "window")
    if not given.skip_start:
        measure_start(given.rounds)
    if not given.skip_stalls:
        print_stalls(measure_stalls())


if __name__ == "__main__":
    main()
